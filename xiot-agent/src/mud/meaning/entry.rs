//! One entry of a list: what it matches, seen from the device.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnetwork::{IpNetwork, Ipv4Network, Ipv6Network};

use super::{
    conversation::{Message, Opener, Peer, Ports},
    peer::peer,
    ports::ranges,
    reason::Reason,
};
use crate::mud::file::{Ace, Ethernet, Icmp, Ip, Matches, Role, Transport, Unknown};

/// Which way the frames of a list go.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Side {
    /// The device sends them.
    From,
    /// They are sent to it.
    To,
}

/// Version of IP.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Family {
    V4,
    V6,
}

impl Family {
    /// Every address.
    pub(super) fn all(self) -> IpNetwork {
        const V4: Option<Ipv4Network> = Ipv4Network::new_checked(Ipv4Addr::UNSPECIFIED, 0);
        const V6: Option<Ipv6Network> = Ipv6Network::new_checked(Ipv6Addr::UNSPECIFIED, 0);
        match self {
            Self::V4 => V4.expect("0 is a prefix length of IPv4").into(),
            Self::V6 => V6.expect("0 is a prefix length of IPv6").into(),
        }
    }
}

/// What is spoken.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Protocol {
    Any,
    /// With port ranges of the device and of the other side; none: every port.
    Tcp(Vec<Ports>, Vec<Ports>),
    Udp(Vec<Ports>, Vec<Ports>),
    Icmp(Message),
    Icmpv6(Message),
    Other(u8),
}

/// An entry that matches IP.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Pattern {
    pub(super) side: Side,
    pub(super) peer: Peer,
    pub(super) protocol: Protocol,
    /// Who opens, where the entry says it.
    pub(super) opener: Option<Opener>,
}

/// What an entry comes to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Read {
    /// Frames of IP, of one version or both.
    Ip(Vec<Pattern>),
    /// ARP, which profiles have as a service.
    Arp,
}

/// What is done with the frames of an entry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Action {
    Accept,
    Deny,
}

pub(super) fn action(ace: &Ace) -> Result<Action, Reason> {
    match ace.actions.forwarding.as_str() {
        "accept" | "ietf-access-control-list:accept" => Ok(Action::Accept),
        "drop" | "reject" | "ietf-access-control-list:drop" | "ietf-access-control-list:reject" => {
            Ok(Action::Deny)
        }
        other => Err(Reason::Action(other.to_owned())),
    }
}

/// Reads an entry of a list of this kind, in the file of this maker.
pub(super) fn read(ace: &Ace, kind: &str, side: Side, maker: &str) -> Result<Read, Reason> {
    let matches = &ace.matches;
    known(&ace.unknown, Reason::Unknown)?;
    known(&matches.unknown, Reason::Condition)?;
    if let Some(eth) = &matches.eth {
        known(&eth.unknown, Reason::Condition)?;
    }
    let families = match families(kind, matches)? {
        Frames::Ip(families) => families,
        Frames::Arp => return Ok(Read::Arp),
    };
    let nothing = Ip::default();
    let ip = matches.ipv4.as_ref().or(matches.ipv6.as_ref());
    let ip = ip.unwrap_or(&nothing);
    known(&ip.unknown, Reason::Condition)?;
    let mut patterns = Vec::new();
    for family in families {
        let (eth, role) = (matches.eth.as_ref(), matches.mud.as_ref());
        let peer = peer(side, *family, eth, ip, role, maker)?;
        let (protocol, opener) = protocol(matches, ip, *family, side)?;
        let pattern = Pattern {
            side,
            peer,
            protocol,
            opener,
        };
        if !patterns.contains(&pattern) {
            patterns.push(pattern);
        }
    }
    Ok(Read::Ip(patterns))
}

fn known(unknown: &Unknown, reason: fn(String) -> Reason) -> Result<(), Reason> {
    match unknown.keys().next() {
        Some(key) => Err(reason(key.clone())),
        None => Ok(()),
    }
}

