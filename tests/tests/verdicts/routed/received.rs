//! What segments get (docs/judgement.md section 12.6).

use xiot_agent::{model::guard::Level, oracle::Decision};
use xiot_common::reason::Reason::{
    AddressClaimed, AddressNotBound, AllowedFlow, AllowedFragment, AllowedRule, AllowedService,
    DhcpServer, GroupDenied, NeighbourUnknown, NoProtocol, Quarantined, UnknownDevice, WrongWire,
};
use xiot_tests::{
    decide::Decide,
    frame::{Frame, Mac, PacketEnvelope, frame},
    net::routes::port_of,
    ward::{self, PUMP, WATCHED},
};

use super::world::{
    GATE, LOGGER, SEG0, SEG1, UP0, by_pump, from_up0, of_pump, on_another, on_router, only, query,
    refused, time_to, to_pump,
};
use crate::case::{Case, Event, routed};

pub(super) fn cases() -> Vec<Case> {
    [neighbours(), judged(), guarded(), fragments()].concat()
}

fn neighbours() -> Vec<Case> {
    vec![
        on_router(
            "whose frame it is nobody can say without the MAC of the next hop",
            [
                refused(UP0, &query("10.0.8.1", "10.0.0.97"), NeighbourUnknown),
                refused(UP0, &query("2001:db8::1", "fd00::97"), NeighbourUnknown),
            ],
        ),
        on_router(
            "of a device's frame the sender's verdict counts before",
            [
                by_pump(&time_to("10.0.0.97")).then(NeighbourUnknown),
                by_pump(&time_to("fd00:1::97")).then(NeighbourUnknown),
                routed(
                    SEG0,
                    &frame(WATCHED, port_of(SEG0).mac)
                        .ip("10.0.0.12", "10.0.0.97")
                        .udp(5, 9),
                    xiot_common::reason::Reason::NoPeer,
                )
                .of_device(3)
                .forwarded()
                .then(NeighbourUnknown),
            ],
        ),
        on_router(
            "an uplink's last hop to nobody known is dropped too",
            [refused(
                UP0,
                &from_up0()
                    .ip("10.0.8.1", "10.0.0.97")
                    .hop_limit(1)
                    .udp(50000, 161),
                NeighbourUnknown,
            )],
        ),
        on_another(
            "of a router behind the segment its own MAC counts",
            |router| {
                let known = router.neighbours.iter_mut();
                for neighbour in known.filter(|it| it.mac == LOGGER) {
                    neighbour.mac = WATCHED;
                }
            },
            [
                by_pump(&time_to("10.0.5.5"))
                    .then(AllowedRule)
                    .by_rule(5)
                    .of_device(3)
                    .out(SEG1, WATCHED),
                by_pump(&time_to("10.0.6.6"))
                    .then(AllowedRule)
                    .by_rule(5)
                    .of_device(3)
                    .out(SEG1, WATCHED),
            ],
        ),
    ]
}

fn judged() -> Vec<Case> {
    let to = |address: &str| query("10.0.8.1", address);
    vec![
        on_router(
            "the device that has the next hop's MAC is the receiver, with all that is said of it",
            [
                by_pump(&time_to("10.0.5.5"))
                    .then(AddressNotBound)
                    .of_device(2),
                refused(UP0, &to("10.0.0.15"), WrongWire).of_device(4),
                refused(UP0, &to("10.0.0.99"), UnknownDevice),
            ],
        ),
        on_router(
            "on a segment there are no VLANs",
            [refused(UP0, &to("10.0.0.13"), UnknownDevice)],
        ),
        on_router(
            "a group MAC is no device's",
            [refused(UP0, &to("10.0.0.98"), GroupDenied)],
        ),
        on_router(
            "services of the receiver are asked",
            [
                routed(
                    UP0,
                    &from_up0().ip("10.0.0.5", "10.0.0.11").udp(67, 68),
                    AllowedService,
                )
                .of_device(1)
                .out(SEG0, PUMP),
                refused(
                    UP0,
                    &from_up0().ip("10.0.0.5", "10.0.1.21").udp(67, 68),
                    xiot_common::reason::Reason::NoPort,
                )
                .of_device(2),
            ],
        ),
        on_router(
            "what was decided of the receiver counts",
            [
                routed(UP0, &to("10.0.0.11"), Quarantined)
                    .after(about(PUMP, Some(Decision::Quarantine)))
                    .of_device(1),
                refused(SEG0, &time_to("10.0.1.21"), Quarantined).of_device(1),
                by_pump(&time_to("10.0.1.21"))
                    .after(about(PUMP, None))
                    .then(AllowedRule)
                    .by_rule(5)
                    .of_device(2)
                    .out(SEG1, LOGGER),
                by_pump(&of_pump("10.0.1.21").udp(50001, 123))
                    .after(about(LOGGER, Some(Decision::Quarantine)))
                    .then(Quarantined)
                    .of_device(2),
                routed(
                    UP0,
                    &from_up0().ip("10.0.8.1", "10.0.1.21").udp(1, 9),
                    xiot_common::reason::Reason::NoPort,
                )
                .after(about(LOGGER, Some(Decision::Monitor)))
                .of_device(2)
                .forwarded()
                .out(SEG1, LOGGER),
            ],
        ),
        on_router(
            "a receiver in mode monitor gets what its policy denies",
            [routed(
                SEG0,
                &of_pump("10.0.0.12").tcp(50000, 80, xiot_tests::frame::flag::SYN),
                AllowedRule,
            )
            .by_rule(3)
            .of_device(1)
            .then(NoProtocol)
            .of_device(3)
            .forwarded()
            .out(SEG0, WATCHED)],
        ),
        on_router(
            "another segment's devices are not this one's",
            [
                to_pump(&to("10.0.0.11")).out(SEG0, PUMP),
                by_pump(&time_to("10.0.1.21"))
                    .then(AllowedRule)
                    .by_rule(5)
                    .of_device(2)
                    .out(SEG1, LOGGER),
            ],
        ),
    ]
}

