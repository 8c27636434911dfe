//! Stages from look to look, restarts, drops and what is missing.

use std::time::Duration;

use super::*;
use crate::{
    learn::conversation::{Initiator, News},
    service::learner::Pace,
};

const WALL: i64 = 1_795_996_800;
const HOUR: u64 = 3600;
const PUMP: Identity = Identity {
    mac: [0, 3, 0xb1, 0, 0, 0x12],
    vlans: (30, 0),
};

fn now(second: u64) -> Now {
    Now {
        monotonic: Duration::from_secs(second),
        wall: jiff::Timestamp::from_second(WALL + i64::try_from(second).unwrap()).unwrap(),
    }
}

fn learner(directory: &tempfile::TempDir) -> Learner {
    Learner::new(directory.path(), Pace::new(1, now(0)))
}

fn found(mode: Mode, generation: u32) -> Found {
    Found {
        device: listed(PUMP.mac, None),
        mode,
        generation,
        probation: 14 * 24 * HOUR,
        would_drop: 0,
        dropped: 0,
        sent: 0,
    }
}

fn to(port: u16) -> Conversation {
    Conversation {
        initiator: Initiator::Device,
        midstream: false,
        protocol: 6,
        port,
        peer: [10, 20, 8, 11].into(),
    }
}

/// It opened this in each of these hours.
fn did(learner: &mut Learner, port: u16, hours: std::ops::Range<u64>) {
    let device = learner.batch.devices.entry(PUMP).or_default();
    for hour in hours {
        let at = u64::try_from(WALL).unwrap() + hour * HOUR;
        let news = News {
            opened: 1,
            first: at,
            last: at,
            ..News::default()
        };
        device.take(to(port), &news);
    }
}

/// Thirty hours in mode monitor under revision 4, then enforced by revision 5.
fn promoted(directory: &tempfile::TempDir) -> Learner {
    let mut learner = learner(directory);
    did(&mut learner, 3613, 0..30);
    learner
        .look_at_stages(now(HOUR), 4, &[found(Mode::Monitor, 1)])
        .unwrap();
    learner
        .look_at_stages(now(30 * HOUR), 5, &[found(Mode::Enforce, 2)])
        .unwrap();
    learner
}

fn drop_of(learner: &mut Learner, conversation: &Conversation, by: Criticality) -> Dropped {
    let device = listed(PUMP.mac, None);
    learner
        .dropped((&device, &PUMP), conversation, Some(by))
        .unwrap()
}

#[test]
fn stages_go_on_under_the_next_agent() {
    let directory = tempfile::tempdir().unwrap();
    let mut first = promoted(&directory);
    first.note(now(30 * HOUR), &[]);
    first.flush(|_| true).unwrap();
    let stage = first.stage(&listed(PUMP.mac, None)).cloned();
    drop(first);
    let mut second = learner(&directory);
    second
        .look_at_stages(now(31 * HOUR), 5, &[found(Mode::Enforce, 2)])
        .unwrap();
    assert_eq!(second.stage(&listed(PUMP.mac, None)).cloned(), stage);
    let change = stage.unwrap().change.unwrap();
    assert_eq!((change.before, change.promoted), (4, true));
    // The policy was changed while there was no agent, and lists another device.
    let other = Found {
        device: listed([0, 3, 0xb1, 0, 0, 0x13], None),
        ..found(Mode::Enforce, 9)
    };
    second.look_at_stages(now(32 * HOUR), 7, &[other]).unwrap();
    assert_eq!(second.stages().count(), 1);
    let change = second.stage(&other.device).unwrap().change.clone();
    assert!(change.is_some_and(|change| change.promoted && change.before == 5));
}

#[test]
fn the_first_agent_takes_all_for_settled() {
    let directory = tempfile::tempdir().unwrap();
    let mut learner = learner(&directory);
    learner
        .look_at_stages(now(HOUR), 1, &[found(Mode::Enforce, 1)])
        .unwrap();
    assert_eq!(learner.stage(&listed(PUMP.mac, None)).unwrap().change, None);
    assert_eq!(
        drop_of(&mut learner, &to(3613), Criticality::LifeSustaining),
        Dropped::Foreign
    );
}

