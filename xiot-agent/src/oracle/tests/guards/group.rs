//! Section 9.2: how many group frames a device may send.

use xiot_common::reason::Reason::*;

use super::{
    super::{
        super::{Limits, Side},
        world::{
            OWN, PEER, STRANGER, WHOLE, Ward, allowed, by_flow, cut, datagram, denied, ip, udp_out,
            would_drop,
        },
    },
    BROADCAST, DEVICE, GATEWAY, MONITOR, OTHERS, arp, frame, guarded, ward_of_two,
};
use crate::model::{
    gateway::Wire,
    guard::{Guards, Level},
    policy::Mode,
};

const FEW: Limits = Limits {
    flows: usize::MAX,
    search_pause: 10,
    new_flows_unlisted: 5000,
    new_flows_per_cpu: 50_000,
    fragments_unlisted: 512,
    group_frames_per_sender: 3,
    group_frames_per_port: 5,
    addresses_per_device: 16,
    settled_at: 0,
    grace_until: 0,
};

fn only(level: Level) -> Vec<Wire> {
    guarded(Guards {
        group: level,
        ..Guards::all(Level::Off)
    })
}

#[test]
fn each_sender_and_all_strangers_have_so_many_in_a_second() {
    let (mut policy, wires) = (ward_of_two(Mode::Learn), only(Level::Enforce));
    policy.devices[1].wire = Some("ward".to_owned());
    let mut ward = Ward::limited(&policy, &wires, FEW);
    let passed = would_drop(AllowedService);
    let refused = denied(GroupRate);
    let ours = arp(DEVICE, 1, (DEVICE, OWN));
    let theirs = arp(MONITOR, 1, (MONITOR, OTHERS));
    let strange = |last| {
        let mac = [2, 0, 0, 0, 1, last];
        arp(mac, 1, (mac, PEER))
    };
    for _ in 0..2 {
        for number in 0..5 {
            let said = ward.frame(Side::Device, &strange(number));
            assert_eq!(said, would_drop(UnknownDevice));
        }
        assert_eq!(ward.frame(Side::Device, &strange(5)), refused);
        // Who is listed here does not count for the port, and has its own.
        for frame in [&ours, &theirs] {
            for _ in 0..3 {
                assert_eq!(ward.frame(Side::Device, frame), passed);
            }
            assert_eq!(ward.frame(Side::Device, frame), refused);
        }
        // Nothing else counts: not what is sent to one, not what comes from the uplink.
        let alone = frame(GATEWAY, DEVICE, 0x0806, &ours[14..]);
        assert_eq!(ward.frame(Side::Device, &alone), passed);
        assert_ne!(ward.frame(Side::Uplink, &ours), refused);
        ward.now += 1;
    }
}

/// Elsewhere a device is as strange as any, and what is beyond a sender's own does not count.
#[test]
fn who_is_not_there_counts_for_the_port() {
    let (mut policy, wires) = (ward_of_two(Mode::Learn), only(Level::Enforce));
    policy.devices[0].vlan = Some((30, 0));
    policy.devices[1].wire = Some("else".to_owned());
    let mut ward = Ward::limited(&policy, &wires, FEW);
    let ours = arp(DEVICE, 1, (DEVICE, OWN));
    let theirs = arp(MONITOR, 1, (MONITOR, OTHERS));
    let strange = arp(STRANGER, 1, (STRANGER, PEER));
    let mut refused = |frame: &[u8]| ward.frame(Side::Device, frame).0 == GroupRate;
    for _ in 0..3 {
        assert!(!refused(&ours));
    }
    assert!(refused(&ours) && refused(&ours));
    assert!(!refused(&theirs) && !refused(&theirs) && refused(&theirs));
    assert!(refused(&strange));
}

#[test]
fn malformed_frames_do_not_count() {
    let (policy, wires) = (ward_of_two(Mode::Enforce), only(Level::Enforce));
    let mut ward = Ward::limited(&policy, &wires, FEW);
    let ours = arp(DEVICE, 1, (DEVICE, OWN));
    for _ in 0..9 {
        let cut_off = &ours[..20];
        assert_eq!(ward.frame(Side::Device, cut_off), denied(BadArp));
    }
    for _ in 0..3 {
        assert_eq!(ward.frame(Side::Device, &ours).0, AllowedService);
    }
    assert_eq!(ward.frame(Side::Device, &ours), denied(GroupRate));
}

