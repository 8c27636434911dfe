//! Address bindings and rules: plain scans in file order (docs/judgement.md sections 6.1 and 6.3).

use std::net::{IpAddr, Ipv4Addr};

use xiot_common::reason::Reason;

use super::{
    Side,
    frame::{Packet, Transport},
    is_in_force,
    owner::is_group,
    times::Wall,
    told::Names,
};
use crate::model::policy::{Clause, Device, IcmpType, Initiator, Policy, Profile, Rule};

/// Whether the device may have the packet's address on its side, as far as its own addresses go.
pub(super) fn is_bound(device: &Device, side: Side, own: IpAddr) -> bool {
    let exempt = own.is_unspecified()
        || is_link_local(own)
        || side == Side::Uplink && (own.is_multicast() || own == IpAddr::V4(Ipv4Addr::BROADCAST));
    let exempt = exempt && !is_group(device.mac);
    device.addresses.is_empty() || exempt || device.addresses.contains(&own)
}

/// IPv6 only: IPv4's 169.254.0.0/16 has no special place here.
pub(super) fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(v6) if v6.segments()[0] & 0xffc0 == 0xfe80)
}

/// The rule that lets the asking side open a conversation, by position in the profile, or the nearest miss.
///
/// Addresses come first. Where these deny, each name that the peer's address has for the device is asked about; one that allows
/// lasts anew.
pub(super) fn judge(
    policy: &Policy,
    profile: &Profile,
    asked: Asked,
    names: Names<'_>,
    at: Wall,
) -> Result<usize, Reason> {
    let has_address = |rule: &Rule| {
        let mut peers = rule.peers.iter();
        peers.any(|network| network.contains(asked.peer))
    };
    let mut nearest = match judge_peer(policy, profile, asked, has_address, at) {
        Ok(rule) => return Ok(rule),
        Err(reason) => reason,
    };
    for known in names.of(asked.peer) {
        let has_name = |rule: &Rule| rule.names.contains(known.name());
        match judge_peer(policy, profile, asked, has_name, at) {
            Ok(rule) => {
                known.renew();
                return Ok(rule);
            }
            Err(reason) if nearness(reason) > nearness(nearest) => nearest = reason,
            Err(_) => {}
        }
    }
    Err(nearest)
}

/// How near a miss is to a rule that allows.
fn nearness(reason: Reason) -> usize {
    let far_to_near = [
        Reason::NoPeer,
        Reason::NoProtocol,
        Reason::NoPort,
        Reason::WrongDirection,
        Reason::RuleNotInForce,
    ];
    let place = far_to_near.iter().position(|it| *it == reason);
    place.unwrap_or_default()
}

/// The same by the rules that name the peer as this says.
fn judge_peer(
    policy: &Policy,
    profile: &Profile,
    asked: Asked,
    is_named_by: impl Fn(&Rule) -> bool,
    at: Wall,
) -> Result<usize, Reason> {
    let rules_of = |initiator| {
        let rules = profile.rules.iter().enumerate();
        rules.filter(move |(_, rule)| rule.initiator == initiator)
    };
    let own: Vec<(usize, &Rule)> = rules_of(asked.initiator)
        .filter(|(_, rule)| is_named_by(rule))
        .collect();
    let mut matching = own.iter().filter(|(_, rule)| asked.is_in(rule)).peekable();
    let missed = matching.peek().is_some();
    if let Some((position, _)) = matching.find(|(_, rule)| is_in_force(policy, &rule.times, at)) {
        return Ok(*position);
    }
    if missed {
        return Err(Reason::RuleNotInForce);
    }
    let back = asked.with_ports_swapped();
    if rules_of(opposite(asked.initiator))
        .filter(|(_, rule)| is_named_by(rule))
        .any(|(_, rule)| asked.is_in(rule) || back.is_some_and(|back| back.is_in(rule)))
    {
        return Err(Reason::WrongDirection);
    }
    if own.iter().any(|(_, rule)| asked.has_protocol_in(rule)) {
        return Err(Reason::NoPort);
    }
    if own.is_empty() {
        Err(Reason::NoPeer)
    } else {
        Err(Reason::NoProtocol)
    }
}