fn about(mac: Mac, decision: Option<Decision>) -> Event {
    Event::Decide(Decide {
        mac,
        vlan: None,
        decision,
        seconds: 0,
    })
}

fn guarded() -> Vec<Case> {
    // An advertisement of an address of logger or pump, for the pump.
    let claim = |sender: Mac, target: [u8; 16]| {
        let message = [&[136, 0, 0, 0, 0, 0, 0, 0], &target[..]].concat();
        frame(sender, port_of(UP0).mac)
            .ip("2001:db8::1", "fd00::11")
            .hop_limit(255)
            .protocol(58, &message)
    };
    let loggers = [0xfd, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x21];
    let pumps = [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x11];
    let claiming = claim(GATE, loggers);
    let mut wires = ward::wires();
    wires[1].guards = only(|guards| &mut guards.claim);
    vec![
        on_router(
            "guards of the receiver's segment are asked as of its uplink side",
            [refused(UP0, &claiming, AddressClaimed).of_device(1)],
        )
        .behind(only(|guards| &mut guards.claim)),
        on_router(
            "who says so is the segment's port, neither the router before nor the receiver",
            [
                refused(UP0, &claim(LOGGER, loggers), AddressClaimed).of_device(1),
                refused(UP0, &claim(PUMP, pumps), AddressClaimed).of_device(1),
            ],
        )
        .behind(only(|guards| &mut guards.claim)),
        on_router(
            "those of another segment are not",
            [routed(UP0, &claiming, AllowedService)
                .of_device(1)
                .out(SEG0, PUMP)],
        )
        .on(wires),
        on_router(
            "what a guard that monitors says of the sender is nothing that the receiver has to do with",
            [
                routed(SEG0, &of_pump("10.0.1.21").udp(67, 123), DhcpServer)
                    .of_device(1)
                    .forwarded()
                    .then(AllowedRule)
                    .by_rule(5)
                    .of_device(2)
                    .out(SEG1, LOGGER),
                routed(SEG0, &of_pump("10.0.1.21").udp(67, 123), DhcpServer)
                    .of_device(1)
                    .forwarded()
                    .by_flow()
                    .then(AllowedFlow)
                    .by_rule(5)
                    .of_device(2)
                    .by_flow()
                    .out(SEG1, LOGGER),
            ],
        )
        .guarded(Level::Monitor),
        on_router(
            "guards of devices are not asked about what is routed to one",
            [to_pump(&query("10.0.1.21", "10.0.0.11")).out(SEG0, PUMP)],
        )
        .behind(only(|guards| &mut guards.source)),
    ]
}

fn fragments() -> Vec<Case> {
    let mut head = [50000_u16, 123, 200].map(u16::to_be_bytes).concat();
    head.resize(64, 0);
    let first = |packet: PacketEnvelope| packet.fragment(0, true).protocol(17, &head);
    let rest = |packet: PacketEnvelope| packet.fragment(8, false).protocol(17, &[0; 32]);
    let both = |frame: &Frame, reason| {
        routed(SEG0, frame, reason)
            .by_rule(1)
            .of_device(1)
            .then(reason)
            .by_rule(5)
            .of_device(2)
            .out(SEG1, LOGGER)
    };
    vec![on_router(
        "a datagram in fragments is known on both sides",
        [
            both(&first(of_pump("10.0.1.21")), AllowedRule),
            both(&rest(of_pump("10.0.1.21")), AllowedFragment),
        ],
    )]
}
