//! Neighbour discovery (RFC 4861): from devices only in their own name, from the uplink not in that of devices, and from
//! neither in a form that no host may accept (RFC 6980 for fragments).

#![expect(
    clippy::cast_possible_truncation,
    reason = "headers lie within the first kilobytes"
)]

use aya_ebpf::bindings::xdp_md;
use xiot_common::{addr::Addr, reason::Reason};

use super::owner;
use crate::{
    config,
    frame::{Frame, Wire},
    packet::{Fragment, Kind, Packet},
    parse::{eth, l4},
    scratch::{self, Options, Scratch},
};

const ROUTER_SOLICITATION: u8 = 133;
const ROUTER_ADVERTISEMENT: u8 = 134;
const NEIGHBOUR_SOLICITATION: u8 = 135;
const NEIGHBOUR_ADVERTISEMENT: u8 = 136;
const REDIRECT: u8 = 137;

/// Options of one message.
const MAX_OPTIONS: u32 = 32;

/// Bytes of the IPv6 header.
const HEADER: usize = 40;

/// Where the payload length stands in it.
const PAYLOAD_LENGTH: usize = 4;

/// Bytes of the message before the target, which is an address.
const TARGET: usize = 8;

// SAFETY: integers only.
unsafe impl Wire for Addr {}

/// The first eight bytes of an option: a whole one where it holds a MAC.
#[derive(Clone, Copy)]
#[repr(C)]
struct Start {
    kind: u8,
    length: u8,
    mac_low: u16,
    mac_high: u32,
}

// SAFETY: integers only.
unsafe impl Wire for Start {}

/// Source and target link-layer address.
const LINK_LAYER: [u8; 2] = [1, 2];

/// Whether the message is one of neighbour discovery.
#[inline(always)]
pub(super) fn is_nd(packet: &Packet) -> bool {
    packet.kind == Kind::Ipv6
        && packet.protocol == l4::ICMPV6
        && packet.fragment != Fragment::Later
        && kind(packet) >= ROUTER_SOLICITATION
        && kind(packet) <= REDIRECT
}

/// Whether it is part of a datagram that may hide one: a later fragment of ICMPv6, or of what extension headers lead to.
#[inline(always)]
pub(super) const fn may_hide(packet: &Packet) -> bool {
    matches!(packet.kind, Kind::Ipv6)
        && matches!(packet.fragment, Fragment::Later)
        && matches!(packet.protocol, l4::ICMPV6 | 0 | 43 | 44 | 51 | 60 | 135)
}

#[inline(always)]
const fn kind(packet: &Packet) -> u8 {
    (packet.service >> 8) as u8
}

/// Bytes before the options.
#[inline(always)]
const fn fixed(kind: u8) -> u32 {
    match kind {
        ROUTER_SOLICITATION => 8,
        ROUTER_ADVERTISEMENT => 16,
        NEIGHBOUR_SOLICITATION | NEIGHBOUR_ADVERTISEMENT => 24,
        _ => 40,
    }
}

/// What the guard `nd` or `claim` says of a message: a reason, or 0.
#[unsafe(no_mangle)]
#[inline(never)]
pub(super) extern "C" fn xiot_guard_nd(ctx: *mut xdp_md) -> u32 {
    if config::guards() == 0 {
        return 0;
    }
    let Some(scratch) = scratch::get() else {
        return 0;
    };
    objection(ctx, scratch).map_or(0, |reason| reason as u32)
}

#[inline(always)]
fn objection(ctx: *mut xdp_md, scratch: &Scratch) -> Option<Reason> {
    let packet = &scratch.packet;
    let Some(foreign) = options(ctx, scratch) else {
        return Some(Reason::NdInvalid);
    };
    if foreign || owner::xiot_guard_others(owner::speaker(packet, packet.src_mac)) != 0 {
        return match (packet.is_from_device(), kind(packet)) {
            (true, REDIRECT) => None,
            (true, _) => Some(Reason::NdSpoofed),
            (false, _) => Some(Reason::AddressClaimed),
        };
    }
    let speaks = packet.is_from_device()
        && matches!(kind(packet), ROUTER_SOLICITATION | NEIGHBOUR_SOLICITATION);
    (speaks && owner::is_others(scratch, *packet.src(), packet.src_mac))
        .then_some(Reason::NdSpoofed)
}

