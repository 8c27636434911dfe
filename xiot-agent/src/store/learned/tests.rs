//! What was learned is found again, in the room that there is, and power may fail at any step.

use proptest::prelude::*;

use super::*;
use crate::{
    learn::{
        conversation::{Initiator, News},
        device::MOST_CONVERSATIONS,
        hours::Run,
        told::Told,
    },
    store::{
        database::check,
        open,
        tests::disk::{Disk, Step, apply},
    },
};

const START: u64 = 1_795_996_800;

fn identity(last: u8) -> Identity {
    Identity {
        mac: [0, 3, 0xb1, 0, 0, last],
        vlans: (100, 30),
    }
}

fn conversation(port: u16) -> Conversation {
    Conversation {
        initiator: if port.is_multiple_of(2) {
            Initiator::Device
        } else {
            Initiator::Peer
        },
        midstream: port.is_multiple_of(3),
        protocol: 17,
        port,
        peer: if port.is_multiple_of(5) {
            "fd00:20::53".parse().unwrap()
        } else {
            [10, 20, 0, 53].into()
        },
    }
}

fn news(hour: u64) -> News {
    let first = START + 3600 * hour;
    News {
        opened: 1,
        frames: 3,
        bytes: 300,
        first,
        last: first + 90,
    }
}

/// Of each device conversations to these ports in this hour.
fn batch(hour: u64, devices: &[(u8, &[u16])]) -> Batch {
    let mut batch = Batch {
        until: START + 3600 * hour + 100,
        ..Batch::default()
    };
    batch
        .watched
        .mark(u32::try_from(START / 3600 + hour).unwrap());
    for (device, ports) in devices {
        let learned = batch.devices.entry(identity(*device)).or_default();
        for port in *ports {
            learned.take(conversation(*port), &news(hour));
        }
    }
    batch
}

fn store() -> LearnedStore {
    check(Disk::default()).unwrap()
}

fn take(store: &LearnedStore, batch: &Batch) {
    store.take(batch, Room::default(), |_| false).unwrap();
}

fn there(store: &LearnedStore) -> Vec<u8> {
    let mut there = Vec::new();
    store
        .visit(|identity, learned| {
            assert_eq!(store.device(&identity).unwrap(), Some(learned));
            there.push(identity.mac[5]);
        })
        .unwrap();
    there
}

fn ports(store: &LearnedStore, device: u8) -> Vec<u16> {
    let learned = store.device(&identity(device)).unwrap();
    let mut ports: Vec<_> = learned
        .iter()
        .flat_map(|learned| learned.conversations().keys().map(|it| it.port))
        .collect();
    ports.sort_unstable();
    ports
}

#[test]
fn what_was_taken_is_found_after_the_file_was_closed() {
    let directory = tempfile::tempdir().unwrap();
    let first = batch(0, &[(1, &[2, 3, 5, 15]), (2, &[7])]);
    let second = batch(1, &[(1, &[2, 9])]);
    {
        let opened = open::<LearnedStore>(directory.path()).unwrap();
        assert_eq!(opened.content.until().unwrap(), None);
        take(&opened.content, &first);
        take(&opened.content, &second);
    }
    let store = open::<LearnedStore>(directory.path()).unwrap().content;
    let mut both = first.devices[&identity(1)].clone();
    both.join(&second.devices[&identity(1)], usize::MAX);
    assert_eq!(store.device(&identity(1)).unwrap(), Some(both.clone()));
    assert_eq!(store.device(&identity(9)).unwrap(), None);
    assert_eq!(store.until().unwrap(), Some(second.until));
    assert_eq!(store.watched().unwrap().count(), 2);
    assert_eq!(there(&store), [1, 2]);
    assert!(store.forget(&identity(1)).unwrap());
    assert!(!store.forget(&identity(1)).unwrap());
    assert_eq!((ports(&store, 1), ports(&store, 2)), (vec![], vec![7]));
    // A number is never given twice: nothing of the old one comes back.
    take(&store, &batch(2, &[(1, &[4])]));
    assert_eq!((ports(&store, 1), ports(&store, 2)), (vec![4], vec![7]));
}

