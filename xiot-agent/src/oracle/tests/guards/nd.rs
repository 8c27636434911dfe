//! Neighbour discovery, by all guards that read it.

use std::net::IpAddr;

use xiot_common::reason::Reason::{self, *};

use super::{
    super::{
        super::Side,
        world::{OWN6, PEER6, Ward, cut, ip, would_drop},
    },
    ALL_NODES, DEVICE, GATEWAY, MONITOR, NOBODY6, Nd, OTHERS6, all, frame, guarded, ward_of_two,
};
use crate::model::{
    guard::{Guards, Level},
    policy::Mode,
};

fn link_local() -> IpAddr {
    "fe80::1".parse().expect("an address")
}

fn said(side: Side, message: &Nd, mac: [u8; 6]) -> Reason {
    let (policy, wires) = (ward_of_two(Mode::Enforce), all(Level::Enforce));
    let mut ward = Ward::new(&policy, &wires);
    let (reason, dropped, ..) = ward.frame(side, &message.from(mac));
    assert_eq!(dropped, reason != AllowedService);
    reason
}

fn solicitation() -> Nd {
    Nd::about(135, OWN6, PEER6)
}

#[test]
fn a_device_speaks_for_itself() {
    let about = Nd::about;
    let table = [
        (solicitation(), AllowedService),
        (solicitation().naming(1, DEVICE), AllowedService),
        (solicitation().naming(1, MONITOR), NdSpoofed),
        (solicitation().naming(2, GATEWAY), NdSpoofed),
        (
            solicitation().naming(1, DEVICE).naming(2, MONITOR),
            NdSpoofed,
        ),
        // Not a link-layer option.
        (solicitation().naming(3, MONITOR), AllowedService),
        // Asks for the other, and whether it may have its address.
        (about(135, OWN6, OTHERS6), AllowedService),
        (about(135, NOBODY6, OTHERS6), NdSpoofed),
        (about(135, NOBODY6, OWN6), AllowedService),
        (about(135, link_local(), OTHERS6), AllowedService),
        (about(136, OWN6, OWN6), AllowedService),
        (about(136, OWN6, PEER6), AllowedService),
        (about(136, OWN6, OTHERS6), NdSpoofed),
        (about(136, OWN6, OWN6).naming(2, MONITOR), NdSpoofed),
        (Nd::new(133, OWN6, &[]), AllowedService),
        (Nd::new(133, NOBODY6, &[]), AllowedService),
        (Nd::new(133, OWN6, &[]).naming(1, MONITOR), NdSpoofed),
        (Nd::new(134, OWN6, &[0; 8]).naming(1, MONITOR), NdSpoofed),
        (Nd::new(134, OWN6, &[0; 8]).naming(1, DEVICE), RouterMessage),
        // A redirect may name whom it likes.
        (
            Nd::new(137, OWN6, &[0; 32]).naming(2, MONITOR),
            RouterMessage,
        ),
    ];
    for (message, expected) in table {
        let (kind, rest) = (message.kind, &message.rest);
        assert_eq!(
            said(Side::Device, &message, DEVICE),
            expected,
            "{kind} {rest:x?}"
        );
    }
    // The source of a solicitation is its own, which `source` sees first where it is asked.
    let wires = guarded(Guards {
        source: Level::Off,
        ..Guards::all(Level::Enforce)
    });
    let policy = ward_of_two(Mode::Enforce);
    for (message, expected) in [
        (Nd::new(133, OTHERS6, &[]), NdSpoofed),
        (about(135, OTHERS6, PEER6), NdSpoofed),
        (about(136, OTHERS6, PEER6), AllowedService),
    ] {
        let said = Ward::new(&policy, &wires).frame(Side::Device, &message.from(DEVICE));
        assert_eq!(said.0, expected, "{}", message.kind);
    }
}

#[test]
fn what_is_not_whole_or_was_forwarded_is_invalid() {
    let table = [
        (
            Nd {
                hops: 254,
                ..solicitation()
            },
            NdInvalid,
        ),
        (
            Nd {
                code: 1,
                ..solicitation()
            },
            NdInvalid,
        ),
        (
            solicitation().option(&[3, 1, 0, 0, 0, 0, 0, 0]),
            AllowedService,
        ),
        (solicitation().option(&[3, 2, 0, 0, 0, 0, 0, 0]), NdInvalid),
        (solicitation().option(&[3, 0, 0, 0, 0, 0, 0, 0]), NdInvalid),
        (solicitation().option(&[3]), NdInvalid),
        (solicitation().option(&[3, 1, 0, 0, 0, 0, 0]), NdInvalid),
        (
            solicitation().option(&[3, 1, 0, 0, 0, 0, 0, 0, 0]),
            NdInvalid,
        ),
        (
            solicitation().option(&[[1, 2].as_slice(), &[0; 14]].concat()),
            NdInvalid,
        ),
        (
            solicitation().option(&[[2, 2].as_slice(), &[0; 14]].concat()),
            NdInvalid,
        ),
        (
            solicitation().option(&[[3, 2].as_slice(), &[0; 14]].concat()),
            AllowedService,
        ),
        (
            solicitation().option(&[3, 1, 0, 0, 0, 0, 0, 0].repeat(32)),
            AllowedService,
        ),
        (
            solicitation().option(&[3, 1, 0, 0, 0, 0, 0, 0].repeat(33)),
            NdInvalid,
        ),
        // In a redirect, an option of another length than a MAC's is just an option.
        (
            Nd::new(137, OWN6, &[0; 32]).option(&[[2, 2].as_slice(), &[0; 14]].concat()),
            RouterMessage,
        ),
    ];
    for (message, expected) in table {
        assert_eq!(
            said(Side::Device, &message, DEVICE),
            expected,
            "{:x?}",
            message.rest
        );
    }
    for (kind, fixed, whole) in [
        (133, 4, AllowedService),
        (134, 12, RouterMessage),
        (135, 20, AllowedService),
        (136, 20, AllowedService),
        (137, 36, RouterMessage),
    ] {
        for length in 4..=fixed {
            let message = Nd {
                rest: vec![0; length],
                ..Nd::new(kind, OWN6, &[])
            };
            let expected = if length == fixed { whole } else { NdInvalid };
            assert_eq!(
                said(Side::Device, &message, DEVICE),
                expected,
                "{kind} {length}"
            );
        }
    }
}