/// Whether an option names a MAC that it may not; none if the message is not valid.
#[inline(always)]
fn options(ctx: *mut xdp_md, scratch: &Scratch) -> Option<bool> {
    if xiot_guard_nd_begin(ctx) == 0 {
        return None;
    }
    let mut index = 0;
    while index < MAX_OPTIONS {
        match xiot_guard_option(ctx) {
            NO_MORE => break,
            READ => {}
            _ => return None,
        }
        index += 1;
    }
    let options = scratch.options.get();
    (options.left == 0).then_some(options.foreign != 0)
}

/// Reads what comes before the options, and leaves where they are and which address is asked about: the one that the message
/// claims. 0: it is not valid.
///
/// A function of its own for its stack, which those that look addresses up need.
#[unsafe(no_mangle)]
#[inline(never)]
pub(super) extern "C" fn xiot_guard_nd_begin(ctx: *mut xdp_md) -> u32 {
    if config::guards() == 0 {
        return 0;
    }
    let Some(scratch) = scratch::get() else {
        return 0;
    };
    // SAFETY: the caller hands its context on.
    let frame = unsafe { Frame::of(ctx) };
    u32::from(begin(&frame, scratch).is_some())
}

#[inline(always)]
fn begin(frame: &Frame, scratch: &Scratch) -> Option<()> {
    let packet = &scratch.packet;
    let kind = kind(packet);
    if packet.direct == 0 || packet.hop_limit != 255 || packet.service & 0xff != 0 {
        return None;
    }
    let header = scratch::forgetful()?.forget(eth::end(frame)? as u32) as usize;
    let length: u16 = frame.read(header + PAYLOAD_LENGTH)?;
    let length = u32::from(u16::from_be(length));
    if length < fixed(kind) {
        return None;
    }
    let message = header + HEADER;
    let claimed = match kind {
        NEIGHBOUR_ADVERTISEMENT => frame.read(message + TARGET)?,
        // Who asks for an address is no thief of it, unless without one of its own: it tries whether it can have that one.
        NEIGHBOUR_SOLICITATION if packet.src().is_unspecified() => frame.read(message + TARGET)?,
        NEIGHBOUR_SOLICITATION if !packet.is_from_device() => *packet.src(),
        _ => Addr::default(),
    };
    // The bits of a mapped one are those of an IPv4 address in every table.
    scratch.asked.set(if claimed.is_v4() {
        Addr::default()
    } else {
        claimed
    });
    scratch.options.set(Options {
        offset: message as u32 + fixed(kind),
        left: length - fixed(kind),
        foreign: 0,
    });
    Some(())
}

/// What [`xiot_guard_option`] gives: there is no option left.
const NO_MORE: u32 = 0;
/// One was read.
const READ: u32 = 1;
/// One is not valid.
const INVALID: u32 = 2;

/// Reads the next option. One that names a MAC which it may not is noted: from a device any but the sender's, from the uplink one
/// that has not the address that is asked about.
///
/// A function of its own for the verifier, which walks it once and not once per option.
#[unsafe(no_mangle)]
#[inline(never)]
pub(super) extern "C" fn xiot_guard_option(ctx: *mut xdp_md) -> u32 {
    let Some(scratch) = scratch::get() else {
        return INVALID;
    };
    if config::guards() == 0 {
        return INVALID;
    }
    let mut options = scratch.options.get();
    if options.left == 0 {
        return NO_MORE;
    }
    // SAFETY: the caller hands its context on.
    let frame = unsafe { Frame::of(ctx) };
    let Some(option) = frame.read::<Start>(options.offset as usize) else {
        return INVALID;
    };
    let size = u32::from(option.length) * 8;
    if size == 0 || size > options.left {
        return INVALID;
    }
    let packet = &scratch.packet;
    if kind(packet) != REDIRECT && LINK_LAYER.contains(&option.kind) {
        if option.length != 1 {
            return INVALID;
        }
        let named = u64::from(option.mac_low) | u64::from(option.mac_high) << 16;
        if named != packet.src_mac
            && (packet.is_from_device()
                || owner::xiot_guard_others(owner::speaker(packet, named)) != 0)
        {
            options.foreign = 1;
        }
    }
    options.offset += size;
    options.left -= size;
    scratch.options.set(options);
    READ
}
