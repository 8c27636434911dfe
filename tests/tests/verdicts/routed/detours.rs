//! Routes for some packets alone: what the kernel is told of a frame when it is asked (docs/judgement.md section 12).

use xiot_agent::oracle::{Detour, Route, Router, Selector, Way};
use xiot_common::reason::Reason::{AllowedFragment, AllowedRule};
use xiot_tests::frame::flag::SYN;

use super::world::{GATE, SEG0, UP0, by_pump, of_pump, on_another, time_to};
use crate::case::{Case, routed};

pub(super) fn cases() -> Vec<Case> {
    let by = |of, network: &str, router: &mut Router| {
        router.detours.push(Detour {
            of,
            route: Route {
                to: network.parse().expect("a network"),
                way: Way::Nowhere,
            },
        });
    };
    let urgent = |mut frame: Vec<u8>| {
        if frame[14] >> 4 == 4 {
            frame[15] = 0x10;
        } else {
            frame[14] |= 0x01;
        }
        frame
    };
    let mut head = [50000_u16, 123, 200].map(u16::to_be_bytes).concat();
    head.resize(64, 0);
    let fragment = |offset| {
        let packet = of_pump("10.0.8.1").fragment(offset, offset == 0);
        packet.protocol(17, &head)
    };
    vec![
        on_another(
            "the kernel's rules may ask for protocol and port",
            |router| {
                by(Selector::Port(17, 123), "10.0.8.0/24", router);
                by(Selector::Port(6, 80), "2001:db8::/32", router);
            },
            [
                by_pump(&time_to("10.0.8.1")).by_stack(),
                by_pump(&time_to("10.0.9.1")).out(UP0, GATE),
                by_pump(&time_to("2001:db8::1")).out(UP0, GATE),
                routed(SEG0, &of_pump("10.0.8.1").tcp(50000, 80, SYN), AllowedRule)
                    .by_rule(3)
                    .of_device(1)
                    .out(UP0, GATE),
                routed(SEG0, &of_pump("2001:db8::1").tcp(5, 80, SYN), AllowedRule)
                    .by_rule(3)
                    .of_device(1)
                    .by_stack(),
            ],
        ),
        on_another(
            "a later fragment has no port to ask for",
            |router| by(Selector::Port(17, 123), "10.0.8.0/24", router),
            [
                by_pump(&fragment(0)).by_stack(),
                routed(SEG0, &fragment(8), AllowedFragment)
                    .by_rule(1)
                    .of_device(1)
                    .out(UP0, GATE),
            ],
        ),
        on_another(
            "they may ask for the traffic class",
            |router| {
                by(Selector::Class(4), "10.0.8.0/24", router);
                by(Selector::Class(4), "2001:db8::/32", router);
            },
            [
                by_pump(&time_to("10.0.8.1")).built(urgent).by_stack(),
                by_pump(&of_pump("10.0.8.1").udp(50001, 123)).out(UP0, GATE),
                by_pump(&time_to("2001:db8::1")).built(urgent).by_stack(),
                by_pump(&of_pump("2001:db8::1").udp(50001, 123)).out(UP0, GATE),
            ],
        ),
    ]
}