#[test]
fn nothing_lies_before_the_message() {
    let (policy, wires) = (ward_of_two(Mode::Enforce), all(Level::Enforce));
    let mut with_options = solicitation().packet();
    with_options[6] = 60;
    with_options[5] += 8;
    with_options.splice(40..40, [58, 0, 1, 4, 0, 0, 0, 0]);
    let mut first = ip(
        OWN6,
        ALL_NODES,
        58,
        cut(0, true),
        &[[135].as_slice(), &[0; 511]].concat(),
    );
    first[7] = 255;
    let later = ip(OWN6, ALL_NODES, 58, cut(64, false), &[135; 24]);
    for (packet, of_uplink) in [
        (with_options, NdInvalid),
        (first, NdInvalid),
        // A device may hide it there.
        (later, FragmentUntracked),
    ] {
        for (side, expected) in [(Side::Device, NdInvalid), (Side::Uplink, of_uplink)] {
            let mut ward = Ward::new(&policy, &wires);
            let bytes = frame([0x33, 0x33, 0, 0, 0, 1], DEVICE, 0x86dd, &packet);
            assert_eq!(ward.frame(side, &bytes).0, expected);
        }
    }
    // ICMPv6 in IPv4 is no neighbour discovery.
    let v4 = ip(
        super::OWN,
        super::PEER,
        58,
        super::super::world::WHOLE,
        &[135; 24],
    );
    let mut ward = Ward::new(&policy, &wires);
    assert_eq!(ward.out(&v4).0, NoProtocol);
}

#[test]
fn what_the_uplink_claims_is_not_a_devices() {
    let about = Nd::about;
    let table = [
        (about(136, PEER6, PEER6), GATEWAY, AllowedService),
        (about(136, PEER6, OWN6), GATEWAY, AddressClaimed),
        (about(136, PEER6, OWN6), DEVICE, AllowedService),
        (
            about(136, PEER6, OWN6).naming(2, DEVICE),
            DEVICE,
            AllowedService,
        ),
        (
            about(136, PEER6, OWN6).naming(2, GATEWAY),
            DEVICE,
            AddressClaimed,
        ),
        (
            about(136, PEER6, OWN6).naming(2, DEVICE),
            GATEWAY,
            AddressClaimed,
        ),
        (
            about(136, PEER6, OWN6).naming(1, DEVICE).naming(2, MONITOR),
            DEVICE,
            AddressClaimed,
        ),
        // Who asks for a device claims nothing, but for its own address, and for what it tries to have.
        (about(135, PEER6, OWN6), GATEWAY, AllowedService),
        (about(135, NOBODY6, OWN6), GATEWAY, AddressClaimed),
        (about(135, NOBODY6, PEER6), GATEWAY, AllowedService),
        (about(135, OWN6, PEER6), GATEWAY, AddressClaimed),
        (Nd::new(134, OWN6, &[0; 8]), GATEWAY, AllowedService),
        (Nd::new(133, OWN6, &[]), GATEWAY, GroupDenied),
        (
            Nd {
                hops: 1,
                ..about(136, PEER6, PEER6)
            },
            GATEWAY,
            NdInvalid,
        ),
        (
            Nd {
                hops: 64,
                ..Nd::new(137, PEER6, &[0; 32])
            },
            GATEWAY,
            NdInvalid,
        ),
        (Nd::new(134, PEER6, &[0; 7]), GATEWAY, NdInvalid),
    ];
    for (message, mac, expected) in table {
        let (kind, rest) = (message.kind, &message.rest);
        assert_eq!(
            said(Side::Uplink, &message, mac),
            expected,
            "{kind} {rest:x?}"
        );
    }
}

#[test]
fn off_means_off() {
    let (policy, wires) = (ward_of_two(Mode::Enforce), all(Level::Off));
    for message in [
        Nd::about(136, OWN6, OTHERS6).naming(2, MONITOR),
        Nd::about(136, OWN6, OTHERS6).option(&[1]),
    ] {
        let mut ward = Ward::new(&policy, &wires);
        let passed = would_drop(AllowedService);
        assert_eq!(ward.frame(Side::Device, &message.from(DEVICE)), passed);
        assert_eq!(ward.frame(Side::Uplink, &message.from(GATEWAY)), passed);
    }
}
