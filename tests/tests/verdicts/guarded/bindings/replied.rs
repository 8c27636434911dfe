//! Leases of `DHCPv6`. The pump has a listed address and takes no other: what else it has is leased to it.

use std::net::Ipv6Addr;

use xiot_agent::model::{
    guard::Level,
    policy::{Mode, Policy},
};
use xiot_common::reason::Reason::{
    self, AllowedService, NdSpoofed, NoPeer, SourceAddressStolen, SourceAddressUnbound,
    UnknownDevice, WrongWire,
};
use xiot_tests::{
    frame::{
        Extension, Frame, PacketEnvelope, frame,
        lease::{address6, association6, message6},
    },
    ward::{self, ALL_NODES, MOVED, PUMP, ROUTER, STRANGER, WATCHED},
};

use super::{
    binding, claims6, discovers, gives6, may_claim6, may_not_claim6, says6, strict, uses, v6,
};
use crate::case::{Case, Event, Step, device, uplink};

pub(super) const LEASED: u16 = 0x77;

pub(super) fn cases() -> Vec<Case> {
    [frames(), receivers(), messages(), ends(), odd()].concat()
}

pub(super) fn has() -> Step {
    uses(PUMP, LEASED, AllowedService)
}

pub(super) fn has_not() -> Step {
    uses(PUMP, LEASED, SourceAddressUnbound)
}

fn lease() -> Vec<u8> {
    message6(7, &association6(&address6(v6(LEASED), 60)))
}

/// The server says this to the pump.
pub(super) fn with(options: &[&[u8]]) -> Step {
    says6(PUMP, &message6(7, &options.concat()))
}

fn to_pump() -> PacketEnvelope {
    frame(ROUTER, PUMP).ip("fd00::5", "fe80::2")
}

/// The pump in mode monitor.
fn watched() -> Policy {
    ward::monitored()
}

fn passes(frame: &Frame, reason: Reason) -> Step {
    uplink(frame, reason).of_device(1).forwarded()
}

fn frames() -> Vec<Case> {
    let message = lease();
    let mut datagram = vec![2, 0x23, 2, 0x22, 0, 0, 0, 0];
    datagram.extend(&message);
    datagram.resize(512, 0);
    datagram[4..6].copy_from_slice(&512_u16.to_be_bytes());
    let cut_to = |length: u16| {
        let mut datagram = datagram.clone();
        datagram[4..6].copy_from_slice(&(8 + length).to_be_bytes());
        to_pump().protocol(17, &datagram)
    };
    let whole = u16::try_from(message.len()).expect("short");
    let from_device = frame(WATCHED, PUMP)
        .ip("fd00::78", "fd00::4242")
        .datagram(547, 546, &message);
    vec![
        strict(
            "a lease of IPv6 is bound as it passes, and is the device's own",
            [has_not(), gives6(PUMP, LEASED, 60), has()],
        ),
        strict(
            "a lease of IPv6 comes from the server's port to the client's, in IPv6",
            [
                passes(&to_pump().datagram(547, 545, &message), NoPeer),
                passes(&to_pump().datagram(546, 546, &message), NoPeer),
                passes(&to_pump().datagram(546, 547, &message), NoPeer),
                passes(&to_pump().datagram(67, 68, &message), NoPeer),
                passes(
                    &frame(ROUTER, PUMP)
                        .ip("10.0.0.5", "10.0.0.11")
                        .datagram(547, 546, &message),
                    NoPeer,
                ),
                has_not(),
                device(&from_device, NoPeer).of_device(2).forwarded(),
                has_not(),
            ],
        )
        .under(watched())
        .behind(binding(Level::Enforce)),
        strict(
            "a lease of IPv6 is in no fragment, but may be behind other headers",
            [
                passes(
                    &frame(ROUTER, PUMP)
                        .ip("fd00::5", "fe80::3")
                        .fragment(0, true)
                        .protocol(17, &datagram),
                    NoPeer,
                ),
                has_not(),
                uplink(
                    &to_pump().extension(HEADER).datagram(547, 546, &message),
                    AllowedService,
                )
                .of_device(1),
                has(),
            ],
        )
        .under(watched()),
        strict(
            "a lease of IPv6 that calls itself a whole fragment is one",
            [
                uplink(
                    &to_pump().fragment(0, false).datagram(547, 546, &message),
                    AllowedService,
                )
                .of_device(1),
                has(),
            ],
        ),
        strict(
            "a lease of IPv6 ends with its UDP datagram",
            [
                uplink(&cut_to(whole - 1), AllowedService).of_device(1),
                has_not(),
                uplink(&cut_to(whole), AllowedService).of_device(1),
                has(),
            ],
        ),
    ]
}

const HEADER: Extension = Extension::Options {
    kind: 60,
    units: 0,
    fourth: 0,
};

