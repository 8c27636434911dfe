//! One pass over the headers: offsets checked, values copied into the packet, everything malformed refused
//! with its own reason (docs/judgement.md, 1).

mod arp;
pub(crate) mod eth;
mod ip4;
mod ip6;
pub(crate) mod l4;

use xiot_common::{flow::FlowKey, reason::Reason};

use crate::{
    frame::Frame,
    packet::{Fragment, Icmp, Kind, Packet},
};

/// Where the transport header is and how much of it there may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Transport {
    /// Offset of its first byte in the frame.
    pub(crate) offset: usize,
    /// Bytes from there to the end of the datagram.
    pub(crate) length: usize,
}

/// Fills the packet from the frame.
#[inline(always)]
pub fn parse(frame: &Frame, packet: &mut Packet) -> Result<(), Reason> {
    let offset = eth::parse(frame, packet)?;
    let transport = match packet.ethertype {
        eth::IPV4 => ip4::parse(frame, packet, offset)?,
        eth::IPV6 => ip6::parse(frame, packet, offset)?,
        eth::ARP => {
            packet.kind = Kind::Arp;
            return arp::parse(frame, offset);
        }
        _ => return Ok(()),
    };
    if packet.fragment != Fragment::Later {
        l4::parse(frame, packet, transport)?;
    }
    if packet.src == packet.dst && packet.src_port == packet.dst_port {
        return Err(Reason::SameEndpoints);
    }
    l4::set_echo_ports(packet);
    let (key, source_is_low) = FlowKey::new(
        &packet.src,
        &packet.dst,
        packet.src_port,
        packet.dst_port,
        packet.protocol,
        packet.vlans,
        packet.port.wire,
    );
    packet.key = key;
    packet.source_is_low = source_is_low;
    Ok(())
}

/// Whether the packet can have a flow.
#[inline(always)]
pub fn has_flow(packet: &Packet) -> bool {
    matches!(packet.kind, Kind::Ipv4 | Kind::Ipv6)
        && packet.fragment != Fragment::Later
        && packet.icmp != Icmp::Other
}
