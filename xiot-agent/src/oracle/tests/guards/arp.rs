//! ARP, by both guards that read it.

use std::net::IpAddr;

use xiot_common::reason::Reason::*;

use super::{
    super::{
        super::Side,
        world::{OWN, PEER, Ward, denied, would_drop},
    },
    DEVICE, GATEWAY, MONITOR, OTHERS, all, arp, ward_of_two,
};
use crate::model::{
    guard::Level,
    policy::{Mode, Policy},
};

const ALLOWED: (xiot_common::reason::Reason, bool, Option<u32>, bool) = would_drop(AllowedService);

fn v4(a: u8, b: u8, c: u8, d: u8) -> IpAddr {
    IpAddr::from([a, b, c, d])
}

#[test]
fn a_device_speaks_for_itself() {
    let table = [
        ("request", 1, (DEVICE, OWN), ALLOWED),
        ("reply", 2, (DEVICE, OWN), ALLOWED),
        ("neither", 3, (DEVICE, OWN), denied(ArpInvalid)),
        ("nothing", 0, (DEVICE, OTHERS), denied(ArpInvalid)),
        ("probe", 1, (DEVICE, v4(0, 0, 0, 0)), ALLOWED),
        (
            "probe for another",
            1,
            (MONITOR, v4(0, 0, 0, 0)),
            denied(ArpSpoofed),
        ),
        ("of nobody listed", 2, (DEVICE, PEER), ALLOWED),
        ("of the other", 2, (DEVICE, OTHERS), denied(ArpSpoofed)),
        ("as the other", 2, (MONITOR, OTHERS), denied(ArpSpoofed)),
        ("for the other", 2, (MONITOR, OWN), denied(ArpSpoofed)),
        (
            "multicast",
            1,
            (DEVICE, v4(224, 0, 0, 1)),
            denied(ArpInvalid),
        ),
        (
            "multicast and another",
            1,
            (MONITOR, v4(239, 255, 255, 255)),
            denied(ArpInvalid),
        ),
        ("just below", 1, (DEVICE, v4(223, 255, 255, 255)), ALLOWED),
        (
            "reserved",
            1,
            (DEVICE, v4(240, 0, 0, 0)),
            denied(ArpInvalid),
        ),
        (
            "this network",
            1,
            (DEVICE, v4(0, 0, 0, 1)),
            denied(ArpInvalid),
        ),
        (
            "answer of nobody",
            2,
            (DEVICE, v4(0, 0, 0, 0)),
            denied(ArpInvalid),
        ),
        (
            "broadcast",
            1,
            (DEVICE, v4(255, 255, 255, 255)),
            denied(ArpInvalid),
        ),
        (
            "loopback",
            1,
            (DEVICE, v4(127, 1, 2, 3)),
            denied(ArpInvalid),
        ),
    ];
    let (policy, wires) = (ward_of_two(Mode::Enforce), all(Level::Enforce));
    for (name, operation, sender, expected) in table {
        let mut ward = Ward::new(&policy, &wires);
        let message = arp(DEVICE, operation, sender);
        assert_eq!(ward.frame(Side::Device, &message), expected, "{name}");
    }
}

#[test]
fn what_the_uplink_claims_is_not_a_devices() {
    let table = [
        ("its own", GATEWAY, (GATEWAY, PEER), ALLOWED),
        (
            "a device's",
            GATEWAY,
            (GATEWAY, OWN),
            denied(AddressClaimed),
        ),
        (
            "for the device",
            GATEWAY,
            (DEVICE, OWN),
            denied(AddressClaimed),
        ),
        (
            "as the device",
            DEVICE,
            (GATEWAY, OWN),
            denied(AddressClaimed),
        ),
        ("the device itself", DEVICE, (DEVICE, OWN), ALLOWED),
        ("a probe", GATEWAY, (GATEWAY, v4(0, 0, 0, 0)), ALLOWED),
        ("another's MAC alone", GATEWAY, (DEVICE, PEER), ALLOWED),
        ("nobody's", GATEWAY, (GATEWAY, v4(127, 0, 0, 1)), ALLOWED),
    ];
    let (policy, wires) = (ward_of_two(Mode::Enforce), all(Level::Enforce));
    for (name, from, sender, expected) in table {
        for operation in [1, 2, 9] {
            let mut ward = Ward::new(&policy, &wires);
            let message = arp(from, operation, sender);
            assert_eq!(ward.frame(Side::Uplink, &message), expected, "{name}");
        }
    }
}

/// Devices elsewhere own nothing here.
#[test]
fn whose_an_address_is_depends_on_where() {
    type Change = fn(&mut crate::model::policy::Device);
    let table: [(&str, Change, _); 6] = [
        ("anywhere", |_| {}, denied(ArpSpoofed)),
        (
            "here",
            |device| device.wire = Some("ward".to_owned()),
            denied(ArpSpoofed),
        ),
        (
            "elsewhere",
            |device| device.wire = Some("else".to_owned()),
            ALLOWED,
        ),
        (
            "another VLAN",
            |device| device.vlan = Some((30, 0)),
            ALLOWED,
        ),
        (
            "no VLAN",
            |device| device.vlan = Some((0, 0)),
            denied(ArpSpoofed),
        ),
        ("no addresses", |device| device.addresses.clear(), ALLOWED),
    ];
    let wires = all(Level::Enforce);
    for (name, change, expected) in table {
        let mut policy = ward_of_two(Mode::Enforce);
        change(&mut policy.devices[1]);
        let mut ward = Ward::new(&policy, &wires);
        let message = arp(DEVICE, 2, (DEVICE, OTHERS));
        assert_eq!(ward.frame(Side::Device, &message), expected, "{name}");
    }
}

/// Both tags count where a device names VLANs, and no tag where it names none.
#[test]
fn a_device_without_vlan_is_there_in_all() {
    let (mut policy, wires) = (ward_of_two(Mode::Monitor), all(Level::Enforce));
    let tagged = |tags: &[u8]| {
        let mut message = arp(DEVICE, 2, (DEVICE, OTHERS));
        message.splice(12..12, tags.iter().copied());
        message
    };
    let (one, two) = (
        tagged(&[0x81, 0, 0, 30]),
        tagged(&[0x88, 0xa8, 0, 30, 0x81, 0, 0, 9]),
    );
    let reason = |policy: &Policy, frame: &[u8]| {
        let said = Ward::new(policy, &wires).frame(Side::Device, frame);
        said.0 == ArpSpoofed
    };
    assert!(reason(&policy, &one) && reason(&policy, &two));
    policy.devices[1].vlan = Some((30, 9));
    assert!(!reason(&policy, &one) && reason(&policy, &two));
    // Another device with the address, that is there, has the sender's MAC.
    policy.devices[0].addresses.push(OTHERS);
    assert!(!reason(&policy, &two));
    policy.devices[0].vlan = Some((30, 0));
    assert!(reason(&policy, &two));
}
