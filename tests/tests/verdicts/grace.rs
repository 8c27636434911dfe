//! The grace period: conversations that were there before the gateway.

use xiot_common::reason::Reason::{
    AllowedFlow, AllowedGrace, AllowedRule, NoPort, TcpNoFlow, WrongDirection,
};
use xiot_tests::{
    frame::{Frame, flag::*, frame},
    ward::{PUMP, ROUTER},
};

use crate::{
    case::{Case, Event, Step, case, device, uplink},
    flows::{call, goes_on, log},
};

const GRACE: Event = Event::Grace(300);

fn picked_up(step: Step, rule: u32) -> Step {
    step.by_rule(rule).of_device(1)
}

fn no_flow(frame: &Frame) -> Step {
    device(frame, TcpNoFlow).of_device(1)
}

pub(crate) fn cases() -> Vec<Case> {
    let ack = || call().flags(ACK);
    let answer = || call().reply().flags(PSH | ACK);
    let elsewhere = frame(PUMP, ROUTER)
        .ip("10.0.0.11", "10.0.8.12")
        .tcp(50000, 3613, ACK);
    let called = frame(ROUTER, PUMP)
        .ip("10.0.9.9", "10.0.0.11")
        .tcp(40000, 22, ACK);
    let asked = frame(PUMP, ROUTER)
        .ip("10.0.0.11", "10.0.9.9")
        .udp(50000, 514);
    let other = frame(PUMP, ROUTER)
        .ip("10.0.0.11", "10.0.8.11")
        .tcp(50001, 3613, ACK);
    vec![
        case(
            "a session goes on from its initiator's segment",
            [
                picked_up(device(&ack(), AllowedGrace), 1).after(GRACE),
                goes_on(uplink(&answer(), AllowedFlow), 1),
                goes_on(device(&ack(), AllowedFlow), 1),
            ],
        ),
        case(
            "a session goes on from its responder's segment",
            [
                picked_up(uplink(&answer(), AllowedGrace), 1).after(GRACE),
                goes_on(device(&ack(), AllowedFlow), 1),
                goes_on(uplink(&answer(), AllowedFlow), 1),
            ],
        ),
        case(
            "a session that the peer opened goes on from either side",
            [
                picked_up(device(&called.reply(), AllowedGrace), 2).after(GRACE),
                goes_on(uplink(&called, AllowedFlow), 2),
            ],
        ),
        case(
            "an answer by UDP goes on",
            [
                picked_up(uplink(&log().reply(), AllowedGrace), 3).after(GRACE),
                goes_on(device(&log(), AllowedFlow), 3),
                goes_on(uplink(&log().reply(), AllowedFlow), 3).at(180),
                uplink(&log().reply(), WrongDirection).of_device(1).at(361),
            ],
        ),
        case(
            "what UDP may open is no matter of grace",
            [
                picked_up(device(&log(), AllowedRule), 3).after(GRACE),
                device(&asked, NoPort).of_device(1),
            ],
        ),
        case(
            "no session goes on that the rules do not allow",
            [no_flow(&elsewhere).after(GRACE), no_flow(&elsewhere)],
        ),
        case(
            "what ends or opens a session picks none up",
            [
                no_flow(&ack().flags(RST | ACK)).after(GRACE),
                no_flow(&ack().flags(FIN | ACK)),
                no_flow(&ack().flags(SYN | ACK)),
            ],
        ),
        case(
            "the grace period has an end",
            [
                picked_up(device(&ack(), AllowedGrace), 1)
                    .after(Event::Grace(10))
                    .at(9),
                no_flow(&other).at(10),
            ],
        ),
    ]
}
