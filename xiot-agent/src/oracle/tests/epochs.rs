//! Section 3.0: flows and datagrams of another epoch.

use std::time::Duration;

use xiot_common::reason::Reason::*;

use super::{
    super::{Side, State},
    world::{
        ACK, OWN, PEER, PUMP, RST, STRANGER, SYN, Ward, allowed, by_flow, by_would_drop_flow, cut,
        datagram, denied, device, ip, policy, rule, tcp_back, tcp_out, udp_back, udp_out, wires,
        would_drop,
    },
};
use crate::model::policy::{Clause, Initiator, Mode, Policy};

/// A change of the policy, what the peer's next frame is then called, and what is left of the flow.
type Case = (
    &'static str,
    fn(&mut Policy),
    (xiot_common::reason::Reason, bool, Option<u32>, bool),
);

#[test]
fn a_flow_goes_on_where_nothing_changed_for_its_device() {
    let table: [Case; 9] = [
        ("nothing", |_| {}, by_flow(2)),
        (
            "names",
            |policy| policy.profiles[0].name = "x".to_owned(),
            by_flow(2),
        ),
        (
            "a device before it",
            |policy| policy.devices.insert(0, device(STRANGER, Mode::Learn)),
            by_flow(2),
        ),
        (
            "rules of another profile, before its own: ids move",
            |policy| {
                let mut other = policy.profiles[0].clone();
                other.rules.truncate(3);
                policy.profiles.insert(0, other);
                policy.devices[0].profile = 1;
                let rules = policy.profiles.iter_mut().flat_map(|p| &mut p.rules);
                for (id, rule) in (1..).zip(rules) {
                    rule.id = id;
                }
            },
            by_flow(5),
        ),
        (
            "a rule of its own before",
            |policy| {
                let rules = &mut policy.profiles[0].rules;
                rules.insert(0, rule(10, Initiator::Device, Clause::Any));
            },
            by_flow(10),
        ),
        (
            "its rule is gone",
            |policy| {
                policy.profiles[0].rules.remove(1);
            },
            denied(Revoked),
        ),
        (
            "it is not listed any more",
            |policy| policy.devices.clear(),
            denied(Revoked),
        ),
        (
            "bound to another address",
            |policy| {
                policy.devices[0].addresses = vec![PEER];
            },
            denied(Revoked),
        ),
        (
            "on another wire",
            |policy| {
                policy.devices[0].wire = Some("elsewhere".to_owned());
            },
            denied(Revoked),
        ),
    ];
    for (name, change, expected) in table {
        let (first, wires) = (policy(Mode::Enforce), wires());
        let mut second = first.clone();
        change(&mut second);
        for by_device in [true, false] {
            let mut ward = Ward::new(&first, &wires);
            assert_eq!(ward.out(&udp_out(4000)), allowed(AllowedRule, 2));
            ward.oracle.swap(&second);
            let said = if by_device {
                ward.out(&udp_out(4000))
            } else {
                ward.back(&udp_back(4000))
            };
            assert_eq!(said, expected, "{name}");
            let there = usize::from(said.0 == AllowedFlow);
            assert_eq!(ward.oracle.flows().count(), there, "{name}");
        }
    }
}

#[test]
fn an_epoch_alone_changes_nothing() {
    let (policy, wires) = (policy(Mode::Enforce), wires());
    let mut ward = Ward::new(&policy, &wires);
    let _syn = ward.out(&tcp_out(4000, SYN, (99, 0)));
    ward.oracle.touch();
    assert_eq!(ward.back(&tcp_back(4000, SYN | ACK, (9, 100))), by_flow(1));
}

#[test]
fn what_is_denied_in_monitor_goes_on_as_a_would_drop_flow_and_back() {
    let (allowing, wires) = (policy(Mode::Monitor), wires());
    let mut denying = allowing.clone();
    denying.profiles[0].rules.remove(1);
    let mut ward = Ward::new(&allowing, &wires);
    let _open = ward.out(&udp_out(4000));
    ward.oracle.swap(&denying);
    assert_eq!(ward.back(&udp_back(4000)), by_would_drop_flow(NoProtocol));
    assert_eq!(ward.only_flow().rule, None);
    ward.oracle.swap(&allowing);
    assert_eq!(ward.out(&udp_out(4000)), by_flow(2));
}

