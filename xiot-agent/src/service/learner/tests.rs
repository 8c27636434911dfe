//! Looks at the map, restarts, and disks that fail.

use std::fs;

use xiot_common::{
    addr::{Addr, Mac, Vlans},
    observed::ObservedEntry,
};

use super::*;
use crate::{
    learn::device::Learned,
    service::{names::Names, sample},
};

const WALL: i64 = 1_795_996_800;

fn now(second: u64) -> Now {
    Now {
        monotonic: Duration::from_secs(second),
        wall: jiff::Timestamp::from_second(WALL + i64::try_from(second).unwrap()).unwrap(),
    }
}

/// A conversation of the pump that was seen from one second to another.
fn seen(port: u16, first: u64, last: u64, frames: u64) -> Observed {
    let second = |at: u64| now(at).second();
    Observed {
        key: ObservedKey {
            peer: Addr::v4([10, 20, 8, 11]),
            address: Addr::v4([10, 30, 1, 12]),
            mac: Mac([0, 3, 0xb1, 0, 0, 0x12]),
            port,
            vlans: Vlans {
                outer: 30,
                inner: 0,
            },
            protocol: 6,
            ..ObservedKey::default()
        },
        entry: ObservedEntry {
            frames,
            bytes: 100 * frames,
            flows: 1,
            first_seen: second(first),
            last_seen: second(last),
            ..ObservedEntry::default()
        },
    }
}

const PUMP: Identity = Identity {
    mac: [0, 3, 0xb1, 0, 0, 0x12],
    vlans: (30, 0),
};

fn learner(directory: &tempfile::TempDir) -> Learner {
    Learner::new(directory.path(), Pace::new(1, now(0)))
}

fn flush(learner: &mut Learner) {
    learner.flush(|_| true).unwrap();
}

fn pump(learner: &mut Learner) -> Learned {
    learner.read(|store| store.device(&PUMP)).unwrap().unwrap()
}

/// Port and frames of what is known.
fn known(learner: &mut Learner) -> Vec<(u16, u64, u64)> {
    let pump = pump(learner);
    let all = pump.conversations().iter();
    all.map(|(it, seen)| (it.port, seen.frames, seen.opened))
        .collect()
}

#[test]
fn every_look_adds_what_came_since_the_last_one() {
    let directory = tempfile::tempdir().unwrap();
    let mut learner = learner(&directory);
    learner.note(now(3_000), &[seen(22, 2_000, 2_900, 10)]);
    learner.note(
        now(3_030),
        &[seen(22, 2_000, 3_020, 15), seen(80, 3_010, 3_010, 1)],
    );
    flush(&mut learner);
    learner.note(now(8_000), &[seen(80, 3_010, 7_900, 4)]);
    flush(&mut learner);
    assert_eq!(known(&mut learner), [(22, 15, 1), (80, 4, 1)]);
    let pump = pump(&mut learner);
    // Hours 0 and 2; the gateway watched from the first look on.
    assert_eq!(pump.hours().count(), 2);
    let watched = learner.read(LearnedStore::watched).unwrap();
    assert_eq!(watched.count(), 3);
}

#[test]
fn a_clock_that_is_set_counts_nothing_twice() {
    let directory = tempfile::tempdir().unwrap();
    let mut learner = learner(&directory);
    learner.note(now(3_000), &[seen(22, 2_000, 2_900, 10)]);
    let set = Now {
        wall: now(50_000).wall,
        ..now(3_030)
    };
    learner.note(set, &[seen(22, 2_000, 3_020, 15)]);
    flush(&mut learner);
    assert_eq!(known(&mut learner), [(22, 15, 1)]);
    let watched = learner.read(LearnedStore::watched).unwrap();
    assert!(watched.count() <= 2, "{watched:?}");
}

#[test]
fn another_agent_counts_nothing_twice() {
    let directory = tempfile::tempdir().unwrap();
    let mut first = learner(&directory);
    first.note(
        now(3_000),
        &[seen(22, 2_000, 2_900, 10), seen(80, 2_000, 2_000, 1)],
    );
    flush(&mut first);
    drop(first);
    let mut second = learner(&directory);
    second.note(
        now(9_000),
        &[
            seen(22, 2_000, 8_000, 50),
            seen(80, 2_000, 2_000, 1),
            seen(443, 4_000, 4_100, 7),
        ],
    );
    second.note(now(9_100), &[seen(22, 2_000, 9_050, 52)]);
    flush(&mut second);
    // How much came to the first while there was no agent nobody knows; that it went on is known.
    assert_eq!(known(&mut second), [(22, 12, 1), (80, 1, 1), (443, 7, 1)]);
    assert_eq!(pump(&mut second).hours().count(), 3);
}

