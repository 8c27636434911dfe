//! ARP: from devices only in their own name, from the uplink not in that of devices.

use aya_ebpf::bindings::xdp_md;
use xiot_common::{addr::Addr, reason::Reason};

use super::{owner, source};
use crate::{
    config,
    frame::{Frame, Wire},
    parse::eth,
    scratch,
};

const REQUEST: u16 = 1;
const REPLY: u16 = 2;

/// The whole message.
#[derive(Clone, Copy)]
#[repr(C, packed(2))]
struct Message {
    kinds: u32,
    lengths: u16,
    operation: u16,
    mac_low: u32,
    mac_high: u16,
    addr: u32,
    target_low: u32,
    target_high: u16,
    target: u32,
}

// SAFETY: integers only.
unsafe impl Wire for Message {}

/// What the guard `arp` or `claim` says of an ARP message: a reason, or 0.
#[unsafe(no_mangle)]
#[inline(never)]
pub(super) extern "C" fn xiot_guard_arp(ctx: *mut xdp_md) -> u32 {
    if config::guards() == 0 {
        return 0;
    }
    let Some(scratch) = scratch::get() else {
        return 0;
    };
    // SAFETY: the caller hands its context on.
    let frame = unsafe { Frame::of(ctx) };
    let packet = &scratch.packet;
    let Some(message) = eth::end(&frame).and_then(|offset| frame.read::<Message>(offset)) else {
        return 0;
    };
    let addr = Addr::from_v4_word(message.addr);
    let named = u64::from(message.mac_low) | u64::from(message.mac_high) << 32;
    if packet.is_from_device() {
        let operation = u16::from_be(message.operation);
        let probes = addr.is_unspecified();
        if (operation != REQUEST && operation != REPLY)
            || (operation == REPLY && probes)
            || source::is_nobodys(addr)
        {
            return Reason::ArpInvalid as u32;
        }
        // Who probes tries to have the address.
        let wanted = if probes {
            Addr::from_v4_word(message.target)
        } else {
            addr
        };
        if named != packet.src_mac || owner::is_others(scratch, wanted, packet.src_mac) {
            return Reason::ArpSpoofed as u32;
        }
    } else {
        let is_others = |mac| owner::is_others(scratch, addr, owner::speaker(packet, mac));
        if is_others(packet.src_mac) || (named != packet.src_mac && is_others(named)) {
            return Reason::AddressClaimed as u32;
        }
    }
    0
}

/// Asks about the sender's address from now on.
#[unsafe(no_mangle)]
#[inline(never)]
pub(super) extern "C" fn xiot_arp_sender(ctx: *mut xdp_md) -> u32 {
    if config::guards() == 0 {
        return 0;
    }
    let Some(scratch) = scratch::get() else {
        return 0;
    };
    // SAFETY: the caller hands its context on.
    let frame = unsafe { Frame::of(ctx) };
    let sender = eth::end(&frame).and_then(|offset| frame.read::<Message>(offset));
    scratch
        .asked
        .set(sender.map_or_else(Addr::default, |message| Addr::from_v4_word(message.addr)));
    0
}
