//! Section 9.5: guards and flows of another epoch.

use std::net::IpAddr;

use xiot_common::reason::Reason::{self, *};

use super::{
    super::world::{
        Line, OWN, PEER, ROUTER, WHOLE, Ward, allowed, by_flow, by_would_drop_flow, datagram,
        denied, ip, would_drop,
    },
    DEVICE, OTHERS, frame, guarded, ward_of_two,
};
use crate::{
    model::{
        gateway::Wire,
        guard::{Guards, Level},
        policy::{Mode, Policy},
    },
    oracle::Side,
};

const OFF: Level = Level::Off;
const MONITOR: Level = Level::Monitor;
const ENFORCE: Level = Level::Enforce;

/// The pump may use any address, as long as it is nobody else's.
fn loose(mode: Mode) -> Policy {
    let mut policy = ward_of_two(mode);
    policy.devices[0].addresses.clear();
    policy
}

fn levels(source: Level, dhcp_server: Level) -> Vec<Wire> {
    guarded(Guards {
        source,
        dhcp_server,
        ..Guards::all(OFF)
    })
}

/// From an address that is the other's where that is listed.
fn out(port: u16) -> Vec<u8> {
    ip(OTHERS, PEER, 17, WHOLE, &datagram((port, 514), 4))
}

fn back(port: u16) -> Vec<u8> {
    ip(PEER, OTHERS, 17, WHOLE, &datagram((514, port), 4))
}

/// Opens a flow from this port under a policy and wires, puts others in force, and gives what is said to the device's
/// and to its peer's next frame.
fn next(
    port: u16,
    (first, before): (&Policy, &[Wire]),
    (second, now): (&Policy, &[Wire]),
) -> [Line; 2] {
    [true, false].map(|by_device| {
        let mut ward = Ward::new(first, before);
        let _open = ward.out(&out(port));
        assert_eq!(ward.oracle.flows().count(), 1);
        ward.oracle.swap(second);
        ward.oracle.rewire(now);
        if by_device {
            ward.out(&out(port))
        } else {
            ward.back(&back(port))
        }
    })
}

#[test]
fn source_is_asked_at_its_level_now() {
    let policy = loose(Mode::Enforce);
    let stolen = by_would_drop_flow(SourceAddressStolen);
    let table = [
        (OFF, OFF, by_flow(2)),
        (OFF, MONITOR, stolen),
        (OFF, ENFORCE, denied(Revoked)),
        (MONITOR, MONITOR, stolen),
        (MONITOR, OFF, by_flow(2)),
        (MONITOR, ENFORCE, denied(Revoked)),
    ];
    for (before, now, expected) in table {
        let (before, now) = (levels(before, OFF), levels(now, OFF));
        let said = next(4000, (&policy, &before), (&policy, &now));
        assert_eq!(said, [expected; 2]);
    }
}

#[test]
fn source_is_asked_about_the_policy_now() {
    let listed = loose(Mode::Enforce);
    let mut unlisted = listed.clone();
    unlisted.devices.truncate(1);
    let stolen = by_would_drop_flow(SourceAddressStolen);
    for (level, expected) in [(MONITOR, stolen), (ENFORCE, denied(Revoked))] {
        let wires = levels(level, OFF);
        let said = next(4000, (&unlisted, &wires), (&listed, &wires));
        assert_eq!(said, [expected; 2]);
    }
    let wires = levels(MONITOR, OFF);
    let said = next(4000, (&listed, &wires), (&unlisted, &wires));
    assert_eq!(said, [by_flow(2); 2]);
}

