//! What segments send, and the ways that it takes (docs/judgement.md sections 12.2 and 12.4).

use xiot_agent::oracle::{Route, Router, Way};
use xiot_common::reason::Reason::{
    AllowedEthertype, AllowedFlow, AllowedRule, AllowedService, EthertypeDenied, NoEgress, NoPeer,
    NoPort, NoProtocol, SourceAddressStolen, UnknownDevice,
};
use xiot_tests::{
    frame::{flag::SYN, frame},
    net::routes::port_of,
    ward::{self, ALL_NODES, BROADCAST, PUMP, STRANGER, WATCHED},
};

use super::world::{
    GATE, HOST, LOGGER, SEG0, SEG1, UP0, UP1, by_pump, from_seg0, of_pump, on_another, on_router,
    only, refused, time_to,
};
use crate::case::{Case, routed};

pub(super) fn cases() -> Vec<Case> {
    [
        judged_first(),
        for_the_stack(),
        to_segments(),
        to_uplinks(),
        elsewhere(),
    ]
    .concat()
}

fn judged_first() -> Vec<Case> {
    vec![
        on_router(
            "what a device's policy denies goes nowhere, and no route is asked for",
            [
                refused(SEG0, &of_pump("10.0.8.1").udp(50000, 9), NoPort).of_device(1),
                refused(SEG0, &of_pump("240.0.0.1").udp(50000, 9), NoPort).of_device(1),
                refused(SEG0, &of_pump("10.0.7.1").udp(50000, 9), NoPort).of_device(1),
                refused(SEG0, &of_pump("10.0.1.21").udp(50000, 9), NoPort).of_device(1),
                refused(SEG0, &of_pump("10.0.3.1").udp(50000, 9), NoPort).of_device(1),
            ],
        ),
        on_router(
            "a device that is not listed sends nothing to the gateway itself either",
            [refused(
                SEG0,
                &from_seg0(STRANGER).ip("10.0.0.99", "10.0.3.1").udp(1, 22),
                UnknownDevice,
            )],
        ),
        on_router(
            "a would-drop is routed like what is allowed",
            [
                routed(
                    SEG0,
                    &from_seg0(WATCHED).ip("10.0.0.12", "10.0.8.1").udp(5, 9),
                    NoPeer,
                )
                .of_device(3)
                .forwarded()
                .out(UP0, GATE),
                routed(
                    SEG0,
                    &from_seg0(WATCHED).ip("10.0.0.12", "10.0.3.1").udp(5, 9),
                    NoPeer,
                )
                .of_device(3)
                .forwarded()
                .by_stack(),
            ],
        ),
        on_router(
            "guards of the segment are asked as on a wire",
            [refused(
                SEG0,
                &from_seg0(WATCHED)
                    .ip("10.0.0.11", "10.0.8.1")
                    .udp(50000, 123),
                SourceAddressStolen,
            )
            .of_device(3)],
        )
        .behind(only(|guards| &mut guards.source)),
    ]
}

fn for_the_stack() -> Vec<Case> {
    let mut wires = ward::wires();
    wires[0].ethertypes = vec![0x88cc];
    vec![
        on_router(
            "what is for a group goes to the stack once it is judged",
            [
                routed(
                    SEG0,
                    &frame(PUMP, BROADCAST)
                        .ip("0.0.0.0", "255.255.255.255")
                        .udp(68, 67),
                    AllowedService,
                )
                .of_device(1)
                .by_stack(),
                by_pump(
                    &frame(PUMP, BROADCAST)
                        .ip("10.0.0.11", "10.0.1.21")
                        .udp(50000, 123),
                )
                .by_stack(),
                refused(
                    SEG0,
                    &frame(PUMP, ALL_NODES).ip("fd00::11", "ff02::1").udp(1, 9),
                    NoPort,
                )
                .of_device(1),
            ],
        ),
        on_router(
            "what is no IP packet goes to the stack once it is judged",
            [
                routed(
                    SEG0,
                    &from_seg0(PUMP).arp([10, 0, 0, 11].into(), [10, 0, 0, 1].into()),
                    AllowedService,
                )
                .of_device(1)
                .by_stack(),
                routed(
                    SEG0,
                    &from_seg0(PUMP).other(0x88cc, &[7; 46]),
                    AllowedEthertype,
                )
                .of_device(1)
                .by_stack(),
                refused(
                    SEG0,
                    &from_seg0(PUMP).other(0x88cd, &[7; 46]),
                    EthertypeDenied,
                )
                .of_device(1),
            ],
        )
        .on(wires),
        on_router(
            "what is for the gateway itself goes to the stack under its verdict",
            [
                by_pump(&time_to("10.0.3.1")).by_stack(),
                by_pump(&time_to("fd00:3::1")).by_stack(),
            ],
        ),
        on_router(
            "what leads nowhere goes to the stack, which answers",
            [
                by_pump(&time_to("10.0.2.1")).by_stack(),
                by_pump(&time_to("fd00:2::1")).by_stack(),
            ],
        ),
        on_another(
            "so does what has no route",
            |router| router.routes.retain(|route| route.to.prefix() > 0),
            [
                by_pump(&time_to("10.0.8.1")).by_stack(),
                by_pump(&time_to("2001:db8::1")).by_stack(),
            ],
        ),
        on_another(
            "where the port forwards no IPv4, the stack gets it",
            |router| forward(router, false, true),
            [
                by_pump(&time_to("10.0.8.1")).by_stack(),
                by_pump(&time_to("10.0.1.21")).by_stack(),
                by_pump(&time_to("10.0.7.1")).by_stack(),
                by_pump(&time_to("2001:db8::1")).out(UP0, GATE),
            ],
        ),
        on_another(
            "where it forwards no IPv6, likewise",
            |router| forward(router, true, false),
            [
                by_pump(&time_to("2001:db8::1")).by_stack(),
                by_pump(&time_to("fd00:1::21")).by_stack(),
                by_pump(&time_to("10.0.8.1")).out(UP0, GATE),
            ],
        ),
    ]
}

