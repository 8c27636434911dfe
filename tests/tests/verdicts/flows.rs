//! Conversations of UDP, ICMP and protocols without ports; spoofing; a full table; time.

use xiot_agent::model::policy::Mode;
use xiot_common::reason::Reason::{
    AddressNotBound, AllowedFlow, AllowedRule, FlowTableFull, GroupDenied, IcmpNoFlow, NoPort,
    TcpNoFlow, UnknownDevice, WrongDirection,
};
use xiot_tests::{
    frame::{Frame, flag::*, frame},
    ward::{self, BROADCAST, PUMP, ROUTER, STRANGER, WATCHED},
};

use crate::case::{Case, Step, case, device, uplink};

fn log() -> Frame {
    frame(PUMP, ROUTER)
        .ip("10.0.0.11", "10.0.4.1")
        .udp(50000, 514)
}

fn ping() -> Frame {
    frame(PUMP, ROUTER)
        .ip("10.0.0.11", "10.0.0.1")
        .icmp(8, 0, 7)
}

fn opened(frame: &Frame, rule: u32) -> Step {
    device(frame, AllowedRule).by_rule(rule).of_device(1)
}

fn goes_on(step: Step, rule: u32) -> Step {
    step.by_rule(rule).of_device(1).by_flow()
}

pub(crate) fn cases() -> Vec<Case> {
    [conversations(), echo(), owners(), full(), time()].concat()
}