/// Which frames an entry is about.
enum Frames {
    Ip(&'static [Family]),
    Arp,
}

fn families(kind: &str, matches: &Matches) -> Result<Frames, Reason> {
    const V4: Frames = Frames::Ip(&[Family::V4]);
    const V6: Frames = Frames::Ip(&[Family::V6]);
    let of_list = (kind.contains("ipv4"), kind.contains("ipv6"));
    let ethertype = ethertype(matches.eth.as_ref())?;
    let of_entry = (
        matches.ipv4.is_some() || ethertype == Some(0x0800),
        matches.ipv6.is_some() || ethertype == Some(0x86dd),
    );
    match (of_list, of_entry) {
        (_, (true, true)) | ((true, false), (false, true)) | ((false, true), (true, false)) => {
            Err(Reason::Nothing("of IPv4 and of IPv6"))
        }
        (_, (false, false)) if ethertype == Some(0x0806) && is_local(matches) => Ok(Frames::Arp),
        (_, (false, false)) if ethertype.is_some() => Err(Reason::EtherType(said(matches))),
        (_, (true, false)) | ((true, false), _) => Ok(V4),
        (_, (false, true)) | ((false, true), _) => Ok(V6),
        ((true, true), _) => Ok(Frames::Ip(&[Family::V4, Family::V6])),
        ((false, false), _) => Err(Reason::EtherType("any".to_owned())),
    }
}

/// The Ethernet type, as hexadecimal in files.
fn ethertype(eth: Option<&Ethernet>) -> Result<Option<u16>, Reason> {
    let Some(text) = eth.and_then(|eth| eth.ethertype.as_ref()) else {
        return Ok(None);
    };
    let digits = text.strip_prefix("0x").unwrap_or(text);
    match u16::from_str_radix(digits, 16) {
        Ok(number) => Ok(Some(number)),
        Err(_) => Err(Reason::EtherType(text.clone())),
    }
}

fn said(matches: &Matches) -> String {
    let eth = matches.eth.as_ref();
    eth.and_then(|eth| eth.ethertype.clone())
        .unwrap_or_default()
}

/// Whether an entry has no more conditions than that frames stay within the local networks, as ARP does.
fn is_local(matches: &Matches) -> bool {
    let mac = matches.eth.as_ref().is_some_and(|eth| {
        eth.source_mac_address.is_some() || eth.destination_mac_address.is_some()
    });
    let role = matches.mud.as_ref().is_none_or(|role| {
        let local = Role {
            local_networks: Some(()),
            ..Role::default()
        };
        *role == local
    });
    let deeper = matches.tcp.is_some() || matches.udp.is_some() || matches.icmp.is_some();
    role && !mac && !deeper
}

/// What is spoken, and who opens where that is said.
fn protocol(
    matches: &Matches,
    ip: &Ip,
    family: Family,
    side: Side,
) -> Result<(Protocol, Option<Opener>), Reason> {
    /// Headers that stand before the protocol in IPv6 (RFC 8200; mobility: RFC 6275).
    const EXTENSIONS: [u8; 5] = [0, 43, 44, 60, 135];
    let number = ip.protocol;
    let (tcp, udp, icmp) = (&matches.tcp, &matches.udp, &matches.icmp);
    let icmp_number = match family {
        Family::V4 => 1,
        Family::V6 => 58,
    };
    let nothing = Transport::default();
    let contradicts = |own: u8| number.is_some_and(|number| number != own);
    match (tcp, udp, icmp) {
        (Some(tcp), None, None) if !contradicts(6) => {
            let ports = ports(tcp, ip, side)?;
            Ok((Protocol::Tcp(ports.0, ports.1), opener(tcp)?))
        }
        (None, Some(udp), None) if !contradicts(17) => {
            let ports = ports(udp, ip, side)?;
            Ok((Protocol::Udp(ports.0, ports.1), opener(udp)?))
        }
        (None, None, Some(icmp)) if !contradicts(icmp_number) => {
            no_ports(ip)?;
            Ok((message(icmp, family)?, None))
        }
        (None, None, None) => match number {
            Some(6) => {
                let ports = ports(&nothing, ip, side)?;
                Ok((Protocol::Tcp(ports.0, ports.1), None))
            }
            Some(17) => {
                let ports = ports(&nothing, ip, side)?;
                Ok((Protocol::Udp(ports.0, ports.1), None))
            }
            Some(number) if family == Family::V6 && EXTENSIONS.contains(&number) => {
                Err(Reason::ExtensionHeader(number))
            }
            Some(number) => no_ports(ip).map(|()| (Protocol::Other(number), None)),
            None => no_ports(ip).map(|()| (Protocol::Any, None)),
        },
        _ => Err(Reason::Nothing("of two protocols")),
    }
}

/// Port ranges of the device and of the other side. Drafts had them with the IP header.
fn ports(transport: &Transport, ip: &Ip, side: Side) -> Result<(Vec<Ports>, Vec<Ports>), Reason> {
    known(&transport.unknown, Reason::Condition)?;
    let source = transport.source_port.as_ref().or(ip.source_port.as_ref());
    let destination = transport.destination_port.as_ref();
    let destination = destination.or(ip.destination_port.as_ref());
    let (source, destination) = (ranges(source)?, ranges(destination)?);
    Ok(match side {
        Side::From => (source, destination),
        Side::To => (destination, source),
    })
}

fn no_ports(ip: &Ip) -> Result<(), Reason> {
    match (&ip.source_port, &ip.destination_port) {
        (None, None) => Ok(()),
        _ => Err(Reason::Nothing("with ports and neither TCP nor UDP")),
    }
}

fn opener(transport: &Transport) -> Result<Option<Opener>, Reason> {
    match transport.direction_initiated.as_deref() {
        None => Ok(None),
        Some("from-device") => Ok(Some(Opener::Device)),
        Some("to-device") => Ok(Some(Opener::Peer)),
        Some(other) => Err(Reason::Direction(other.to_owned())),
    }
}

fn message(icmp: &Icmp, family: Family) -> Result<Protocol, Reason> {
    known(&icmp.unknown, Reason::Condition)?;
    let protocol = match family {
        Family::V4 => Protocol::Icmp,
        Family::V6 => Protocol::Icmpv6,
    };
    match (icmp.kind, icmp.code, family) {
        (None, Some(_), _) => Err(Reason::Code),
        (None, None, Family::V4) => Ok(Protocol::Other(1)),
        (None, None, Family::V6) => Ok(Protocol::Other(58)),
        // Echo messages have no other code (RFC 792, RFC 4443).
        (Some(kind @ (0 | 8)), Some(0), Family::V4)
        | (Some(kind @ (128 | 129)), Some(0), Family::V6) => Ok(protocol((kind, None))),
        (Some(kind), code, _) => Ok(protocol((kind, code))),
    }
}