fn forward(router: &mut Router, v4: bool, v6: bool) {
    for port in &mut router.ports {
        (port.forwards_v4, port.forwards_v6) = (v4, v6);
    }
}

fn to_segments() -> Vec<Case> {
    let both = |to| {
        by_pump(&time_to(to))
            .then(AllowedRule)
            .by_rule(5)
            .of_device(2)
    };
    let answer = frame(LOGGER, port_of(SEG1).mac)
        .ip("10.0.1.21", "10.0.0.11")
        .udp(123, 50000);
    vec![
        on_router(
            "what a device sends to another is judged by both, each with its own reason",
            [
                both("10.0.1.21").out(SEG1, LOGGER),
                both("fd00:1::21").out(SEG1, LOGGER),
                routed(SEG0, &of_pump("10.0.1.21").tcp(50000, 80, SYN), AllowedRule)
                    .by_rule(3)
                    .of_device(1)
                    .then(NoProtocol)
                    .of_device(2),
            ],
        ),
        on_router(
            "the answer meets the flows of both",
            [
                both("10.0.1.21").out(SEG1, LOGGER),
                routed(SEG1, &answer, AllowedFlow)
                    .by_rule(5)
                    .of_device(2)
                    .by_flow()
                    .then(AllowedFlow)
                    .by_rule(1)
                    .of_device(1)
                    .by_flow()
                    .out(SEG0, PUMP),
            ],
        ),
        on_router(
            "the segment that a frame came from is a segment too",
            [by_pump(&time_to("10.0.0.12"))
                .then(AllowedRule)
                .by_rule(5)
                .of_device(3)
                .out(SEG0, WATCHED)],
        ),
        on_router(
            "the sender's verdict counts as it was, also where the receiver's drops the frame",
            [
                routed(SEG0, &of_pump("10.0.1.21").tcp(50000, 80, SYN), AllowedRule)
                    .by_rule(3)
                    .of_device(1)
                    .then(NoProtocol)
                    .of_device(2),
                // The sender's flow is there.
                routed(SEG0, &of_pump("10.0.1.21").tcp(50000, 80, SYN), AllowedFlow)
                    .by_rule(3)
                    .of_device(1)
                    .by_flow()
                    .then(NoProtocol)
                    .of_device(2),
            ],
        ),
        on_router(
            "the last hop to a segment is the stack's to answer for, and the receiver is not asked",
            [
                by_pump(&of_pump("10.0.1.21").hop_limit(1).udp(50000, 123)).by_stack(),
                by_pump(&of_pump("10.0.1.21").hop_limit(0).udp(50001, 123)).by_stack(),
                by_pump(&of_pump("fd00:1::21").hop_limit(1).udp(50000, 123)).by_stack(),
                by_pump(&of_pump("10.0.0.97").hop_limit(1).udp(50000, 123)).by_stack(),
                // The sender has a flow by it, the receiver none.
                routed(SEG0, &time_to("10.0.1.21"), AllowedFlow)
                    .by_rule(1)
                    .of_device(1)
                    .by_flow()
                    .then(AllowedRule)
                    .by_rule(5)
                    .of_device(2)
                    .out(SEG1, LOGGER),
            ],
        ),
    ]
}

fn to_uplinks() -> Vec<Case> {
    vec![
        on_router(
            "what leads to a router uplink is forwarded there, after the sender's verdict alone",
            [
                by_pump(&time_to("10.0.8.1")).out(UP0, GATE),
                by_pump(&time_to("2001:db8::1")).out(UP0, GATE),
                by_pump(&time_to("10.0.4.7")).out(UP1, HOST),
                by_pump(&time_to("2001:db8:4::7")).out(UP1, HOST),
            ],
        ),
        on_another(
            "the longest prefix counts",
            |router| {
                for (network, way) in [("10.0.8.1/32", Way::Nowhere), ("10.0.0.0/8", Way::Here)] {
                    router.routes.insert(
                        1,
                        Route {
                            to: network.parse().expect("a network"),
                            way,
                        },
                    );
                }
            },
            [
                by_pump(&time_to("10.0.8.1")).by_stack(),
                by_pump(&time_to("10.0.8.2")).by_stack(),
                by_pump(&time_to("10.0.4.7")).out(UP1, HOST),
                by_pump(&time_to("11.0.8.2")).out(UP0, GATE),
            ],
        ),
    ]
}

fn elsewhere() -> Vec<Case> {
    vec![
        on_router(
            "what leads to an interface that is no router port is dropped instead of the verdict",
            [
                refused(SEG0, &time_to("10.0.7.1"), NoEgress),
                refused(SEG0, &time_to("fd00:7::1"), NoEgress),
                refused(
                    SEG0,
                    &from_seg0(WATCHED).ip("10.0.0.12", "10.0.7.1").udp(5, 9),
                    NoEgress,
                ),
            ],
        ),
        on_router(
            "so is its last hop, and what has options",
            [
                refused(
                    SEG0,
                    &of_pump("10.0.7.1").hop_limit(1).udp(50000, 123),
                    NoEgress,
                ),
                refused(
                    SEG0,
                    &of_pump("10.0.7.1").options(&[1; 4]).udp(50000, 123),
                    NoEgress,
                ),
            ],
        ),
    ]
}
