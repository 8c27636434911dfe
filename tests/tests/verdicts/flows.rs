//! Conversations of UDP, ICMP and protocols without ports, and whose they are.

use xiot_agent::model::policy::Mode;
use xiot_common::reason::Reason::{
    AddressNotBound, AllowedFlow, AllowedRule, GroupDenied, IcmpNoFlow, UnknownDevice,
    WrongDirection,
};
use xiot_tests::{
    frame::{Frame, flag::*, frame},
    ward::{self, BROADCAST, PUMP, ROUTER, STRANGER, WATCHED},
};

use crate::case::{Case, Step, case, device, uplink};

pub(crate) fn log() -> Frame {
    frame(PUMP, ROUTER)
        .ip("10.0.0.11", "10.0.4.1")
        .udp(50000, 514)
}

pub(crate) fn ping() -> Frame {
    frame(PUMP, ROUTER)
        .ip("10.0.0.11", "10.0.0.1")
        .icmp(8, 0, 7)
}

pub(crate) fn opened(frame: &Frame, rule: u32) -> Step {
    device(frame, AllowedRule).by_rule(rule).of_device(1)
}

pub(crate) fn goes_on(step: Step, rule: u32) -> Step {
    step.by_rule(rule).of_device(1).by_flow()
}

pub(crate) fn cases() -> Vec<Case> {
    [conversations(), echo(), owners()].concat()
}

fn conversations() -> Vec<Case> {
    let esp = frame(PUMP, ROUTER)
        .ip("10.0.0.11", "10.0.7.1")
        .protocol(50, &[0; 16]);
    let tagged = frame(PUMP, ROUTER)
        .tagged(30)
        .ip("10.0.0.11", "10.0.4.1")
        .udp(50000, 514);
    let first = |identification| {
        let mut datagram = vec![0xc3, 0x50, 2, 2, 5, 0xdc, 0, 0];
        datagram.resize(64, 0);
        frame(PUMP, ROUTER)
            .ip("10.0.0.11", "10.0.4.1")
            .identification(identification)
            .fragment(0, true)
            .protocol(17, &datagram)
    };
    let unspecified = frame(PUMP, BROADCAST)
        .ip("0.0.0.0", "10.0.4.1")
        .udp(50000, 514);
    vec![
        case(
            "both sides of a conversation go on by the flow",
            [
                opened(&log(), 3),
                goes_on(uplink(&log().reply(), AllowedFlow), 3),
                goes_on(device(&log(), AllowedFlow), 3),
            ],
        ),
        case(
            "a protocol without ports is one conversation of two addresses",
            [
                opened(&esp, 5),
                goes_on(uplink(&esp.reply(), AllowedFlow), 5),
            ],
        ),
        case(
            "another VLAN is another conversation",
            [
                opened(&log(), 3),
                opened(&tagged, 3),
                goes_on(device(&tagged, AllowedFlow), 3),
            ],
        ),
        case(
            "another port is another conversation",
            [
                opened(&log(), 3),
                uplink(
                    &frame(ROUTER, PUMP)
                        .ip("10.0.4.1", "10.0.0.11")
                        .udp(514, 50001),
                    WrongDirection,
                )
                .of_device(1),
            ],
        ),
        case(
            "a first fragment opens and follows a conversation",
            [
                opened(&first(1), 3),
                goes_on(device(&first(2), AllowedFlow), 3),
                goes_on(uplink(&log().reply(), AllowedFlow), 3),
            ],
        ),
        case(
            "the unspecified address has no conversations",
            [opened(&unspecified, 3), opened(&unspecified, 3)],
        ),
    ]
}

