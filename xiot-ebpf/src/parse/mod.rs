//! One pass over the headers: offsets checked, values copied into the packet, everything malformed refused
//! with its own reason (docs/judgement.md, 1).

mod arp;
pub(crate) mod eth;
mod fragment;
pub(crate) mod ip4;
mod ip6;
pub(crate) mod l4;
pub(crate) mod quote;
mod simple;

use xiot_common::{addr::Addr, reason::Reason};

pub(crate) use self::simple::simple;
use crate::{
    frame::Frame,
    packet::{Fragment, Icmp, Kind, Packet, mac},
};

/// What an IP header says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Datagram {
    /// Source address.
    pub(crate) src: Addr,
    /// Destination address.
    pub(crate) dst: Addr,
    /// Offset of the first byte of the transport header in the frame.
    pub(crate) offset: usize,
    /// Bytes from there to the end of the datagram.
    pub(crate) length: usize,
}

/// Whether the frame is at least this long. Corrects the packet's length where the frame has several buffers.
#[inline(always)]
fn reaches(frame: &Frame, packet: &mut Packet, length: usize) -> bool {
    if length <= frame.length() as usize {
        return true;
    }
    packet.length = frame.whole_length();
    length <= packet.length as usize
}

/// Fills the packet from the frame.
#[inline(always)]
pub fn parse(frame: &Frame, packet: &mut Packet) -> Result<(), Reason> {
    let offset = eth::parse(frame, packet)?;
    let datagram = match packet.ethertype {
        eth::IPV4 => {
            let datagram = ip4::parse(frame, packet, offset)?;
            packet.kind = Kind::Ipv4;
            datagram
        }
        eth::IPV6 => {
            let datagram = ip6::parse(frame, packet, offset)?;
            packet.kind = Kind::Ipv6;
            datagram
        }
        eth::ARP => {
            packet.kind = Kind::Arp;
            return arp::parse(frame, offset);
        }
        _ => return Ok(()),
    };
    let transport = if packet.fragment == Fragment::Later {
        Ok(())
    } else {
        l4::parse(frame, packet, datagram.offset, datagram.length)
    };
    let same = datagram.src == datagram.dst && packet.src_port == packet.dst_port;
    l4::set_echo_ports(packet);
    // Also for a refused header: its event names the addresses.
    set_key(packet, &datagram);
    transport?;
    if same {
        return Err(Reason::SameEndpoints);
    }
    Ok(())
}

/// Tells the device's end from the other one: the device is on the side of its port.
#[inline(always)]
#[expect(
    clippy::cast_possible_truncation,
    reason = "there are at most 32 wires"
)]
fn set_key(packet: &mut Packet, datagram: &Datagram) {
    packet.key.vlans = packet.vlans;
    packet.key.mac = mac(packet.device_mac_word());
    packet.key.wire = packet.port.wire as u8;
    packet.key.protocol = packet.protocol;
    if packet.is_from_device() {
        packet.key.device = datagram.src;
        packet.key.peer = datagram.dst;
        packet.key.device_port = packet.src_port;
        packet.key.peer_port = packet.dst_port;
    } else {
        packet.key.device = datagram.dst;
        packet.key.peer = datagram.src;
        packet.key.device_port = packet.dst_port;
        packet.key.peer_port = packet.src_port;
    }
}

/// Whether the packet can have a flow.
#[inline(always)]
pub fn has_flow(packet: &Packet) -> bool {
    matches!(packet.kind, Kind::Ipv4 | Kind::Ipv6)
        && packet.fragment != Fragment::Later
        && !matches!(packet.icmp, Icmp::Other | Icmp::Error)
}
