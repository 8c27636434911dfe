//! What the router's ports refuse whatever the policy (docs/judgement.md section 12.1).

use xiot_agent::model::guard::Level;
use xiot_common::reason::Reason::{
    AllowedRule, AllowedService, BadVlanTags, GroupRate, NotForRouter, RoutedVlan, SameEndpoints,
    TruncatedIpv4,
};
use xiot_tests::{
    frame::frame,
    net::routes::port_of,
    ward::{BROADCAST, PUMP, TWICE},
};

use super::world::{
    GATE, LOGGER, SEG0, SEG1, UP0, UP1, by_pump, from_seg0, from_up0, of_pump, on_router, only,
    query, refused, time_to, to_gateway, to_pump,
};
use crate::case::{Case, routed};

pub(super) fn cases() -> Vec<Case> {
    [tags(), macs(), before_guards()].concat()
}

fn tags() -> Vec<Case> {
    let in_vlan = |id| {
        from_seg0(TWICE)
            .tagged(id)
            .ip("10.0.0.13", "10.0.8.1")
            .udp(50000, 123)
    };
    vec![
        on_router(
            "a frame with a tag on a segment port is refused, whatever device has this VLAN",
            [refused(SEG0, &in_vlan(30), RoutedVlan)],
        ),
        on_router(
            "a tag of VLAN 0 is a tag too",
            [
                refused(SEG0, &in_vlan(0), RoutedVlan),
                refused(
                    UP0,
                    &from_up0()
                        .tagged(0)
                        .ip("10.0.8.1", "10.0.0.11")
                        .udp(50000, 161),
                    RoutedVlan,
                ),
            ],
        ),
        on_router(
            "a frame with a tag on a router uplink is refused, also if it is for the gateway itself",
            [
                refused(
                    UP0,
                    &from_up0()
                        .service_tagged(30)
                        .ip("10.0.8.1", "10.0.3.1")
                        .udp(1, 2),
                    RoutedVlan,
                ),
                refused(
                    UP0,
                    &frame(GATE, BROADCAST)
                        .tagged(30)
                        .arp([10, 0, 8, 1].into(), [10, 0, 3, 1].into()),
                    RoutedVlan,
                ),
            ],
        ),
        on_router(
            "what is malformed is so before a tag is looked at, on each kind of port",
            [
                refused(SEG0, &in_vlan(4095), BadVlanTags),
                refused(
                    UP0,
                    &from_up0().tagged(4095).other(0x88cc, &[]),
                    BadVlanTags,
                ),
                refused(SEG0, &from_seg0(PUMP).other(0x0800, &[0x45]), TruncatedIpv4),
                refused(UP0, &from_up0().other(0x0800, &[0x45]), TruncatedIpv4),
                refused(
                    UP0,
                    &from_up0().ip("10.0.3.1", "10.0.3.1").udp(7, 7),
                    SameEndpoints,
                ),
            ],
        ),
    ]
}

