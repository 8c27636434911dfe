//! What an ICMP error quotes: the flow of the datagram that it is about (docs/judgement.md, 4.5).
#![expect(
    clippy::cast_possible_truncation,
    reason = "offsets and lengths fit 16 bits"
)]

use aya_ebpf::bindings::xdp_md;
use xiot_common::{addr::Addr, flow::FlowKey};

use super::{ip4, ip6, l4};
use crate::{
    frame::{Frame, Wire},
    packet::{Icmp, Kind, Packet, mac},
    scratch,
};

/// Bytes of an ICMP error before the quote.
const ERROR_HEADER: usize = 8;

/// What errors quote at least of what follows the IP header (RFC 792).
#[derive(Clone, Copy)]
#[repr(C)]
struct Start {
    /// TCP, UDP: source port, ICMP: type and code.
    first: u16,
    /// TCP, UDP: destination port.
    second: u16,
    /// ICMP: identifier.
    third: u16,
    fourth: u16,
}

// SAFETY: integers only.
unsafe impl Wire for Start {}

/// The IP header of a quoted datagram.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quoted {
    pub(super) src: Addr,
    pub(super) dst: Addr,
    pub(super) protocol: u8,
    /// Offset of what follows the headers in the frame.
    pub(super) offset: usize,
    /// Bytes that are quoted of it.
    pub(super) length: usize,
}

/// Leaves the key of the quoted datagram's flow in the scratch if the message quotes one that the sender of the message
/// got from its receiver.
#[unsafe(no_mangle)]
#[inline(never)]
pub(crate) extern "C" fn xiot_quote(ctx: *mut xdp_md) -> u32 {
    // SAFETY: the caller hands its context on.
    let frame = unsafe { Frame::of(ctx) };
    let Some(scratch) = scratch::get() else {
        return 0;
    };
    match key(&frame, &scratch.packet) {
        Some(key) => {
            scratch.quoted.set(key);
            scratch.has_quote.set(1);
        }
        None => scratch.has_quote.set(0),
    }
    0
}

#[inline(always)]
fn key(frame: &Frame, packet: &Packet) -> Option<FlowKey> {
    let offset = usize::from(packet.message) + ERROR_HEADER;
    let length = usize::from(packet.message_length).checked_sub(ERROR_HEADER)?;
    let v4 = packet.kind == Kind::Ipv4;
    let quoted = if v4 {
        ip4::quoted(frame, offset, length)?
    } else {
        ip6::quoted(frame, offset, length)?
    };
    if quoted.length < size_of::<Start>() || quoted.src != *packet.dst() {
        return None;
    }
    if packet.is_from_device() && quoted.dst != *packet.src() {
        return None;
    }
    let start: Start = frame.read(quoted.offset)?;
    let (src_port, dst_port) = match quoted.protocol {
        l4::TCP | l4::UDP => (u16::from_be(start.first), u16::from_be(start.second)),
        l4::ICMP if v4 => echo_ports(&l4::V4, &start)?,
        l4::ICMPV6 if !v4 => echo_ports(&l4::V6, &start)?,
        _ => (0, 0),
    };
    let mut key = FlowKey {
        device: quoted.dst,
        peer: quoted.src,
        device_port: dst_port,
        peer_port: src_port,
        vlans: packet.vlans,
        mac: mac(packet.device_mac_word()),
        wire: packet.port.wire as u8,
        protocol: quoted.protocol,
    };
    if !packet.is_from_device() {
        key.device = quoted.src;
        key.peer = quoted.dst;
        key.device_port = src_port;
        key.peer_port = dst_port;
    }
    Some(key)
}

#[inline(always)]
fn echo_ports(types: &l4::Types, start: &Start) -> Option<(u16, u16)> {
    let [kind, code] = start.first.to_ne_bytes();
    let id = u16::from_be(start.third);
    match types.of(kind, code) {
        Icmp::Request => Some((id, 0)),
        Icmp::Reply => Some((0, id)),
        Icmp::No | Icmp::Error | Icmp::Other => None,
    }
}
