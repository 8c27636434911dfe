//! The other guards of devices, and Ethernet types that pass.

use std::net::IpAddr;

use xiot_common::reason::Reason::{self, *};

use super::{
    super::{
        super::Side,
        world::{
            OWN, OWN6, PEER, PEER6, STRANGER, WHOLE, Ward, cut, datagram, denied, ip, udp_out,
            would_drop,
        },
    },
    BROADCAST, DEVICE, GATEWAY, MONITOR, OTHERS, OTHERS6, all, frame, guarded, ward_of_two,
};
use crate::model::{
    guard::{Guards, Level},
    policy::Mode,
};

fn said(side: Side, bytes: &[u8]) -> Reason {
    let (policy, wires) = (ward_of_two(Mode::Enforce), all(Level::Enforce));
    let mut ward = Ward::new(&policy, &wires);
    ward.frame(side, bytes).0
}

#[test]
fn a_mac_that_no_station_has() {
    let packet = udp_out(4000);
    for (to, from, expected) in [
        (GATEWAY, DEVICE, AllowedRule),
        (GATEWAY, [0; 6], SourceMacInvalid),
        (DEVICE, DEVICE, SourceMacInvalid),
        ([0; 6], DEVICE, AllowedRule),
    ] {
        let bytes = frame(to, from, 0x0800, &packet);
        assert_eq!(said(Side::Device, &bytes), expected, "{to:x?} {from:x?}");
    }
    let (arp, other) = (
        super::arp([0; 6], 1, ([0; 6], OWN)),
        frame(GATEWAY, [0; 6], 0x88cc, &[0; 46]),
    );
    assert_eq!(said(Side::Device, &arp), SourceMacInvalid);
    assert_eq!(said(Side::Device, &other), SourceMacInvalid);
    // From the uplink nobody asks.
    let back = ip(PEER, OWN, 17, WHOLE, &datagram((9, 161), 4));
    let bytes = frame(DEVICE, DEVICE, 0x0800, &back);
    assert_eq!(said(Side::Uplink, &bytes), AllowedRule);
}

#[test]
fn the_source_of_a_packet() {
    let address = |text: &str| -> IpAddr { text.parse().expect("an address") };
    let table = [
        (OWN, AllowedRule),
        (OWN6, AllowedRule),
        (OTHERS, SourceAddressStolen),
        (OTHERS6, SourceAddressStolen),
        (address("10.0.0.13"), AddressNotBound),
        (address("fe80::1"), NoPeer),
        (address("0.0.0.0"), AllowedRule),
        (address("224.0.0.0"), SourceAddressInvalid),
        (address("239.255.255.255"), SourceAddressInvalid),
        (address("240.0.0.0"), SourceAddressInvalid),
        (address("0.255.255.255"), SourceAddressInvalid),
        (address("1.0.0.0"), AddressNotBound),
        (address("255.255.255.255"), SourceAddressInvalid),
        (address("127.0.0.1"), SourceAddressInvalid),
        (address("128.0.0.0"), AddressNotBound),
        (address("::1"), SourceAddressInvalid),
        (address("::2"), AddressNotBound),
        (address("ff02::1"), SourceAddressInvalid),
        (address("ff00::"), SourceAddressInvalid),
        (address("feff::1"), AddressNotBound),
    ];
    for (source, expected) in table {
        let (peer, kind) = if source.is_ipv4() {
            (PEER, 0x0800)
        } else {
            (PEER6, 0x86dd)
        };
        let peer = if expected == NoPeer {
            address("2001:db8::1")
        } else {
            peer
        };
        let packet = ip(source, peer, 17, WHOLE, &datagram((4000, 514), 4));
        let bytes = frame(GATEWAY, DEVICE, kind, &packet);
        assert_eq!(said(Side::Device, &bytes), expected, "{source}");
        let later = ip(source, peer, 17, cut(64, false), &[0; 8]);
        let bytes = frame(GATEWAY, DEVICE, kind, &later);
        let is_guarded = matches!(expected, SourceAddressStolen | SourceAddressInvalid);
        let expected = if is_guarded {
            expected
        } else {
            FragmentUntracked
        };
        assert_eq!(said(Side::Device, &bytes), expected, "{source}");
    }
}

