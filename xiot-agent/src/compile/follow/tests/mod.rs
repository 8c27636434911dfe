//! Series of edits: what is compiled from what differs answers as what is compiled as a whole.

mod chains;
mod edits;
mod spelled;

use std::net::IpAddr;

use proptest::{collection::vec, prelude::*};
use xiot_common::{
    slot::SlotHeader,
    table::{Table, scope},
};

use self::edits::{Edit, edit, edit_of_rules, many_rules, numbered, policy};
use super::*;
use crate::{
    compile::{
        compile,
        devices::Devices,
        names::{Names, Servers},
        peers::{Filed, Peers},
        profiles::Profiles,
        read::{Opening, Reader},
        slot::{Editable as _, Narrow, Slot as _, Wide},
        table,
        tests::{build, generate},
    },
    model::policy::Initiator,
};

const LIMITS: Limits = Limits {
    slot_lines: 1 << 12,
    devices: 64,
    rules: 256,
};

const STAMP: Stamp = Stamp {
    revision: 2,
    compiled_at: 5,
};

fn wires() -> Vec<String> {
    ["w0", "w1"].map(str::to_owned).to_vec()
}

/// Asks both images everything.
fn assert_alike(policy: &Policy, one: &Image, other: &Image, at: u32) {
    let (one_reader, other_reader) = (Reader::new(one), Reader::new(other));
    let rules = policy.profiles.iter().flat_map(|it| &it.rules);
    let networks = rules.flat_map(|rule| &rule.peers);
    let mut addresses: Vec<IpAddr> = networks
        .flat_map(|network| [network.network(), network.broadcast()])
        .collect();
    addresses.extend(policy.devices.iter().flat_map(|it| &it.addresses));
    addresses.sort_unstable();
    addresses.dedup();
    for name in &generate::dns_names() {
        assert_eq!(one_reader.has_name(name), other_reader.has_name(name));
    }
    for place in 0..u32::try_from(policy.profiles.len()).unwrap() {
        assert_eq!(one_reader.profile(place), other_reader.profile(place));
        assert_eq!(one_reader.prefixes(place), other_reader.prefixes(place));
        for &peer in &addresses {
            for (protocol, port) in [(6, 3), (6, 80), (17, 5), (1, 0x0800), (58, 0xff00), (50, 0)] {
                for initiator in [Initiator::Device, Initiator::Peer] {
                    let opening = Opening {
                        initiator,
                        peer,
                        protocol,
                        port,
                        source_port: 7,
                    };
                    assert_eq!(
                        one_reader.judge(place, &opening, at),
                        other_reader.judge(place, &opening, at)
                    );
                    let name = &generate::dns_names()[usize::from(port % 5)];
                    assert_eq!(
                        one_reader.judge_named(place, &opening, name, at),
                        other_reader.judge_named(place, &opening, name, at)
                    );
                }
            }
        }
    }
    for id in 0..=LIMITS.devices {
        assert_eq!(
            one_reader.record(id),
            other_reader.record(id),
            "device {id}"
        );
        for &addr in &addresses {
            assert_eq!(
                one_reader.is_bound(id, addr),
                other_reader.is_bound(id, addr)
            );
        }
    }
}

