//! The plainest frames, for the entry: a whole TCP or UDP datagram to one receiver, without options and extension headers. What is
//! anything else, or malformed, is left to the parser proper; what passes here passes there, with the same key.
#![expect(
    clippy::cast_possible_truncation,
    reason = "fields are cut out of words on purpose"
)]

use xiot_common::{flow::FlowKey, flow_hash::FlowHash, flow_line::ShortKey};

use super::{eth, l4};
use crate::{
    config,
    frame::{Frame, opaque},
    packet::{Packet, is_group},
};

const _: () = assert!(
    cfg!(target_endian = "little"),
    "fields are cut out of words in this order"
);

const MAC_BITS: u64 = (1 << 48) - 1;
const IPV4: u16 = eth::IPV4.to_be();
const IPV6: u16 = eth::IPV6.to_be();
const TAGS: [u16; 2] = [eth::TAG.to_be(), eth::SERVICE_TAG.to_be()];

/// Version 4, header of 20 bytes.
const PLAIN: u8 = 0x45;
/// Fragment offset, and the flag that more follow.
const FRAGMENTED: u16 = 0x3fff_u16.to_be();
/// The second word of an IPv4 address as IPv6 has it, without the address (RFC 4291, 2.5.5.2).
const MAPPED: u64 = 0xffff_0000;

const IPV4_HEADER: usize = 20;
const IPV6_HEADER: usize = 40;
const UDP_HEADER: usize = 8;
const TCP_HEADER: usize = 20;

/// The conversation of such a frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plain {
    /// Its key.
    pub key: ShortKey,
    /// IPv6: the whole addresses, the device's first.
    pub ends: [u64; 4],
}

impl Plain {
    /// Where a flow of this key may be.
    #[inline(always)]
    pub(crate) fn hash(&self) -> FlowHash {
        let ShortKey([_, ports, mac]) = self.key;
        if self.key.is_ipv6() {
            let [a, b, c, d] = self.ends;
            let key = FlowKey::from_words([a, b, c, d, ports & !ShortKey::IPV6, mac]);
            FlowHash::of(config::flow_seed, &key, config::flow_sets())
        } else {
            let ends = self.key.ends_v4();
            FlowHash::of_ipv4(config::flow_seed, ends, [ports, mac], config::flow_sets())
        }
    }
}

/// What follows an IP header.
#[derive(Clone, Copy, Debug)]
struct Payload {
    protocol: u8,
    /// What UDP has its length in.
    udp_length: u16,
    /// Offset in the frame.
    offset: usize,
    length: usize,
}

/// Fills the packet from such a frame; none of all others. Each family has a way of its own: what they share would be carried over
/// the stack.
#[inline(always)]
pub(crate) fn simple(frame: &Frame, packet: &mut Packet) -> Option<Plain> {
    let header = frame.window::<{ eth::HEADER }>(0)?;
    packet.dst_mac = header.read::<u64, 0>() & MAC_BITS;
    let rest = header.read::<u64, 6>();
    packet.src_mac = rest & MAC_BITS;
    if is_group(packet.dst_mac | packet.src_mac) {
        return None;
    }
    let mut ethertype = (rest >> 48) as u16;
    let mut offset = eth::HEADER;
    if TAGS.contains(&ethertype) {
        offset = eth::parse(frame, packet).ok()?;
        ethertype = packet.ethertype.to_be();
    }
    match ethertype {
        IPV4 => ipv4(frame, packet, offset),
        IPV6 => ipv6(frame, packet, offset),
        _ => None,
    }
}

#[inline(always)]
fn ipv4(frame: &Frame, packet: &mut Packet, offset: usize) -> Option<Plain> {
    let header = frame.window::<{ IPV4_HEADER + UDP_HEADER }>(offset)?;
    let first = header.read::<u32, 0>();
    let total_length = usize::from(u16::from_be((first >> 16) as u16));
    let [src, dst] = [header.read::<u32, 12>(), header.read::<u32, 16>()];
    if first as u8 != PLAIN
        || header.read::<u16, 6>() & FRAGMENTED != 0
        || total_length < IPV4_HEADER + UDP_HEADER
        || src == dst
    {
        return None;
    }
    let payload = Payload {
        protocol: header.read::<u8, 9>(),
        udp_length: header.read::<u16, 24>(),
        offset: offset + IPV4_HEADER,
        length: total_length - IPV4_HEADER,
    };
    transport(frame, packet, &payload)?;
    let ends = u64::from(src) | u64::from(dst) << 32;
    let ends = by_side(mask(packet), ends, ends.rotate_left(32));
    let rest = rest(packet, header.read::<u32, 20>());
    Some(Plain {
        key: ShortKey([ends, rest[0], rest[1]]),
        ends: [0; 4],
    })
}

