//! The life of a TCP conversation.

use xiot_common::reason::Reason::{
    AllowedFlow, AllowedRule, TcpBadState, TcpNoFlow, UnknownDevice, WrongDirection,
};
use xiot_tests::{
    frame::{Frame, flag::*, frame},
    ward::{PUMP, ROUTER, STRANGER},
};

use crate::case::{Case, Step, case, device, uplink};

/// The pump calls its server, which must not call back.
fn call(flags: u8) -> Frame {
    frame(PUMP, ROUTER)
        .ip("10.0.0.11", "10.0.8.11")
        .tcp(50000, 3613, flags)
}

fn answer(flags: u8) -> Frame {
    call(0).reply().flags(flags)
}

fn open() -> Step {
    device(&call(SYN), AllowedRule).by_rule(1).of_device(1)
}

fn sent(flags: u8) -> Step {
    device(&call(flags), AllowedFlow)
        .by_rule(1)
        .of_device(1)
        .by_flow()
}

fn got(flags: u8) -> Step {
    uplink(&answer(flags), AllowedFlow)
        .by_rule(1)
        .of_device(1)
        .by_flow()
}

fn bad_state(flags: u8) -> Step {
    device(&call(flags), TcpBadState).of_device(1)
}

pub(crate) fn cases() -> Vec<Case> {
    [handshake(), established(), again()].concat()
}

fn handshake() -> Vec<Case> {
    vec![
        case(
            "a connection opens, talks and closes",
            [
                open(),
                got(SYN | ACK),
                sent(ACK),
                sent(PSH | ACK),
                got(PSH | ACK),
                sent(FIN | ACK),
                got(FIN | ACK),
                sent(ACK),
            ],
        ),
        case(
            "nothing but a SYN opens a connection",
            [
                device(&call(ACK), TcpNoFlow).of_device(1),
                device(&call(SYN | ACK), TcpNoFlow).of_device(1),
                device(&call(FIN | ACK), TcpNoFlow).of_device(1),
                device(&call(RST), TcpNoFlow).of_device(1),
                uplink(&answer(ACK), TcpNoFlow).of_device(1),
            ],
        ),
        case(
            "a SYN may have more flags than one",
            [device(&call(SYN | PSH | URG | 0xc0), AllowedRule)
                .by_rule(1)
                .of_device(1)],
        ),
        case(
            "a SYN is sent again until it is answered",
            [open(), sent(SYN), got(SYN | ACK)],
        ),
        case(
            "the initiator waits for the handshake",
            [
                open(),
                bad_state(ACK),
                bad_state(PSH | ACK),
                bad_state(FIN | ACK),
                bad_state(SYN | ACK),
                got(SYN | ACK),
                sent(ACK),
            ],
        ),
        case(
            "the responder may answer a SYN with anything",
            [open(), got(ACK), bad_state(ACK), got(FIN | ACK)],
        ),
        case(
            "a refused connection is closing",
            [open(), got(RST | ACK), sent(ACK)],
        ),
        case(
            "a reset ends a handshake",
            [open(), sent(RST), got(SYN | ACK), sent(ACK)],
        ),
    ]
}

fn established() -> Vec<Case> {
    vec![
        case(
            "a connection takes SYN+ACK again",
            [open(), got(SYN | ACK), got(SYN | ACK), sent(SYN | ACK)],
        ),
        case(
            "a reset closes",
            [open(), got(SYN | ACK), got(RST), sent(PSH | ACK)],
        ),
        case(
            "a reset that proves nothing does not close",
            [
                open(),
                got(SYN | ACK),
                sent(ACK),
                uplink(&answer(RST).numbers(2, 1), AllowedFlow)
                    .by_rule(1)
                    .of_device(1)
                    .by_flow(),
                sent(ACK).at(3600),
                // Closing, an hour would have been the end of it.
                uplink(&answer(RST | ACK).numbers(1, 1), AllowedFlow)
                    .by_rule(1)
                    .of_device(1)
                    .by_flow()
                    .at(3600),
                device(&call(ACK), TcpNoFlow).of_device(1).at(3631),
            ],
        ),
        case(
            "a spoofed reset does not close",
            [
                open(),
                got(SYN | ACK),
                device(
                    &frame(STRANGER, ROUTER)
                        .ip("10.0.0.11", "10.0.8.11")
                        .tcp(50000, 3613, RST),
                    UnknownDevice,
                ),
                device(&call(SYN), AllowedRule).by_rule(1).of_device(1),
                sent(ACK),
            ],
        ),
    ]
}

fn again() -> Vec<Case> {
    let judged = || device(&call(SYN), AllowedRule).by_rule(1).of_device(1);
    let refused = || uplink(&answer(SYN), WrongDirection).of_device(1);
    vec![
        case(
            "a SYN on a live connection is judged and changes nothing",
            [open(), got(SYN | ACK), judged(), sent(ACK), got(ACK)],
        ),
        case(
            "a SYN on a half-closed connection is judged and changes nothing",
            [
                open(),
                got(SYN | ACK),
                sent(FIN | ACK),
                judged(),
                got(PSH | ACK),
                got(FIN | ACK),
                sent(ACK),
            ],
        ),
        case(
            "a SYN on a closing connection opens a new one",
            [
                open(),
                got(SYN | ACK),
                sent(FIN | ACK),
                got(FIN | ACK),
                judged(),
                bad_state(ACK),
                got(SYN | ACK),
                sent(ACK),
            ],
        ),
        case(
            "a SYN from the other side is judged in its own direction",
            [
                open(),
                refused(),
                got(SYN | ACK),
                refused(),
                sent(FIN | ACK),
                refused(),
                sent(ACK),
            ],
        ),
        case(
            "a SYN from the other side takes over if a rule lets it",
            [
                device(&both(), AllowedRule).by_rule(8).of_device(1),
                uplink(&both().reply(), AllowedRule).by_rule(2).of_device(1),
                uplink(&both().reply().flags(ACK), TcpBadState).of_device(1),
                device(&both().flags(SYN | ACK), AllowedFlow)
                    .by_rule(2)
                    .of_device(1)
                    .by_flow(),
                uplink(&both().reply().flags(ACK), AllowedFlow)
                    .by_rule(2)
                    .of_device(1)
                    .by_flow(),
            ],
        ),
    ]
}

/// Rule 8 lets the pump open it, rule 2 the peer.
fn both() -> Frame {
    frame(PUMP, ROUTER)
        .ip("10.0.0.11", "10.0.9.9")
        .tcp(22, 22, SYN)
}
