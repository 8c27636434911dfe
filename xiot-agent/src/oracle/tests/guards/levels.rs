//! Section 9.1: what follows where a guard objects.

use xiot_common::reason::Reason::{self, *};

use super::{
    super::{
        super::{Limits, Side, State},
        world::{
            ACK, Line, OWN, PEER, PUMP, RST, SYN, WHOLE, Ward, by_would_drop_flow, cut, datagram,
            denied, ip, segment, udp_out, would_drop,
        },
    },
    OTHERS, all, arp, guarded, ward_of_two,
};
use crate::model::{
    gateway::Wire,
    guard::{Guards, Level},
    policy::{Mode, Policy},
};

/// The pump may use any address, but the other's is stolen.
fn loose(mode: Mode) -> Policy {
    let mut policy = ward_of_two(mode);
    policy.devices[0].addresses.clear();
    policy
}

fn monitoring() -> Vec<Wire> {
    all(Level::Monitor)
}

fn stolen(port: u16) -> Vec<u8> {
    ip(OTHERS, PEER, 17, WHOLE, &datagram((port, 514), 4))
}

fn answer(port: u16) -> Vec<u8> {
    ip(PEER, OTHERS, 17, WHOLE, &datagram((514, port), 4))
}

#[test]
fn modes_have_no_part_in_it() {
    for mode in [Mode::Enforce, Mode::Monitor, Mode::Learn] {
        let policy = loose(mode);
        for (level, expected) in [
            (Level::Enforce, denied(SourceAddressStolen)),
            (Level::Monitor, would_drop(SourceAddressStolen)),
        ] {
            let wires = all(level);
            let mut ward = Ward::new(&policy, &wires);
            assert_eq!(ward.out(&stolen(4000)), expected, "{mode:?}");
            let is_there = usize::from(level == Level::Monitor);
            assert_eq!(ward.oracle.flows().count(), is_there);
        }
    }
}

#[test]
fn what_decided_is_the_level() {
    let (policy, wires) = (ward_of_two(Mode::Learn), all(Level::Enforce));
    let mut ward = Ward::new(&policy, &wires);
    let message = arp(PUMP, 2, (PUMP, OTHERS));
    let outcome = ward.oracle.judge(Side::Device, 0, &message, 0);
    assert_eq!((outcome.mode, outcome.device), (Mode::Enforce, Some(0)));
    let wires = monitoring();
    let policy = ward_of_two(Mode::Enforce);
    let mut ward = Ward::new(&policy, &wires);
    let outcome = ward.oracle.judge(Side::Device, 0, &message, 0);
    assert_eq!((outcome.mode, outcome.device), (Mode::Monitor, Some(0)));
}

#[test]
fn the_rest_drops_for_its_own_reason() {
    let wires = monitoring();
    // Bound to its own, the pump has no business with the other's address.
    let bound = ward_of_two(Mode::Enforce);
    let mut ward = Ward::new(&bound, &wires);
    assert_eq!(ward.out(&stolen(4000)), denied(AddressNotBound));
    let bound = ward_of_two(Mode::Monitor);
    let mut ward = Ward::new(&bound, &wires);
    assert_eq!(ward.out(&stolen(4000)), would_drop(SourceAddressStolen));
    let flow = ward.only_flow();
    assert_eq!((flow.reason, flow.rule), (SourceAddressStolen, None));
    // The rest did not allow it: five minutes.
    assert_eq!(flow.idle_timeout.as_secs(), 30);
}

#[test]
fn the_first_that_enforces_comes_before_the_first_that_monitors() {
    let policy = loose(Mode::Enforce);
    let serve = ip(OTHERS, PEER, 17, WHOLE, &datagram((67, 514), 4));
    let said = |source, dhcp_server| -> Line {
        let wires = guarded(Guards {
            source,
            dhcp_server,
            ..Guards::all(Level::Off)
        });
        Ward::new(&policy, &wires).out(&serve)
    };
    let (off, monitor, enforce) = (Level::Off, Level::Monitor, Level::Enforce);
    assert_eq!(said(off, off).0, AllowedRule);
    assert_eq!(said(monitor, monitor), would_drop(SourceAddressStolen));
    assert_eq!(said(monitor, enforce), denied(DhcpServer));
    assert_eq!(said(enforce, monitor), denied(SourceAddressStolen));
    assert_eq!(said(enforce, enforce), denied(SourceAddressStolen));
    assert_eq!(said(off, monitor), would_drop(DhcpServer));
}

#[test]
fn a_watched_flow_lasts_as_long_as_an_allowed_one() {
    let (policy, wires) = (loose(Mode::Enforce), monitoring());
    let tcp = |flags, numbers| ip(OTHERS, PEER, 6, WHOLE, &segment((4000, 80), flags, numbers));
    let back = |flags, numbers| ip(PEER, OTHERS, 6, WHOLE, &segment((80, 4000), flags, numbers));
    let mut ward = Ward::new(&policy, &wires);
    let passed = would_drop(SourceAddressStolen);
    let by_flow = by_would_drop_flow(SourceAddressStolen);
    assert_eq!(ward.out(&tcp(SYN, (99, 0))), passed);
    assert_eq!(ward.back(&back(SYN | ACK, (9, 100))), by_flow);
    assert_eq!(ward.out(&tcp(ACK, (100, 10))), by_flow);
    let flow = ward.only_flow();
    assert_eq!(flow.idle_timeout.as_secs(), 86400);
    assert_eq!((flow.state, flow.half_open), (State::Established, false));
    // A SYN ends no session that the rest allows.
    assert_eq!(ward.out(&tcp(SYN, (5, 0))), passed);
    assert_eq!(ward.only_flow().state, State::Established);
    assert_eq!(ward.back(&back(SYN, (5, 0))), denied(WrongDirection));
    assert_eq!(ward.out(&tcp(ACK, (100, 10))), by_flow);
    assert_eq!(ward.out(&tcp(RST, (100, 10))), by_flow);
    // A SYN where there is none to end makes one again, watched.
    assert_eq!(ward.out(&tcp(SYN, (5, 0))), passed);
    let flow = ward.only_flow();
    assert_eq!(
        (flow.state, flow.reason),
        (State::Handshake, SourceAddressStolen)
    );
    // What cannot come is denied by the mode.
    assert_eq!(ward.out(&tcp(ACK, (6, 0))), denied(TcpBadState));
}