fn opposite(initiator: Initiator) -> Initiator {
    match initiator {
        Initiator::Device => Initiator::Peer,
        Initiator::Peer => Initiator::Device,
    }
}

/// A conversation that somebody wants to open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    initiator: Initiator,
    peer: IpAddr,
    protocol: u8,
    service: Service,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Service {
    Tcp { port: u16, sender_port: u16 },
    Udp { port: u16, sender_port: u16 },
    Icmp { kind: u8, code: u8 },
    Portless,
}

impl Asked {
    /// What the sender of a packet that came in on this side asks for.
    pub(super) fn of(side: Side, packet: &Packet) -> Self {
        let service = match packet.transport {
            Transport::Tcp {
                source,
                destination,
                ..
            } => Service::Tcp {
                port: destination,
                sender_port: source,
            },
            Transport::Udp {
                source,
                destination,
            } => Service::Udp {
                port: destination,
                sender_port: source,
            },
            Transport::Icmp { kind, code, .. } => Service::Icmp { kind, code },
            Transport::Portless => Service::Portless,
        };
        let peer = match side {
            Side::Device => packet.destination,
            Side::Uplink => packet.source,
        };
        Self::new(side, peer, packet.protocol, service)
    }

    /// What a side asks for of, or for, this peer.
    pub(super) fn new(side: Side, peer: IpAddr, protocol: u8, service: Service) -> Self {
        Self {
            initiator: match side {
                Side::Device => Initiator::Device,
                Side::Uplink => Initiator::Peer,
            },
            peer,
            protocol,
            service,
        }
    }

    /// What the receiver asked for if the packet is an answer to it; TCP and UDP alone.
    pub(super) fn by_the_receiver(self) -> Option<Self> {
        Some(Self {
            initiator: opposite(self.initiator),
            ..self.with_ports_swapped()?
        })
    }

    /// The same with the sender's port taken for the service's.
    fn with_ports_swapped(self) -> Option<Self> {
        let service = match self.service {
            Service::Tcp { port, sender_port } => Service::Tcp {
                port: sender_port,
                sender_port: port,
            },
            Service::Udp { port, sender_port } => Service::Udp {
                port: sender_port,
                sender_port: port,
            },
            Service::Icmp { .. } | Service::Portless => return None,
        };
        Some(Self { service, ..self })
    }

    fn is_in(self, rule: &Rule) -> bool {
        rule.clauses
            .iter()
            .any(|clause| match (clause, self.service) {
                (Clause::Tcp(ranges), Service::Tcp { port, .. })
                | (Clause::Udp(ranges), Service::Udp { port, .. }) => {
                    ranges.iter().any(|range| range.contains(&port))
                }
                (Clause::Icmp(types), Service::Icmp { kind, code }) => {
                    !self.peer.is_ipv6() && has_type(types, kind, code)
                }
                (Clause::Icmpv6(types), Service::Icmp { kind, code }) => {
                    self.peer.is_ipv6() && has_type(types, kind, code)
                }
                (Clause::Any | Clause::Protocol(_), _) => self.has_protocol(clause),
                (Clause::Tcp(_) | Clause::Udp(_) | Clause::Icmp(_) | Clause::Icmpv6(_), _) => false,
            })
    }

    fn has_protocol_in(self, rule: &Rule) -> bool {
        rule.clauses.iter().any(|clause| self.has_protocol(clause))
    }

    fn has_protocol(self, clause: &Clause) -> bool {
        match clause {
            Clause::Any => true,
            Clause::Tcp(_) => self.protocol == 6,
            Clause::Udp(_) => self.protocol == 17,
            Clause::Icmp(_) | Clause::Protocol(1) => self.is_icmp(),
            Clause::Icmpv6(_) | Clause::Protocol(58) => self.is_icmpv6(),
            Clause::Protocol(number) => self.protocol == *number,
        }
    }

    fn is_icmp(self) -> bool {
        self.protocol == 1 && !self.peer.is_ipv6()
    }

    fn is_icmpv6(self) -> bool {
        self.protocol == 58 && self.peer.is_ipv6()
    }
}

fn has_type(types: &[IcmpType], kind: u8, code: u8) -> bool {
    types
        .iter()
        .any(|t| t.kind == kind && t.code.is_none_or(|wanted| wanted == code))
}
