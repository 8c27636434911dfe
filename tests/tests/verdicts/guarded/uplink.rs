//! The uplink: whose addresses and MACs its frames may not have, and which of its own no device may have.

use xiot_agent::model::{
    guard::{Guards, Level},
    policy::Policy,
};
use xiot_common::reason::Reason::{
    AddressClaimed, AllowedRule, AllowedService, ArpInvalid, ArpSpoofed, FragmentUntracked,
    GroupDenied, NdSpoofed, Revoked, SourceAddressInvalid, SourceAddressStolen,
    SourceAddressUnbound,
};
use xiot_tests::{
    frame::{Envelope, Frame, Mac, frame, lease},
    ward::{ALL_NODES, BROADCAST, PUMP, ROUTER, STRANGER, WATCHED},
};

use super::{known, of_pump, unbound};
use crate::case::{Case, Event, case, device, uplink};

pub(super) fn cases() -> Vec<Case> {
    [listed(), nobodys(), destinations(), probes()].concat()
}

/// A router's addresses are listed, and the pump may use any.
pub(super) fn routed() -> Policy {
    let mut policy = unbound();
    policy.uplink_addresses = ["10.0.0.1", "fd00::1"]
        .map(|text| text.parse().expect("an address"))
        .into();
    policy
}

fn log(mac: Mac, source: &str) -> Frame {
    let to = if source.contains(':') {
        "fd00:8::11"
    } else {
        "10.0.4.1"
    };
    frame(mac, ROUTER).ip(source, to).udp(50000, 514)
}

/// Neighbour discovery about `fd00::` and this.
fn about(new: Envelope, (kind, source): (u8, &str), last: u8) -> Frame {
    let mut message = vec![kind, 0, 0, 0, 0, 0, 0, 0, 0xfd];
    message.resize(23, 0);
    message.push(last);
    new.ip(source, "ff02::1")
        .hop_limit(255)
        .protocol(58, &message)
}

pub(super) fn arp(mac: Mac, operation: u16, sender: [u8; 4]) -> Frame {
    frame(mac, BROADCAST).arp_as(operation, mac, sender.into())
}

fn probe(mac: Mac, last: u8) -> Frame {
    frame(mac, BROADCAST).arp([0; 4].into(), [10, 0, 0, last].into())
}

/// Opens SSH to an address that the receiver has, or not.
pub(super) fn ssh(mac: Mac, last: u8) -> Frame {
    frame(ROUTER, mac)
        .packet([10, 0, 9, 1].into(), [10, 0, 0, last].into())
        .tcp(50000, 22, 2)
}

