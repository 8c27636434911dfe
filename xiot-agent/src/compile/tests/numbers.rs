//! Numbers of devices and rules from one revision to the next, and generations that know nothing of them.

use proptest::prelude::*;

use super::{ROOMY, compile_for, generate};
use crate::{
    compile::{
        Assignment, CompileError, Fresh, Image, compile,
        error::Resource,
        fit::Limits,
        read::{Opening, Reader},
        tests::build::{device, large, profile, rule},
    },
    model::policy::{Clause, Initiator, Policy, Rule},
};

fn compile_as(policy: &Policy, ids: &Assignment) -> Image {
    let wires = ["w0", "w1"].map(str::to_owned);
    compile(policy, &wires, &ROOMY, ids, 7, 1_000).unwrap()
}

/// Names that tell devices and profiles apart, and rules numbered in file order.
fn with_names(mut policy: Policy, prefix: &str) -> Policy {
    for (n, device) in policy.devices.iter_mut().enumerate() {
        device.name = format!("{prefix}-{n}");
    }
    for (n, profile) in policy.profiles.iter_mut().enumerate() {
        profile.name = format!("{prefix}-profile-{n}");
    }
    numbered(policy)
}

fn numbered(mut policy: Policy) -> Policy {
    let rules = policy.profiles.iter_mut().flat_map(|it| &mut it.rules);
    for (rule, id) in rules.zip(1..) {
        rule.id = id;
    }
    policy
}

/// The profiles and devices of one policy in front of those of another.
fn in_front(first: &Policy, second: &Policy) -> Policy {
    let mut both = first.clone();
    both.default_profile = second
        .default_profile
        .map(|profile| profile + first.profiles.len());
    both.onboarding = second.onboarding;
    both.time_zone.clone_from(&second.time_zone);
    both.holidays.clone_from(&second.holidays);
    both.profiles.extend(second.profiles.iter().cloned());
    both.devices.retain(|device| {
        let mut others = second.devices.iter();
        !others.any(|other| (other.mac, other.vlan) == (device.mac, device.vlan))
    });
    both.devices
        .extend(second.devices.iter().cloned().map(|mut device| {
            device.profile += first.profiles.len();
            device
        }));
    numbered(both)
}

fn generations(policy: &Policy, image: &Image, ids: &Assignment) -> Vec<(String, u32)> {
    let reader = Reader::new(image);
    let devices = policy.devices.iter().zip(ids.devices());
    devices
        .map(|(device, &id)| (device.name.clone(), reader.record(id).unwrap().generation))
        .collect()
}

proptest! {
    #[test]
    fn an_edit_elsewhere_in_the_file_changes_no_generation(
        policy in generate::policy(),
        other in generate::policy(),
    ) {
        let policy = with_names(policy, "kept");
        let longer = in_front(&with_names(other, "other"), &policy);
        let fresh = Assignment::fresh(&policy);
        let (ids, _) = fresh.follow(&longer, &ROOMY).unwrap();
        let (before, after) = (compile_as(&policy, &fresh), compile_as(&longer, &ids));
        let after_all = generations(&longer, &after, &ids);
        let skipped = longer.devices.len() - policy.devices.len();
        prop_assert_eq!(&generations(&policy, &before, &fresh)[..], &after_all[skipped..]);
        prop_assert_eq!(before.header.unknown_generation, after.header.unknown_generation);
        // Nor do numbers: the same policy under those of a fresh start.
        let renumbered = Assignment::fresh(&longer);
        let again = compile_as(&longer, &renumbered);
        prop_assert_eq!(after_all, generations(&longer, &again, &renumbered));
        // What was there keeps its numbers.
        prop_assert!(ids.devices().iter().skip(skipped).eq(fresh.devices()));
        prop_assert!(ids.rules().iter().rev().zip(fresh.rules().iter().rev()).all(|(one, other)| one == other));
    }

    /// They judge windows of the week otherwise, and make no rule another one.
    #[test]
    fn other_holidays_change_generations_of_profiles_with_windows_and_no_numbers(
        policy in generate::policy(),
        holidays in generate::holidays(),
    ) {
        let policy = with_names(policy, "kept");
        let other = Policy { holidays, ..policy.clone() };
        let fresh = Assignment::fresh(&policy);
        let (ids, news) = fresh.follow(&other, &ROOMY).unwrap();
        prop_assert_eq!(news, Fresh::default());
        prop_assert_eq!(&ids, &fresh);
        let (before, after) = (compile_as(&policy, &fresh), compile_as(&other, &ids));
        let before = generations(&policy, &before, &fresh);
        for ((was, is), device) in before.iter().zip(&generations(&other, &after, &ids)).zip(&policy.devices) {
            let rules = &policy.profiles[device.profile].rules;
            let has_windows = rules.iter().any(|it| !it.times.windows.is_empty());
            let differ = has_windows && policy.holidays != other.holidays;
            prop_assert_eq!(was != is, differ);
        }
    }

    /// Numbers change, verdicts do not: the rule that is found is the same one.
    #[test]
    fn under_other_numbers_the_same_rules_are_found(
        policy in generate::policy(),
        other in generate::policy(),
        (protocol, port) in (generate::protocol(), generate::port()),
        peer in generate::address(),
        at in generate::second(),
    ) {
        let policy = with_names(policy, "kept");
        let mut backwards = in_front(&with_names(other, "other"), &policy);
        backwards.profiles = backwards.profiles.iter().rev().cloned().collect();
        backwards.default_profile = None;
        for device in &mut backwards.devices {
            device.profile = backwards.profiles.len() - 1 - device.profile;
        }
        let backwards = numbered(backwards);
        let (ids, _) = Assignment::fresh(&policy).follow(&backwards, &ROOMY).unwrap();
        let image = compile_as(&backwards, &ids);
        let plain = compile_for(&backwards, &ROOMY).unwrap();
        for number in 0..u32::try_from(backwards.profiles.len()).unwrap() {
            let opening = Opening {
                initiator: Initiator::Device,
                peer,
                protocol,
                port,
                source_port: 1,
            };
            let here = Reader::new(&image).judge(number, &opening, at);
            let there = Reader::new(&plain).judge(number, &opening, at);
            prop_assert_eq!(here.reason, there.reason);
            let place = ids.rules().iter().position(|&id| id == here.rule);
            let place = place.map_or(0, |place| u32::try_from(place).unwrap() + 1);
            prop_assert_eq!(place, there.rule);
        }
        // The same again gives the same bytes.
        prop_assert_eq!(image, compile_as(&backwards, &ids));
    }
}