/// Also if it is not listed itself: a stranger is no device that has the address.
#[test]
fn a_stranger_steals_too() {
    let (mut policy, wires) = (ward_of_two(Mode::Enforce), all(Level::Enforce));
    policy.default_profile = Some(0);
    let mut ward = Ward::new(&policy, &wires);
    let stolen = ward.say(Side::Device, STRANGER, &udp_out(4000));
    assert_eq!(stolen, denied(SourceAddressStolen));
    policy.devices.clear();
    let mut ward = Ward::new(&policy, &wires);
    assert_eq!(
        ward.say(Side::Device, STRANGER, &udp_out(4000)).0,
        AllowedRule
    );
}

#[test]
fn a_device_is_no_dhcp_server() {
    let policy = ward_of_two(Mode::Monitor);
    let wires = guarded(Guards {
        dhcp_client: Level::Off,
        ..Guards::all(Level::Enforce)
    });
    let of_v4 = [
        (67, 67, true),
        (67, 9, true),
        (9, 68, true),
        (68, 67, false),
        (68, 68, true),
        (547, 546, false),
    ];
    let of_v6 = [
        (547, 9, true),
        (9, 546, true),
        (546, 547, false),
        (67, 68, false),
    ];
    for (source, destination, expected) in of_v4 {
        for cut in [WHOLE, cut(0, true)] {
            let packet = ip(OWN, PEER, 17, cut, &datagram((source, destination), 40));
            let said = Ward::new(&policy, &wires).out(&packet);
            assert_eq!(said.0 == DhcpServer, expected, "{source} {destination}");
            assert_eq!(said.1, expected);
            let back = ip(PEER, OWN, 17, cut, &datagram((source, destination), 40));
            assert_ne!(Ward::new(&policy, &wires).back(&back).0, DhcpServer);
        }
    }
    for (source, destination, expected) in of_v6 {
        for cut in [WHOLE, cut(0, true)] {
            let packet = ip(OWN6, PEER6, 17, cut, &datagram((source, destination), 504));
            let said = Ward::new(&policy, &wires).out(&packet);
            assert_eq!(said.0 == DhcpServer, expected, "{source} {destination}");
        }
    }
}

#[test]
fn a_device_is_no_router() {
    let (policy, wires) = (ward_of_two(Mode::Monitor), all(Level::Enforce));
    for kind in 0..=u8::MAX {
        for code in [0, 7] {
            for cut in [WHOLE, cut(0, true)] {
                let mut message = vec![kind, code];
                message.resize(48, 0);
                let packet = ip(OWN, PEER, 1, cut, &message);
                let said = Ward::new(&policy, &wires).out(&packet);
                assert_eq!(said.0 == RouterMessage, matches!(kind, 5 | 9), "{kind}");
                let back = ip(PEER, OWN, 1, cut, &message);
                assert_ne!(Ward::new(&policy, &wires).back(&back).0, RouterMessage);
            }
        }
    }
    // Guard `nd` comes first where it is asked.
    let wires = guarded(Guards {
        nd: Level::Off,
        ..Guards::all(Level::Enforce)
    });
    for kind in 0..=u8::MAX {
        for cut in [WHOLE, cut(0, true)] {
            let mut message = vec![kind, 3];
            message.resize(512, 0);
            let packet = ip(OWN6, PEER6, 58, cut, &message);
            let said = Ward::new(&policy, &wires).out(&packet);
            assert_eq!(said.0 == RouterMessage, matches!(kind, 134 | 137), "{kind}");
        }
    }
    // Other protocols have no types.
    let packet = ip(OWN, PEER, 58, WHOLE, &[134; 24]);
    assert_ne!(Ward::new(&policy, &wires).out(&packet).0, RouterMessage);
}

