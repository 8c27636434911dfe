//! Section 2: datagrams in fragments.

use xiot_common::reason::Reason::{self, *};

use super::{
    super::{Limits, Side},
    world::{
        ACK, Cut, OWN, OWN6, PEER, PEER6, STRANGER, SYN, Ward, allowed, by_flow, cut, datagram,
        denied, ip, policy, segment, udp_out, wires, would_drop,
    },
};
use crate::model::policy::Mode;

/// A part of a UDP datagram of the device: in units of 8 bytes; the first holds the header.
fn part(start: u16, end: u16, more: bool) -> Vec<u8> {
    part_of(17, cut(start, more), usize::from(end - start) * 8)
}

fn part_of(protocol: u8, cut: Cut, length: usize) -> Vec<u8> {
    let payload = match (protocol, cut.offset) {
        (17, 0) => datagram((4000, 514), length - 8),
        (6, 0) => {
            let mut bytes = segment((4000, 80), SYN, (1, 0));
            bytes.resize(length, 0);
            bytes
        }
        _ => vec![0; length],
    };
    ip(OWN, PEER, protocol, cut, &payload)
}

/// What is said of each part in turn.
fn said(parts: &[Units]) -> Vec<Reason> {
    let (policy, wires) = (policy(Mode::Enforce), wires());
    let mut ward = Ward::new(&policy, &wires);
    parts
        .iter()
        .map(|&(start, end, more)| ward.out(&part(start, end, more)).0)
        .collect()
}

/// First unit, unit behind the last, whether more follow.
type Units = (u16, u16, bool);

const FIRST: Units = (0, 6, true);

#[test]
fn later_fragments_inherit_the_first() {
    let (policy, wires) = (policy(Mode::Enforce), wires());
    let mut ward = Ward::new(&policy, &wires);
    assert_eq!(ward.out(&part(0, 6, true)), allowed(AllowedRule, 2));
    assert_eq!(ward.out(&part(6, 12, true)), allowed(AllowedFragment, 2));
    assert_eq!(ward.out(&part(12, 13, false)), allowed(AllowedFragment, 2));
    // It is whole, and forgotten.
    assert_eq!(ward.out(&part(12, 13, false)), denied(FragmentUntracked));
    assert_eq!(ward.out(&part(0, 6, true)), by_flow(2));
    assert_eq!(ward.out(&part(6, 7, false)), allowed(AllowedFragment, 2));
}

#[test]
fn parts_come_in_any_order_once() {
    let table: [(&[Units], Reason); 12] = [
        (&[(6, 12, true)], FragmentUntracked),
        (&[FIRST, (12, 13, false), (6, 12, true)], AllowedFragment),
        (&[FIRST, FIRST], FragmentOverlap),
        (&[FIRST, FIRST, FIRST], FragmentOverlap),
        (&[FIRST, (5, 11, true)], FragmentOverlap),
        (&[FIRST, (8, 14, true), (8, 14, true)], FragmentOverlap),
        (&[FIRST, (8, 14, true), (13, 14, false)], FragmentOverlap),
        // A last one that ends where something has passed, or before.
        (&[FIRST, (20, 26, true), (10, 12, false)], FragmentOverlap),
        (&[FIRST, (20, 26, true), (10, 20, false)], FragmentOverlap),
        (&[FIRST, (20, 26, true), (26, 27, false)], AllowedFragment),
        // Beyond the end.
        (&[FIRST, (20, 21, false), (21, 27, true)], FragmentOverlap),
        (&[FIRST, (20, 21, false), (14, 20, true)], AllowedFragment),
    ];
    for (parts, expected) in table {
        assert_eq!(said(parts).last(), Some(&expected), "{parts:?}");
    }
}

#[test]
fn nothing_more_passes_of_what_overlapped() {
    let parts = [FIRST, (5, 11, true), (6, 12, true), (12, 13, false)];
    let expected = [
        AllowedRule,
        FragmentOverlap,
        FragmentOverlap,
        FragmentOverlap,
    ];
    assert_eq!(said(&parts), expected);
}

/// Since its first fragment, whatever comes of it in between, and whoever judges it.
#[test]
fn what_overlapped_is_broken_for_30_seconds() {
    let (before, wires) = (policy(Mode::Enforce), wires());
    let mut after = before.clone();
    after.profiles[0].arp = false;
    let mut ward = Ward::new(&before, &wires);
    let broken = denied(FragmentOverlap);
    assert_eq!(ward.out(&part(0, 6, true)), allowed(AllowedRule, 2));
    ward.now += 20;
    assert_eq!(ward.out(&part(0, 6, true)), broken);
    ward.oracle.swap(&after);
    ward.now += 10;
    assert_eq!(ward.out(&part(6, 12, true)), broken);
    assert_eq!(ward.out(&part(0, 6, true)), broken);
    ward.now += 1;
    assert_eq!(ward.out(&part(6, 12, true)), denied(FragmentUntracked));
    assert_eq!(ward.out(&part(0, 6, true)), allowed(AllowedRule, 2));
    assert_eq!(ward.out(&part(6, 12, false)), allowed(AllowedFragment, 2));
}

#[test]
fn a_fifth_part_is_out_of_order_and_changes_nothing() {
    let parts = [
        FIRST,
        (10, 16, true),
        (20, 26, true),
        (30, 36, true),
        (40, 46, true),
        (26, 32, true),
    ];
    let said = said(&parts);
    assert_eq!(said[4], FragmentOutOfOrder);
    // Unit 30 had passed.
    assert_eq!(said[5], FragmentOverlap);
}