#[test]
fn what_can_not_be_written_is_written_later() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state");
    fs::write(&state, "in the way").unwrap();
    let mut learner = Learner::new(&state, Pace::new(1, now(0)));
    learner.note(now(3_000), &[seen(22, 2_000, 2_900, 10)]);
    assert!(learner.flush(|_| true).is_err());
    assert!(
        learner.trouble().unwrap().contains("state"),
        "{:?}",
        learner.trouble()
    );
    fs::remove_file(&state).unwrap();
    learner.note(now(3_030), &[seen(22, 2_000, 3_020, 15)]);
    flush(&mut learner);
    assert_eq!(learner.trouble(), None);
    assert_eq!(known(&mut learner), [(22, 15, 1)]);
}

#[test]
fn groups_are_no_devices_and_what_is_forgotten_is_gone() {
    let directory = tempfile::tempdir().unwrap();
    let mut learner = learner(&directory);
    let mut group = seen(5353, 2_000, 2_000, 3);
    group.key.mac = Mac([0x01, 0, 0x5e, 0, 0, 0xfb]);
    learner.note(now(3_000), &[group, seen(22, 2_000, 2_900, 10)]);
    flush(&mut learner);
    let mut count = 0;
    learner
        .read(|store| store.visit(|_, _| count += 1))
        .unwrap();
    assert_eq!(count, 1);
    assert!(learner.forget(&PUMP).unwrap());
    assert!(!learner.forget(&PUMP).unwrap());
    assert_eq!(learner.read(|store| store.device(&PUMP)).unwrap(), None);
}

/// An answer of DNS: this name has this address.
fn answer(name: &str, address: [u8; 4]) -> Message {
    let mut bytes = vec![0, 1, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0];
    for label in name.split('.') {
        bytes.push(u8::try_from(label.len()).unwrap());
        bytes.extend(label.as_bytes());
    }
    bytes.extend([0, 0, 1, 0, 1]);
    bytes.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
    bytes.extend(address);
    Message {
        kind: CopyKind::DnsAnswer,
        time: now(2_950).monotonic.as_nanos().try_into().unwrap(),
        mac: PUMP.mac,
        vlans: PUMP.vlans,
        wire: 0,
        bytes,
        is_cut: false,
        suppressed: 0,
    }
}

#[test]
fn peers_have_the_names_that_a_rule_would_have_for_them() {
    let directory = tempfile::tempdir().unwrap();
    let mut learner = learner(&directory);
    let mut cloud = seen(443, 2_000, 2_900, 3);
    cloud.key.peer = Addr::v4([192, 0, 2, 7]);
    learner.note(now(3_000), &[seen(3613, 2_000, 2_900, 10), cloud]);
    learner.hear(now(3_000), &answer("cloud.vendor.example", [192, 0, 2, 7]));
    let mut request = answer("", [0; 4]);
    request.kind = CopyKind::Lldp;
    request.bytes = [&[0; 12][..], &[0x88, 0xcc, 10, 7], b"pump-12"].concat();
    learner.hear(now(3_000), &request);
    flush(&mut learner);
    let policy = |with_dns: bool| {
        let sample = sample::names();
        let mut policy = sample.policy().clone();
        if with_dns {
            policy.services.dns = vec!["10.20.0.53".parse().unwrap()];
        }
        let ids = crate::compile::Assignment::fresh(&policy);
        Names::new(policy.into(), ["ward-3".to_owned()].into(), ids.into())
    };
    let mut learned = |with_dns, device| {
        let store = learner.lend().unwrap();
        learned(&store, &policy(with_dns), device, |_| false).unwrap()
    };
    // Only who can be asked stands for an address.
    for (with_dns, name) in [(true, Some("cloud.vendor.example")), (false, None)] {
        let all = learned(with_dns, Some("pump-icu-12"));
        let [pump, cloud] = &all.conversations[..] else {
            panic!("{all:?}");
        };
        assert_eq!(pump.peer_name.as_deref(), Some("pump-server"));
        assert_eq!(cloud.peer_name.as_deref(), name);
        assert_eq!(cloud.told, ["cloud.vendor.example"]);
    }
    let all = learned(true, None);
    assert_eq!(all.devices[0].described.host.as_deref(), Some("pump-12"));
    assert_eq!(all.conversations, []);
}
