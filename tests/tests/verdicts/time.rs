//! Conversations in time: how long they live, and what becomes of a full table.

use xiot_common::reason::Reason::{
    AllowedFlow, AllowedRule, FlowTableFull, IcmpNoFlow, NoPort, TcpNoFlow, WrongDirection,
};
use xiot_tests::{
    frame::{Frame, flag::*, frame},
    ward::{self, PUMP, ROUTER, WATCHED},
};

use crate::{
    case::{Case, Step, case, device, uplink},
    flows::{call, goes_on, log, opened, ping},
};

pub(crate) fn cases() -> Vec<Case> {
    [full(), room(), time()].concat()
}

/// One of the pump's conversations.
fn numbered(port: u16) -> Frame {
    frame(PUMP, ROUTER)
        .ip("10.0.0.11", "10.0.4.1")
        .udp(port, 514)
}

fn answered(port: u16) -> [Step; 2] {
    [
        opened(&numbered(port), 3),
        goes_on(uplink(&numbered(port).reply(), AllowedFlow), 3),
    ]
}

/// With a table that two conversations fill.
fn more(steps: &[Step]) -> Vec<Step> {
    [&answered(1)[..], &answered(2), steps].concat()
}

fn full() -> Vec<Case> {
    let watched = |port| {
        frame(WATCHED, ROUTER)
            .ip("10.0.0.12", "10.0.4.1")
            .udp(port, 514)
    };
    let refused = frame(WATCHED, ROUTER)
        .ip("10.0.0.12", "10.0.4.1")
        .udp(1, 515);
    let of_watched = |step: Step| step.of_device(2).forwarded();
    vec![
        case(
            "a full table refuses answers to new conversations and keeps the old",
            more(&[
                opened(&numbered(3), 3),
                uplink(&numbered(3).reply(), FlowTableFull).of_device(1),
                goes_on(device(&numbered(3), AllowedFlow), 3),
                uplink(&numbered(3).reply(), FlowTableFull).of_device(1),
                goes_on(uplink(&numbered(1).reply(), AllowedFlow), 3),
                goes_on(device(&numbered(2), AllowedFlow), 3),
            ]),
        )
        .with_few_flows(),
        case(
            "a side that speaks on alone does so when the table is full",
            more(&[
                opened(&numbered(3), 3),
                goes_on(device(&numbered(3), AllowedFlow), 3).at(1),
                goes_on(device(&numbered(3), AllowedFlow), 3).at(2),
            ]),
        )
        .with_few_flows(),
        case(
            "a full table stops no device that is not enforced",
            more(&[
                device(&watched(3), AllowedRule).by_rule(3).of_device(2),
                of_watched(uplink(&watched(3).reply(), FlowTableFull)),
                of_watched(uplink(&watched(3).reply(), FlowTableFull)),
            ]),
        )
        .with_few_flows(),
        case(
            "what is denied anyway keeps its reason when the table is full",
            more(&[
                of_watched(device(&refused, NoPort)),
                of_watched(uplink(&refused.reply(), NoPort)).by_flow(),
                of_watched(device(&refused, NoPort)).by_flow(),
            ]),
        )
        .with_few_flows(),
    ]
}

fn room() -> Vec<Case> {
    vec![
        case(
            "what is over makes room",
            more(&[
                goes_on(device(&numbered(2), AllowedFlow), 3).at(100),
                opened(&numbered(3), 3).at(200),
                goes_on(uplink(&numbered(3).reply(), AllowedFlow), 3).at(200),
                goes_on(uplink(&numbered(2).reply(), AllowedFlow), 3).at(200),
                opened(&numbered(4), 3).at(200),
                uplink(&numbered(4).reply(), FlowTableFull)
                    .of_device(1)
                    .at(200),
            ]),
        )
        .with_few_flows(),
        case(
            "what a reset leaves in doubt makes room",
            [
                opened(&call(), 1),
                goes_on(uplink(&call().reply().flags(SYN | ACK), AllowedFlow), 1),
                goes_on(
                    uplink(&call().reply().flags(RST).numbers(9, 9), AllowedFlow),
                    1,
                ),
                opened(&numbered(1), 3).at(31),
                goes_on(uplink(&numbered(1).reply(), AllowedFlow), 3).at(31),
                opened(&numbered(2), 3).at(31),
                goes_on(uplink(&numbered(2).reply(), AllowedFlow), 3).at(31),
                device(&call().flags(ACK), TcpNoFlow).of_device(1).at(31),
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
