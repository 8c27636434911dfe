//! Leases of DHCP, as they are seen on their way.

use xiot_agent::model::guard::{Guards, Level};
use xiot_common::reason::Reason::{
    self, AllowedRule, AllowedService, NoPeer, SourceAddressInvalid, SourceAddressUnbound,
};
use xiot_tests::{
    frame::{
        Frame, Mac, PacketEnvelope, frame,
        lease::{acknowledgement, reply},
    },
    ward::{BROADCAST, MOVED, PUMP, ROUTER, STRANGER, WATCHED},
};

use super::{
    LEASED, STRICT, binding, from_server, gives, has, has_not, lease, may_not, strict, unlisted, v4,
};
use crate::case::{Case, Event, Step, device, uplink};

pub(super) fn cases() -> Vec<Case> {
    [
        frames(),
        messages(),
        options(),
        receivers(),
        addresses(),
        times(),
    ]
    .concat()
}

fn to_watched() -> PacketEnvelope {
    from_server(frame(ROUTER, WATCHED))
}

/// What the server says to the watched device.
fn said(message: &[u8]) -> Step {
    let frame = to_watched().datagram(67, 68, message);
    uplink(&frame, AllowedService).of_device(2)
}

/// A reply with these options.
fn with(options: &[&[u8]]) -> Step {
    said(&[reply(WATCHED, v4(LEASED)), options.concat()].concat())
}

/// The policy has something against it, but only watches.
fn watched(frame: &Frame, reason: Reason) -> Step {
    uplink(frame, reason).of_device(2).forwarded()
}

fn frames() -> Vec<Case> {
    let message = lease(WATCHED, 60);
    let from_device = frame(WATCHED, BROADCAST)
        .ip("0.0.0.0", "10.0.4.7")
        .datagram(67, 68, &message);
    let mut datagram = vec![0, 67, 0, 68, 1, 8, 0, 0];
    datagram.extend(&message);
    datagram.resize(264, 0);
    let cut_to = |options: u16| {
        let mut datagram = datagram.clone();
        datagram[4..6].copy_from_slice(&(8 + 240 + options).to_be_bytes());
        to_watched().protocol(17, &datagram)
    };
    vec![
        strict(
            "a lease is bound as it passes, and is the device's own",
            [has_not(WATCHED), gives(WATCHED, 60), has(WATCHED)],
        ),
        strict(
            "a lease is not a device's to give",
            [
                device(&from_device, AllowedRule).by_rule(9).of_device(2),
                has_not(WATCHED),
            ],
        )
        .behind(Guards {
            dhcp_server: Level::Off,
            ..STRICT
        }),
        strict(
            "a lease comes from the server's port to the client's",
            [
                watched(&to_watched().datagram(67, 69, &message), NoPeer),
                watched(&to_watched().datagram(66, 68, &message), NoPeer),
                watched(&to_watched().datagram(68, 67, &message), NoPeer),
                watched(&to_watched().datagram(547, 546, &message), NoPeer),
                has_not(WATCHED),
            ],
        ),
        strict(
            "a lease is in no fragment",
            [
                watched(
                    &to_watched().fragment(0, true).protocol(17, &datagram),
                    NoPeer,
                ),
                has_not(WATCHED),
            ],
        ),
        strict(
            "a lease ends with its UDP datagram",
            [
                uplink(&cut_to(8), AllowedService).of_device(2),
                has_not(WATCHED),
                uplink(&cut_to(9), AllowedService).of_device(2),
                has(WATCHED),
            ],
        ),
    ]
}