#[test]
fn parts_that_touch_are_one() {
    let parts = [
        FIRST,
        (12, 18, true),
        (24, 30, true),
        (36, 42, true),
        (18, 24, true),
        (48, 54, true),
        (60, 66, true),
    ];
    let said = said(&parts);
    assert_eq!(
        said[4..],
        [AllowedFragment, AllowedFragment, FragmentOutOfOrder]
    );
}

#[test]
fn a_datagram_is_forgotten_after_30_seconds() {
    for (silence, expected) in [(30, AllowedFragment), (31, FragmentUntracked)] {
        let (policy, wires) = (policy(Mode::Enforce), wires());
        let mut ward = Ward::new(&policy, &wires);
        let _first = ward.out(&part(0, 6, true));
        ward.now += 20;
        // Not since the last one.
        assert_eq!(ward.out(&part(6, 12, true)).0, AllowedFragment);
        ward.now += silence - 20;
        assert_eq!(ward.out(&part(12, 18, true)).0, expected, "{silence} s");
    }
}

#[test]
fn other_conversations_know_nothing_of_it() {
    let (policy, wires) = (policy(Mode::Enforce), wires());
    let mut ward = Ward::new(&policy, &wires);
    let _first = ward.out(&part(0, 6, true));
    let id = part_of(
        17,
        Cut {
            id: 8,
            ..cut(6, true)
        },
        48,
    );
    let protocol = part_of(6, cut(6, true), 48);
    let reply = ip(PEER, OWN, 17, cut(6, true), &[0; 48]);
    for packet in [id, protocol, reply] {
        assert_eq!(ward.out(&packet), denied(FragmentUntracked));
    }
    // In IPv6 a later fragment may say something else of the protocol.
    let payload = datagram((4000, 514), 504);
    let first = ip(OWN6, PEER6, 17, cut(0, true), &payload);
    let later = ip(OWN6, PEER6, 60, cut(64, false), &[0; 9]);
    assert_eq!(ward.out(&first), allowed(AllowedRule, 2));
    assert_eq!(ward.out(&later), allowed(AllowedFragment, 2));
}

#[test]
fn in_learn_the_reason_is_inherited_too() {
    let (policy, wires) = (policy(Mode::Learn), wires());
    let mut ward = Ward::new(&policy, &wires);
    let first = ip(OWN, PEER, 17, cut(0, true), &datagram((4000, 515), 40));
    assert_eq!(ward.out(&first), would_drop(NoPort));
    assert_eq!(ward.out(&part(6, 12, true)), would_drop(NoPort));
    assert_eq!(ward.out(&part(5, 12, true)), denied(FragmentOverlap));
    assert_eq!(ward.out(&part(6, 12, true)), denied(FragmentOverlap));
}

#[test]
fn a_first_fragment_that_is_dropped_makes_nothing_known() {
    let (policy, wires) = (policy(Mode::Enforce), wires());
    let mut ward = Ward::new(&policy, &wires);
    let first = ip(OWN, PEER, 17, cut(0, true), &datagram((4000, 515), 40));
    assert_eq!(ward.out(&first), denied(NoPort));
    assert_eq!(ward.out(&part(6, 12, true)), denied(FragmentUntracked));
    assert_eq!(
        ward.say(Side::Device, STRANGER, &part(6, 12, true)),
        denied(UnknownDevice)
    );
}

#[test]
fn a_device_has_so_many_datagrams_in_a_second() {
    let mut policy = policy(Mode::Enforce);
    policy.profiles[0].limits.fragments = 2;
    let wires = wires();
    let mut ward = Ward::new(&policy, &wires);
    let first = |id| part_of(17, Cut { id, ..cut(0, true) }, 48);
    let later = |id| part_of(17, Cut { id, ..cut(6, true) }, 48);
    assert_eq!(ward.out(&udp_out(4000)), allowed(AllowedRule, 2));
    ward.now += 1;
    assert_eq!(ward.out(&first(1)), by_flow(2));
    assert_eq!(ward.out(&first(2)), by_flow(2));
    assert_eq!(ward.out(&first(3)), denied(FragmentBudget));
    assert_eq!(ward.out(&later(3)), denied(FragmentUntracked));
    assert_eq!(ward.out(&later(2)), allowed(AllowedFragment, 2));
    // The flow has moved on all the same.
    assert_eq!(ward.only_flow().last_frame, ward.now);
    ward.now += 1;
    assert_eq!(ward.out(&first(3)), by_flow(2));
}

#[test]
fn unlisted_devices_share_a_budget() {
    let mut policy = policy(Mode::Monitor);
    policy.default_profile = Some(0);
    policy.profiles[0].limits.fragments = 0;
    let wires = wires();
    let limits = Limits {
        fragments_unlisted: 2,
        ..Limits::default()
    };
    let mut ward = Ward::limited(&policy, &wires, limits);
    let first = part(0, 6, true);
    let mut say = |number| ward.say(Side::Device, [2, 0, 0, 0, 1, number], &first);
    assert_eq!(say(1), allowed(AllowedRule, 2));
    assert_eq!(say(2), allowed(AllowedRule, 2));
    assert_eq!(say(3), would_drop(FragmentBudget));
}

#[test]
fn a_syn_in_fragments_opens_what_a_syn_opens() {
    let (policy, wires) = (policy(Mode::Enforce), wires());
    let mut ward = Ward::new(&policy, &wires);
    assert_eq!(
        ward.out(&part_of(6, cut(0, true), 48)),
        allowed(AllowedRule, 1)
    );
    assert_eq!(
        ward.out(&part_of(6, cut(6, false), 3)),
        allowed(AllowedFragment, 1)
    );
    let answer = ip(
        PEER,
        OWN,
        6,
        cut(0, false),
        &segment((80, 4000), SYN | ACK, (5, 2)),
    );
    assert_eq!(ward.back(&answer), by_flow(1));
}