fn listed() -> Vec<Case> {
    let nd = |kind, last, reason| of_pump(&about(frame(PUMP, ALL_NODES), kind, last), reason);
    let given = [
        lease::reply(PUMP, [10, 0, 0, 1].into()),
        lease::acknowledgement(60),
    ]
    .concat();
    let gives = frame(ROUTER, PUMP)
        .ip("10.0.0.5", "10.0.0.1")
        .datagram(67, 68, &given);
    let binding = Guards {
        binding: Level::Enforce,
        ..Guards::all(Level::Off)
    };
    vec![
        case(
            "what is listed of the uplink is no device's, by whatever it says",
            [
                of_pump(&log(PUMP, "10.0.0.1"), SourceAddressStolen),
                of_pump(&log(PUMP, "fd00::1"), SourceAddressStolen),
                device(&log(STRANGER, "10.0.0.1"), SourceAddressStolen),
                device(
                    &frame(ROUTER, PUMP)
                        .ip("10.0.0.1", "10.0.4.1")
                        .udp(50000, 514),
                    SourceAddressStolen,
                ),
                of_pump(&arp(PUMP, 2, [10, 0, 0, 1]), ArpSpoofed),
                of_pump(&probe(PUMP, 1), ArpSpoofed),
                nd((136, "fd00::77"), 1, NdSpoofed),
                nd((135, "::"), 1, NdSpoofed),
                of_pump(&log(PUMP, "10.0.0.2"), AllowedRule).by_rule(3),
                of_pump(&arp(PUMP, 2, [10, 0, 0, 2]), AllowedService),
                nd((135, "fd00::77"), 1, AllowedService),
            ],
        )
        .under(routed())
        .guarded(Level::Enforce),
        case(
            "what is listed of the uplink can be leased to no device",
            [
                uplink(&gives, AllowedService).of_device(1),
                of_pump(&arp(PUMP, 2, [10, 0, 0, 1]), ArpSpoofed),
                of_pump(&log(PUMP, "10.0.0.1"), SourceAddressStolen),
            ],
        )
        .under(routed())
        .guarded(Level::Enforce),
        case(
            "what is listed of the uplink may not be taken",
            [
                of_pump(
                    &about(frame(PUMP, ALL_NODES), (133, "fd00::1"), 0),
                    SourceAddressUnbound,
                ),
                of_pump(
                    &about(frame(PUMP, ALL_NODES), (133, "fd00::2"), 0),
                    AllowedService,
                ),
            ],
        )
        .under(routed())
        .behind(binding),
        case(
            "the uplink has its own addresses, but sends nothing under them to devices",
            [
                uplink(&arp(ROUTER, 2, [10, 0, 0, 1]), AllowedService),
                uplink(
                    &about(frame(ROUTER, ALL_NODES), (136, "fd00::1"), 1),
                    AllowedService,
                ),
                uplink(
                    &about(frame(ROUTER, ALL_NODES), (135, "::"), 1),
                    AllowedService,
                ),
                uplink(&ssh(PUMP, 1), SourceAddressStolen).of_device(1),
                uplink(&ssh(PUMP, 2), AllowedRule).of_device(1).by_rule(2),
            ],
        )
        .under(routed())
        .guarded(Level::Enforce),
        case(
            "an address is the uplink's from the next policy on",
            [
                of_pump(&log(PUMP, "10.0.0.1"), AllowedRule).by_rule(3),
                of_pump(&log(PUMP, "10.0.0.1"), Revoked).after(Event::Swap),
                of_pump(&log(PUMP, "10.0.0.1"), SourceAddressStolen),
            ],
        )
        .under(unbound())
        .then(routed())
        .guarded(Level::Enforce),
    ]
}

fn nobodys() -> Vec<Case> {
    let says = |source, reason| of_pump(&log(PUMP, source), reason);
    let asks = |source, reason| of_pump(&arp(PUMP, 1, source), reason);
    vec![
        case(
            "no host has an address of this network, or of a reserved class",
            [
                says("0.0.0.1", SourceAddressInvalid),
                says("0.255.255.255", SourceAddressInvalid),
                says("1.0.0.0", AllowedRule).by_rule(3),
                says("126.255.255.255", AllowedRule).by_rule(3),
                says("127.0.0.0", SourceAddressInvalid),
                says("128.0.0.0", AllowedRule).by_rule(3),
                says("223.255.255.255", AllowedRule).by_rule(3),
                says("239.255.255.255", SourceAddressInvalid),
                says("240.0.0.0", SourceAddressInvalid),
                says("255.255.255.254", SourceAddressInvalid),
                says("0.0.0.0", AllowedRule).by_rule(3),
            ],
        )
        .under(unbound())
        .guarded(Level::Enforce),
        case(
            "no host says by ARP that it has such an address",
            [
                asks([0, 0, 0, 1], ArpInvalid),
                asks([0, 1, 0, 0], ArpInvalid),
                asks([240, 0, 0, 1], ArpInvalid),
                asks([254, 0, 0, 1], ArpInvalid),
                asks([223, 0, 0, 1], AllowedService),
                asks([0; 4], AllowedService),
                of_pump(&arp(PUMP, 2, [0; 4]), ArpInvalid),
                uplink(&arp(ROUTER, 2, [0; 4]), AllowedService),
            ],
        )
        .under(unbound())
        .guarded(Level::Enforce),
    ]
}