#[test]
fn names_and_descriptions_are_kept_and_go_with_their_device() {
    let store = store();
    let peer = "2001:db8::7".parse().unwrap();
    let hear = |name: &str, second, described| {
        let mut told = Told::default();
        told.take(name, &[[192, 0, 2, 7].into(), peer], second);
        let batch = Batch {
            told: BTreeMap::from([(identity(1), told)]),
            described: BTreeMap::from([(identity(1), described)]),
            ..Batch::default()
        };
        take(&store, &batch);
    };
    let url = Described {
        mud_url: Some("https://vendor.example/pump".to_owned()),
        ..Described::default()
    };
    hear("a.example", 10, url.clone());
    take(&store, &batch(0, &[(1, &[2])]));
    let host = Described {
        host: Some("pump-12".to_owned()),
        ..Described::default()
    };
    hear("b.example", 20, host.clone());
    let told = store.told(&identity(1)).unwrap();
    assert_eq!(told.names().len(), 2);
    let expected = [("b.example".to_owned(), 20), ("a.example".to_owned(), 10)];
    assert_eq!(told.names()[&peer], expected);
    let both = Described {
        mud_url: url.mud_url,
        ..host
    };
    assert_eq!(store.described(&identity(1)).unwrap(), both);
    assert_eq!(ports(&store, 1), [2]);
    // One by one or all at once, by VLAN or by MAC alone.
    let all = store.descriptions().unwrap();
    assert_eq!(all, BTreeMap::from([(identity(1), both)]));
    assert_eq!(store.told_of(identity(1).mac).unwrap(), told);
    assert_eq!(store.told_of(identity(0).mac).unwrap(), Told::default());
    let learned = store.device(&identity(1)).unwrap().unwrap();
    let both = [(identity(1), learned, told)];
    assert_eq!(store.some(None, 2).unwrap(), both);
    assert_eq!(store.known_as(identity(1).mac).unwrap(), both);
    assert_eq!(store.levels().unwrap(), (1, 1));
    assert!(store.forget(&identity(1)).unwrap());
    take(&store, &batch(1, &[(1, &[4])]));
    assert_eq!(store.told(&identity(1)).unwrap(), Told::default());
    assert_eq!(store.described(&identity(1)).unwrap(), Described::default());
}

#[test]
fn devices_are_looked_at_some_at_a_time_and_each_once() {
    let store = store();
    let all: Vec<(u8, &[u16])> = (1..=7).map(|device| (device, &[2, 4][..])).collect();
    take(&store, &batch(0, &all));
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let some = store.some(after.as_ref(), 3).unwrap();
        assert!(some.len() <= 3);
        let Some((last, ..)) = some.last() else {
            break;
        };
        after = Some(*last);
        found.extend(some.iter().map(|(it, ..)| it.mac[5]));
    }
    assert_eq!(found, there(&store));
}

#[test]
fn a_device_that_scans_keeps_what_it_had() {
    let store = store();
    for hour in 0..5 {
        take(&store, &batch(hour, &[(1, &[2, 4])]));
    }
    let scan: Vec<u16> = (1000..9000).collect();
    take(&store, &batch(6, &[(1, &scan), (2, &[22])]));
    let left = ports(&store, 1);
    assert_eq!((left.len(), &left[..2]), (MOST_CONVERSATIONS, &[2, 4][..]));
    let learned = store.device(&identity(1)).unwrap().unwrap();
    assert_eq!(learned.left_out(), 8002 - MOST_CONVERSATIONS as u64);
    assert_eq!(ports(&store, 2), [22]);
}

#[test]
fn devices_that_come_and_go_make_room_for_those_that_stay() {
    let store = store();
    let room = Room {
        devices: 4,
        conversations: 12,
        ..Room::default()
    };
    let is_listed = |it: &Identity| *it == identity(9);
    for hour in 0..3 {
        store
            .take(&batch(hour, &[(1, &[2, 4])]), room, is_listed)
            .unwrap();
    }
    // Too many devices: the oldest of those that were there for an hour go, but what is listed stays.
    store
        .take(&batch(3, &[(9, &[2]), (10, &[2])]), room, is_listed)
        .unwrap();
    store
        .take(
            &batch(4, &[(11, &[2]), (12, &[2]), (13, &[2])]),
            room,
            is_listed,
        )
        .unwrap();
    assert_eq!(there(&store), [1, 9, 12, 13]);
    // Too many conversations: those that came last go first, with all that they do.
    let scan: Vec<u16> = (100..110).collect();
    store
        .take(&batch(5, &[(13, &scan)]), room, is_listed)
        .unwrap();
    assert_eq!(there(&store), [1, 9]);
}