#[test]
fn a_syn_of_a_revoked_flow_may_open_another() {
    let (first, wires) = (policy(Mode::Enforce), wires());
    let mut second = first.clone();
    // Now the peer may open to the port that the device used, and the device may open nothing.
    second.profiles[0].rules =
        vec![rule(1, Initiator::Peer, Clause::Tcp(vec![4000..=4000]))].into();
    let mut ward = Ward::new(&first, &wires);
    let _syn = ward.out(&tcp_out(4000, SYN, (99, 0)));
    ward.oracle.swap(&second);
    assert_eq!(
        ward.back(&tcp_back(4000, SYN, (9, 0))),
        allowed(AllowedRule, 1)
    );
    assert!(ward.only_flow().peer_initiated);
    assert_eq!(
        ward.out(&tcp_out(4000, SYN, (99, 0))),
        denied(WrongDirection)
    );
}

#[test]
fn new_timeouts_hold_but_closing_never_gets_longer() {
    let (mut first, wires) = (policy(Mode::Enforce), wires());
    let mut second = first.clone();
    first.profiles[0].timeouts.tcp_closing = Duration::from_secs(10);
    second.profiles[0].timeouts.tcp_closing = Duration::from_secs(20);
    second.profiles[0].timeouts.tcp_established = Duration::from_secs(99);
    for (close, expected) in [(false, 99), (true, 10)] {
        let mut ward = Ward::new(&first, &wires);
        let _syn = ward.out(&tcp_out(4000, SYN, (99, 0)));
        let _answer = ward.back(&tcp_back(4000, SYN | ACK, (9, 100)));
        if close {
            let _rst = ward.out(&tcp_out(4000, RST, (100, 0)));
            assert_eq!(ward.only_flow().state, State::Closing);
        }
        ward.oracle.swap(&second);
        let _ack = ward.back(&tcp_back(4000, ACK, (10, 100)));
        assert_eq!(ward.only_flow().idle_timeout.as_secs(), expected);
    }
}

#[test]
fn devices_that_are_not_listed_have_one_generation() {
    let (mut first, wires) = (policy(Mode::Enforce), wires());
    first.default_profile = Some(0);
    let mut same = first.clone();
    same.devices.clear();
    let mut other = same.clone();
    other.default_profile = None;
    let mut ward = Ward::new(&first, &wires);
    let open = udp_out(4000);
    assert_eq!(
        ward.say(Side::Device, STRANGER, &open),
        allowed(AllowedRule, 2)
    );
    ward.oracle.swap(&same);
    assert_eq!(ward.say(Side::Device, STRANGER, &open), by_flow(2));
    ward.oracle.swap(&other);
    assert_eq!(ward.say(Side::Device, STRANGER, &open), denied(Revoked));
    assert_eq!(
        ward.say(Side::Device, STRANGER, &open),
        denied(UnknownDevice)
    );
    assert_eq!(ward.say(Side::Device, PUMP, &open), denied(UnknownDevice));
}

#[test]
fn a_datagram_of_another_generation_is_unknown() {
    let (first, wires) = (policy(Mode::Monitor), wires());
    let mut second = first.clone();
    second.devices[0].mode = Mode::Enforce;
    let start = ip(OWN, PEER, 17, cut(0, true), &datagram((4000, 514), 40));
    let rest = ip(OWN, PEER, 17, cut(6, true), &[0; 48]);
    let end = ip(OWN, PEER, 17, cut(12, false), &[0; 48]);
    let mut ward = Ward::new(&first, &wires);
    assert_eq!(ward.out(&start), allowed(AllowedRule, 2));
    ward.oracle.touch();
    assert_eq!(ward.out(&rest), allowed(AllowedFragment, 2));
    ward.oracle.swap(&second);
    assert_eq!(ward.out(&end), denied(FragmentUntracked));
    ward.oracle.swap(&first);
    // Nothing of it was forgotten: the same generation again.
    assert_eq!(ward.out(&end), allowed(AllowedFragment, 2));
    assert_eq!(ward.out(&end), would_drop(FragmentUntracked));
}