fn messages() -> Vec<Case> {
    let changed = |at: usize, to: u8| {
        let mut message = lease(WATCHED, 60);
        message[at] = to;
        said(&message)
    };
    let short = lease(WATCHED, 60)[..239].to_vec();
    vec![
        strict(
            "a lease is a reply to an Ethernet client with DHCP's cookie",
            [
                changed(0, 1),
                changed(1, 6),
                changed(2, 16),
                changed(236, 0x62),
                changed(239, 0x64),
                said(&short),
                said(&[]),
                has_not(WATCHED),
                changed(3, 9),
                has(WATCHED),
            ],
        ),
        strict(
            "an offer is no lease",
            [
                with(&[&[53, 1, 2], &[51, 4, 0, 0, 0, 60]]),
                has_not(WATCHED),
                with(&[&[53, 2, 5, 5], &[51, 4, 0, 0, 0, 60]]),
                has_not(WATCHED),
                with(&[&[51, 4, 0, 0, 0, 60]]),
                has_not(WATCHED),
            ],
        ),
        strict(
            "a lease has a time",
            [
                with(&[&[53, 1, 5]]),
                has_not(WATCHED),
                with(&[&[53, 1, 5], &[51, 3, 0, 0, 60, 255]]),
                has_not(WATCHED),
                with(&[&[53, 1, 5], &[51, 5, 0, 0, 0, 60, 0]]),
                has_not(WATCHED),
            ],
        ),
    ]
}

fn options() -> Vec<Case> {
    const ACK: &[u8] = &[53, 1, 5];
    const TIME: &[u8] = &[51, 4, 0, 0, 0, 60];
    let pads = |count: usize| vec![0; count];
    let others = |count: usize| [12, 1, 65].repeat(count);
    vec![
        strict(
            "of the options of a lease code 0 is one byte",
            [with(&[&[0], ACK, &[0, 0], TIME]), has(WATCHED)],
        ),
        strict(
            "options of a lease end at 255",
            [
                with(&[ACK, &[255], TIME]),
                with(&[ACK, &[255, 0], TIME]),
                has_not(WATCHED),
                with(&[ACK, TIME, &[255], &[53, 1, 2]]),
                has(WATCHED),
            ],
        ),
        strict(
            "options of a lease end with the payload",
            [with(&[TIME, ACK]), has(WATCHED)],
        ),
        strict(
            "options of a lease end before one that reaches beyond the payload",
            [
                with(&[ACK, &[12, 7], TIME]),
                has_not(WATCHED),
                with(&[ACK, &TIME[..5]]),
                has_not(WATCHED),
                with(&[TIME, &ACK[..2]]),
                has_not(WATCHED),
                with(&[ACK, &[12, 6], TIME]),
                has_not(WATCHED),
                with(&[ACK, TIME, &[53, 7]]),
                has(WATCHED),
            ],
        ),
        strict(
            "options of a lease may be long",
            [with(&[&[43, 255], &[51; 255], ACK, TIME]), has(WATCHED)],
        ),
        strict(
            "of the options of a lease 128 are read",
            [
                with(&[&pads(127), ACK, TIME]),
                has_not(WATCHED),
                with(&[&others(127), ACK, TIME]),
                has_not(WATCHED),
                with(&[&pads(63), &others(63), ACK, TIME]),
                has(WATCHED),
            ],
        ),
        strict(
            "of the options of one code in a lease the last counts",
            [
                with(&[ACK, TIME, &[53, 1, 2]]),
                has_not(WATCHED),
                with(&[ACK, TIME, &[53, 0]]),
                has_not(WATCHED),
                with(&[ACK, TIME, &[51, 4, 0, 0, 0, 0]]),
                has_not(WATCHED),
                with(&[ACK, TIME, &[51, 2, 0, 0]]),
                has_not(WATCHED),
                with(&[&[53, 1, 2], &[51, 4, 0, 0, 0, 0], ACK, TIME]),
                has(WATCHED),
            ],
        ),
    ]
}

fn receivers() -> Vec<Case> {
    let to = |mac: Mac, client: Mac, number: u32| {
        let message = lease(client, 60);
        let frame = from_server(frame(ROUTER, mac)).datagram(67, 68, &message);
        uplink(&frame, AllowedService).of_device(number)
    };
    let listed = || {
        let mut policy = unlisted();
        policy.devices[4].wire = None;
        policy
    };
    vec![
        strict(
            "a lease that everybody hears is its client's",
            [to(BROADCAST, WATCHED, 0), has(WATCHED), may_not(PUMP)],
        )
        .under(unlisted()),
        strict(
            "a lease that only another hears binds nothing",
            [to(PUMP, WATCHED, 1), has_not(WATCHED), has_not(PUMP)],
        )
        .under(unlisted()),
        strict(
            "a lease of who is not listed binds nothing, until the server says it again",
            [
                to(BROADCAST, STRANGER, 0),
                has_not(PUMP),
                has_not(PUMP).after(Event::Swap),
                to(BROADCAST, STRANGER, 0),
                may_not(PUMP),
            ],
        )
        .under(unlisted())
        .then({
            let mut policy = unlisted();
            policy.devices[5].mac = STRANGER;
            policy
        }),
        strict(
            "a lease of who belongs on another wire binds nothing",
            [
                to(BROADCAST, MOVED, 0),
                has_not(WATCHED),
                // Nor later.
                has_not(WATCHED).after(Event::Swap),
            ],
        )
        .under(unlisted())
        .then(listed()),
    ]
}