#[test]
fn off_counts_nothing_and_monitor_counts_as_enforce_does() {
    let policy = ward_of_two(Mode::Enforce);
    let (off, monitor, enforce) = (only(Level::Off), only(Level::Monitor), only(Level::Enforce));
    let mut ward = Ward::limited(&policy, &off, FEW);
    let ours = arp(DEVICE, 1, (DEVICE, OWN));
    for _ in 0..9 {
        assert_eq!(ward.frame(Side::Device, &ours).0, AllowedService);
    }
    ward.oracle.rewire(&monitor);
    for _ in 0..3 {
        assert_eq!(ward.frame(Side::Device, &ours).0, AllowedService);
    }
    assert_eq!(ward.frame(Side::Device, &ours), would_drop(GroupRate));
    // What the rest drops, it drops for its own reason.
    let other = frame(BROADCAST, DEVICE, 0x88cc, &[0; 46]);
    assert_eq!(ward.frame(Side::Device, &other), denied(EthertypeDenied));
    ward.oracle.rewire(&enforce);
    assert_eq!(ward.frame(Side::Device, &ours), denied(GroupRate));
    assert_eq!(ward.frame(Side::Device, &other), denied(GroupRate));
}

/// Beyond all else a flow: it is what it would be without.
#[test]
fn flows_and_datagrams_know_nothing_of_it() {
    let policy = ward_of_two(Mode::Enforce);
    let none = Limits {
        group_frames_per_sender: 0,
        ..FEW
    };
    let to_all = |packet: &[u8]| frame(BROADCAST, DEVICE, 0x0800, packet);
    let (monitor, enforce) = (only(Level::Monitor), only(Level::Enforce));
    let mut ward = Ward::limited(&policy, &monitor, none);
    let first = to_all(&udp_out(4000));
    assert_eq!(ward.frame(Side::Device, &first), would_drop(GroupRate));
    assert_eq!(ward.only_flow().reason, AllowedFlow);
    assert_eq!(ward.out(&udp_out(4000)), by_flow(2));
    ward.now += 7;
    // Forwarded by the flow, and no flow hit.
    assert_eq!(ward.frame(Side::Device, &first), would_drop(GroupRate));
    assert_eq!(ward.only_flow().last_frame, ward.now);
    let start = ip(OWN, PEER, 17, cut(0, true), &datagram((4001, 514), 40));
    let end = ip(OWN, PEER, 17, cut(6, false), &[0; 48]);
    assert_eq!(
        ward.frame(Side::Device, &to_all(&start)),
        would_drop(GroupRate)
    );
    assert_eq!(ward.out(&end), allowed(AllowedFragment, 2));
    assert_eq!(
        ward.frame(Side::Device, &to_all(&start)),
        would_drop(GroupRate)
    );
    assert_eq!(
        ward.frame(Side::Device, &to_all(&end)),
        would_drop(GroupRate)
    );
    assert_eq!(ward.out(&end), denied(FragmentUntracked));
    // Malformed all the same.
    assert_eq!(
        ward.frame(Side::Device, &to_all(&start)),
        would_drop(GroupRate)
    );
    assert_eq!(
        ward.frame(Side::Device, &to_all(&start)),
        denied(FragmentOverlap)
    );
    // If it enforces, nothing is touched.
    ward.oracle.rewire(&enforce);
    let before = ward.oracle.flows().count();
    assert_eq!(
        ward.frame(Side::Device, &to_all(&udp_out(5000))),
        denied(GroupRate)
    );
    ward.now += 1;
    assert_eq!(ward.frame(Side::Device, &first), denied(GroupRate));
    assert_eq!(ward.oracle.flows().count(), before);
    assert!(ward.oracle.flows().all(|flow| flow.last_frame < ward.now));
}

/// It comes before all others.
#[test]
fn its_reason_is_the_first() {
    let policy = ward_of_two(Mode::Enforce);
    let none = Limits {
        group_frames_per_sender: 0,
        ..FEW
    };
    let steal = ip(OTHERS, PEER, 17, WHOLE, &datagram((4000, 514), 4));
    let bytes = frame(BROADCAST, DEVICE, 0x0800, &steal);
    let said = |group, source| {
        let wires = guarded(Guards {
            group,
            source,
            ..Guards::all(Level::Off)
        });
        let mut policy = policy.clone();
        policy.devices[0].addresses.clear();
        let mut ward = Ward::limited(&policy, &wires, none);
        let said = ward.frame(Side::Device, &bytes);
        (said, ward.oracle.flows().next().map(|flow| flow.reason))
    };
    let stolen = SourceAddressStolen;
    let (monitor, enforce) = (Level::Monitor, Level::Enforce);
    // The flow has the objection that is about it.
    let expected = (would_drop(GroupRate), Some(stolen));
    assert_eq!(said(monitor, monitor), expected);
    assert_eq!(said(monitor, enforce), (denied(stolen), None));
    assert_eq!(said(enforce, monitor), (denied(GroupRate), None));
    assert_eq!(said(enforce, enforce), (denied(GroupRate), None));
    assert_eq!(
        said(Level::Off, monitor),
        (would_drop(stolen), Some(stolen))
    );
}
