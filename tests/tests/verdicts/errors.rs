//! ICMP errors, and the conversations that they are about.

use xiot_agent::model::policy::{Mode, Policy};
use xiot_common::reason::Reason::{
    AllowedRelated, IcmpErrorUnrelated, NoPort, UnknownDevice, WrongDirection,
};
use xiot_tests::{
    frame::{Frame, PacketEnvelope, flag::SYN, frame},
    ward::{self, PUMP, ROUTER, STRANGER, WATCHED},
};

use crate::{
    case::{Case, Event, Step, case, device, uplink},
    flows::{log, opened, ping},
};

pub(crate) fn cases() -> Vec<Case> {
    [about_flows(), about_nothing()].concat()
}

/// What an error quotes: the IP header and 8 bytes.
pub(crate) fn quote(frame: &Frame, header: usize) -> Vec<u8> {
    frame.build()[14..14 + header + 8].to_vec()
}

/// A message of this type and code to the pump.
pub(crate) fn to_pump(kind: u8, code: u8, quote: &[u8]) -> Frame {
    message(
        frame(ROUTER, PUMP).ip("10.0.1.1", "10.0.0.11"),
        1,
        kind,
        code,
        quote,
    )
}

fn message(packet: PacketEnvelope, protocol: u8, kind: u8, code: u8, quote: &[u8]) -> Frame {
    packet.protocol(protocol, &[&[kind, code, 0, 0, 0, 0, 0, 0], quote].concat())
}

fn related(frame: &Frame, rule: u32) -> Step {
    uplink(frame, AllowedRelated).by_rule(rule).of_device(1)
}

fn unrelated(frame: &Frame) -> Step {
    uplink(frame, IcmpErrorUnrelated).of_device(1)
}

fn about_flows() -> Vec<Case> {
    let call = frame(PUMP, ROUTER)
        .ip("fd00::11", "fd00:8::11")
        .tcp(50000, 3613, SYN);
    let too_big = message(
        frame(ROUTER, PUMP).ip("fd00::1", "fd00::11"),
        58,
        2,
        0,
        &quote(&call, 40),
    );
    let closed = message(
        frame(PUMP, ROUTER).ip("10.0.0.11", "10.0.4.1"),
        1,
        3,
        3,
        &quote(&log().reply(), 20),
    );
    let watched = frame(WATCHED, ROUTER)
        .ip("10.0.0.12", "10.0.4.1")
        .udp(1, 515);
    let to_watched = message(
        frame(ROUTER, WATCHED).ip("10.0.1.1", "10.0.0.12"),
        1,
        3,
        3,
        &quote(&watched, 20),
    );
    vec![
        case(
            "an error about a conversation passes with it",
            [
                opened(&log(), 3),
                related(&to_pump(3, 3, &quote(&log(), 20)), 3),
                related(&to_pump(11, 0, &quote(&log(), 20)), 3),
                related(&to_pump(12, 0, &quote(&log(), 20)), 3),
            ],
        ),
        case(
            "an error about an echo passes with it",
            [
                opened(&ping(), 4),
                related(&to_pump(3, 1, &quote(&ping(), 20)), 4),
            ],
        ),
        case(
            "the path MTU is found in IPv6 too",
            [opened(&call, 1), related(&too_big, 1)],
        ),
        case(
            "a device may complain of what it gets",
            [
                opened(&log(), 3),
                device(&closed, AllowedRelated).by_rule(3).of_device(1),
            ],
        ),
        case(
            "an error keeps no conversation alive",
            [
                opened(&log(), 3),
                related(&to_pump(3, 3, &quote(&log(), 20)), 3).at(30),
                unrelated(&to_pump(3, 3, &quote(&log(), 20))).at(31),
                uplink(&log().reply(), WrongDirection).of_device(1).at(31),
            ],
        ),
        case(
            "an error about a denied conversation is denied likewise",
            [
                device(&watched, NoPort).of_device(2).forwarded(),
                uplink(&to_watched, NoPort).of_device(2).forwarded(),
            ],
        ),
        case(
            "an error passes in another epoch as long as the device is judged as before",
            [
                opened(&log(), 3),
                related(&to_pump(3, 3, &quote(&log(), 20)), 3).after(Event::Touch),
                unrelated(&to_pump(3, 3, &quote(&log(), 20))).after(Event::Swap),
            ],
        )
        .then(without_arp()),
    ]
}

fn without_arp() -> Policy {
    let mut policy = ward::policy();
    policy.profiles[0].arp = false;
    policy
}

fn about_nothing() -> Vec<Case> {
    let whole = quote(&log(), 20);
    let mut later = whole.clone();
    later[7] = 1;
    let mut short = whole.clone();
    short.pop();
    let mut version = whole.clone();
    version[0] = 0x65;
    let other_host = frame(PUMP, ROUTER)
        .ip("10.0.0.11", "10.0.4.2")
        .udp(50000, 514);
    let from_nowhere = message(
        frame(PUMP, ROUTER).ip("10.0.0.11", "10.0.4.2"),
        1,
        3,
        3,
        &quote(&log().reply(), 20),
    );
    let elsewhere = message(
        frame(ROUTER, PUMP).ip("10.0.1.1", "10.0.0.12"),
        1,
        3,
        3,
        &whole,
    );
    let to_any = message(
        frame(PUMP, ROUTER).ip("10.0.0.11", "10.0.4.7"),
        1,
        3,
        3,
        &whole,
    );
    let stranger = message(
        frame(STRANGER, ROUTER).ip("10.0.0.99", "10.0.4.1"),
        1,
        3,
        3,
        &whole,
    );
    vec![
        case(
            "an error about no conversation is refused",
            [unrelated(&to_pump(3, 3, &whole))],
        ),
        case(
            "an error must quote a conversation as its sender got it",
            [
                opened(&log(), 3),
                unrelated(&to_pump(3, 3, &quote(&log().reply(), 20))),
                unrelated(&to_pump(3, 3, &quote(&other_host, 20))),
                unrelated(&to_pump(3, 3, &later)),
                unrelated(&to_pump(3, 3, &short)),
                unrelated(&to_pump(3, 3, &version)),
                unrelated(&to_pump(3, 3, &[])),
                uplink(&elsewhere, IcmpErrorUnrelated).of_device(1),
                device(&from_nowhere, IcmpErrorUnrelated).of_device(1),
            ],
        ),
        case(
            "no rule lets an error pass",
            [device(&to_any, IcmpErrorUnrelated).of_device(1)],
        ),
        case(
            "an error of an unknown device is one of an unknown device",
            [device(&stranger, UnknownDevice).forwarded()],
        )
        .under(ward::onboarding(Mode::Learn)),
    ]
}
