//! Transport headers that cannot be.

use xiot_common::reason::Reason::{
    AllowedRule, BadIcmpHeader, BadTcpFlags, BadTcpHeader, BadUdpHeader, NoPeer,
};
use xiot_tests::{
    frame::{flag::*, frame},
    ward::{PUMP, ROUTER, WATCHED},
};

use crate::{
    case::{Case, case, device, device_bytes},
    parse::{IP, call, edited, log},
};

pub(crate) fn cases() -> Vec<Case> {
    transport()
}

fn transport() -> Vec<Case> {
    let offset = |value: u8| edited(&call(), IP + 32, &[value]);
    let length = |value: u8| edited(&log(), IP + 24, &[0, value]);
    let flags = |value| device(&call().flags(value), BadTcpFlags);
    vec![
        case(
            "a TCP header needs 20 bytes and an offset within the packet",
            [
                device(
                    &frame(PUMP, ROUTER)
                        .ip("10.0.0.11", "10.0.8.11")
                        .protocol(6, &[0; 19]),
                    BadTcpHeader,
                ),
                device_bytes(offset(0x40), BadTcpHeader),
                device_bytes(offset(0x60), BadTcpHeader),
            ],
        ),
        case(
            "no flags, or SYN with FIN or RST, are bad flags",
            [
                flags(0),
                flags(0xc0),
                flags(SYN | FIN),
                flags(SYN | RST),
                flags(SYN | ACK | RST),
                flags(0x3f),
            ],
        ),
        case(
            "a UDP length is 8 at least and within the packet",
            [
                device(
                    &frame(PUMP, ROUTER)
                        .ip("10.0.0.11", "10.0.4.1")
                        .protocol(17, &[0; 7]),
                    BadUdpHeader,
                ),
                device_bytes(length(7), BadUdpHeader),
                device_bytes(length(13), BadUdpHeader),
                device_bytes(length(0), BadUdpHeader),
                device_bytes(length(8), AllowedRule).by_rule(3).of_device(1),
            ],
        ),
        case(
            "an ICMP header needs 8 bytes",
            [
                device(
                    &frame(PUMP, ROUTER)
                        .ip("10.0.0.11", "10.0.0.1")
                        .protocol(1, &[8; 7]),
                    BadIcmpHeader,
                ),
                device(
                    &frame(PUMP, ROUTER)
                        .ip("fd00::11", "fd00::1")
                        .protocol(58, &[128; 7]),
                    BadIcmpHeader,
                ),
            ],
        ),
        case(
            "ICMP of the other family is a protocol without ports",
            [device(
                &frame(PUMP, ROUTER)
                    .ip("fd00::11", "fd00:2::1")
                    .protocol(1, &[8; 3]),
                NoPeer,
            )
            .of_device(1)],
        ),
        case(
            "malformed frames are dropped in every mode",
            [device(
                &frame(WATCHED, ROUTER)
                    .ip("10.0.0.12", "10.0.8.11")
                    .tcp(1, 2, 0),
                BadTcpFlags,
            )],
        ),
    ]
}