#[test]
fn a_device_does_not_speak_to_switches() {
    let table = [
        ([0x01, 0x80, 0xc2, 0, 0, 0], true),
        ([0x01, 0x80, 0xc2, 0, 0, 0x0f], true),
        ([0x01, 0x80, 0xc2, 0, 0, 0x10], true),
        ([0x01, 0x80, 0xc2, 0, 0, 0x11], false),
        ([0x01, 0x80, 0xc2, 0, 0, 0x1f], false),
        ([0x01, 0x80, 0xc2, 0, 0, 0x20], true),
        ([0x01, 0x80, 0xc2, 0, 0, 0x2f], true),
        ([0x01, 0x80, 0xc2, 0, 0, 0x30], false),
        ([0x01, 0x80, 0xc2, 0, 1, 0], false),
        ([0x01, 0, 0x0b, 0xcc, 0xcc, 0xcc], false),
        ([0x01, 0, 0x0c, 0, 0, 0], true),
        ([0x01, 0, 0x0c, 0xff, 0xff, 0xff], true),
        ([0x01, 0, 0x0d, 0xcc, 0xcc, 0xcc], false),
        (BROADCAST, false),
    ];
    for (to, expected) in table {
        let whatever = [
            frame(to, DEVICE, 0x0027, &[0x42; 46]),
            frame(to, DEVICE, 0x0800, &udp_out(4000)),
            frame(to, DEVICE, 0x88cc, &[0; 46]),
        ];
        for bytes in whatever {
            let reason = said(Side::Device, &bytes);
            assert_eq!(reason == Bpdu, expected, "{to:x?}");
            assert_ne!(said(Side::Uplink, &bytes), Bpdu);
        }
    }
}

#[test]
fn ethertypes_pass_both_ways_for_all() {
    let (mut policy, mut wires) = (ward_of_two(Mode::Enforce), all(Level::Enforce));
    wires[0].ethertypes = vec![0x88cc, 0x888e];
    policy.devices[1].wire = Some("else".to_owned());
    let passed = would_drop(AllowedEthertype);
    for mac in [DEVICE, MONITOR, STRANGER, [0x01, 0x80, 0xc2, 0, 0, 0x0e]] {
        for (kind, expected) in [
            (0x88cc, true),
            (0x888e, true),
            (0x88cd, false),
            (0x05dc, false),
        ] {
            let mut ward = Ward::new(&policy, &wires);
            let to = ward.frame(Side::Uplink, &frame(mac, GATEWAY, kind, &[0; 46]));
            assert_eq!(to == passed, expected, "{mac:x?} {kind:x}");
            if mac[0] & 1 == 0 {
                let from = ward.frame(Side::Device, &frame(GATEWAY, mac, kind, &[0; 46]));
                assert_eq!(from == passed, expected, "{mac:x?} {kind:x}");
            }
        }
    }
    // Nothing else follows from the type: not behind tags either.
    let tagged = [&[0x81, 0, 0, 30, 0x88, 0xcc][..], &[0; 46]].concat();
    let bytes = [&GATEWAY[..], &DEVICE, &tagged].concat();
    let mut ward = Ward::new(&policy, &wires);
    assert_eq!(ward.frame(Side::Device, &bytes), passed);
    // A switch may be spoken to in it, by who has a MAC.
    let lldp = frame([0x01, 0x80, 0xc2, 0, 0, 0x0e], DEVICE, 0x88cc, &[0; 46]);
    assert_eq!(ward.frame(Side::Device, &lldp), passed);
    let lldp = frame([0x01, 0x80, 0xc2, 0, 0, 0x0e], [0; 6], 0x88cc, &[0; 46]);
    assert_eq!(ward.frame(Side::Device, &lldp), denied(SourceMacInvalid));
    // ARP and IP are no other types.
    wires[0].ethertypes = vec![0x0800, 0x0806];
    let mut ward = Ward::new(&policy, &wires);
    let bpdu = frame([0x01, 0x80, 0xc2, 0, 0, 0], DEVICE, 0x0800, &udp_out(4000));
    assert_eq!(ward.frame(Side::Device, &bpdu), denied(Bpdu));
}
