//! In whose name DHCP servers are asked.

use std::net::Ipv4Addr;

use xiot_agent::model::{
    guard::{Guards, Level},
    policy::Mode,
};
use xiot_common::reason::Reason::{
    self, AllowedRule, AllowedService, DhcpServer, DhcpSpoofed, FragmentUntracked, NoProtocol,
    Revoked, UnknownDevice,
};
use xiot_tests::{
    frame::{Frame, Mac, frame, lease::request},
    ward::{self, BROADCAST, PUMP, ROUTER, STRANGER, WATCHED},
};

use super::{known, of_pump};
use crate::case::{Case, Event, Step, case, device, uplink};

pub(super) fn cases() -> Vec<Case> {
    [names(), forms(), flows()].concat()
}

const NONE: Ipv4Addr = Ipv4Addr::UNSPECIFIED;

/// Broadcast, from a client without an address.
fn asks(mac: Mac, message: &[u8]) -> Frame {
    frame(mac, BROADCAST)
        .ip("0.0.0.0", "255.255.255.255")
        .datagram(68, 67, message)
}

fn pump(message: &[u8], reason: Reason) -> Step {
    of_pump(&asks(PUMP, message), reason)
}

fn names() -> Vec<Case> {
    let of = |client, last: u8, reason| {
        let address = if last == 0 {
            NONE
        } else {
            Ipv4Addr::new(10, 0, 0, last)
        };
        pump(&request(client, address), reason)
    };
    let to_server = |message: &[u8]| {
        frame(PUMP, ROUTER)
            .ip("10.0.0.11", "10.0.0.5")
            .datagram(68, 67, message)
    };
    let mut beyond = PUMP;
    beyond[5] ^= 0x80;
    vec![
        case(
            "a DHCP client asks for itself, about what is not another's",
            [
                of(PUMP, 0, AllowedService),
                of(PUMP, 11, AllowedService),
                of(PUMP, 77, AllowedService),
                of(WATCHED, 0, DhcpSpoofed),
                of(beyond, 0, DhcpSpoofed),
                of(PUMP, 12, DhcpSpoofed),
                of(WATCHED, 12, DhcpSpoofed),
                of_pump(&to_server(&request(PUMP, NONE)), AllowedService),
                of_pump(&to_server(&request(WATCHED, NONE)), DhcpSpoofed),
                device(&asks(STRANGER, &request(STRANGER, NONE)), UnknownDevice),
                device(&asks(STRANGER, &request(PUMP, NONE)), DhcpSpoofed),
            ],
        )
        .under(known())
        .guarded(Level::Enforce),
        case(
            "a DHCP client may have no address of the uplink",
            [of(PUMP, 1, DhcpSpoofed), of(PUMP, 2, AllowedService)],
        )
        .under({
            let mut policy = ward::policy();
            policy.uplink_addresses = vec![[10, 0, 0, 1].into()];
            policy
        })
        .guarded(Level::Enforce),
    ]
}