fn addresses() -> Vec<Case> {
    let gives_this = |address: [u8; 4]| {
        let message = [reply(WATCHED, address.into()), acknowledgement(60)].concat();
        said(&message)
    };
    let sends = |source: &str, reason| {
        let frame = frame(WATCHED, ROUTER)
            .ip(source, "10.0.4.1")
            .udp(50000, 514);
        device(&frame, reason).of_device(2)
    };
    vec![
        strict(
            "a lease of an address that no host has binds nothing",
            [
                gives_this([127, 0, 0, 1]),
                gives_this([224, 0, 0, 1]),
                gives_this([239, 255, 255, 255]),
                gives_this([255, 255, 255, 255]),
                sends("127.0.0.1", SourceAddressUnbound),
                sends("224.0.0.1", SourceAddressUnbound),
                sends("239.255.255.255", SourceAddressUnbound),
                sends("255.255.255.255", SourceAddressUnbound),
                sends("224.0.0.1", SourceAddressInvalid).after(Event::Rewire),
            ],
        )
        .behind(binding(Level::Enforce))
        .then_behind(STRICT),
        strict(
            "a lease binds an address whatever it was bound to before",
            [
                gives(WATCHED, 60),
                may_not(PUMP),
                gives(PUMP, 60),
                has(PUMP),
                may_not(WATCHED),
            ],
        )
        .under(unlisted()),
    ]
}

fn times() -> Vec<Case> {
    vec![
        strict(
            "a lease ends in its second",
            [
                gives(WATCHED, 60),
                may_not(PUMP).at(59),
                has(WATCHED).at(59),
                has_not(WATCHED).at(60),
                has_not(PUMP).at(60),
            ],
        )
        .under(unlisted()),
        strict(
            "a lease is prolonged by the next, and shortened",
            [
                gives(WATCHED, 60),
                gives(WATCHED, 60).at(50),
                has(WATCHED).at(109),
                gives(WATCHED, 10).at(109),
                has_not(WATCHED).at(119),
            ],
        ),
        strict(
            "a lease of no time ends what was leased before, and another's",
            [
                gives(WATCHED, 60),
                gives(WATCHED, 0),
                has_not(WATCHED),
                gives(WATCHED, 60),
                gives(PUMP, 0),
                has_not(WATCHED),
                has_not(PUMP),
            ],
        )
        .under(unlisted()),
        strict(
            "a lease may be without end, and is if its time is beyond all seconds",
            [
                gives(WATCHED, u32::MAX),
                has(WATCHED),
                has(WATCHED).at(100_000_000),
                gives(WATCHED, 1),
                has_not(WATCHED).at(100_000_001),
                gives(WATCHED, u32::MAX - 1),
                has(WATCHED),
                has(WATCHED).at(200_000_000),
            ],
        ),
        strict(
            "neither what a device releases nor what it declines ends a lease",
            [
                gives(WATCHED, 60),
                tells_server(7),
                tells_server(4),
                has(WATCHED),
            ],
        ),
    ]
}

/// A message of this type from the client to the server.
fn tells_server(kind: u8) -> Step {
    let mut message = reply(WATCHED, v4(LEASED));
    message[0] = 1;
    message[12..16].copy_from_slice(&v4(LEASED).octets());
    message.extend([53, 1, kind, 255]);
    let frame = frame(WATCHED, ROUTER)
        .ip("10.0.0.77", "10.0.0.5")
        .datagram(68, 67, &message);
    device(&frame, AllowedService).of_device(2)
}