#[test]
fn what_it_did_before_is_known_and_only_its_own_word_counts_for_what_is_new() {
    let directory = tempfile::tempdir().unwrap();
    let mut learner = promoted(&directory);
    let known = drop_of(&mut learner, &to(3613), Criticality::Low);
    assert!(
        matches!(&known, Dropped::Known { before: 4, conversation, .. } if *conversation == to(3613)),
        "{known:?}"
    );
    let call = Conversation {
        initiator: Initiator::Peer,
        ..to(22)
    };
    for (conversation, by, expected) in [
        (to(8080), Criticality::LifeSustaining, Dropped::New),
        (to(8080), Criticality::High, Dropped::Foreign),
        (call, Criticality::LifeSustaining, Dropped::Foreign),
    ] {
        assert_eq!(
            drop_of(&mut learner, &conversation, by),
            expected,
            "{conversation:?}"
        );
    }
    // What it did for the first time since is nothing that it needs as far as anybody knows.
    did(&mut learner, 8081, 31..32);
    assert_eq!(
        drop_of(&mut learner, &to(8081), Criticality::LifeSustaining),
        Dropped::Foreign
    );
    learner.fell(&listed(PUMP.mac, None), now(31 * HOUR), "why".to_owned());
    assert_eq!(
        drop_of(&mut learner, &to(3613), Criticality::Low),
        Dropped::Foreign
    );
}

#[test]
fn a_rule_that_is_taken_away_stays_so_unless_a_life_depends_on_it() {
    let directory = tempfile::tempdir().unwrap();
    let mut learner = learner(&directory);
    did(&mut learner, 3613, 0..30);
    for (hour, generation) in [(1, 1), (30, 2)] {
        let found = Found {
            sent: hour,
            ..found(Mode::Enforce, generation)
        };
        learner
            .look_at_stages(now(hour * HOUR), hour, &[found])
            .unwrap();
    }
    assert_eq!(
        drop_of(&mut learner, &to(3613), Criticality::High),
        Dropped::Foreign
    );
    assert!(matches!(
        drop_of(&mut learner, &to(3613), Criticality::LifeSustaining),
        Dropped::Known { before: 1, .. }
    ));
    // What it opens for the first time was no less forbidden before.
    assert_eq!(
        drop_of(&mut learner, &to(8080), Criticality::LifeSustaining),
        Dropped::Foreign
    );
    learner.note(now(30 * HOUR), &[]);
    learner.flush(|_| true).unwrap();
    for hour in 31..40 {
        let found = Found {
            sent: hour,
            dropped: 1,
            ..found(Mode::Enforce, 2)
        };
        learner
            .look_at_stages(now(hour * HOUR), 30, &[found])
            .unwrap();
    }
    let mut missing = |is_vital| {
        let missing = learner.missing(now(40 * HOUR), |_| is_vital, |_, _| false);
        missing.unwrap().len()
    };
    assert_eq!([missing(false), missing(true)], [0, 1]);
}

#[test]
fn a_person_ends_a_fall_and_with_it_the_probation() {
    let directory = tempfile::tempdir().unwrap();
    let mut learner = promoted(&directory);
    let device = listed(PUMP.mac, None);
    assert!(!learner.accept_fall(&device));
    learner.fell(&device, now(31 * HOUR), "why".to_owned());
    assert!(learner.accept_fall(&device));
    let stage = learner.stage(&device).unwrap();
    assert_eq!((&stage.fallen, &stage.change), (&None, &None));
}

#[test]
fn something_is_missing_only_of_a_device_that_lost_frames() {
    let directory = tempfile::tempdir().unwrap();
    let mut learner = promoted(&directory);
    learner.note(now(30 * HOUR), &[]);
    learner.flush(|_| true).unwrap();
    let mut look = |hour: u64, dropped| {
        let found = Found {
            sent: hour,
            dropped,
            ..found(Mode::Enforce, 2)
        };
        learner
            .look_at_stages(now(hour * HOUR), 5, &[found])
            .unwrap();
        learner
            .missing(now(hour * HOUR), |_| false, |_, _| false)
            .unwrap()
    };
    for hour in 30..40 {
        assert_eq!(look(hour, 0), [], "{hour}");
    }
    assert_eq!(look(40, 1), [(listed(PUMP.mac, None), vec![to(3613)])]);
}