fn conversations() -> Vec<Case> {
    let esp = frame(PUMP, ROUTER)
        .ip("10.0.0.11", "10.0.7.1")
        .protocol(50, &[0; 16]);
    let tagged = frame(PUMP, ROUTER)
        .tagged(30)
        .ip("10.0.0.11", "10.0.4.1")
        .udp(50000, 514);
    let first = frame(PUMP, ROUTER)
        .ip("10.0.0.11", "10.0.4.1")
        .fragment(0, true)
        .udp(50000, 514);
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
                opened(&first, 3),
                goes_on(device(&first, AllowedFlow), 3),
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

fn full() -> Vec<Case> {
    let numbered = |port| {
        frame(PUMP, ROUTER)
            .ip("10.0.0.11", "10.0.4.1")
            .udp(port, 514)
    };
    let watched = |port| {
        frame(WATCHED, ROUTER)
            .ip("10.0.0.12", "10.0.4.1")
            .udp(port, 514)
    };
    let refused = frame(WATCHED, ROUTER)
        .ip("10.0.0.12", "10.0.4.1")
        .udp(1, 515);
    vec![
        case(
            "a full table refuses new conversations and keeps the old",
            [
                opened(&numbered(1), 3),
                opened(&numbered(2), 3),
                device(&numbered(3), FlowTableFull).of_device(1),
                goes_on(uplink(&numbered(1).reply(), AllowedFlow), 3),
                goes_on(uplink(&numbered(2).reply(), AllowedFlow), 3),
            ],
        )
        .with_few_flows(),
        case(
            "a full table stops no device that is not enforced",
            [
                opened(&numbered(1), 3),
                opened(&numbered(2), 3),
                device(&watched(3), FlowTableFull).of_device(2).forwarded(),
                device(&watched(3), FlowTableFull).of_device(2).forwarded(),
            ],
        )
        .with_few_flows(),
        case(
            "what is denied anyway keeps its reason when the table is full",
            [
                opened(&numbered(1), 3),
                opened(&numbered(2), 3),
                device(&refused, NoPort).of_device(2).forwarded(),
                device(&refused, NoPort).of_device(2).forwarded(),
            ],
        )
        .with_few_flows(),
        case(
            "what is over makes room",
            [
                opened(&numbered(1), 3),
                opened(&numbered(2), 3),
                goes_on(device(&numbered(2), AllowedFlow), 3).at(20),
                opened(&numbered(3), 3).at(40),
                goes_on(uplink(&numbered(2).reply(), AllowedFlow), 3).at(40),
                device(&numbered(4), FlowTableFull).of_device(1).at(40),
                uplink(&numbered(1).reply(), WrongDirection)
                    .of_device(1)
                    .at(40),
            ],
        )
        .with_few_flows(),
        case(
            "a conversation that is opened anew needs no more room",
            [
                device(&call(), AllowedRule).by_rule(1).of_device(1),
                opened(&numbered(2), 3),
                device(&call().flags(RST), AllowedFlow)
                    .by_rule(1)
                    .of_device(1)
                    .by_flow(),
                device(&call(), AllowedRule).by_rule(1).of_device(1),
            ],
        )
        .with_few_flows(),
    ]
}

fn call() -> Frame {
    frame(PUMP, ROUTER)
        .ip("10.0.0.11", "10.0.8.11")
        .tcp(50000, 3613, SYN)
}

fn time() -> Vec<Case> {
    let ask = || opened(&log(), 3);
    let answer = || goes_on(uplink(&log().reply(), AllowedFlow), 3);
    let denied = || uplink(&log().reply(), WrongDirection).of_device(1);
    let hit = || goes_on(device(&log(), AllowedFlow), 3);
    let mut patient = ward::policy();
    patient.profiles[0].timeouts.udp_unreplied = std::time::Duration::from_secs(100);
    vec![
        case(
            "UDP without a reply lives 30 seconds",
            [ask(), answer().at(30)],
        ),
        case(
            "UDP without a reply is over after 30 seconds",
            [ask(), denied().at(31)],
        ),
        case(
            "each frame starts the time anew",
            [ask(), hit().at(30), hit().at(60), denied().at(91)],
        ),
        case(
            "UDP with a reply lives 180 seconds",
            [ask(), answer(), answer().at(180), denied().at(361)],
        ),
        case("a profile sets its own times", [ask(), answer().at(100)]).under(patient),
        case(
            "an echo lives 30 seconds",
            [
                opened(&ping(), 4),
                goes_on(uplink(&ping().reply(), AllowedFlow), 4),
                uplink(&ping().reply(), IcmpNoFlow).of_device(1).at(31),
            ],
        ),
        case(
            "other protocols live 600 seconds",
            [
                opened(&esp(), 5),
                goes_on(device(&esp(), AllowedFlow), 5).at(600),
                opened(&esp(), 5).at(1201),
            ],
        ),
        case(
            "a TCP handshake has 60 seconds",
            [
                opened(&call(), 1),
                goes_on(uplink(&call().reply().flags(SYN | ACK), AllowedFlow), 1).at(60),
                goes_on(device(&call().flags(ACK), AllowedFlow), 1).at(60 + 86400),
                device(&call().flags(ACK), TcpNoFlow)
                    .of_device(1)
                    .at(61 + 2 * 86400),
            ],
        ),
        case(
            "one side may wait for the other's answer long after its FIN",
            [
                opened(&call(), 1),
                goes_on(uplink(&call().reply().flags(SYN | ACK), AllowedFlow), 1),
                goes_on(device(&call().flags(FIN | ACK), AllowedFlow), 1),
                goes_on(device(&call().flags(FIN | ACK), AllowedFlow), 1),
                goes_on(uplink(&call().reply().flags(ACK), AllowedFlow), 1).at(7200),
                goes_on(uplink(&call().reply().flags(FIN | ACK), AllowedFlow), 1).at(14_400),
                goes_on(device(&call().flags(ACK), AllowedFlow), 1).at(14_430),
                device(&call().flags(ACK), TcpNoFlow)
                    .of_device(1)
                    .at(14_461),
            ],
        ),
        case(
            "TCP lives 30 seconds after a reset",
            [
                opened(&call(), 1),
                goes_on(device(&call().flags(RST), AllowedFlow), 1),
                goes_on(uplink(&call().reply().flags(ACK), AllowedFlow), 1).at(30),
                uplink(&call().reply().flags(ACK), TcpNoFlow)
                    .of_device(1)
                    .at(61),
            ],
        ),
    ]
}

fn esp() -> Frame {
    frame(PUMP, ROUTER)
        .ip("10.0.0.11", "10.0.7.1")
        .protocol(50, &[0; 16])
}
