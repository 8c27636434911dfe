//! What comes in by router uplinks (docs/judgement.md section 12.3).

use xiot_common::reason::Reason::{AllowedFlow, AllowedRule, NoPort, NoProtocol};
use xiot_tests::{
    frame::{flag::SYN, frame},
    net::routes::port_of,
    ward::{ALL_NODES, BROADCAST, PUMP, WATCHED},
};

use super::world::{
    GATE, SEG0, UP0, UP1, by_pump, from_up0, on_another, on_router, query, refused, time_to,
    to_gateway, to_pump,
};
use crate::case::{Case, routed};

pub(super) fn cases() -> Vec<Case> {
    [the_gateways_own(), to_segments()].concat()
}

fn the_gateways_own() -> Vec<Case> {
    vec![
        on_router(
            "what an uplink gets for a group is the gateway's own, also if it is a device's address",
            [
                to_gateway(
                    UP0,
                    &frame(GATE, BROADCAST)
                        .ip("10.0.8.1", "10.0.0.11")
                        .udp(1, 161),
                ),
                to_gateway(
                    UP0,
                    &frame(GATE, BROADCAST)
                        .ip("0.0.0.0", "255.255.255.255")
                        .udp(68, 67),
                ),
                to_gateway(
                    UP0,
                    &frame(GATE, ALL_NODES).ip("fe80::1", "ff02::1").udp(1, 2),
                ),
            ],
        ),
        on_router(
            "so is what is no IP packet",
            [
                to_gateway(
                    UP0,
                    &from_up0().arp([10, 0, 8, 1].into(), [10, 0, 0, 11].into()),
                ),
                to_gateway(UP0, &from_up0().other(0x88cc, &[7; 46])),
                to_gateway(UP0, &from_up0().other(0x0026, &[7; 46])),
            ],
        ),
        on_router(
            "what does not lead to a segment is the gateway's own",
            [
                to_gateway(UP0, &query("10.0.8.1", "10.0.3.1")),
                to_gateway(UP0, &query("2001:db8::1", "fd00:3::1")),
                to_gateway(UP0, &query("10.0.8.1", "10.0.2.1")),
                to_gateway(UP0, &query("10.0.8.1", "10.0.7.1")),
                to_gateway(UP0, &query("10.0.8.1", "10.0.4.7")),
                to_gateway(UP0, &query("10.0.8.1", "10.0.9.9")),
            ],
        ),
        on_another(
            "so is what has no route, and all where the port forwards nothing",
            |router| {
                router.routes.retain(|route| route.to.prefix() > 0);
                for port in &mut router.ports {
                    port.forwards_v6 = false;
                }
            },
            [
                to_gateway(UP0, &query("10.0.8.1", "10.0.9.9")),
                to_gateway(UP0, &query("2001:db8::1", "fd00::11")),
                to_pump(&query("10.0.8.1", "10.0.0.11")).out(SEG0, PUMP),
            ],
        ),
        on_router(
            "an answer to an address that the gateway has not got yet is its own",
            [to_gateway(
                UP0,
                &from_up0().ip("10.0.8.1", "255.255.255.255").udp(67, 68),
            )],
        ),
    ]
}

fn to_segments() -> Vec<Case> {
    vec![
        on_router(
            "what leads to a segment is judged by its device's policy",
            [
                to_pump(&query("10.0.8.1", "10.0.0.11")).out(SEG0, PUMP),
                to_pump(&query("2001:db8::1", "fd00::11")).out(SEG0, PUMP),
                refused(
                    UP0,
                    &from_up0().ip("10.0.8.1", "10.0.0.11").udp(1, 162),
                    NoPort,
                )
                .of_device(1),
                routed(
                    UP0,
                    &from_up0().ip("10.0.8.1", "10.0.0.12").tcp(50000, 80, SYN),
                    NoProtocol,
                )
                .of_device(3)
                .forwarded()
                .out(SEG0, WATCHED),
            ],
        ),
        on_router(
            "either uplink leads there",
            [routed(
                UP1,
                &frame(GATE, port_of(UP1).mac)
                    .ip("10.0.8.1", "10.0.0.11")
                    .udp(50000, 161),
                AllowedRule,
            )
            .by_rule(2)
            .of_device(1)
            .out(SEG0, PUMP)],
        ),
        on_router(
            "the answer to what a segment sent meets its flow",
            [
                by_pump(&time_to("10.0.8.1")).out(UP0, GATE),
                routed(
                    UP0,
                    &from_up0().ip("10.0.8.1", "10.0.0.11").udp(123, 50000),
                    AllowedFlow,
                )
                .by_rule(1)
                .of_device(1)
                .by_flow()
                .out(SEG0, PUMP),
            ],
        ),
    ]
}