#[test]
fn another_reason_objects_at_its_level() {
    let policy = loose(Mode::Enforce);
    let serves = by_would_drop_flow(DhcpServer);
    let table = [
        (OFF, by_flow(2)),
        (MONITOR, serves),
        (ENFORCE, denied(Revoked)),
    ];
    for (level, expected) in table {
        let (before, now) = (levels(OFF, MONITOR), levels(OFF, level));
        let said = next(67, (&policy, &before), (&policy, &now));
        assert_eq!(said, [expected; 2]);
    }
    // What did not object then is not asked again.
    let (before, now) = (levels(OFF, OFF), levels(OFF, ENFORCE));
    let said = next(67, (&policy, &before), (&policy, &now));
    assert_eq!(said, [by_flow(2); 2]);
    // Both: the flow's own comes first, but where it is the source's.
    let both = levels(MONITOR, MONITOR);
    let said = next(67, (&policy, &levels(OFF, MONITOR)), (&policy, &both));
    assert_eq!(said, [serves; 2]);
    let stolen = by_would_drop_flow(SourceAddressStolen);
    assert_eq!(next(67, (&policy, &both), (&policy, &both)), [stolen; 2]);
    let said = next(67, (&policy, &both), (&policy, &levels(ENFORCE, MONITOR)));
    assert_eq!(said, [denied(Revoked); 2]);
    // Not the source's any more, and DHCP's is not remembered.
    let said = next(67, (&policy, &both), (&policy, &levels(OFF, ENFORCE)));
    assert_eq!(said, [by_flow(2); 2]);
    let said = next(
        67,
        (&policy, &levels(OFF, MONITOR)),
        (&policy, &levels(MONITOR, OFF)),
    );
    assert_eq!(said, [stolen; 2]);
}

/// Where an objection comes or goes, the policy is asked too.
#[test]
fn a_flow_whose_objection_changed_is_judged_again() {
    let allowing = loose(Mode::Enforce);
    let mut denying = allowing.clone();
    denying.profiles[0].rules.remove(1);
    let wires = |level| levels(level, OFF);
    for (before, now) in [(MONITOR, OFF), (OFF, MONITOR), (MONITOR, MONITOR)] {
        let (before, now) = (wires(before), wires(now));
        let said = next(4000, (&allowing, &before), (&denying, &now));
        assert_eq!(said, [denied(Revoked); 2]);
    }
    let watched = loose(Mode::Monitor);
    let mut denying = watched.clone();
    denying.profiles[0].rules.remove(1);
    let said = next(4000, (&watched, &wires(MONITOR)), (&denying, &wires(OFF)));
    assert_eq!(said, [by_would_drop_flow(NoProtocol); 2]);
    // The objection hides what the policy says, and does not forget it.
    let mut ward_wires = [wires(OFF), wires(MONITOR), wires(OFF)].into_iter();
    let (first, second, third) = (
        ward_wires.next().expect("three"),
        ward_wires.next().expect("three"),
        ward_wires.next().expect("three"),
    );
    let mut ward = Ward::new(&denying, &first);
    assert_eq!(ward.out(&out(4000)), would_drop(NoProtocol));
    ward.oracle.rewire(&second);
    assert_eq!(
        ward.out(&out(4000)),
        by_would_drop_flow(SourceAddressStolen)
    );
    ward.oracle.rewire(&third);
    assert_eq!(ward.out(&out(4000)), by_would_drop_flow(NoProtocol));
}

#[test]
fn a_watched_flow_stays_watched_whatever_the_policy_says() {
    let wires = levels(MONITOR, OFF);
    let allowing = loose(Mode::Monitor);
    let mut denying = allowing.clone();
    denying.profiles[0].rules.remove(1);
    let stolen = by_would_drop_flow(SourceAddressStolen);
    for (first, second) in [(&allowing, &denying), (&denying, &allowing)] {
        let said = next(4000, (first, &wires), (second, &wires));
        assert_eq!(said, [stolen; 2]);
    }
}