fn forms() -> Vec<Case> {
    let whole = request(PUMP, NONE);
    let with = |at: usize, byte| {
        let mut message = request(PUMP, NONE);
        message[at] = byte;
        pump(&message, DhcpSpoofed)
    };
    // Behind a UDP header that says how much there is.
    let of_length = |length: u8, reason| {
        let mut datagram = vec![0, 68, 0, 67, 0, 8 + length, 0, 0];
        datagram.extend(&whole);
        let frame = frame(PUMP, BROADCAST)
            .ip("0.0.0.0", "255.255.255.255")
            .protocol(17, &datagram);
        of_pump(&frame, reason)
    };
    let mut start = vec![0, 68, 0, 67, 1, 0, 0, 0];
    start.extend(&whole);
    start.resize(248, 0);
    let part = |offset, more| {
        frame(PUMP, BROADCAST)
            .ip("0.0.0.0", "255.255.255.255")
            .fragment(offset, more)
            .protocol(17, &start)
    };
    let from = |source| {
        frame(PUMP, ROUTER).ip("10.0.0.11", "10.0.4.7").datagram(
            source,
            67,
            &request(WATCHED, NONE),
        )
    };
    let to = |port| {
        frame(PUMP, ROUTER).ip("10.0.0.11", "10.0.4.7").datagram(
            4000,
            port,
            &request(WATCHED, NONE),
        )
    };
    let of_v6 = frame(PUMP, ROUTER)
        .ip("fd00::11", "fd00:8::11")
        .datagram(68, 67, &[0; 4]);
    let tagged = frame(PUMP, BROADCAST)
        .tagged(7)
        .ip("0.0.0.0", "255.255.255.255")
        .options(&[1; 8])
        .datagram(68, 67, &request(WATCHED, NONE));
    let back = frame(ROUTER, PUMP)
        .ip("10.0.4.7", "10.0.0.11")
        .datagram(4000, 67, &whole);
    vec![
        case(
            "a message to a DHCP server says whose it is, as Ethernet has it",
            [
                pump(&whole[..44], AllowedService),
                pump(&whole[..43], DhcpSpoofed),
                pump(&[], DhcpSpoofed),
                of_length(44, AllowedService),
                of_length(43, DhcpSpoofed),
                of_length(0, DhcpSpoofed),
                with(0, 2),
                with(0, 0),
                with(1, 6),
                with(2, 16),
                with(33, 2),
                of_pump(&tagged, DhcpSpoofed),
            ],
        )
        .guarded(Level::Enforce),
        case(
            "a message to a DHCP server is whole",
            [
                of_pump(&part(0, true), DhcpSpoofed),
                of_pump(&part(8, false), FragmentUntracked),
            ],
        )
        .guarded(Level::Enforce),
        case(
            "a DHCP server is asked at port 67 of IPv4, from any, by devices",
            [
                of_pump(&from(4000), DhcpSpoofed),
                of_pump(&from(67), DhcpServer),
                of_pump(&to(69), AllowedRule).by_rule(9),
                of_pump(&of_v6, NoProtocol),
                uplink(&back, Reason::WrongDirection).of_device(1),
            ],
        )
        .guarded(Level::Enforce),
    ]
}

fn flows() -> Vec<Case> {
    let asks =
        frame(PUMP, ROUTER)
            .ip("10.0.0.11", "10.0.4.7")
            .datagram(68, 67, &request(WATCHED, NONE));
    let own =
        frame(PUMP, ROUTER)
            .ip("10.0.0.11", "10.0.4.7")
            .datagram(68, 67, &request(PUMP, NONE));
    let client = |level| Guards {
        dhcp_client: level,
        ..Guards::all(Level::Off)
    };
    let watched = |frame: &Frame| of_pump(frame, DhcpSpoofed).forwarded();
    vec![
        case(
            "what a device asks a DHCP server for another goes on where that is watched",
            [
                watched(&asks),
                watched(&own).by_flow(),
                watched(&own).by_flow().after(Event::Touch),
                uplink(&asks.reply(), DhcpSpoofed)
                    .of_device(1)
                    .forwarded()
                    .by_flow(),
            ],
        )
        .behind(client(Level::Monitor)),
        case(
            "what a device asks a DHCP server for another ends where that is denied",
            [
                watched(&asks),
                of_pump(&asks, Revoked).after(Event::Rewire),
                of_pump(&asks, DhcpSpoofed),
                of_pump(&own, AllowedRule).by_rule(9),
            ],
        )
        .behind(client(Level::Monitor))
        .then_behind(client(Level::Enforce)),
        case(
            "what a device asked a DHCP server is forgotten where nobody watches",
            [
                watched(&asks),
                of_pump(&own, Reason::AllowedFlow)
                    .by_rule(9)
                    .by_flow()
                    .after(Event::Rewire),
            ],
        )
        .behind(client(Level::Monitor))
        .then_behind(client(Level::Off)),
        case(
            "what a stranger asks for another is dropped in mode learn too",
            [
                device(&asks_as_stranger(STRANGER), UnknownDevice).forwarded(),
                device(&asks_as_stranger(PUMP), DhcpSpoofed),
            ],
        )
        .under(ward::onboarding(Mode::Learn))
        .guarded(Level::Enforce),
    ]
}

fn asks_as_stranger(client: Mac) -> Frame {
    asks(STRANGER, &request(client, NONE))
}
