//! The plainest frames, for the entry: a whole TCP or UDP datagram to one receiver, without options and extension headers. What is
//! anything else, or malformed, is left to the parser proper; what passes here passes there, with the same key.
#![expect(
    clippy::cast_possible_truncation,
    reason = "fields are cut out of words on purpose"
)]

use xiot_common::flow::FlowKey;

use super::{eth, l4};
use crate::{
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

/// What an IP header and the first bytes behind it say. Addresses and ports as they lie in the frame.
struct Datagram {
    src: [u64; 2],
    dst: [u64; 2],
    protocol: u8,
    /// Source port, then destination port.
    ports: u32,
    /// What UDP has its length in.
    udp_length: u16,
    /// Offset in the frame of what follows the IP header.
    offset: usize,
    /// Bytes of that.
    length: usize,
}

/// Fills the packet from such a frame; none of all others.
#[inline(always)]
pub(crate) fn simple(frame: &Frame, packet: &mut Packet) -> Option<()> {
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
    let datagram = match ethertype {
        IPV4 => ipv4(frame, offset)?,
        IPV6 => ipv6(frame, offset)?,
        _ => return None,
    };
    if datagram.offset + datagram.length > frame.length() as usize || datagram.src == datagram.dst {
        return None;
    }
    match datagram.protocol {
        l4::UDP => {
            let length = usize::from(u16::from_be(datagram.udp_length));
            if length < UDP_HEADER || length > datagram.length {
                return None;
            }
        }
        l4::TCP => tcp(frame, packet, &datagram)?,
        _ => return None,
    }
    packet.protocol = datagram.protocol;
    packet.dst_port = u16::from_be((datagram.ports >> 16) as u16);
    packet.key = key(packet, &datagram);
    Some(())
}

#[inline(always)]
fn ipv4(frame: &Frame, offset: usize) -> Option<Datagram> {
    let header = frame.window::<{ IPV4_HEADER + UDP_HEADER }>(offset)?;
    let first = header.read::<u32, 0>();
    let total_length = usize::from(u16::from_be((first >> 16) as u16));
    if first as u8 != PLAIN
        || header.read::<u16, 6>() & FRAGMENTED != 0
        || total_length < IPV4_HEADER + UDP_HEADER
    {
        return None;
    }
    let address = |word: u32| [0, MAPPED | u64::from(word) << 32];
    Some(Datagram {
        src: address(header.read::<u32, 12>()),
        dst: address(header.read::<u32, 16>()),
        protocol: header.read::<u8, 9>(),
        ports: header.read::<u32, 20>(),
        udp_length: header.read::<u16, 24>(),
        offset: offset + IPV4_HEADER,
        length: total_length - IPV4_HEADER,
    })
}

#[inline(always)]
fn ipv6(frame: &Frame, offset: usize) -> Option<Datagram> {
    let header = frame.window::<{ IPV6_HEADER + UDP_HEADER }>(offset)?;
    let src = [header.read::<u64, 8>(), header.read::<u64, 16>()];
    let dst = [header.read::<u64, 24>(), header.read::<u64, 32>()];
    let is_mapped = |address: [u64; 2]| address[0] == 0 && address[1] as u32 == MAPPED as u32;
    if header.read::<u8, 0>() >> 4 != 6 || is_mapped(src) || is_mapped(dst) {
        return None;
    }
    Some(Datagram {
        src,
        dst,
        protocol: header.read::<u8, 6>(),
        ports: header.read::<u32, 40>(),
        udp_length: header.read::<u16, 44>(),
        offset: offset + IPV6_HEADER,
        length: usize::from(u16::from_be(header.read::<u16, 4>())),
    })
}

#[inline(always)]
fn tcp(frame: &Frame, packet: &mut Packet, datagram: &Datagram) -> Option<()> {
    let header = frame.window::<TCP_HEADER>(datagram.offset)?;
    let length = usize::from(header.read::<u8, 12>() >> 4) * 4;
    if length < TCP_HEADER || length > datagram.length {
        return None;
    }
    packet.tcp_flags = header.read::<u8, 13>() & l4::FLAGS;
    packet.acknowledgement = header.read::<u32, 8>();
    Some(())
}

/// The flow key. Both ends change places by arithmetic: every choice would be a branch.
#[inline(always)]
fn key(packet: &Packet, datagram: &Datagram) -> FlowKey {
    // All ones for a frame of the device.
    let mask = opaque(usize::from(packet.is_from_device()).wrapping_neg()) as u64;
    let either = |own: u64, other: u64| other ^ ((own ^ other) & mask);
    let [src, dst] = [datagram.src, datagram.dst];
    let device = [either(src[0], dst[0]), either(src[1], dst[1])];
    let peer = [src[0] ^ dst[0] ^ device[0], src[1] ^ dst[1] ^ device[1]];
    // In host order the destination's is the lower half; the device's is to be.
    let ports = datagram.ports.swap_bytes();
    let ports = either(ports.rotate_left(16).into(), ports.into());
    let vlans = u64::from(packet.vlans.outer) | u64::from(packet.vlans.inner) << 16;
    FlowKey::from_words([
        device[0],
        device[1],
        peer[0],
        peer[1],
        ports | vlans << 32,
        either(packet.src_mac, packet.dst_mac)
            | u64::from(packet.port.wire & 0xff) << 48
            | u64::from(datagram.protocol) << 56,
    ])
}
