//! What is refused, with what numbers and names; and that the last thing that fits, fits.

use ipnetwork::IpNetwork;

use super::{
    CompileError, ROOMY,
    build::{device, large, profile, rule},
    compile_for,
};
use crate::{
    compile::{
        Limits,
        error::{Family, Resource},
        read::{Opening, Reader},
    },
    model::{
        policy::{Clause, Initiator, Policy},
        times::{Interval, Window},
    },
};

fn network(text: &str) -> IpNetwork {
    text.parse().unwrap()
}

fn tcp(ports: impl IntoIterator<Item = u16>) -> Clause {
    Clause::Tcp(ports.into_iter().map(|port| port..=port).collect())
}

/// A policy of one profile, `pump`, with these rules: initiator, network, clause.
fn pump(rules: Vec<(Initiator, &str, Clause)>) -> Policy {
    let rules = (1..)
        .zip(rules)
        .map(|(id, (initiator, peer, clause))| {
            rule(id, initiator, vec![network(peer)], vec![clause])
        })
        .collect();
    Policy {
        profiles: vec![profile("pump", rules)].into(),
        ..Policy::default()
    }
}

/// Compiles within these limits, but not within limits that are smaller by one.
fn fits_exactly(policy: &Policy, limits: Limits, smaller: Limits) -> CompileError {
    compile_for(policy, &limits).unwrap();
    compile_for(policy, &smaller).unwrap_err()
}

#[test]
fn one_device_too_many() {
    let limits = |devices| Limits { devices, ..ROOMY };
    let error = fits_exactly(&large(5, 1, 1), limits(5), limits(4));
    assert_eq!(
        error,
        CompileError::DoesNotFit {
            what: Resource::Devices,
            needed: 5,
            available: 4
        }
    );
    assert_eq!(
        error.to_string(),
        "policy does not fit: it needs 5 devices (`capacity.devices`), the gateway has room for 4"
    );
}

#[test]
fn one_rule_too_many() {
    let limits = |rules| Limits { rules, ..ROOMY };
    let error = fits_exactly(&large(1, 2, 10), limits(10), limits(9));
    assert_eq!(
        error,
        CompileError::DoesNotFit {
            what: Resource::Rules,
            needed: 10,
            available: 9
        }
    );
}

#[test]
fn one_line_too_many() {
    let limits = |slot_lines| Limits {
        slot_lines,
        ..ROOMY
    };
    let policy = large(1_000, 7, 7_000);
    let lines = compile_for(&policy, &ROOMY).unwrap().header.lines;
    let error = fits_exactly(&policy, limits(lines), limits(lines - 1));
    assert_eq!(
        error,
        CompileError::DoesNotFit {
            what: Resource::SlotLines,
            needed: lines.into(),
            available: (lines - 1).into()
        }
    );
}

#[test]
fn seventeen_prefix_lengths() {
    let lengths = |count: u16| -> Policy {
        // Each port is another one, or the longer prefix would have nothing to add.
        let rules = (0..count).map(|n| {
            let peer = match n {
                0 => "10.0.0.0/8".to_owned(),
                n => format!("10.0.0.0/{}", 16 + n),
            };
            rule(
                u32::from(n) + 1,
                Initiator::Peer,
                vec![network(&peer)],
                vec![tcp([n])],
            )
        });
        Policy {
            profiles: vec![profile("pump", rules.collect())].into(),
            ..Policy::default()
        }
    };
    compile_for(&lengths(16), &ROOMY).unwrap();
    let error = compile_for(&lengths(17), &ROOMY).unwrap_err();
    assert_eq!(
        error,
        CompileError::TooManyPrefixLengths {
            profile: "pump".to_owned(),
            initiator: Initiator::Peer,
            family: Family::V4,
            used: (17..=32).rev().chain([8]).collect(),
        }
    );
    assert_eq!(
        error.to_string(),
        "profile pump: the IPv4 networks of its `from` rules have 17 prefix lengths, at most 16 are possible: \
         /32, /31, /30, /29, /28, /27, /26, /25, /24, /23, /22, /21, /20, /19, /18, /17, /8"
    );

    // A length whose networks say nothing new does not count.
    let mut policy = lengths(17);
    policy.profiles[0].rules[16].clauses = vec![tcp([0])];
    compile_for(&policy, &ROOMY).unwrap();
}

#[test]
fn more_rules_with_times_than_are_asked_one_after_another() {
    let timed = |count: u32| {
        let one = || (Initiator::Device, "10.0.0.1", tcp([80]));
        let mut policy = pump((0..=count).map(|_| one()).collect());
        for (rule, end) in policy.profiles[0].rules.iter_mut().zip(1..=count) {
            rule.times.expires = Some(end);
        }
        policy
    };
    let image = compile_for(&timed(31), &ROOMY).unwrap();
    let frame = Opening {
        initiator: Initiator::Device,
        peer: "10.0.0.1".parse().unwrap(),
        protocol: 6,
        port: 80,
        source_port: 1,
    };
    let rule = |at| Reader::new(&image).judge(0, &frame, at).rule;
    assert_eq!([rule(0), rule(1), rule(30), rule(31)], [1, 2, 31, 32]);
    assert_eq!(
        compile_for(&timed(32), &ROOMY).unwrap_err(),
        CompileError::TooManyTimedRules {
            profile: "pump".to_owned(),
            rule: 1,
            label: "rule number 1".to_owned(),
        }
    );
}

