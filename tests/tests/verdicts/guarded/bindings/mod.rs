//! Addresses that are bound by lease and by use: one sentence of sections 9.7 and 9.8 each.

mod acknowledged;
mod again;
mod asked;
mod counted;
mod options6;
mod places;
mod replied;
mod used;

use std::net::{Ipv4Addr, Ipv6Addr};

use xiot_agent::model::{
    guard::{Guards, Level},
    policy::Policy,
};
use xiot_common::reason::Reason::{
    self, AllowedRule, AllowedService, ArpSpoofed, NdSpoofed, SourceAddressUnbound,
};
use xiot_tests::{
    frame::{
        Envelope, Frame, Mac, PacketEnvelope, frame,
        lease::{acknowledgement, address6, association6, message6, reply},
    },
    ward::{self, ALL_NODES, BROADCAST, PUMP, ROUTER, TWICE, WATCHED},
};

use crate::case::{Case, Step, case, device, uplink};

pub(super) fn cases() -> Vec<Case> {
    [
        acknowledged::cases(),
        replied::cases(),
        options6::cases(),
        used::cases(),
        places::cases(),
        counted::cases(),
        asked::cases(),
        again::cases(),
    ]
    .concat()
}

/// Every guard enforces.
const STRICT: Guards = only(Guards::all(Level::Enforce), Level::Enforce);

/// All guards but this one are off.
const fn binding(level: Level) -> Guards {
    only(Guards::all(Level::Off), level)
}

const fn only(guards: Guards, binding: Level) -> Guards {
    Guards { binding, ..guards }
}

/// Neither the pump nor the watched device has addresses that are listed.
fn unlisted() -> Policy {
    let mut policy = ward::policy();
    policy.devices[0].addresses.clear();
    policy
}

/// Behind guards that all enforce.
fn strict(name: &'static str, steps: impl Into<Vec<Step>>) -> Case {
    case(name, steps).behind(STRICT)
}

fn number(mac: Mac) -> u32 {
    match mac {
        PUMP => 1,
        WATCHED => 2,
        TWICE => 3,
        _ => 0,
    }
}

/// 10.0.0.77.
const LEASED: u8 = 77;

fn v4(last: u8) -> Ipv4Addr {
    [10, 0, 0, last].into()
}

fn v6(last: u16) -> Ipv6Addr {
    Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, last)
}

/// From the DHCP server.
fn from_server(to: Envelope) -> PacketEnvelope {
    to.ip("10.0.0.5", "10.0.0.77")
}

/// The whole acknowledgement of a lease of [`LEASED`].
fn lease(client: Mac, seconds: u32) -> Vec<u8> {
    [reply(client, v4(LEASED)), acknowledgement(seconds)].concat()
}

/// The server gives this client [`LEASED`].
fn gives(client: Mac, seconds: u32) -> Step {
    let message = lease(client, seconds);
    let frame = from_server(frame(ROUTER, client)).datagram(67, 68, &message);
    uplink(&frame, AllowedService).of_device(number(client))
}

/// ARP from this device for an address: it leaves nothing behind.
fn says(mac: Mac, last: u8, reason: Reason) -> Step {
    let frame = frame(mac, BROADCAST).arp_as(1, mac, v4(last));
    device(&frame, reason).of_device(number(mac))
}

/// [`LEASED`] is this device's.
fn has(mac: Mac) -> Step {
    says(mac, LEASED, AllowedService)
}

/// It is nobody's, so far as is known, but then not this device's either.
fn has_not(mac: Mac) -> Step {
    says(mac, LEASED, SourceAddressUnbound)
}

/// It is another's.
fn may_not(mac: Mac) -> Step {
    says(mac, LEASED, ArpSpoofed)
}

/// A log entry in IPv4.
fn logs(mac: Mac, (last, port): (u8, u16), reason: Reason) -> Step {
    let step = device(&log(mac, last, port), reason).of_device(number(mac));
    if reason == AllowedRule {
        step.by_rule(3)
    } else {
        step
    }
}

fn log(mac: Mac, last: u8, port: u16) -> Frame {
    frame(mac, ROUTER)
        .packet(v4(last).into(), Ipv4Addr::new(10, 0, 4, 1).into())
        .udp(port, 514)
}

/// The `DHCPv6` server says this to a device.
fn says6(to: Mac, message: &[u8]) -> Step {
    let own = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, to[5].into());
    let frame = frame(ROUTER, to)
        .packet(v6(5).into(), own.into())
        .datagram(547, 546, message);
    uplink(&frame, AllowedService).of_device(number(to))
}

/// And gives it an address.
fn gives6(to: Mac, last: u16, seconds: u32) -> Step {
    let options = association6(&address6(v6(last), seconds));
    says6(to, &message6(7, &options))
}

/// A message of neighbour discovery from this address about that.
fn discovers(mac: Mac, kind: u8, source: Ipv6Addr, target: Ipv6Addr) -> Frame {
    in_vlans(frame(mac, ALL_NODES), kind, source, target)
}

fn in_vlans(new: Envelope, kind: u8, source: Ipv6Addr, target: Ipv6Addr) -> Frame {
    let mut message = vec![kind, 0, 0, 0, 0, 0, 0, 0];
    message.extend(target.octets());
    new.packet(
        source.into(),
        Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1).into(),
    )
    .hop_limit(255)
    .protocol(58, &message)
}

/// The device sends from this address.
fn uses(mac: Mac, last: u16, reason: Reason) -> Step {
    let asks = discovers(mac, 135, v6(last), v6(0x99));
    device(&asks, reason).of_device(number(mac))
}

/// The device says that an address is its own, but not from that address: it binds another by that, which nobody cares for.
fn claims6(mac: Mac, last: u16, reason: Reason) -> Step {
    let local = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, mac[5].into());
    device(&discovers(mac, 136, local, v6(last)), reason).of_device(number(mac))
}

/// It is not another's.
fn may_claim6(mac: Mac, last: u16) -> Step {
    claims6(mac, last, AllowedService)
}

/// It is.
fn may_not_claim6(mac: Mac, last: u16) -> Step {
    claims6(mac, last, NdSpoofed)
}
