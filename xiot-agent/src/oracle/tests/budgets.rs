//! Section 7: how many conversations may be opened in a second.

use xiot_common::reason::Reason::*;

use super::{
    super::{Limits, Side},
    world::{
        OWN, PEER, SYN, WHOLE, Ward, allowed, by_flow, datagram, denied, ip, policy, tcp_out,
        udp_out, wires, would_drop,
    },
};
use crate::model::policy::{Mode, Policy};

fn few(mode: Mode) -> Policy {
    let mut policy = policy(mode);
    policy.profiles[0].limits.new_flows = 2;
    policy
}

fn from_peer(port: u16) -> Vec<u8> {
    ip(PEER, OWN, 17, WHOLE, &datagram((port, 161), 4))
}

#[test]
fn a_device_and_its_peers_open_so_many_each_in_a_second() {
    let (policy, wires) = (few(Mode::Enforce), wires());
    let mut ward = Ward::new(&policy, &wires);
    assert_eq!(ward.out(&udp_out(1)), allowed(AllowedRule, 2));
    assert_eq!(ward.out(&udp_out(2)), allowed(AllowedRule, 2));
    assert_eq!(ward.out(&udp_out(3)), denied(FlowBudgetDevice));
    // What is there goes on, and what is denied keeps its reason.
    assert_eq!(ward.out(&udp_out(1)), by_flow(2));
    let nowhere = ip(OWN, PEER, 17, WHOLE, &datagram((4, 515), 4));
    assert_eq!(ward.out(&nowhere), denied(NoPort));
    for port in 1..3 {
        assert_eq!(ward.back(&from_peer(port)), allowed(AllowedRule, 5));
    }
    assert_eq!(ward.back(&from_peer(3)), denied(FlowBudgetDevice));
    ward.now += 1;
    assert_eq!(ward.out(&udp_out(3)), allowed(AllowedRule, 2));
    assert_eq!(ward.back(&from_peer(3)), allowed(AllowedRule, 5));
}

#[test]
fn in_monitor_the_frame_passes_without_a_flow() {
    let (mut policy, wires) = (few(Mode::Monitor), wires());
    let mut ward = Ward::new(&policy, &wires);
    for port in 1..3 {
        let _open = ward.out(&udp_out(port));
    }
    assert_eq!(ward.out(&udp_out(3)), would_drop(FlowBudgetDevice));
    assert_eq!(ward.oracle.flows().count(), 2);
    // Conversations that policy denies count too, and keep their reason beyond.
    policy.profiles[0].rules.clear();
    let mut ward = Ward::new(&policy, &wires);
    for port in 1..4 {
        assert_eq!(ward.out(&udp_out(port)), would_drop(NoPeer));
    }
    assert_eq!(ward.oracle.flows().count(), 2);
}

#[test]
fn unlisted_devices_share_and_so_does_the_cpu() {
    let mut policy = few(Mode::Enforce);
    policy.default_profile = Some(0);
    policy.profiles[0].limits.new_flows = 100;
    let wires = wires();
    let limits = Limits {
        new_flows_unlisted: 2,
        new_flows_per_cpu: 4,
        ..Limits::default()
    };
    let mut ward = Ward::limited(&policy, &wires, limits);
    let mut say = |number| ward.say(Side::Device, [2, 0, 0, 0, 1, number], &udp_out(1));
    assert_eq!(say(1), allowed(AllowedRule, 2));
    assert_eq!(say(2), allowed(AllowedRule, 2));
    assert_eq!(say(3), denied(FlowBudgetDevice));
    assert_eq!(ward.out(&udp_out(1)), allowed(AllowedRule, 2));
    assert_eq!(ward.back(&from_peer(1)), allowed(AllowedRule, 5));
    assert_eq!(ward.out(&tcp_out(1, SYN, (1, 0))), denied(FlowBudgetCpu));
    // The device's own comes first.
    assert_eq!(
        ward.say(Side::Device, [2, 0, 0, 0, 1, 4], &udp_out(1)),
        denied(FlowBudgetDevice)
    );
}

/// All that one device may send from the unspecified address is one conversation: none at all.
#[test]
fn what_makes_no_flow_spends_nothing() {
    let (policy, wires) = (few(Mode::Enforce), wires());
    let mut ward = Ward::new(&policy, &wires);
    let nobody = "0.0.0.0".parse().expect("an address");
    for port in 1..10 {
        let packet = ip(nobody, PEER, 17, WHOLE, &datagram((port, 514), 4));
        assert_eq!(ward.out(&packet), allowed(AllowedRule, 2));
    }
    assert_eq!(ward.out(&udp_out(1)), allowed(AllowedRule, 2));
}