fn destinations() -> Vec<Case> {
    let stolen = |frame: &Frame| uplink(frame, SourceAddressStolen);
    let allowed = |frame: &Frame| uplink(frame, AllowedRule).by_rule(2);
    let to = |mac, destination| {
        frame(ROUTER, mac)
            .ip("10.0.9.1", destination)
            .tcp(50000, 22, 2)
    };
    let part = |last: u8| {
        frame(ROUTER, PUMP)
            .packet([10, 0, 9, 1].into(), [10, 0, 0, last].into())
            .fragment(64, false)
            .protocol(17, &[0; 8])
    };
    let claims = {
        let mut message = vec![136, 0, 0, 0, 0, 0, 0, 0, 0xfd];
        message.resize(23, 0);
        message.push(0x12);
        frame(ROUTER, PUMP)
            .ip("fd00::1", "fd00::12")
            .hop_limit(255)
            .protocol(58, &message)
    };
    let ports = |from, to| {
        frame(ROUTER, PUMP).ip("10.0.0.5", "10.0.0.12").datagram(
            from,
            to,
            &lease::reply(PUMP, [10, 0, 0, 12].into()),
        )
    };
    let of_v6 = frame(ROUTER, PUMP).ip("fd00::5", "fd00::12").udp(67, 68);
    vec![
        case(
            "nobody gets what is for another's address, to answer from there",
            [
                stolen(&ssh(PUMP, 12)).of_device(1),
                stolen(&ssh(STRANGER, 12)),
                stolen(&part(12)).of_device(1),
                uplink(&part(77), FragmentUntracked).of_device(1),
                stolen(&claims).of_device(1),
                allowed(&ssh(WATCHED, 12)).of_device(2),
                allowed(&ssh(PUMP, 77)).of_device(1),
                uplink(&ssh(BROADCAST, 12), GroupDenied),
            ],
        )
        .under(unbound())
        .guarded(Level::Enforce),
        case(
            "what is for no host is not for another",
            [
                allowed(&to(PUMP, "127.0.0.1")).of_device(1),
                allowed(&to(PUMP, "240.0.0.1")).of_device(1),
                allowed(&to(PUMP, "0.0.0.0")).of_device(1),
            ],
        )
        .under(unbound())
        .guarded(Level::Enforce),
        case(
            "a server says to who gets an address that another has",
            [
                uplink(&ports(67, 68), AllowedService).of_device(1),
                stolen(&ports(67, 69)).of_device(1),
                stolen(&ports(66, 68)).of_device(1),
                stolen(&of_v6).of_device(1),
            ],
        )
        .under(unbound())
        .guarded(Level::Enforce),
        case(
            "what is for another's address is only watched where that is the level",
            [
                stolen(&ssh(PUMP, 12)).of_device(1).forwarded(),
                of_pump(&ssh(PUMP, 12).reply().flags(0x12), SourceAddressStolen)
                    .forwarded()
                    .by_flow(),
            ],
        )
        .under(unbound())
        .guarded(Level::Monitor),
    ]
}

fn probes() -> Vec<Case> {
    let tries = |last| about(frame(ROUTER, ALL_NODES), (135, "::"), last);
    vec![
        case(
            "a device probes for what is not another's",
            [
                of_pump(&probe(PUMP, 11), AllowedService),
                of_pump(&probe(PUMP, 77), AllowedService),
                of_pump(&probe(PUMP, 12), ArpSpoofed),
                device(&probe(STRANGER, 11), ArpSpoofed),
                // Who asks from its own address only asks.
                of_pump(
                    &frame(PUMP, BROADCAST).arp([10, 0, 0, 11].into(), [10, 0, 0, 12].into()),
                    AllowedService,
                ),
            ],
        )
        .under(known())
        .guarded(Level::Enforce),
        case(
            "the uplink probes for a device's address by ARP, but tries to have none",
            [
                uplink(&probe(ROUTER, 11), AllowedService),
                uplink(&tries(0x11), AddressClaimed),
                uplink(&tries(0x12), AddressClaimed),
                uplink(&tries(0x77), AllowedService),
                uplink(
                    &about(frame(ROUTER, ALL_NODES), (135, "fd00::1"), 0x11),
                    AllowedService,
                ),
                uplink(
                    &about(frame(ROUTER, ALL_NODES), (135, "fd00::11"), 0x77),
                    AddressClaimed,
                ),
            ],
        )
        .under(known())
        .guarded(Level::Enforce),
    ]
}