fn echo() -> Vec<Case> {
    let other_identifier = frame(ROUTER, PUMP)
        .ip("10.0.0.1", "10.0.0.11")
        .icmp(0, 0, 8);
    let zero = frame(PUMP, ROUTER)
        .ip("10.0.0.11", "10.0.0.1")
        .icmp(8, 0, 0);
    let zero_back = frame(ROUTER, PUMP)
        .ip("10.0.0.1", "10.0.0.11")
        .icmp(8, 0, 0);
    let v6 = frame(PUMP, ROUTER)
        .ip("fd00::11", "fd00::1")
        .icmp(128, 0, 7);
    vec![
        case(
            "an echo reply follows its request",
            [
                opened(&ping(), 4),
                goes_on(uplink(&ping().reply(), AllowedFlow), 4),
                goes_on(device(&ping(), AllowedFlow), 4),
            ],
        ),
        case(
            "the same in IPv6",
            [opened(&v6, 4), goes_on(uplink(&v6.reply(), AllowedFlow), 4)],
        ),
        case(
            "an echo reply with another identifier follows nothing",
            [
                opened(&ping(), 4),
                uplink(&other_identifier, IcmpNoFlow).of_device(1),
            ],
        ),
        case(
            "an echo reply from the side that asked follows nothing",
            [
                opened(&zero, 4),
                device(
                    &frame(PUMP, ROUTER)
                        .ip("10.0.0.11", "10.0.0.1")
                        .icmp(0, 0, 0),
                    IcmpNoFlow,
                )
                .of_device(1),
                goes_on(uplink(&zero.reply(), AllowedFlow), 4),
            ],
        ),
        case(
            "requests of both sides with identifier 0 take turns",
            [
                opened(&zero, 4),
                uplink(&zero_back, AllowedRule).by_rule(7).of_device(1),
                goes_on(device(&zero_back.reply(), AllowedFlow), 7),
                uplink(&zero.reply(), IcmpNoFlow).of_device(1),
            ],
        ),
        case(
            "an echo with a code is just a message",
            [
                device(
                    &frame(PUMP, ROUTER)
                        .ip("10.0.0.11", "10.0.0.1")
                        .icmp(8, 1, 7),
                    AllowedRule,
                )
                .by_rule(4)
                .of_device(1),
                device(
                    &frame(PUMP, ROUTER)
                        .ip("10.0.0.11", "10.0.0.1")
                        .icmp(8, 1, 7),
                    AllowedRule,
                )
                .by_rule(4)
                .of_device(1),
            ],
        ),
    ]
}

fn owners() -> Vec<Case> {
    let by = |mac| {
        frame(mac, ROUTER)
            .ip("10.0.0.11", "10.0.4.1")
            .udp(50000, 514)
    };
    let answer_to = |mac| {
        frame(ROUTER, mac)
            .ip("10.0.4.1", "10.0.0.11")
            .udp(514, 50000)
    };
    vec![
        case(
            "another MAC does not slip into a conversation",
            [
                opened(&log(), 3),
                device(&by(STRANGER), UnknownDevice),
                uplink(&answer_to(STRANGER), UnknownDevice),
                uplink(&answer_to(BROADCAST), GroupDenied),
                goes_on(uplink(&answer_to(PUMP), AllowedFlow), 3),
            ],
        ),
        case(
            "another device with the same address has a conversation of its own",
            [
                opened(&log(), 3),
                device(&by(WATCHED), AllowedRule).by_rule(3).of_device(2),
                uplink(&answer_to(WATCHED), AllowedFlow)
                    .by_rule(3)
                    .of_device(2)
                    .by_flow(),
                goes_on(device(&log(), AllowedFlow), 3),
            ],
        ),
        case(
            "the far side does not speak from the device side",
            [
                opened(&log(), 3),
                device(&answer_to(PUMP), UnknownDevice),
                device(
                    &frame(PUMP, ROUTER)
                        .ip("10.0.4.1", "10.0.0.11")
                        .udp(514, 50000),
                    AddressNotBound,
                )
                .of_device(1),
                uplink(&log(), UnknownDevice),
                goes_on(uplink(&answer_to(PUMP), AllowedFlow), 3),
            ],
        ),
        case(
            "nobody keeps a device from its conversations by coming first",
            [
                device(&squat(ACK), UnknownDevice).forwarded(),
                device(&squat(SYN), UnknownDevice).forwarded(),
                opened(&call(), 1),
                goes_on(uplink(&call().reply().flags(SYN | ACK), AllowedFlow), 1),
            ],
        )
        .under(ward::onboarding(Mode::Learn)),
        case(
            "a flow does not cover another address of the device",
            [
                opened(&log(), 3),
                device(
                    &frame(PUMP, ROUTER)
                        .ip("10.0.0.12", "10.0.4.1")
                        .udp(50000, 514),
                    AddressNotBound,
                )
                .of_device(1),
            ],
        ),
    ]
}

/// Somebody else's segments with the addresses and ports of the pump's call.
fn squat(flags: u8) -> Frame {
    frame(STRANGER, ROUTER)
        .ip("10.0.0.11", "10.0.8.11")
        .tcp(50000, 3613, flags)
}

pub(crate) fn call() -> Frame {
    frame(PUMP, ROUTER)
        .ip("10.0.0.11", "10.0.8.11")
        .tcp(50000, 3613, SYN)
}
