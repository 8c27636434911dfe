//! Neighbour discovery (RFC 4861): from devices only in their own name, from the uplink not in that of devices, and from
//! neither in a form that no host may accept (RFC 6980 for fragments).

use aya_ebpf::bindings::xdp_md;
use xiot_common::{addr::Addr, reason::Reason};

use super::owner;
use crate::{
    config,
    frame::{Frame, Wire},
    packet::{Fragment, Kind, Packet},
    parse::l4,
    scratch::{self, Scratch},
};

const ROUTER_SOLICITATION: u8 = 133;
const ROUTER_ADVERTISEMENT: u8 = 134;
const NEIGHBOUR_SOLICITATION: u8 = 135;
const NEIGHBOUR_ADVERTISEMENT: u8 = 136;
const REDIRECT: u8 = 137;

/// Options of one message.
const MAX_OPTIONS: u32 = 32;

/// Bytes before the target, which is an address.
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
    // SAFETY: the caller hands its context on.
    let frame = unsafe { Frame::of(ctx) };
    objection(&frame, scratch).map_or(0, |reason| reason as u32)
}

#[inline(always)]
fn objection(frame: &Frame, scratch: &Scratch) -> Option<Reason> {
    let packet = &scratch.packet;
    let kind = kind(packet);
    let length = u32::from(packet.message_length);
    if packet.direct == 0
        || packet.hop_limit != 255
        || packet.service & 0xff != 0
        || length < fixed(kind)
    {
        return Some(Reason::NdInvalid);
    }
    // Options are read in the light of the address that the message is about.
    let target = match kind {
        NEIGHBOUR_SOLICITATION | NEIGHBOUR_ADVERTISEMENT => {
            frame.read(usize::from(packet.message) + TARGET)?
        }
        _ => Addr::default(),
    };
    // Its bits are those of an IPv4 address in every table.
    let target = if target.is_v4() {
        Addr::default()
    } else {
        target
    };
    let from_device = packet.is_from_device();
    let claimed = match kind {
        NEIGHBOUR_SOLICITATION if !from_device => *packet.src(),
        NEIGHBOUR_ADVERTISEMENT if !from_device => target,
        _ => Addr::default(),
    };
    scratch.asked.set(claimed);
    let Some(foreign) = options(frame, packet, kind) else {
        return Some(Reason::NdInvalid);
    };
    if !from_device {
        let is_claimed = foreign || owner::is_others(scratch, claimed, packet.src_mac);
        return is_claimed.then_some(Reason::AddressClaimed);
    }
    if kind == REDIRECT {
        return None;
    }
    let solicits = kind == NEIGHBOUR_SOLICITATION;
    let speaks = solicits || kind == ROUTER_SOLICITATION;
    // Who asks for an address is no thief of it, unless without one of its own: it tries whether it can have that one.
    let takes = !solicits || packet.src().is_unspecified();
    let is_spoofed = foreign
        || (takes && owner::is_others(scratch, target, packet.src_mac))
        || (speaks && owner::is_others(scratch, *packet.src(), packet.src_mac));
    is_spoofed.then_some(Reason::NdSpoofed)
}

/// Whether an option names a MAC that it may not: from a device any but the sender's, from the uplink one that has not the
/// address that is asked about. None if the options are not valid.
#[inline(always)]
fn options(frame: &Frame, packet: &Packet, kind: u8) -> Option<bool> {
    let place = scratch::forgetful()?;
    let mut offset = u32::from(packet.message) + fixed(kind);
    let mut left = u32::from(packet.message_length) - fixed(kind);
    let mut foreign = 0;
    let mut index = 0;
    while index < MAX_OPTIONS {
        if left == 0 {
            return Some(foreign != 0);
        }
        let option: Start = frame.read(offset as usize)?;
        let size = u32::from(option.length) * 8;
        if size == 0 || size > left {
            return None;
        }
        if kind != REDIRECT && LINK_LAYER.contains(&option.kind) {
            if option.length != 1 {
                return None;
            }
            let named = u64::from(option.mac_low) | u64::from(option.mac_high) << 16;
            if named != packet.src_mac
                && (packet.is_from_device() || owner::xiot_guard_others(named) != 0)
            {
                foreign = 1;
            }
        }
        offset = place.forget(offset + size);
        left = place.forget(left - size);
        foreign = place.forget(foreign);
        index += 1;
    }
    (left == 0).then_some(foreign != 0)
}