/// Every key that was filed is found in the other image, with an equal set of rules behind it, and there are no others.
fn assert_same_keys(policy: &Policy, ids: &Assignment, next: &Compilation, whole: &Image) {
    let image = &next.image;
    let mut peers = Peers::new(LIMITS.slot_lines);
    let profiles = Profiles::compile(policy, &ids.rule_keys(), &mut peers).unwrap();
    let devices = &ids.devices;
    let devices = Devices::compile(
        policy,
        &wires(),
        devices,
        &profiles.fingerprints,
        &mut peers,
    )
    .unwrap();
    let servers = policy
        .services
        .dhcp
        .iter()
        .map(|it| (scope::DHCP_SERVER, it));
    let uplink = policy.uplink_addresses.iter().map(|it| (scope::UPLINK, it));
    let mut all: Vec<_> = servers.chain(uplink).collect();
    all.sort_unstable();
    all.dedup();
    for (scope, addr) in all {
        peers.add_address(scope, *addr);
    }
    peers.add_names(&Names::of(policy).unwrap());
    Servers::file(policy, &mut peers).unwrap();
    let Filed {
        narrow, wide, ends, ..
    } = peers.into_filed();
    let found = |it: &Narrow| table::find(&image.lines, &image.header.devices, *it);
    assert!(devices.slots.iter().all(|it| found(it) == it.payload()));
    let filed = ends.last().copied().unwrap_or_default();
    assert_same_sets(&narrow, filed.narrow, |it| {
        let find = |image: &Image| table::find(&image.lines, &image.header.peers_v4, it);
        [image, whole].map(|image| (image, find(image)))
    });
    // What is filed of names is asked for by name.
    let names = u64::from(scope::NAMES)..=u64::from(scope::names_from((1 << 28) - 1));
    let servers = u64::from(scope::DNS_SERVER);
    let is_address = |it: &&Wide| {
        let (scope, ..) = it.network();
        scope == servers || !names.contains(&scope)
    };
    let addresses: Vec<Wide> = wide.iter().filter(is_address).copied().collect();
    assert_same_sets(&addresses, filed.wide, |it| {
        let find = |image: &Image| table::find(&image.lines, &image.header.peers_v6, it);
        [image, whole].map(|image| (image, find(image)))
    });
    let slots = next.basis.slots;
    assert_eq!(
        (slots.devices, slots.narrow, slots.wide),
        (devices.slots.len(), narrow.len(), wide.len())
    );
}

