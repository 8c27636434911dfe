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
        *self.0.entry(ends).or_insert(habit)
    }
}

fn read(shot: &Shot) -> Option<(Ends, Habit)> {
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
    let message = |kind: u8, code: u8| u16::from_be_bytes([kind, code]);
    // Ports of the ends, and the one that is called: an echo reply answers a request.
    let (src_port, dst_port, called) = match &packet.transport {
        Some(TransportSlice::Tcp(tcp)) => {
            let (src, dst) = (tcp.source_port(), tcp.destination_port());
            (src, dst, dst)
        }
        Some(TransportSlice::Udp(udp)) => {
            let (src, dst) = (udp.source_port(), udp.destination_port());
            (src, dst, dst)
        }
        Some(TransportSlice::Icmpv4(icmp)) => {
            let called = message(icmp.type_u8(), icmp.code_u8());
            let pair = if called == 0 { 0x0800 } else { called };
            (pair, pair, called)
        }
        Some(TransportSlice::Icmpv6(icmp)) => {
            let called = message(icmp.type_u8(), icmp.code_u8());
            let pair = if called == 0x8100 { 0x8000 } else { called };
            (pair, pair, called)
        }
        Some(TransportSlice::Igmp(_)) | None => (0, 0, 0),
    };
    let by_device = shot.side == Side::Device;
    let (own, peer) = if by_device {
        ((src, src_port), (dst, dst_port))
    } else {
        ((dst, dst_port), (src, src_port))
    };
    let habit = Habit::Talk {
        by_device,
        protocol,
        port: called,
        peer: peer.0,
    };
    Some(((own, peer, protocol), habit))
}
