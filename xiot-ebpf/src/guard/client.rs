//! Devices that ask DHCP servers in the name of others (RFC 2131).

use aya_ebpf::bindings::xdp_md;
use xiot_common::{addr::Addr, reason::Reason};

use super::{
    lease::{HARDWARE, SERVER, payload},
    owner,
};
use crate::{
    config,
    frame::Frame,
    packet::{Fragment, Kind, Packet},
    parse::l4,
    scratch::{self, Scratch},
};

/// Bytes up to the end of the client's hardware address.
const FIXED: u32 = 44;
/// The start of a message: a request, Ethernet, addresses of six bytes. What follows is another field.
const REQUEST: u32 = u32::from_ne_bytes([1, 1, 6, 0]);
const START: u32 = u32::from_ne_bytes([0xff, 0xff, 0xff, 0]);
/// The address that the client says it has.
const HAS: usize = 12;

/// Whether the frame is for a DHCP server.
#[inline(always)]
pub(super) const fn is_asked(packet: &Packet) -> bool {
    packet.dst_port == SERVER
        && packet.protocol == l4::UDP
        && matches!(packet.kind, Kind::Ipv4)
        && !matches!(packet.fragment, Fragment::Later)
}

#[inline(always)]
pub(super) fn objection(packet: &Packet, ctx: *mut xdp_md) -> Option<Reason> {
    (is_asked(packet) && xiot_guard_client(ctx) != 0).then_some(Reason::DhcpSpoofed)
}

/// Whether the message is not the sender's own, or cannot be seen whole: 1.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn xiot_guard_client(ctx: *mut xdp_md) -> u32 {
    if config::guards() == 0 {
        return 0;
    }
    let Some(scratch) = scratch::get() else {
        return 0;
    };
    // SAFETY: the caller hands its context on.
    let frame = unsafe { Frame::of(ctx) };
    u32::from(!is_own(&frame, scratch).unwrap_or(false))
}

#[inline(always)]
fn is_own(frame: &Frame, scratch: &Scratch) -> Option<bool> {
    let packet = &scratch.packet;
    if packet.fragment != Fragment::No {
        return None;
    }
    let (message, length) = payload(frame, scratch)?;
    if length < FIXED || frame.read::<u32>(message)? & START != REQUEST {
        return None;
    }
    let low: u32 = frame.read(message + HARDWARE)?;
    let high: u16 = frame.read(message + HARDWARE + size_of::<u32>())?;
    let named = u64::from(low) | u64::from(high) << 32;
    let has = Addr::from_v4_word(frame.read(message + HAS)?);
    Some(named == packet.src_mac && !owner::is_others(scratch, has, packet.src_mac))
}
