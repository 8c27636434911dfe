//! A ward of two devices, frames to and from them, and an oracle that says what it thinks in one line.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use xiot_common::reason::Reason;

use super::super::{FlowView, Limits, Oracle, Side};
use crate::model::{
    gateway::{FailMode, Wire},
    guard::{Guards, Level},
    policy::{Clause, Device, Initiator, Mode, Policy, Position, Profile, Rule, Timeouts},
    times::Times,
};

pub(super) const PUMP: [u8; 6] = [2, 0, 0, 0, 0, 1];
pub(super) const ROUTER: [u8; 6] = [2, 0, 0, 0, 0xff, 1];
/// Not listed.
pub(super) const STRANGER: [u8; 6] = [2, 0, 0, 0, 0, 0x99];

pub(super) const FIN: u8 = 1;
pub(super) const SYN: u8 = 2;
pub(super) const RST: u8 = 4;
pub(super) const PSH: u8 = 8;
pub(super) const ACK: u8 = 16;

/// The device at .11 may open TCP 80 and UDP 514 and ping, and peers may open TCP 22 and UDP 161.
pub(super) fn policy(mode: Mode) -> Policy {
    let ports = |clause: fn(Vec<_>) -> Clause, port: u16| clause(vec![port..=port]);
    let to = Initiator::Device;
    let from = Initiator::Peer;
    Policy {
        profiles: vec![Profile {
            name: "pump".to_owned(),
            criticality: None,
            arp: true,
            nd: true,
            dhcp: true,
            timeouts: Timeouts::default(),
            limits: crate::model::policy::Limits::default(),
            rules: vec![
                rule(1, to, ports(Clause::Tcp, 80)),
                rule(2, to, ports(Clause::Udp, 514)),
                rule(3, to, Clause::Protocol(1)),
                rule(4, from, ports(Clause::Tcp, 22)),
                rule(5, from, ports(Clause::Udp, 161)),
                rule(6, to, Clause::Protocol(58)),
            ]
            .into(),
            at: Position::default(),
        }]
        .into(),
        devices: vec![device(PUMP, mode)].into(),
        onboarding: mode,
        ..Policy::default()
    }
}

pub(super) fn device(mac: [u8; 6], mode: Mode) -> Device {
    Device {
        name: format!("{mac:?}"),
        mac,
        vlan: None,
        wire: None,
        addresses: Vec::new(),
        profile: 0,
        mode,
        criticality: None,
        location: None,
        groups: Vec::new(),
        at: Position::default(),
    }
}

pub(super) fn rule(id: u32, initiator: Initiator, clause: Clause) -> Rule {
    Rule {
        id,
        initiator,
        peers: vec![
            "10.0.0.0/8".parse().expect("a network"),
            "fd00::/8".parse().expect("a network"),
        ],
        names: Vec::new(),
        clauses: vec![clause],
        times: Times::default(),
        label: String::new(),
        note: None,
        owner: None,
        at: Position::default(),
    }
}

/// What was said: reason, whether it was dropped, rule, flow hit.
pub(super) type Line = (Reason, bool, Option<u32>, bool);

pub(super) struct Ward<'p> {
    pub(super) oracle: Oracle<'p>,
    pub(super) now: u64,
}

/// Without guards.
pub(super) fn wires() -> Vec<Wire> {
    vec![Wire {
        name: "ward".to_owned(),
        device: String::new(),
        uplink: Some(String::new()),
        fail: FailMode::Closed,
        guards: Guards::all(Level::Off),
        ethertypes: Vec::new(),
    }]
}

impl<'p> Ward<'p> {
    pub(super) fn new(policy: &'p Policy, wires: &'p [Wire]) -> Self {
        Self::limited(policy, wires, Limits::default())
    }

    pub(super) fn limited(policy: &'p Policy, wires: &'p [Wire], limits: Limits) -> Self {
        Self {
            oracle: Oracle::with_limits(policy, wires, limits),
            now: 1000,
        }
    }

    pub(super) fn out(&mut self, packet: &[u8]) -> Line {
        self.say(Side::Device, PUMP, packet)
    }

    pub(super) fn back(&mut self, packet: &[u8]) -> Line {
        self.say(Side::Uplink, PUMP, packet)
    }

    /// A packet that a device sends, or gets.
    pub(super) fn say(&mut self, side: Side, mac: [u8; 6], packet: &[u8]) -> Line {
        let (source, destination) = match side {
            Side::Device => (mac, ROUTER),
            Side::Uplink => (ROUTER, mac),
        };
        let kind = if packet[0] >> 4 == 4 {
            0x0800
        } else {
            0x86dd_u16
        };
        self.frame(
            side,
            &[&destination[..], &source, &kind.to_be_bytes(), packet].concat(),
        )
    }