#[test]
fn what_peers_open_is_asked_about_where_it_goes() {
    let policy = loose(Mode::Enforce);
    let (off, monitor, enforce) = (levels(OFF, OFF), levels(MONITOR, OFF), levels(ENFORCE, OFF));
    let mut ward = Ward::new(&policy, &off);
    let open = ip(PEER, OTHERS, 17, WHOLE, &datagram((9, 161), 4));
    let reply = ip(OTHERS, PEER, 17, WHOLE, &datagram((161, 9), 4));
    assert_eq!(ward.back(&open), allowed(AllowedRule, 5));
    ward.oracle.rewire(&monitor);
    assert_eq!(ward.out(&reply), by_would_drop_flow(SourceAddressStolen));
    ward.oracle.rewire(&enforce);
    assert_eq!(ward.out(&reply), denied(Revoked));
    assert_eq!(ward.back(&open), denied(SourceAddressStolen));
    // No host has this, which nobody asks about where it goes.
    let nowhere = IpAddr::from([127, 0, 0, 1]);
    let open = ip(PEER, nowhere, 17, WHOLE, &datagram((9, 161), 4));
    let reply = ip(nowhere, PEER, 17, WHOLE, &datagram((161, 9), 4));
    assert_eq!(ward.back(&open), allowed(AllowedRule, 5));
    ward.oracle.touch();
    assert_eq!(ward.out(&reply), by_flow(5));
}

/// In the grace period a device may go on in what its peer has opened: its source was seen then.
#[test]
fn what_source_objected_to_it_is_asked_about_again() {
    let policy = loose(Mode::Enforce);
    let (monitor, enforce) = (levels(MONITOR, OFF), levels(ENFORCE, OFF));
    let reply = ip(OTHERS, PEER, 17, WHOLE, &datagram((161, 9), 4));
    let mut ward = Ward::new(&policy, &monitor);
    ward.oracle.grant_grace_until(ward.now + 9);
    assert_eq!(ward.out(&reply), would_drop(SourceAddressStolen));
    assert!(ward.only_flow().peer_initiated);
    ward.oracle.touch();
    assert_eq!(ward.out(&reply), by_would_drop_flow(SourceAddressStolen));
    ward.oracle.rewire(&enforce);
    assert_eq!(ward.out(&reply), denied(Revoked));
}

/// The frame is judged as one without a flow: what is allowed then opens another.
#[test]
fn a_frame_of_a_removed_flow_is_judged_alone() {
    let policy = loose(Mode::Enforce);
    // What is no DHCP server's any more, its peer may open.
    let mut both_ways = policy.clone();
    let (before, now) = (levels(OFF, MONITOR), levels(OFF, ENFORCE));
    both_ways.profiles[0].rules[4].clauses = vec![crate::model::policy::Clause::Udp(vec![67..=67])];
    let said = next(67, (&policy, &before), (&both_ways, &now));
    assert_eq!(said, [denied(Revoked), allowed(AllowedRule, 5)]);
    // In learn and monitor what the policy denies is forwarded.
    let policy = loose(Mode::Learn);
    let said = next(67, (&policy, &before), (&policy, &now));
    assert_eq!(said, [denied(Revoked), would_drop(WrongDirection)]);
}

#[test]
fn a_mac_that_no_station_has_is_remembered() {
    let policy = loose(Mode::Enforce);
    let only = |mac| {
        guarded(Guards {
            mac,
            ..Guards::all(OFF)
        })
    };
    let packet = ip(OWN, PEER, 17, WHOLE, &datagram((4000, 514), 4));
    let to_itself = frame(DEVICE, DEVICE, 0x0800, &packet);
    let plain = frame(ROUTER, DEVICE, 0x0800, &packet);
    let expected: [(Level, Line, Reason); 3] = [
        (OFF, by_flow(2), AllowedFlow),
        (
            MONITOR,
            by_would_drop_flow(SourceMacInvalid),
            SourceMacInvalid,
        ),
        (ENFORCE, allowed(AllowedRule, 2), AllowedFlow),
    ];
    for (now, said, reason) in expected {
        let (before, now) = (only(MONITOR), only(now));
        let mut ward = Ward::new(&policy, &before);
        let opened = ward.frame(Side::Device, &to_itself);
        assert_eq!(opened, would_drop(SourceMacInvalid));
        ward.oracle.rewire(&now);
        assert_eq!(ward.frame(Side::Device, &plain), said);
        assert_eq!(ward.only_flow().reason, reason);
    }
}