fn tcp(id: u32, port: u16) -> Rule {
    let any = vec!["0.0.0.0/0".parse().unwrap()];
    rule(
        id,
        Initiator::Device,
        any,
        vec![Clause::Tcp(vec![port..=port])],
    )
}

#[test]
fn precedence_is_the_order_of_the_file_whatever_the_numbers() {
    let of = |ports: [u16; 2]| {
        let rules = (1..).zip(ports).map(|(id, port)| tcp(id, port)).collect();
        let mut policy = Policy {
            profiles: vec![profile("pump", rules)].into(),
            ..Policy::default()
        };
        // Both allow 80: whichever stands first is the rule.
        policy.profiles[0].rules[0]
            .clauses
            .push(Clause::Tcp(vec![80..=80]));
        policy.profiles[0].rules[1]
            .clauses
            .push(Clause::Tcp(vec![80..=80]));
        policy
    };
    let (first, second) = (of([1, 2]), of([2, 1]));
    let fresh = Assignment::fresh(&first);
    let (ids, _) = fresh.follow(&second, &ROOMY).unwrap();
    assert!(ids.rules().iter().eq(&[2, 1]));
    let image = compile_as(&second, &ids);
    let frame = Opening {
        initiator: Initiator::Device,
        peer: [10, 0, 0, 1].into(),
        protocol: 6,
        port: 80,
        source_port: 0,
    };
    assert_eq!(Reader::new(&image).judge(0, &frame, 0).rule, 2);
}

#[test]
fn a_policy_that_is_too_large_to_follow_is_refused_with_numbers() {
    let small = large(2, 1, 2);
    let fresh = Assignment::fresh(&small);
    let limits = Limits {
        devices: 3,
        rules: 3,
        ..ROOMY
    };
    let refusal = |policy: &Policy| fresh.follow(policy, &limits).unwrap_err();
    let does_not_fit = |what| CompileError::DoesNotFit {
        what,
        needed: 4,
        available: 3,
    };
    assert_eq!(refusal(&large(4, 1, 2)), does_not_fit(Resource::Devices));
    assert_eq!(refusal(&large(2, 1, 4)), does_not_fit(Resource::Rules));

    // Everything is another one, and there is no number left: they change hands.
    let mut other = large(3, 1, 3);
    other.devices = (10..13).map(|n| device(n, 0)).collect();
    other.profiles[0].name = "another".to_owned();
    let (ids, new) = fresh.follow(&other, &limits).unwrap();
    assert!(ids.devices().iter().eq(&[3, 1, 2]));
    assert_eq!(
        (new.devices.free, new.devices.taken_over),
        (vec![3], vec![1, 2])
    );
    assert_eq!(
        (new.rules.free, new.rules.taken_over),
        (vec![3], vec![1, 2])
    );
    compile_as(&other, &ids);
}

#[test]
fn numbers_of_another_policy_are_refused() {
    let wires = [];
    let ids = Assignment::fresh(&large(2, 1, 2));
    let error = compile(&large(3, 1, 2), &wires, &ROOMY, &ids, 1, 0).unwrap_err();
    assert_eq!(error, CompileError::OtherPolicy);
}
