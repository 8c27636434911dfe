//! What becomes of what is forwarded (docs/judgement.md section 12.7).

use xiot_agent::oracle::{Router, Way};
use xiot_common::reason::Reason::{AllowedFlow, AllowedRule, NoPort};
use xiot_tests::{
    frame::{Body, Frame, Transport},
    net::routes::port_of,
    ward::PUMP,
};

use super::world::{
    GATE, HOST, LOGGER, SEG0, SEG1, UP0, UP1, by_pump, from_up0, of_pump, on_another, on_router,
    query, refused, time_to, to_pump,
};
use crate::case::{Case, Step, routed};

pub(super) fn cases() -> Vec<Case> {
    [hops(), lengths(), options(), next_hops()].concat()
}

/// The pump's, to the logger.
fn to_logger(frame: &Frame) -> Step {
    by_pump(frame).then(AllowedRule).by_rule(5).of_device(2)
}

fn hops() -> Vec<Case> {
    let with = |hops| of_pump("10.0.8.1").hop_limit(hops).udp(50000, 123);
    let with6 = |hops| of_pump("2001:db8::1").hop_limit(hops).udp(50000, 123);
    let again = |frame: &Frame| {
        routed(SEG0, frame, AllowedFlow)
            .by_rule(1)
            .of_device(1)
            .by_flow()
    };
    vec![
        on_router(
            "a forwarded frame has one hop less, the port's MAC, and the next hop's",
            [
                by_pump(&with(255)).out(UP0, GATE),
                again(&with(64)).out(UP0, GATE),
                again(&with(2)).out(UP0, GATE),
                by_pump(&with6(255)).out(UP0, GATE),
                again(&with6(2)).out(UP0, GATE),
            ],
        ),
        on_router(
            "the last hop to an uplink is the stack's to answer for",
            [
                by_pump(&with(1)).by_stack(),
                again(&with(0)).by_stack(),
                by_pump(&with6(1)).by_stack(),
                again(&with6(0)).by_stack(),
            ],
        ),
        on_router(
            "the last hop from an uplink goes to the stack after the receiver's verdict",
            [
                to_pump(&query_with(1)).by_stack(),
                routed(UP0, &query_with(0), AllowedFlow)
                    .by_rule(2)
                    .of_device(1)
                    .by_flow()
                    .by_stack(),
                routed(UP0, &query_with(2), AllowedFlow)
                    .by_rule(2)
                    .of_device(1)
                    .by_flow()
                    .out(SEG0, PUMP),
                refused(
                    UP0,
                    &from_up0()
                        .ip("10.0.8.1", "10.0.0.11")
                        .hop_limit(1)
                        .udp(1, 9),
                    NoPort,
                )
                .of_device(1),
            ],
        ),
        on_router(
            "a checksum is changed by what changed, in each of its values",
            (0..=40)
                .map(|number| {
                    let frame = of_pump("10.0.8.1")
                        .identification(number * 0x0641)
                        .udp(50000, 123);
                    let reason = if number == 0 {
                        AllowedRule
                    } else {
                        AllowedFlow
                    };
                    let step = routed(SEG0, &frame, reason).by_rule(1).of_device(1);
                    let step = if number == 0 { step } else { step.by_flow() };
                    step.out(UP0, GATE)
                })
                .collect::<Vec<_>>(),
        ),
    ]
}

fn query_with(hops: u8) -> Frame {
    from_up0()
        .ip("10.0.8.1", "10.0.0.11")
        .hop_limit(hops)
        .udp(50000, 161)
}

/// As many bytes from its IP header on.
fn of_length(mut frame: Frame, length: usize) -> Frame {
    let has = frame.build().len() - 14;
    if let Body::Ip(ip) = &mut frame.body
        && let Transport::Udp { payload, .. } = &mut ip.transport
    {
        payload.resize(payload.len() + length - has, 7);
    }
    frame
}

fn locked(router: &mut Router, network: &str, mtu: usize) {
    let network = network.parse().expect("a network");
    for route in router.routes.iter_mut().filter(|it| it.to == network) {
        if let Way::Through(hop) = &mut route.way {
            hop.mtu = mtu;
        }
    }
}

