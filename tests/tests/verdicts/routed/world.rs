//! The router that the cases are about, and the policy of the devices around it.
//!
//! On the first segment are the pump, watched, moved and others, on the second the logger. The rest of the world is behind the
//! first uplink, and one network behind the second.

use xiot_agent::{
    model::{
        guard::{Guards, Level},
        policy::{Clause, Device, IcmpType, Initiator, Mode, Policy, Profile, Rule},
    },
    oracle::{Hop, Neighbour, Route, Router, RouterPort, Way},
};
use xiot_common::reason::Reason;
use xiot_tests::{
    frame::{Frame, Mac, PacketEnvelope, frame},
    net::routes::{loopback, port_of, ports},
    ward::{self, MOVED, PUMP, STRANGER, TWICE, WATCHED},
};

use crate::case::{Case, Step, case, routed};

pub(super) const SEG0: RouterPort = RouterPort::Segment(0);
pub(super) const SEG1: RouterPort = RouterPort::Segment(1);
pub(super) const UP0: RouterPort = RouterPort::Uplink(0);
pub(super) const UP1: RouterPort = RouterPort::Uplink(1);

/// Device 2: listens on the second segment.
pub(super) const LOGGER: Mac = [2, 0, 0, 0, 0, 7];
/// The router behind the first uplink.
pub(super) const GATE: Mac = [2, 0, 0, 0, 0xfe, 1];
/// A host behind the second uplink.
pub(super) const HOST: Mac = [2, 0, 0, 0, 0xfe, 2];
/// A group on the first segment that an address belongs to.
pub(super) const CLUSTER: Mac = [0x01, 0, 0x5e, 0, 0, 0x16];

/// Steps under this policy on this router.
pub(super) fn on_router(name: &'static str, steps: impl Into<Vec<Step>>) -> Case {
    Case {
        router: Some(router()),
        ..case(name, steps).under(policy())
    }
}

/// The same on a router that differs.
pub(super) fn on_another(
    name: &'static str,
    change: impl FnOnce(&mut Router),
    steps: impl Into<Vec<Step>>,
) -> Case {
    let mut router = router();
    change(&mut router);
    Case {
        router: Some(router),
        ..on_router(name, steps)
    }
}

/// From a host on the first segment to its port.
pub(super) fn from_seg0(source: Mac) -> xiot_tests::frame::Envelope {
    frame(source, port_of(SEG0).mac)
}

/// From the world to the first uplink's port.
pub(super) fn from_up0() -> xiot_tests::frame::Envelope {
    frame(GATE, port_of(UP0).mac)
}

/// A packet of the pump.
pub(super) fn of_pump(to: &str) -> PacketEnvelope {
    let own = if to.contains(':') {
        "fd00::11"
    } else {
        "10.0.0.11"
    };
    from_seg0(PUMP).ip(own, to)
}

/// What its first rule allows.
pub(super) fn time_to(to: &str) -> Frame {
    of_pump(to).udp(50000, 123)
}

/// What its second rule allows the world.
pub(super) fn query(from: &str, to: &str) -> Frame {
    from_up0().ip(from, to).udp(50000, 161)
}

/// The pump's, allowed by its first rule.
pub(super) fn by_pump(frame: &Frame) -> Step {
    routed(SEG0, frame, Reason::AllowedRule)
        .by_rule(1)
        .of_device(1)
}

/// To the pump, allowed by its second.
pub(super) fn to_pump(frame: &Frame) -> Step {
    routed(UP0, frame, Reason::AllowedRule)
        .by_rule(2)
        .of_device(1)
}

pub(super) fn refused(port: RouterPort, frame: &Frame, reason: Reason) -> Step {
    routed(port, frame, reason).dropped()
}

pub(super) fn to_gateway(port: RouterPort, frame: &Frame) -> Step {
    routed(port, frame, Reason::ToGateway).by_stack()
}

/// All guards off but this one, which enforces.
pub(super) fn only(guard: fn(&mut Guards) -> &mut Level) -> Guards {
    let mut guards = Guards::all(Level::Off);
    *guard(&mut guards) = Level::Enforce;
    guards
}

