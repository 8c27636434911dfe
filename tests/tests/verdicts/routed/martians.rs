//! Addresses that routers do not forward (docs/judgement.md section 12.5).

use xiot_common::reason::Reason::{AllowedRule, NotRoutable};
use xiot_tests::{
    frame::Frame,
    ward::{PUMP, WATCHED},
};

use super::world::{
    GATE, LOGGER, SEG0, UP0, by_pump, from_seg0, of_pump, on_another, on_router, query, refused,
    time_to, to_gateway,
};
use crate::case::{Case, Step, routed};

/// The pump without listed addresses: it may say that it is anybody.
fn unbound(name: &'static str, steps: impl Into<Vec<Step>>) -> Case {
    let mut case = on_router(name, steps);
    case.policies[0].devices[0].addresses.clear();
    case
}

fn from(source: &str, to: &str) -> Frame {
    from_seg0(PUMP).ip(source, to).udp(50000, 123)
}

pub(super) fn cases() -> Vec<Case> {
    [sent(), received(), others()].concat()
}

fn sent() -> Vec<Case> {
    let martian = |to| refused(SEG0, &time_to(to), NotRoutable);
    let sent_by = |source| refused(SEG0, &from(source, "10.0.8.1"), NotRoutable);
    vec![
        on_router(
            "what a segment sends to an address that routers do not forward is dropped instead of the verdict",
            [
                martian("0.1.2.3"),
                martian("169.254.9.9"),
                martian("224.0.0.9"),
                martian("239.255.255.255"),
                martian("240.0.0.1"),
                martian("255.255.255.255"),
                martian("::"),
            ],
        ),
        unbound(
            "so is what it sends from one",
            [
                sent_by("0.1.2.3"),
                sent_by("127.0.0.1"),
                sent_by("169.254.9.9"),
                sent_by("224.0.0.9"),
                sent_by("255.255.255.255"),
                refused(SEG0, &from("::", "2001:db8::1"), NotRoutable),
            ],
        ),
        unbound(
            "what is just beside them is forwarded",
            [
                by_pump(&from("1.0.0.0", "10.0.8.1")).out(UP0, GATE),
                by_pump(&from("126.255.255.255", "10.0.8.1")).out(UP0, GATE),
                by_pump(&from("128.0.0.0", "10.0.8.1")).out(UP0, GATE),
                by_pump(&from("169.253.255.255", "10.0.8.1")).out(UP0, GATE),
                by_pump(&from("169.255.0.0", "10.0.8.1")).out(UP0, GATE),
                by_pump(&from("223.255.255.255", "10.0.8.1")).out(UP0, GATE),
                by_pump(&from("::2", "2001:db8::1")).out(UP0, GATE),
                by_pump(&from("fec0::1", "2001:db8::1")).out(UP0, GATE),
            ],
        ),
        unbound(
            "to a segment they are refused before the receiver is asked, or looked for",
            [
                refused(SEG0, &from("169.254.9.9", "10.0.1.21"), NotRoutable),
                refused(SEG0, &from("169.254.9.9", "10.0.0.97"), NotRoutable),
                refused(SEG0, &from("169.254.9.9", "169.254.7.7"), NotRoutable),
                refused(SEG0, &from("10.0.0.11", "169.254.7.7"), NotRoutable),
            ],
        ),
        unbound(
            "they are refused before an interface that is no port, and on their last hop",
            [
                refused(SEG0, &from("169.254.9.9", "10.0.7.1"), NotRoutable),
                refused(
                    SEG0,
                    &from_seg0(PUMP)
                        .ip("169.254.9.9", "10.0.1.21")
                        .hop_limit(1)
                        .udp(50000, 123),
                    NotRoutable,
                ),
            ],
        ),
    ]
}

fn received() -> Vec<Case> {
    vec![
        on_router(
            "what an uplink gets for a segment is refused likewise",
            [
                refused(UP0, &query("169.254.9.9", "10.0.0.11"), NotRoutable),
                refused(UP0, &query("127.0.0.1", "10.0.0.11"), NotRoutable),
                refused(UP0, &query("224.0.0.1", "10.0.0.97"), NotRoutable),
                refused(UP0, &query("10.0.8.1", "169.254.7.7"), NotRoutable),
                refused(UP0, &query("::", "fd00::11"), NotRoutable),
            ],
        ),
        on_router(
            "what it gets for anywhere else is the gateway's own all the same",
            [
                to_gateway(UP0, &query("169.254.9.9", "10.0.4.7")),
                to_gateway(UP0, &query("10.0.8.1", "224.0.0.9")),
                to_gateway(UP0, &query("10.0.8.1", "240.0.0.1")),
                to_gateway(UP0, &query("127.0.0.1", "10.0.7.1")),
            ],
        ),
    ]
}

fn others() -> Vec<Case> {
    vec![
        unbound(
            "what is for the gateway itself is no router's affair, whatever the addresses",
            [
                by_pump(&from("169.254.9.9", "10.0.3.1")).by_stack(),
                by_pump(&from("10.0.0.11", "169.254.3.1")).by_stack(),
                by_pump(&from("10.0.0.11", "127.0.0.1")).by_stack(),
                by_pump(&from("0.0.0.0", "10.0.2.1")).by_stack(),
            ],
        ),
        unbound(
            "of an address that every link has, the kernel looks up no route",
            [
                by_pump(&from("fe80::1", "2001:db8::1")).by_stack(),
                by_pump(&from("fd00::11", "fe80::2")).by_stack(),
                by_pump(&from("fd00::11", "ff0e::1")).by_stack(),
                by_pump(&from("::1", "2001:db8::1")).by_stack(),
                by_pump(&from("fe80::1", "fd00:1::21")).by_stack(),
                to_gateway(UP0, &query("fe80::1", "fd00::11")),
            ],
        ),
        on_another(
            "a route of its own changes nothing about it",
            |router| {
                for network in ["224.0.0.0/4", "240.0.0.0/4"] {
                    let mut route = router.routes[1].clone();
                    route.to = network.parse().expect("a network");
                    router.routes.push(route);
                }
            },
            [
                refused(SEG0, &time_to("224.0.0.9"), NotRoutable),
                refused(SEG0, &time_to("240.0.0.9"), NotRoutable),
            ],
        ),
        on_router(
            "a flow of such addresses is refused like what opened it",
            [
                routed(
                    SEG0,
                    &from_seg0(WATCHED).ip("169.254.1.2", "10.0.8.1").udp(5, 9),
                    NotRoutable,
                )
                .dropped(),
                routed(
                    SEG0,
                    &from_seg0(WATCHED).ip("169.254.1.2", "10.0.8.1").udp(5, 9),
                    NotRoutable,
                )
                .dropped(),
                routed(SEG0, &of_pump("10.0.1.21").udp(50000, 123), AllowedRule)
                    .by_rule(1)
                    .of_device(1)
                    .then(AllowedRule)
                    .by_rule(5)
                    .of_device(2)
                    .out(super::world::SEG1, LOGGER),
            ],
        ),
    ]
}