fn lengths() -> Vec<Case> {
    let from = |to, port| of_pump(to).udp(port, 123);
    let padded = |frame: Frame, padding| Frame { padding, ..frame };
    vec![
        on_router(
            "what is longer than the way takes goes to the stack",
            [
                by_pump(&of_length(from("10.0.8.1", 1), 1500)).out(UP0, GATE),
                by_pump(&of_length(from("10.0.8.1", 2), 1501)).by_stack(),
                by_pump(&of_length(from("2001:db8::1", 1), 1500)).out(UP0, GATE),
                by_pump(&of_length(from("2001:db8::1", 2), 1501)).by_stack(),
                by_pump(&of_length(from("10.0.4.7", 1), 1300)).out(UP1, HOST),
                by_pump(&of_length(from("10.0.4.7", 2), 1301)).by_stack(),
            ],
        ),
        on_router(
            "the receiver is asked before",
            [
                to_logger(&of_length(from("10.0.1.21", 1), 3000)).out(SEG1, LOGGER),
                to_logger(&of_length(from("10.0.1.21", 2), 9001)).by_stack(),
                to_pump(&of_length(query("10.0.8.1", "10.0.0.11"), 1501)).by_stack(),
                refused(
                    UP0,
                    &of_length(from_up0().ip("10.0.8.1", "10.0.0.11").udp(1, 9), 1501),
                    NoPort,
                )
                .of_device(1),
            ],
        ),
        on_another(
            "a route may take less than its port",
            |router| {
                locked(router, "0.0.0.0/0", 1400);
                locked(router, "::/0", 1300);
                locked(router, "10.0.0.0/24", 1400);
            },
            [
                by_pump(&of_length(from("10.0.8.1", 1), 1400)).out(UP0, GATE),
                by_pump(&of_length(from("10.0.8.1", 2), 1401)).by_stack(),
                by_pump(&of_length(from("2001:db8::1", 1), 1300)).out(UP0, GATE),
                by_pump(&of_length(from("2001:db8::1", 2), 1301)).by_stack(),
                to_pump(&of_length(query("10.0.8.1", "10.0.0.11"), 1401)).by_stack(),
            ],
        ),
        on_router(
            "what pads a frame is part of its length",
            [
                by_pump(&padded(of_length(from("10.0.8.1", 1), 1480), 20)).out(UP0, GATE),
                by_pump(&padded(of_length(from("10.0.8.1", 2), 1480), 21)).by_stack(),
            ],
        ),
    ]
}

fn options() -> Vec<Case> {
    let with = |packet: xiot_tests::frame::PacketEnvelope| packet.options(&[148, 4, 0, 0]);
    vec![on_router(
        "what has IPv4 options goes to the stack after the same verdicts",
        [
            by_pump(&with(of_pump("10.0.8.1")).udp(50000, 123)).by_stack(),
            to_logger(&with(of_pump("10.0.1.21")).udp(50000, 123)).by_stack(),
            to_pump(&with(from_up0().ip("10.0.8.1", "10.0.0.11")).udp(50000, 161)).by_stack(),
            refused(
                UP0,
                &with(from_up0().ip("10.0.8.1", "10.0.0.11")).udp(1, 9),
                NoPort,
            )
            .of_device(1),
        ],
    )]
}

fn next_hops() -> Vec<Case> {
    vec![
        on_router(
            "where an uplink's next hop has no known MAC, the stack asks for it",
            [
                by_pump(&time_to("10.0.4.8")).by_stack(),
                by_pump(&time_to("2001:db8:4::8")).by_stack(),
            ],
        ),
        on_another(
            "that of a gateway likewise",
            |router| router.neighbours.retain(|it| it.mac != GATE),
            [
                by_pump(&time_to("10.0.8.1")).by_stack(),
                by_pump(&time_to("2001:db8::1")).by_stack(),
                by_pump(&time_to("10.0.4.7")).out(UP1, HOST),
            ],
        ),
        on_router(
            "a frame leaves with the MAC of the port that it leaves by",
            [
                to_logger(&time_to("10.0.1.21")).out(SEG1, LOGGER),
                by_pump(&time_to("10.0.4.7")).out(UP1, HOST),
                to_pump(&query("10.0.8.1", "10.0.0.11")).out(SEG0, PUMP),
            ],
        ),
        on_router(
            "the ports' MACs are their own",
            [refused(
                SEG1,
                &xiot_tests::frame::frame(LOGGER, port_of(SEG0).mac)
                    .ip("10.0.1.21", "10.0.8.1")
                    .udp(1, 2),
                xiot_common::reason::Reason::NotForRouter,
            )],
        ),
    ]
}