#[test]
fn each_window_with_dates_is_asked_as_a_rule_is() {
    let one = || (Initiator::Device, "10.0.0.1", tcp([80]));
    let timed = |windows: u32| {
        let mut policy = pump(vec![one(), one(), one()]);
        let intervals = |count: u32| {
            let days = (0..count).map(|day| Interval {
                begins: day * 86_400 + 60,
                ends: day * 86_400 + 120,
            });
            days.collect()
        };
        policy.profiles[0].rules[0].times.intervals = intervals(14);
        policy.profiles[0].rules[1].times.intervals = intervals(windows);
        let third = &mut policy.profiles[0].rules[2].times;
        third.intervals = vec![Interval {
            begins: 60,
            ends: 180,
        }];
        third.windows = vec![Window {
            days: 1,
            from: 0,
            to: 1,
        }];
        policy
    };
    let image = compile_for(&timed(14), &ROOMY);
    assert_eq!(image.unwrap().header.rule_count, 3);
    let image = compile_for(&timed(15), &ROOMY).unwrap();
    let frame = Opening {
        initiator: Initiator::Device,
        peer: "10.0.0.1".parse().unwrap(),
        protocol: 6,
        port: 80,
        source_port: 1,
    };
    let rule = |at| Reader::new(&image).judge(0, &frame, at).rule;
    // 1970-01-05 was a Monday.
    let (day, monday) = (86_400, 4 * 86_400);
    assert_eq!([rule(59), rule(60), rule(119), rule(120)], [0, 1, 1, 3]);
    assert_eq!([rule(180), rule(13 * day + 60)], [0, 1]);
    assert_eq!(
        [rule(14 * day + 60), rule(monday), rule(monday + 60)],
        [2, 3, 1]
    );
    let error = compile_for(&timed(16), &ROOMY).unwrap_err();
    assert!(matches!(
        error,
        CompileError::TooManyTimedRules { rule: 1, .. }
    ));
}

#[test]
fn more_ranges_than_are_scanned() {
    let odd = |count: u16| tcp((0..count).map(|n| 2 * n + 1));
    let one = |count| pump(vec![(Initiator::Device, "10.0.0.0/24", odd(count))]);
    compile_for(&one(224), &ROOMY).unwrap();
    assert_eq!(
        compile_for(&one(225), &ROOMY).unwrap_err(),
        CompileError::TooManyRanges {
            profile: "pump".to_owned(),
            initiator: Initiator::Device,
            peer: "10.0.0.0/24".to_owned(),
            lines: 33,
            rule: 1,
            label: "rule number 1".to_owned(),
        }
    );

    // The network inside has the ranges of the one around it too.
    let both = pump(vec![
        (Initiator::Device, "10.0.0.0/24", odd(224)),
        (Initiator::Device, "10.0.0.7/32", Clause::Udp(vec![53..=53])),
    ]);
    let error = compile_for(&both, &ROOMY).unwrap_err();
    assert_eq!(
        error.to_string(),
        "profile pump: `to` rules for 10.0.0.7/32 need 33 lines of port ranges, at most 32 are possible; most of them \
         come from rule 1 (rule number 1)"
    );
}

/// Networks that each repeat the ranges of the one around them: more lines than anybody has memory for.
#[test]
fn far_too_many_lines_are_not_counted_to_the_end() {
    let odd = tcp((0..200).map(|n| 2 * n + 1));
    let mut rules = vec![(Initiator::Device, "0.0.0.0/0".to_owned(), odd)];
    rules.extend((0..5_000_u16).map(|n| {
        let peer = format!("10.0.{}.{}/32", n / 250, n % 250);
        (Initiator::Device, peer, Clause::Udp(vec![n..=n]))
    }));
    let rules = rules
        .iter()
        .map(|(initiator, peer, clause)| (*initiator, peer.as_str(), clause.clone()));
    let slot_lines = 1_000;
    let error = compile_for(
        &pump(rules.collect()),
        &Limits {
            slot_lines,
            ..ROOMY
        },
    )
    .unwrap_err();
    let CompileError::DoesNotFit {
        what,
        needed,
        available,
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!((what, available), (Resource::SlotLines, 1_000));
    assert!((4_000..4_100).contains(&needed));
}

#[test]
fn devices_that_cannot_be_told_apart() {
    let mut policy = large(3, 1, 1);
    policy.devices[2].mac = policy.devices[0].mac;
    let error = compile_for(&policy, &ROOMY).unwrap_err();
    assert_eq!(
        error.to_string(),
        "devices device-0 and device-2 have the same MAC and VLAN"
    );
    // On a VLAN of its own it is another device.
    policy.devices[2].vlan = Some((0, 0));
    compile_for(&policy, &ROOMY).unwrap();
    policy.devices[0].vlan = Some((0, 0));
    compile_for(&policy, &ROOMY).unwrap_err();
}

#[test]
fn indices_and_numbers_that_mean_nothing() {
    let mut policy = large(1, 1, 1);
    policy.devices.push(device(1, 1));
    assert_eq!(
        compile_for(&policy, &ROOMY).unwrap_err().to_string(),
        "device device-1: there is no profile number 1"
    );

    let mut policy = large(1, 1, 1);
    policy.default_profile = Some(1);
    assert_eq!(
        compile_for(&policy, &ROOMY).unwrap_err().to_string(),
        "device defaults: there is no profile number 1"
    );

    for ids in [[2, 1], [1, 1], [0, 1]] {
        let mut policy = large(1, 1, 2);
        policy.profiles[0].rules[0].id = ids[0];
        policy.profiles[0].rules[1].id = ids[1];
        let error = compile_for(&policy, &ROOMY).unwrap_err();
        assert!(
            matches!(&error, CompileError::RuleOrder { profile, .. } if profile == "profile-0"),
            "{error}"
        );
    }
}