#[test]
fn budgets_and_room_are_those_of_the_rest() {
    let wires = monitoring();
    let mut policy = loose(Mode::Enforce);
    policy.profiles[0].limits.new_flows = 1;
    let mut ward = Ward::new(&policy, &wires);
    assert_eq!(ward.out(&stolen(1)), would_drop(SourceAddressStolen));
    assert_eq!(ward.out(&stolen(2)), denied(FlowBudgetDevice));
    policy.devices[0].mode = Mode::Monitor;
    let mut ward = Ward::new(&policy, &wires);
    assert_eq!(ward.out(&stolen(1)), would_drop(SourceAddressStolen));
    assert_eq!(ward.out(&stolen(2)), would_drop(SourceAddressStolen));
    assert_eq!(ward.oracle.flows().count(), 1);
    let no_room = Limits {
        flows: 0,
        ..Limits::default()
    };
    for (mode, expected) in [
        (Mode::Enforce, denied(FlowTableFull)),
        (Mode::Monitor, would_drop(FlowTableFull)),
    ] {
        let policy = loose(mode);
        let mut ward = Ward::limited(&policy, &wires, no_room);
        assert_eq!(ward.out(&stolen(1)), would_drop(SourceAddressStolen));
        assert_eq!(ward.back(&answer(1)), expected);
    }
    // A would-drop of the rest stays half-open and forwards.
    let policy = ward_of_two(Mode::Monitor);
    let mut ward = Ward::limited(&policy, &wires, no_room);
    assert_eq!(ward.out(&stolen(1)), would_drop(SourceAddressStolen));
    assert_eq!(
        ward.back(&answer(1)),
        by_would_drop_flow(SourceAddressStolen)
    );
}

#[test]
fn a_datagram_is_a_would_drop_of_its_first() {
    let (policy, wires) = (loose(Mode::Enforce), monitoring());
    let start = ip(OTHERS, PEER, 17, cut(0, true), &datagram((1, 514), 40));
    let part = |offset, more| ip(OTHERS, PEER, 17, cut(offset, more), &[0; 48]);
    let mut ward = Ward::new(&policy, &wires);
    let passed = would_drop(SourceAddressStolen);
    assert_eq!(ward.out(&part(6, true)), denied(FragmentUntracked));
    assert_eq!(ward.out(&start), passed);
    for offset in [12, 24, 36] {
        assert_eq!(ward.out(&part(offset, true)), passed);
    }
    // By the mode of the device.
    assert_eq!(ward.out(&part(48, true)), denied(FragmentOutOfOrder));
    assert_eq!(ward.out(&part(6, true)), passed);
    assert_eq!(ward.out(&start), denied(FragmentOverlap));
    assert_eq!(ward.out(&part(18, true)), denied(FragmentOverlap));
    let watched = loose(Mode::Monitor);
    let mut ward = Ward::new(&watched, &wires);
    assert_eq!(ward.out(&part(6, true)), passed);
}

#[test]
fn errors_about_a_watched_flow_count_with_it() {
    let (policy, wires) = (loose(Mode::Enforce), monitoring());
    let mut ward = Ward::new(&policy, &wires);
    let opening = stolen(1);
    let _open = ward.out(&opening);
    let mut message = vec![3, 1, 0, 0, 0, 0, 0, 0];
    message.extend(&opening);
    let error = ip(PEER, OTHERS, 1, WHOLE, &message);
    assert_eq!(ward.back(&error), would_drop(SourceAddressStolen));
}

/// What flows and datagrams forward was guarded when they began.
#[test]
fn guards_ask_openings_alone() {
    let policy = loose(Mode::Enforce);
    let (off, enforce) = (all(Level::Off), all(Level::Enforce));
    let mut ward = Ward::new(&policy, &off);
    let start = ip(OTHERS, PEER, 17, cut(0, true), &datagram((1, 514), 40));
    let rest = ip(OTHERS, PEER, 17, cut(6, false), &[0; 48]);
    assert_eq!(ward.out(&start).0, AllowedRule);
    ward.oracle.rewire(&enforce);
    assert_eq!(ward.out(&rest).0, AllowedFragment);
    assert_eq!(ward.out(&udp_out(3)).0, AllowedRule);
    let other = ip(OWN, PEER, 17, WHOLE, &datagram((68, 68), 4));
    assert_eq!(ward.out(&other).0, DhcpServer);
}

#[test]
fn nobody_is_watched_from_the_other_side() {
    let (policy, wires) = (ward_of_two(Mode::Enforce), all(Level::Enforce));
    let from_peer = |source| ip(source, OWN, 17, WHOLE, &datagram((67, 161), 4));
    let reasons: Vec<Reason> = [PEER, OTHERS]
        .map(|source| Ward::new(&policy, &wires).back(&from_peer(source)).0)
        .to_vec();
    assert_eq!(reasons, [AllowedRule, AllowedRule]);
}
