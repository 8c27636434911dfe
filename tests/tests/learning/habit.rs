//! What a frame belongs to: a conversation by who opens it, protocol, port of the side that is called, and peer.

use std::{collections::HashMap, fmt, net::IpAddr};

use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use xiot_agent::oracle::Side;
use xiot_tests::shot::Shot;

/// A conversation without the ports that are given out as they are needed.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum Habit {
    /// Of IP.
    Talk {
        by_device: bool,
        protocol: u8,
        port: u16,
        peer: IpAddr,
    },
    /// Not IP, or none that anybody can read, by Ethernet type.
    Other(u16),
}

impl Habit {
    /// The other side.
    pub(crate) fn peer(&self) -> Option<IpAddr> {
        match self {
            Self::Talk { peer, .. } => Some(*peer),
            Self::Other(_) => None,
        }
    }

    /// The same with another peer.
    pub(crate) const fn with_peer(self, peer: IpAddr) -> Self {
        match self {
            Self::Talk {
                by_device,
                protocol,
                port,
                peer: _,
            } => Self::Talk {
                by_device,
                protocol,
                port,
                peer,
            },
            Self::Other(_) => self,
        }
    }
}

impl fmt::Display for Habit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Talk {
                by_device,
                protocol,
                port,
                peer,
            } => {
                let way = if *by_device { "to" } else { "from" };
                write!(f, "{way} {peer} protocol {protocol} port {port}")
            }
            Self::Other(ether_type) => write!(f, "Ethernet type {ether_type:#06x}"),
        }
    }
}

/// Both ends, whoever sends: the device's address and port, the peer's, and the protocol.
type Ends = ((IpAddr, u16), (IpAddr, u16), u8);

/// Tells the habits of frames, in order: who sends the first frame of a conversation opens it.
#[derive(Debug, Default)]
pub(crate) struct Habits(HashMap<Ends, Habit>);

impl Habits {
    pub(crate) fn of(&mut self, shot: &Shot) -> Habit {
        let Some((ends, habit)) = read(shot) else {
            let kind = [shot.frame[12], shot.frame[13]];
            return Habit::Other(u16::from_be_bytes(kind));
        };
        ends.map_or(habit, |ends| *self.0.entry(ends).or_insert(habit))
    }
}

/// The habit of a frame that opens something, and between which ends: none for messages that belong to no conversation.
fn read(shot: &Shot) -> Option<(Option<Ends>, Habit)> {
    let packet = SlicedPacket::from_ethernet(&shot.frame).ok()?;
    let (src, dst, protocol): (IpAddr, IpAddr, u8) = match packet.net.as_ref()? {
        NetSlice::Ipv4(ip) => (
            ip.header().source_addr().into(),
            ip.header().destination_addr().into(),
            ip.payload().ip_number.0,
        ),
        NetSlice::Ipv6(ip) => (
            ip.header().source_addr().into(),
            ip.header().destination_addr().into(),
            ip.payload().ip_number.0,
        ),
        NetSlice::Arp(_) => return None,
    };
    // Ports of the ends, and the one that is called: the requester's port of an echo is its identifier.
    let (ports, called) = match &packet.transport {
        Some(TransportSlice::Tcp(tcp)) => {
            let (src, dst) = (tcp.source_port(), tcp.destination_port());
            (Some((src, dst)), dst)
        }
        Some(TransportSlice::Udp(udp)) => {
            let (src, dst) = (udp.source_port(), udp.destination_port());
            (Some((src, dst)), dst)
        }
        Some(TransportSlice::Icmpv4(icmp)) => message(icmp.slice(), (8, 0)),
        Some(TransportSlice::Icmpv6(icmp)) => message(icmp.slice(), (128, 129)),
        Some(TransportSlice::Igmp(_)) | None => (Some((0, 0)), 0),
    };
    let by_device = shot.side == Side::Device;
    let habit = Habit::Talk {
        by_device,
        protocol,
        port: called,
        peer: if by_device { dst } else { src },
    };
    let ends = ports.map(|(src_port, dst_port)| {
        let (from, to) = ((src, src_port), (dst, dst_port));
        if by_device {
            (from, to, protocol)
        } else {
            (to, from, protocol)
        }
    });
    Some((ends, habit))
}

/// Ports of an ICMP message whose echo types are these, none if it is no echo, and its type and code.
fn message(icmp: &[u8], (request, reply): (u8, u8)) -> (Option<(u16, u16)>, u16) {
    let called = u16::from_be_bytes([icmp[0], icmp[1]]);
    let identifier = u16::from_be_bytes([icmp[4], icmp[5]]);
    let ports = match (icmp[0], icmp[1]) {
        (kind, 0) if kind == request => Some((identifier, 0)),
        (kind, 0) if kind == reply => Some((0, identifier)),
        _ => None,
    };
    (ports, called)
}