pub(super) fn router() -> Router {
    let to = |network: &str, way| Route {
        to: network.parse().expect("a network"),
        way,
    };
    let through = |network: &str, port: RouterPort, via: Option<&str>| {
        to(
            network,
            Way::Through(Hop {
                port,
                via: via.map(|address| address.parse().expect("an address")),
                mtu: usize::from(port_of(port).mtu),
            }),
        )
    };
    let behind = |port, address: &str, mac| Neighbour {
        port,
        address: address.parse().expect("an address"),
        mac,
    };
    Router {
        ports: ports(),
        routes: vec![
            loopback(),
            through("0.0.0.0/0", UP0, Some("198.18.0.1")),
            through("::/0", UP0, Some("fe80::18:1")),
            through("10.0.0.0/24", SEG0, None),
            through("fd00::/64", SEG0, None),
            through("169.254.7.0/24", SEG0, None),
            through("10.0.1.0/24", SEG1, None),
            through("fd00:1::/64", SEG1, None),
            through("10.0.5.0/24", SEG1, Some("198.18.0.7")),
            through("10.0.6.0/24", SEG1, Some("fe80::18:7")),
            through("10.0.4.0/24", UP1, None),
            through("2001:db8:4::/64", UP1, None),
            to("10.0.3.0/24", Way::Here),
            to("169.254.3.0/24", Way::Here),
            to("fd00:3::/64", Way::Here),
            to("10.0.2.0/24", Way::Nowhere),
            to("fd00:2::/64", Way::Nowhere),
            to("10.0.7.0/24", Way::Elsewhere),
            to("fd00:7::/64", Way::Elsewhere),
        ],
        detours: Vec::new(),
        neighbours: vec![
            behind(SEG0, "10.0.0.11", PUMP),
            behind(SEG0, "fd00::11", PUMP),
            behind(SEG0, "10.0.0.12", WATCHED),
            behind(SEG0, "10.0.0.13", TWICE),
            behind(SEG0, "10.0.0.15", MOVED),
            behind(SEG0, "10.0.0.98", CLUSTER),
            behind(SEG0, "10.0.0.99", STRANGER),
            behind(SEG0, "169.254.7.7", PUMP),
            behind(SEG1, "10.0.1.21", LOGGER),
            behind(SEG1, "fd00:1::21", LOGGER),
            // Of another port than the route's: nobody there.
            behind(SEG1, "10.0.0.97", LOGGER),
            behind(SEG1, "198.18.0.7", LOGGER),
            behind(SEG1, "fe80::18:7", LOGGER),
            behind(UP0, "198.18.0.1", GATE),
            behind(UP0, "fe80::18:1", GATE),
            behind(UP1, "10.0.4.7", HOST),
            behind(UP1, "2001:db8:4::7", HOST),
        ],
    }
}

/// Talkers ask for time and pages, listeners give the time.
pub(super) fn policy() -> Policy {
    let ward = ward::policy();
    let icmp = |kind| vec![IcmpType { kind, code: None }];
    let pings = || vec![Clause::Icmp(icmp(8)), Clause::Icmpv6(icmp(128))];
    let udp = |port: u16| vec![Clause::Udp(vec![port..=port])];
    let profile = |name: &str, services, rules: Vec<Rule>| Profile {
        name: name.to_owned(),
        arp: services,
        nd: services,
        dhcp: services,
        rules: rules.into(),
        ..ward.profiles[0].clone()
    };
    let device = |name: &str, mac, profile| Device {
        name: name.to_owned(),
        mac,
        profile,
        addresses: Vec::new(),
        ..ward.devices[0].clone()
    };
    let address = |text: &str| text.parse().expect("an address");
    Policy {
        profiles: vec![
            profile(
                "talker",
                true,
                vec![
                    rule(1, Initiator::Device, udp(123)),
                    rule(2, Initiator::Peer, udp(161)),
                    rule(3, Initiator::Device, vec![Clause::Tcp(vec![80..=80])]),
                    rule(4, Initiator::Device, pings()),
                ],
            ),
            profile(
                "listener",
                false,
                vec![
                    rule(5, Initiator::Peer, udp(123)),
                    rule(6, Initiator::Peer, pings()),
                ],
            ),
        ]
        .into(),
        devices: vec![
            Device {
                addresses: vec![address("10.0.0.11"), address("fd00::11")],
                ..device("pump", PUMP, 0)
            },
            Device {
                addresses: vec![address("10.0.1.21"), address("fd00:1::21")],
                ..device("logger", LOGGER, 1)
            },
            Device {
                mode: Mode::Monitor,
                ..device("watched", WATCHED, 1)
            },
            Device {
                wire: Some("ward-4".to_owned()),
                ..device("moved", MOVED, 0)
            },
            Device {
                vlan: Some((30, 0)),
                ..device("in-vlan-30", TWICE, 0)
            },
        ]
        .into(),
        ..ward.clone()
    }
}

fn rule(id: u32, initiator: Initiator, clauses: Vec<Clause>) -> Rule {
    let all = ["0.0.0.0/0", "::/0"].map(|network| network.parse().expect("a network"));
    Rule {
        id,
        initiator,
        peers: all.to_vec(),
        clauses,
        ..ward::policy().profiles[0].rules[0].clone()
    }
}
