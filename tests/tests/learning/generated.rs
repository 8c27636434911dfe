//! Any devices, and whatever they do: what was learned and promoted is never dropped when it comes again, and what was never seen is dropped.

use std::{cell::RefCell, collections::BTreeSet, net::IpAddr};

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use xiot_common::reason::Class;
use xiot_tests::shot::Shot;

use crate::{
    deed::{DEVICES, Did, did, profile_of},
    film::Scene,
    habit::{Habit, Habits},
    site,
    trial::{DAY, Trial},
};

/// Seconds between two deeds.
const PAUSE: usize = 5;

/// What devices of one or two profiles do; on how many days, and whether the site lists its DHCP server.
fn days() -> impl Strategy<Value = (Vec<Did>, u64, bool)> {
    let dids = prop::collection::vec(did(), 1..24);
    (dids, prop_oneof![Just(1_u64), Just(3)], any::<bool>())
}

fn text(lists_dhcp: bool) -> String {
    let dhcp = if lists_dhcp {
        "  dhcp: {servers: 10.0.0.5}\n"
    } else {
        ""
    };
    let devices = (0..DEVICES).map(|number| {
        let profile = profile_of(number);
        format!("{{name: device-{number}, mac: \"02:00:00:00:07:0{number}\", profile: {profile}, mode: learn}}")
    });
    let devices = devices.collect::<Vec<_>>().join("\n  - ");
    format!(
        "onboarding: learn\nservices:\n  dns: {{servers: 10.0.0.53}}\n  ntp: {{servers: 10.0.0.123}}\n{dhcp}profiles:\n  pump: {{services: [arp, nd, dhcp]}}\n  scanner: {{services: [arp, nd, dhcp]}}\ndevices:\n  - {devices}\n"
    )
}

fn scenes(dids: &[Did]) -> Vec<Scene> {
    let mut habits = Habits::default();
    let mut scenes = Vec::new();
    for (number, did) in dids.iter().enumerate() {
        for shot in did.shots(number) {
            scenes.push(Scene {
                second: u64::try_from(number * PAUSE).expect("a short while"),
                habit: habits.of(&shot),
                shot,
            });
        }
    }
    scenes
}

/// Whether a line that says WIDER may be about it: the same was done with a neighbour.
fn is_near(seen: &BTreeSet<Habit>, habit: Habit) -> bool {
    let Some(peer) = habit.peer() else {
        return false;
    };
    seen.iter().any(|other| {
        other.with_peer(peer) == habit
            && match (other.peer(), peer) {
                (Some(IpAddr::V4(a)), IpAddr::V4(b)) => a.to_bits() >> 4 == b.to_bits() >> 4,
                (Some(IpAddr::V6(a)), IpAddr::V6(b)) => a.to_bits() >> 4 == b.to_bits() >> 4,
                _ => false,
            }
    })
}

fn holds(
    trial: &mut Trial,
    dids: &[Did],
    days: u64,
    lists_dhcp: bool,
) -> Result<(), TestCaseError> {
    let text = text(lists_dhcp);
    let scenes = scenes(dids);
    let mut pupil = trial.learn(&text, &scenes, days);
    let (proposal, _) = trial.propose(&mut pupil, &text);
    let text = site::accepted(&proposal);
    let findings = site::try_policy(&text).err();
    prop_assert!(
        findings.is_none(),
        "{}\n{text}",
        findings.unwrap_or_default()
    );
    let text = site::promoted(&text, "enforce");
    trial.begin(&text);
    for scene in &scenes {
        let verdict = trial.shoot(scene, 0);
        prop_assert!(!verdict.dropped, "{} {verdict:?}\n{text}", scene.habit);
    }
    // What has no ports is one conversation for both sides, as long as it lasts.
    trial.sleep(DAY);
    // Who shares a profile may do what the others do.
    for profile in ["pump", "scanner"] {
        let of_it = |did: &&Did| profile_of(did.device) == profile;
        let dids: Vec<Did> = dids.iter().filter(of_it).copied().collect();
        let seen: BTreeSet<Habit> = self::scenes(&dids).iter().map(|it| it.habit).collect();
        for shot in dids.iter().flat_map(Did::changed) {
            is_dropped(trial, &seen, &shot, &text)?;
        }
    }
    Ok(())
}

fn is_dropped(
    trial: &mut Trial,
    seen: &BTreeSet<Habit>,
    shot: &Shot,
    text: &str,
) -> Result<(), TestCaseError> {
    let habit = Habits::default().of(shot);
    let is_wider = is_near(seen, habit) && text.contains("# WIDER than seen");
    if seen.contains(&habit) || is_wider {
        return Ok(());
    }
    let verdict = trial.put(shot);
    let is_denied = verdict.dropped && verdict.reason.class() == Class::Denied;
    prop_assert!(is_denied, "never seen: {habit} {verdict:?}\n{text}");
    Ok(())
}

#[test]
fn what_was_learned_is_never_dropped_and_what_was_not_is() {
    let config = Config {
        cases: 48,
        failure_persistence: None,
        ..Config::default()
    };
    let trial = RefCell::new(Trial::new());
    let run = TestRunner::new(config).run(&days(), |(dids, days, lists_dhcp)| {
        holds(&mut trial.borrow_mut(), &dids, days, lists_dhcp)
    });
    run.unwrap_or_else(|error| panic!("{error}"));
}