    /// A frame from its first byte on.
    pub(super) fn frame(&mut self, side: Side, frame: &[u8]) -> Line {
        let outcome = self.oracle.judge(side, 0, frame, self.now);
        (
            outcome.reason,
            outcome.dropped,
            outcome.rule,
            outcome.flow_hit,
        )
    }

    pub(super) fn only_flow(&self) -> FlowView<'p> {
        let mut flows = self.oracle.flows();
        let flow = flows.next().expect("a flow");
        assert_eq!(flows.next(), None, "one flow");
        flow
    }
}

pub(super) const fn denied(reason: Reason) -> Line {
    (reason, true, None, false)
}

/// In learn and monitor.
pub(super) const fn would_drop(reason: Reason) -> Line {
    (reason, false, None, false)
}

pub(super) const fn allowed(reason: Reason, rule: u32) -> Line {
    (reason, false, Some(rule), false)
}

pub(super) const fn by_flow(rule: u32) -> Line {
    (Reason::AllowedFlow, false, Some(rule), true)
}

pub(super) const fn by_would_drop_flow(reason: Reason) -> Line {
    (reason, false, None, true)
}

/// What lies between IP header and payload in a fragment.
#[derive(Clone, Copy)]
pub(super) struct Cut {
    pub(super) id: u16,
    /// In units of 8 bytes.
    pub(super) offset: u16,
    pub(super) more: bool,
}

pub(super) const WHOLE: Cut = Cut {
    id: 7,
    offset: 0,
    more: false,
};

pub(super) const fn cut(offset: u16, more: bool) -> Cut {
    Cut {
        id: 7,
        offset,
        more,
    }
}

/// The device's address, and that of its peer.
pub(super) const OWN: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 11));
pub(super) const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 9, 9, 9));
pub(super) const OWN6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 0x11));
pub(super) const PEER6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 0x99));

/// An IP packet: an IPv6 one has a fragment header where it is one.
pub(super) fn ip(from: IpAddr, to: IpAddr, protocol: u8, cut: Cut, payload: &[u8]) -> Vec<u8> {
    let length = |bytes: usize| u16::try_from(bytes).expect("a short packet").to_be_bytes();
    match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let mut out = vec![0x45, 0];
            out.extend(length(20 + payload.len()));
            out.extend(cut.id.to_be_bytes());
            out.extend((u16::from(cut.more) << 13 | cut.offset).to_be_bytes());
            out.extend([64, protocol, 0, 0]);
            out.extend(from.octets());
            out.extend(to.octets());
            out.extend(payload);
            out
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            let mut header = Vec::new();
            if cut.more || cut.offset > 0 {
                header.extend([protocol, 0]);
                header.extend((cut.offset << 3 | u16::from(cut.more)).to_be_bytes());
                header.extend([0, 0]);
                header.extend(cut.id.to_be_bytes());
            }
            let mut out = vec![0x60, 0, 0, 0];
            out.extend(length(header.len() + payload.len()));
            out.extend([if header.is_empty() { protocol } else { 44 }, 64]);
            out.extend(from.octets());
            out.extend(to.octets());
            out.extend(header);
            out.extend(payload);
            out
        }
        _ => unreachable!("one family"),
    }
}

/// A segment with sequence and acknowledgment number.
pub(super) fn segment(ports: (u16, u16), flags: u8, numbers: (u32, u32)) -> Vec<u8> {
    let mut out = ports.0.to_be_bytes().to_vec();
    out.extend(ports.1.to_be_bytes());
    out.extend(numbers.0.to_be_bytes());
    out.extend(numbers.1.to_be_bytes());
    out.extend([0x50, flags, 0, 0, 0, 0, 0, 0]);
    out
}

/// A datagram with so many bytes of data.
pub(super) fn datagram(ports: (u16, u16), data: usize) -> Vec<u8> {
    let mut out = ports.0.to_be_bytes().to_vec();
    out.extend(ports.1.to_be_bytes());
    out.extend(u16::try_from(8 + data).expect("short").to_be_bytes());
    out.extend([0, 0]);
    out.resize(8 + data, 0);
    out
}

/// A segment of the conversation that the device opens from this port to 80.
pub(super) fn tcp_out(port: u16, flags: u8, numbers: (u32, u32)) -> Vec<u8> {
    ip(OWN, PEER, 6, WHOLE, &segment((port, 80), flags, numbers))
}

/// And one of the other side.
pub(super) fn tcp_back(port: u16, flags: u8, numbers: (u32, u32)) -> Vec<u8> {
    ip(PEER, OWN, 6, WHOLE, &segment((80, port), flags, numbers))
}

/// A datagram of the conversation that the device opens from this port to 514.
pub(super) fn udp_out(port: u16) -> Vec<u8> {
    ip(OWN, PEER, 17, WHOLE, &datagram((port, 514), 4))
}

/// And one of the other side.
pub(super) fn udp_back(port: u16) -> Vec<u8> {
    ip(PEER, OWN, 17, WHOLE, &datagram((514, port), 4))
}