fn macs() -> Vec<Case> {
    let to = |mac| frame(PUMP, mac).ip("10.0.0.11", "10.0.8.1").udp(50000, 123);
    vec![
        on_router(
            "a frame of a segment for another MAC than the port's is not for the router",
            [
                refused(SEG0, &to(LOGGER), NotForRouter),
                refused(SEG0, &to(port_of(SEG1).mac), NotForRouter),
                refused(SEG0, &to(PUMP), NotForRouter),
                by_pump(&to(port_of(SEG0).mac)).out(UP0, GATE),
            ],
        ),
        on_router(
            "so is one that is no IP packet",
            [refused(
                SEG0,
                &frame(PUMP, LOGGER).arp([10, 0, 0, 11].into(), [10, 0, 0, 1].into()),
                NotForRouter,
            )],
        ),
        on_router(
            "a group is no single MAC, and is judged",
            [
                routed(
                    SEG0,
                    &frame(PUMP, BROADCAST).arp([10, 0, 0, 11].into(), [10, 0, 0, 1].into()),
                    AllowedService,
                )
                .of_device(1)
                .by_stack(),
                by_pump(&to(BROADCAST)).by_stack(),
            ],
        ),
        on_router(
            "a tag is asked about before the MAC",
            [refused(
                SEG0,
                &frame(PUMP, LOGGER)
                    .tagged(30)
                    .ip("10.0.0.11", "10.0.8.1")
                    .udp(50000, 123),
                RoutedVlan,
            )],
        ),
        on_router(
            "so is a frame of a router uplink",
            [
                refused(
                    UP0,
                    &frame(GATE, PUMP)
                        .ip("10.0.8.1", "10.0.0.11")
                        .udp(50000, 161),
                    NotForRouter,
                ),
                refused(
                    UP0,
                    &frame(GATE, port_of(UP1).mac)
                        .ip("10.0.8.1", "10.0.0.11")
                        .udp(50000, 161),
                    NotForRouter,
                ),
                refused(
                    UP0,
                    &frame(GATE, port_of(UP1).mac)
                        .ip("10.0.8.1", "10.0.3.1")
                        .udp(50000, 161),
                    NotForRouter,
                ),
                refused(
                    UP0,
                    &frame(GATE, PUMP).arp([10, 0, 8, 1].into(), [10, 0, 0, 11].into()),
                    NotForRouter,
                ),
                to_gateway(
                    UP0,
                    &frame(GATE, BROADCAST).arp([10, 0, 8, 1].into(), [10, 0, 0, 11].into()),
                ),
            ],
        ),
    ]
}

fn before_guards() -> Vec<Case> {
    let tagged = || {
        frame(PUMP, BROADCAST)
            .tagged(30)
            .ip("10.0.0.11", "10.0.8.1")
            .udp(50000, 123)
    };
    let group = || {
        frame(PUMP, BROADCAST)
            .ip("10.0.0.11", "10.0.8.1")
            .udp(50000, 124)
    };
    vec![
        on_router(
            "what a router's port refuses does not count as a group frame",
            [
                refused(SEG0, &tagged(), RoutedVlan),
                refused(SEG0, &tagged(), RoutedVlan),
                refused(SEG0, &tagged(), RoutedVlan),
                refused(SEG0, &group(), xiot_common::reason::Reason::NoPort).of_device(1),
                refused(SEG0, &group(), xiot_common::reason::Reason::NoPort).of_device(1),
                refused(SEG0, &group(), GroupRate).of_device(1),
            ],
        )
        .guarded(Level::Enforce)
        .with_few_group_frames(),
        on_router(
            "no guard is asked about a frame for another MAC",
            [refused(
                SEG0,
                &frame(PUMP, PUMP).ip("10.0.0.99", "10.0.8.1").udp(1, 2),
                NotForRouter,
            )],
        )
        .guarded(Level::Enforce),
        on_router(
            "what a router uplink gets is asked about by no guard of devices",
            [
                to_pump(&query("10.0.0.12", "10.0.0.11")).out(SEG0, PUMP),
                routed(SEG0, &time_to("10.0.8.1"), AllowedRule)
                    .by_rule(1)
                    .of_device(1)
                    .out(UP0, GATE),
            ],
        )
        .behind(only(|guards| &mut guards.source)),
        on_router(
            "a frame of nobody known is not for the router either",
            [refused(
                SEG1,
                &frame([2, 9, 9, 9, 9, 9], port_of(SEG0).mac)
                    .ip("10.0.1.9", "10.0.8.1")
                    .udp(1, 2),
                NotForRouter,
            )],
        ),
        on_router(
            "nothing is left behind by what was not for the router",
            [
                refused(
                    SEG0,
                    &frame(PUMP, LOGGER)
                        .ip("10.0.0.11", "10.0.8.1")
                        .udp(50000, 123),
                    NotForRouter,
                ),
                by_pump(&of_pump("10.0.8.1").udp(50000, 123)).out(UP0, GATE),
            ],
        ),
    ]
}