#[test]
fn power_may_fail_at_any_step() {
    let disk = Disk::default();
    let before = batch(0, &[(1, &[2, 4]), (2, &[7])]);
    take(&check(disk.clone()).unwrap(), &before);
    let start = disk.bytes();
    let disk = Disk::holding(start.clone());
    let store: LearnedStore = check(disk.clone()).unwrap();
    let many: Vec<u16> = (100..300).collect();
    take(&store, &batch(1, &[(1, &many), (3, &[8])]));
    let acknowledged = disk.steps();
    drop(store);
    let log = disk.log();
    let mut outcomes = [0; 2];
    let mut bytes = start;
    for (step, what) in log.iter().enumerate() {
        let mut disks = Vec::new();
        if let Step::Write(at, data) = what {
            for part in 1..8 {
                let mut torn = bytes.clone();
                apply(
                    &mut torn,
                    &Step::Write(*at, data[..data.len() * part / 8].to_vec()),
                );
                disks.push((torn, step));
            }
        }
        apply(&mut bytes, what);
        disks.push((bytes.clone(), step + 1));
        for (disk, steps) in disks {
            let store: LearnedStore = check(Disk::holding(disk)).unwrap();
            let number = ports(&store, 1).len();
            assert_eq!(
                ports(&store, 3).is_empty(),
                number == 2,
                "after {steps} steps"
            );
            assert!(
                number == 202 || number == 2 && steps < acknowledged,
                "after {steps} steps"
            );
            outcomes[usize::from(number == 202)] += 1;
        }
    }
    assert!(outcomes.iter().all(|it| *it > 0), "{outcomes:?}");
}

#[test]
fn a_year_of_many_devices_takes_the_room_that_is_stated() {
    // Of a site with ten thousand: one in a hundred. docs/operations.md states what comes of it.
    const DEVICES: u8 = 100;
    let directory = tempfile::tempdir().unwrap();
    let store = open::<LearnedStore>(directory.path()).unwrap().content;
    // For three years: two in three conversations around the clock, the others once a day.
    let hours = 3 * 365 * 24;
    let mut later = Learned::default();
    for port in 0..60 {
        if port % 3 == 0 {
            for hour in (0..hours).filter(|hour| hour % 24 == u64::from(port % 24)) {
                later.take(conversation(port), &news(hour));
            }
        } else {
            let first = u32::try_from(START / 3600).unwrap();
            let run = Run {
                start: first,
                length: u32::try_from(hours).unwrap(),
            };
            let seen = Seen {
                hours: Hours::of_runs(vec![run]).unwrap(),
                ..Seen::first(&news(0))
            };
            let all = BTreeMap::from([(conversation(port), seen)]);
            later.join(&Learned::of(all, Hours::default(), 0), usize::MAX);
        }
    }
    let batch = Batch {
        devices: (0..DEVICES)
            .map(|device| (identity(device), later.clone()))
            .collect(),
        ..Batch::default()
    };
    // As it comes in: bit by bit, with pages that split.
    for _ in 0..3 {
        take(&store, &batch);
    }
    drop(store);
    let file = std::fs::metadata(directory.path().join(LearnedStore::FILE)).unwrap();
    assert!(file.len() < 4 << 20, "{} bytes", file.len());
    let store = open::<LearnedStore>(directory.path()).unwrap().content;
    assert_eq!(there(&store).len(), usize::from(DEVICES));
    assert_eq!(ports(&store, 0).len(), 60);
}

fn conversations() -> impl Strategy<Value = Conversation> {
    let peer = prop_oneof![
        any::<[u8; 4]>().prop_map(std::net::IpAddr::from),
        any::<[u8; 16]>()
            .prop_map(std::net::IpAddr::from)
            .prop_map(|it| it.to_canonical()),
    ];
    (any::<(bool, bool, u8, u16)>(), peer).prop_map(
        |((by_peer, midstream, protocol, port), peer)| Conversation {
            initiator: if by_peer {
                Initiator::Peer
            } else {
                Initiator::Device
            },
            midstream,
            protocol,
            port,
            peer,
        },
    )
}

proptest! {
    #[test]
    fn keys_and_rows_are_read_as_they_were_written(
        number in any::<u64>(),
        it in conversations(),
        mac in any::<[u8; 6]>(),
        vlans in any::<(u16, u16)>(),
        marks in prop::collection::vec((0_u32..4_000_000, 1_u32..4), 0..400),
    ) {
        let key = conversation_key(number, &it);
        prop_assert_eq!(row::conversation(key), Some(it));
        prop_assert!(keys_of(number).contains(&key));
        let identity = Identity { mac, vlans };
        prop_assert_eq!(row::identity(device_key(&identity)), identity);
        let mut seen = Seen::first(&news(3));
        for (hour, length) in marks {
            (hour..hour + length).for_each(|hour| { seen.hours.mark(hour); });
        }
        prop_assert_eq!(seen_row(&encode(&SeenRow::of(&seen))).unwrap(), seen);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        drop(seen_row(&bytes));
        drop(decode::<DeviceRow>(&bytes, "devices").map(|row| row.hours.hours()));
    }
}