fn receivers() -> Vec<Case> {
    let to = |mac, reason| {
        let frame = frame(ROUTER, mac)
            .ip("fd00::5", "fe80::2")
            .datagram(547, 546, &lease());
        uplink(&frame, reason)
    };
    let mut moved = ward::policy();
    moved.devices[4].wire = None;
    moved.devices[5].mac = STRANGER;
    vec![
        strict(
            "a lease of IPv6 that everybody hears is nobody's",
            [to(ALL_NODES, AllowedService), has_not()],
        ),
        strict(
            "a lease of IPv6 is that of the device that it is sent to, if it is listed and there",
            [
                to(STRANGER, UnknownDevice).forwarded(),
                to(MOVED, WrongWire).of_device(5).forwarded(),
                has_not().after(Event::Swap),
                to(STRANGER, AllowedService).of_device(6),
                uses(PUMP, LEASED, SourceAddressStolen),
            ],
        )
        .under({
            let mut policy = watched();
            policy.onboarding = Mode::Monitor;
            policy
        })
        .then({
            moved.devices[5].profile = 0;
            moved
        }),
    ]
}

fn messages() -> Vec<Case> {
    let options = association6(&address6(v6(LEASED), 60));
    let of_kind = |kind| says6(PUMP, &message6(kind, &options));
    vec![
        strict(
            "only a reply leases IPv6",
            [
                of_kind(2),
                of_kind(6),
                of_kind(8),
                of_kind(10),
                says6(PUMP, &[7, 1, 2]),
                says6(PUMP, &[]),
                has_not(),
                of_kind(7),
                has(),
            ],
        ),
        strict(
            "options of a lease of IPv6 follow its first four bytes",
            [
                says6(PUMP, &[&[7, 1, 2], &options[..]].concat()),
                says6(PUMP, &[&[7, 1, 2, 3, 4], &options[..]].concat()),
                has_not(),
            ],
        ),
    ]
}

fn ends() -> Vec<Case> {
    let free = super::unlisted;
    vec![
        strict(
            "a lease of IPv6 ends in its second, that of the valid lifetime",
            [gives6(PUMP, LEASED, 60), has().at(59), has_not().at(60)],
        ),
        strict(
            "a lease of IPv6 may be without end, and is if its time is beyond all seconds",
            [
                gives6(PUMP, LEASED, u32::MAX),
                has().at(100_000_000),
                gives6(PUMP, LEASED, 1),
                has_not().at(100_000_001),
                gives6(PUMP, LEASED, u32::MAX - 1),
                has().at(200_000_000),
            ],
        ),
        strict(
            "a lease of IPv6 for no time ends what the device had, by lease or by use",
            [
                gives6(PUMP, LEASED, 60),
                gives6(PUMP, LEASED, 0),
                may_claim6(WATCHED, LEASED),
                uses(PUMP, LEASED, AllowedService),
                may_not_claim6(WATCHED, LEASED),
                gives6(PUMP, LEASED, 0),
                may_claim6(WATCHED, LEASED),
            ],
        )
        .under(free()),
        strict(
            "a lease of IPv6 for no time ends nothing of another's",
            [
                gives6(PUMP, LEASED, 60),
                gives6(WATCHED, LEASED, 0),
                may_not_claim6(WATCHED, LEASED),
            ],
        )
        .under(free()),
        strict(
            "a lease of IPv6 binds an address whatever it was bound to before",
            [
                uses(WATCHED, LEASED, AllowedService),
                gives6(PUMP, LEASED, 60),
                claims6(WATCHED, LEASED, NdSpoofed),
                may_claim6(PUMP, LEASED),
                gives6(WATCHED, LEASED, 60),
                may_not_claim6(PUMP, LEASED),
            ],
        )
        .under(free()),
    ]
}

fn odd() -> Vec<Case> {
    let local = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0x77);
    let grants = |address: Ipv6Addr, seconds| with(&[&association6(&address6(address, seconds))]);
    let from_local = |mac, reason| device(&discovers(mac, 135, local, v6(0x99)), reason);
    let sends = |source: &str| {
        let frame = frame(PUMP, ROUTER).ip(source, "fd00::1").icmp(128, 0, 7);
        device(&frame, SourceAddressUnbound).of_device(1)
    };
    vec![
        strict(
            "a lease of a link-local address does nothing",
            [
                grants(local, 60),
                from_local(WATCHED, AllowedService).of_device(2),
                grants(local, 60),
                from_local(PUMP, SourceAddressStolen).of_device(1),
            ],
        ),
        strict(
            "a lease of a link-local address for no time ends nothing",
            [
                from_local(PUMP, AllowedService).of_device(1),
                grants(local, 0),
                from_local(WATCHED, SourceAddressStolen).of_device(2),
            ],
        ),
        strict(
            "a lease of an IPv6 address that no host has does nothing",
            [
                grants("ff02::1".parse().expect("an address"), 60),
                grants("::1".parse().expect("an address"), 60),
                grants("::".parse().expect("an address"), 60),
                grants("::ffff:10.0.0.77".parse().expect("an address"), 60),
                sends("ff02::1"),
                sends("::1"),
                super::has_not(PUMP),
            ],
        )
        .behind(binding(Level::Enforce)),
    ]
}