/// Both images have the same rules behind each of these slots, of which only so many have rules; `find` says which set each names.
fn assert_same_sets<'a, S: Copy>(
    slots: &[S],
    with_rules: usize,
    find: impl Fn(S) -> [(&'a Image, u32); 2],
) {
    for (n, &slot) in slots.iter().enumerate() {
        let [(image, here), (whole, there)] = find(slot);
        if n < with_rules {
            assert!(here != 0 && there != 0);
            assert_eq!(spelled::set(image, here), spelled::set(whole, there));
        } else {
            assert_eq!((here, there), (1, 1));
        }
    }
}

/// Follows the edits, and compares what comes of each with what is compiled as a whole.
fn follow(mut policy: Policy, edits: Vec<Vec<Edit>>, at: u32) {
    let mut next = Compilation::fresh(Arc::new(policy.clone()), &wires(), &LIMITS, STAMP).unwrap();
    for edits in edits {
        for edit in edits {
            edit.make(&mut policy);
        }
        policy = numbered(policy);
        let before = Arc::clone(next.ids());
        let after = Arc::new(policy.clone());
        let (after, fresh) = next.follow(after, &wires(), &LIMITS, STAMP).unwrap();
        next = after;
        // Numbers are those that a look at everything gives.
        let ids = next.ids();
        let (expected, expected_fresh) = before.follow(&policy, &LIMITS).unwrap();
        assert_eq!(ids.devices, expected.devices);
        assert_eq!(ids.rules(), expected.rules());
        assert_eq!(ids.rule_keys(), expected.rule_keys());
        assert_eq!(fresh, expected_fresh);
        // Another process that knows the keys alone goes on with them.
        let keyed = next.keyed();
        let numbers = ids.rules().iter().copied();
        let rules: Vec<_> = ids.rule_keys().iter().copied().zip(numbers).collect();
        assert_eq!(keyed.rules, rules);
        let (again, none) = Assignment::of(&keyed).follow(&policy, &LIMITS).unwrap();
        assert_eq!(again.devices, ids.devices);
        assert_eq!(again.rules(), ids.rules());
        assert_eq!(none, Fresh::default());
        assert_whole(&policy, &next, at);
    }
}

/// It answers as what is compiled as a whole.
fn assert_whole(policy: &Policy, next: &Compilation, at: u32) {
    let whole = compile(policy, &wires(), &LIMITS, &next.ids, 2, 5).unwrap();
    let image = next.image();
    assert_alike(policy, image, &whole, at);
    assert_same_keys(policy, &next.ids, next, &whole);
    assert_eq!(image.header.digest, image.lines.digest());
    // Without windows of time nobody asks what the zone adds.
    if whole.header.zone_changes > 0 {
        assert_eq!(spelled::zone(image), spelled::zone(&whole));
    }
    // Where things lie is another matter, as are the times of rules that there are no more.
    let plain = |image: &Image| SlotHeader {
        digest: [0; 32],
        devices: Table::default(),
        peers_v4: Table::default(),
        peers_v6: Table::default(),
        device_records: 0,
        profiles: 0,
        zone: 0,
        zone_changes: 0,
        schedules: 0,
        chains: 0,
        names: 0,
        lines: 0,
        ..image.header
    };
    assert_eq!(plain(image), plain(&whole));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn whatever_is_edited_it_answers_as_what_is_compiled_as_a_whole(
        first in policy(),
        edits in vec(vec(edit(), 1..3), 1..12),
        at in generate::second(),
    ) {
        follow(first, edits, at);
    }

    #[test]
    fn an_edit_of_a_rule_reaches_all_networks_that_it_has_a_say_in(
        first in many_rules(),
        edits in vec(vec(edit_of_rules(), 1..2), 1..12),
    ) {
        follow(first, edits, 0);
    }
}

/// A site of some size, where an edit must not be compiled as a whole.
fn site() -> Compilation {
    let policy = Arc::new(build::large(60, 10, 200));
    Compilation::fresh(policy, &wires(), &LIMITS, STAMP).unwrap()
}

fn edited(before: &Compilation, edit: impl FnOnce(&mut Policy)) -> Policy {
    let mut policy = (**before.policy()).clone();
    edit(&mut policy);
    policy
}

#[test]
fn an_edit_changes_few_lines() {
    let mut next = site();
    for n in 0..20_u16 {
        let policy = edited(&next, |policy| {
            policy.profiles[3].rules[usize::from(n)].clauses =
                vec![crate::model::policy::Clause::Udp(vec![n..=n])];
            policy.devices[usize::from(n)].addresses = vec![[10, 9, 9, 9].into()];
        });
        let before = Arc::clone(next.image());
        let (after, _) = next
            .follow(Arc::new(policy), &wires(), &LIMITS, STAMP)
            .unwrap();
        let both = before.lines.iter().zip(after.image().lines.iter());
        let changed = both.filter(|(one, other)| one != other).count();
        assert!((1..=25).contains(&changed), "{changed} lines");
        assert!(after.image().lines.len() <= before.lines.len() + 2);
        assert_whole(after.policy(), &after, 0);
        next = after;
    }
}

#[test]
fn room_is_used_again_and_again() {
    let mut next = site();
    let before = next.image().lines.len();
    for n in 0..2_000_u16 {
        let policy = edited(&next, |policy| {
            policy.profiles[3].rules[5].clauses =
                vec![crate::model::policy::Clause::Udp(vec![n..=n])];
            policy.devices[7].name = format!("device-{n}");
            policy.devices[7].mac[0] = u8::try_from(n % 100).unwrap() * 2;
            policy.devices[7].addresses = vec![[10, 8, u8::try_from(n % 256).unwrap(), 1].into()];
        });
        let (after, _) = next
            .follow(Arc::new(policy), &wires(), &LIMITS, STAMP)
            .unwrap();
        next = after;
    }
    assert!(next.image().lines.len() <= before + 4);
}

#[test]
fn what_is_refused_is_refused_in_the_same_words() {
    let twice =
        |next: &Compilation| edited(next, |policy| policy.devices[9].mac = policy.devices[8].mac);
    let next = site();
    let policy = twice(&next);
    let (ids, _) = next.ids().follow(&policy, &LIMITS).unwrap();
    let expected = compile(&policy, &wires(), &LIMITS, &ids, 2, 5).unwrap_err();
    let error = next
        .follow(Arc::new(policy), &wires(), &LIMITS, STAMP)
        .unwrap_err();
    assert_eq!(error, expected);
    assert!(matches!(error, CompileError::SameDevice { .. }));

    let next = site();
    let policy = edited(&next, |policy| {
        policy.devices[9].wire = Some("none".to_owned())
    });
    let error = next
        .follow(Arc::new(policy), &wires(), &LIMITS, STAMP)
        .unwrap_err();
    assert!(matches!(error, CompileError::UnknownWire { .. }));
}
