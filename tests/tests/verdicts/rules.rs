//! Which rule allows a conversation, and which miss is the nearest where none does.

use xiot_common::reason::Reason::{
    AllowedRule, FragmentUntracked, IcmpNoFlow, NoPeer, NoPort, NoProtocol, WrongDirection,
};
use xiot_tests::{
    frame::{Frame, flag::*, frame},
    ward::{PUMP, ROUTER},
};

use crate::case::{Case, Step, case, device, uplink};

fn from(destination: &str) -> xiot_tests::frame::PacketEnvelope {
    let source = if destination.contains(':') {
        "fd00::11"
    } else {
        "10.0.0.11"
    };
    frame(PUMP, ROUTER).ip(source, destination)
}

fn to(source: &str) -> xiot_tests::frame::PacketEnvelope {
    let destination = if source.contains(':') {
        "fd00::11"
    } else {
        "10.0.0.11"
    };
    frame(ROUTER, PUMP).ip(source, destination)
}

fn allowed(frame: &Frame, rule: u32) -> Step {
    device(frame, AllowedRule).by_rule(rule).of_device(1)
}

pub(crate) fn cases() -> Vec<Case> {
    [matches(), misses(), without_ports()].concat()
}

fn matches() -> Vec<Case> {
    vec![
        case(
            "a rule allows its peer, protocol and port",
            [
                allowed(&from("10.0.8.11").tcp(50000, 3613, SYN), 1),
                allowed(&from("fd00:8::11").tcp(50000, 3613, SYN), 1),
                allowed(&from("10.0.4.15").udp(50000, 514), 3),
                allowed(&from("10.0.7.1").protocol(50, &[0; 16]), 5),
            ],
        ),
        case(
            "the peer may open what a rule lets it open",
            [
                uplink(&to("10.0.9.255").tcp(50000, 22, SYN), AllowedRule)
                    .by_rule(2)
                    .of_device(1),
                uplink(&to("10.0.9.0").tcp(50000, 8000, SYN), AllowedRule)
                    .by_rule(2)
                    .of_device(1),
                uplink(&to("10.0.9.0").tcp(50000, 8009, SYN), AllowedRule)
                    .by_rule(2)
                    .of_device(1),
                uplink(&to("10.0.9.0").tcp(50000, 8010, SYN), NoPort).of_device(1),
                uplink(&to("10.0.9.0").tcp(50000, 7999, SYN), NoPort).of_device(1),
            ],
        ),
        case(
            "the first rule in file order is the one",
            [
                allowed(&from("10.0.4.7").udp(50000, 514), 3),
                allowed(&from("10.0.4.7").udp(50000, 123), 6),
                allowed(&from("10.0.4.7").udp(50000, 515), 9),
                allowed(&from("10.0.4.7").protocol(132, &[0; 16]), 9),
            ],
        ),
    ]
}

fn misses() -> Vec<Case> {
    vec![
        case(
            "another port of the same protocol is no port",
            [
                device(&from("10.0.8.11").tcp(50000, 3614, SYN), NoPort).of_device(1),
                device(&from("10.0.0.1").icmp(17, 0, 1), NoPort).of_device(1),
                device(&from("fd00::1").icmp(128, 1, 1), AllowedRule)
                    .by_rule(4)
                    .of_device(1),
            ],
        ),
        case(
            "another protocol of the same peer is no protocol",
            [
                device(&from("fd00:8::11").udp(50000, 3613), NoProtocol).of_device(1),
                device(&from("10.0.7.1").protocol(51, &[0; 16]), NoProtocol).of_device(1),
            ],
        ),
        case(
            "a peer that no rule names is no peer",
            [
                device(&from("11.0.0.1").tcp(50000, 3613, SYN), NoPeer).of_device(1),
                device(&from("fd00:8::12").tcp(50000, 3613, SYN), NoPeer).of_device(1),
                device(&from("fd00:7::1").protocol(50, &[0; 16]), NoPeer).of_device(1),
            ],
        ),
        case(
            "what only the other side may open is the wrong direction",
            [
                device(&from("10.0.9.1").tcp(50000, 22, SYN), WrongDirection).of_device(1),
                uplink(&to("10.0.8.11").tcp(50000, 3613, SYN), WrongDirection).of_device(1),
                uplink(&to("10.0.7.1").protocol(50, &[0; 16]), WrongDirection).of_device(1),
            ],
        ),
        case(
            "the service side speaking first is the wrong direction",
            [
                device(&from("10.0.9.1").tcp(22, 50000, SYN), WrongDirection).of_device(1),
                uplink(&to("10.0.4.1").udp(514, 50000), WrongDirection).of_device(1),
            ],
        ),
        case(
            "a rule of both directions is asked for the sender first",
            [
                allowed(&from("10.0.9.9").tcp(50000, 22, SYN), 8),
                uplink(&to("10.0.9.9").tcp(50000, 22, SYN), AllowedRule)
                    .by_rule(2)
                    .of_device(1),
            ],
        ),
    ]
}

fn without_ports() -> Vec<Case> {
    vec![
        case(
            "ICMP is allowed by type and makes no flow but for echo",
            [
                allowed(&from("10.0.0.1").icmp(13, 0, 1), 4),
                allowed(&from("10.0.0.1").icmp(13, 0, 1), 4),
            ],
        ),
        case(
            "an echo reply that nobody asked for is refused",
            [
                device(&from("10.0.0.1").icmp(0, 0, 1), IcmpNoFlow).of_device(1),
                uplink(&to("10.0.0.1").icmp(0, 0, 1), IcmpNoFlow).of_device(1),
                device(&from("fd00::1").icmp(129, 0, 1), IcmpNoFlow).of_device(1),
            ],
        ),
        case(
            "a later fragment has no ports to be judged by",
            [
                device(
                    &from("10.0.8.11").fragment(9, false).tcp(50000, 3613, SYN),
                    FragmentUntracked,
                )
                .of_device(1),
                device(
                    &from("fd00:8::11").fragment(185, false).udp(50000, 514),
                    FragmentUntracked,
                )
                .of_device(1),
            ],
        ),
    ]
}