#[inline(always)]
fn ipv6(frame: &Frame, packet: &mut Packet, offset: usize) -> Option<Plain> {
    let header = frame.window::<{ IPV6_HEADER + UDP_HEADER }>(offset)?;
    let src = [header.read::<u64, 8>(), header.read::<u64, 16>()];
    let dst = [header.read::<u64, 24>(), header.read::<u64, 32>()];
    let is_mapped = |address: [u64; 2]| address[0] == 0 && address[1] as u32 == MAPPED as u32;
    if header.read::<u8, 0>() >> 4 != 6 || is_mapped(src) || is_mapped(dst) || src == dst {
        return None;
    }
    let payload = Payload {
        protocol: header.read::<u8, 6>(),
        udp_length: header.read::<u16, 44>(),
        offset: offset + IPV6_HEADER,
        length: usize::from(u16::from_be(header.read::<u16, 4>())),
    };
    transport(frame, packet, &payload)?;
    let mask = mask(packet);
    let device = [by_side(mask, src[0], dst[0]), by_side(mask, src[1], dst[1])];
    let peer = [src[0] ^ dst[0] ^ device[0], src[1] ^ dst[1] ^ device[1]];
    let rest = rest(packet, header.read::<u32, 40>());
    Some(Plain {
        key: ShortKey([
            device[1] >> 32 | (peer[1] >> 32) << 32,
            rest[0] | ShortKey::IPV6,
            rest[1],
        ]),
        ends: [device[0], device[1], peer[0], peer[1]],
    })
}

/// Looks at the header of the transport; none of what has no plain one.
#[inline(always)]
fn transport(frame: &Frame, packet: &mut Packet, payload: &Payload) -> Option<()> {
    if payload.offset + payload.length > frame.length() as usize {
        return None;
    }
    packet.protocol = payload.protocol;
    match payload.protocol {
        l4::UDP => {
            let length = usize::from(u16::from_be(payload.udp_length));
            (length >= UDP_HEADER && length <= payload.length).then_some(())
        }
        l4::TCP => tcp(frame, packet, payload),
        _ => None,
    }
}

#[inline(always)]
fn tcp(frame: &Frame, packet: &mut Packet, payload: &Payload) -> Option<()> {
    let header = frame.window::<TCP_HEADER>(payload.offset)?;
    let length = usize::from(header.read::<u8, 12>() >> 4) * 4;
    if length < TCP_HEADER || length > payload.length {
        return None;
    }
    packet.tcp_flags = header.read::<u8, 13>() & l4::FLAGS;
    packet.acknowledgement = header.read::<u32, 8>();
    Some(())
}

/// All ones for a frame of the device. Ends change places by arithmetic: every choice would be a branch.
#[inline(always)]
fn mask(packet: &Packet) -> u64 {
    opaque(usize::from(packet.is_from_device()).wrapping_neg()) as u64
}

/// The first number for a frame of the device, else the other.
#[inline(always)]
const fn by_side(mask: u64, device: u64, uplink: u64) -> u64 {
    uplink ^ ((device ^ uplink) & mask)
}

/// The last two words of the flow key, by the ports as they lie in the frame. Notes the destination's.
#[inline(always)]
fn rest(packet: &mut Packet, ports: u32) -> [u64; 2] {
    let mask = mask(packet);
    // In host order the destination's is the lower half; the device's is to be.
    let ports = ports.swap_bytes();
    packet.dst_port = ports as u16;
    let ports = by_side(mask, ports.rotate_left(16).into(), ports.into());
    let vlans = u64::from(packet.vlans.outer) | u64::from(packet.vlans.inner) << 16;
    [
        ports | vlans << 32,
        by_side(mask, packet.src_mac, packet.dst_mac)
            | u64::from(packet.port.wire & 0xff) << 48
            | u64::from(packet.protocol) << 56,
    ]
}
