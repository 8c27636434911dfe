//! Leases of DHCPv6 (RFC 8415; docs/judgement.md, 9.7).

#![expect(
    clippy::cast_possible_truncation,
    reason = "headers lie within the first kilobytes"
)]

use aya_ebpf::bindings::xdp_md;
use xiot_common::addr::Addr;

use super::{
    binding::{self, LEASED},
    lease::payload,
    owner,
    source::is_nobodys,
};
use crate::{
    config,
    frame::Frame,
    packet::is_group,
    scratch::{self, Options, Scratch},
};

/// Port of servers.
pub(super) const SERVER: u16 = 547;
/// Port of clients.
pub(super) const CLIENT: u16 = 546;

/// Bytes before the options: message type and transaction.
const FIXED: u32 = 4;
const REPLY: u8 = 7;

/// Options that are read at most.
const MAX_OPTIONS: u32 = 64;

/// Code and length of an option.
const HEADER: u32 = 4;
const IA_NA: u16 = 3;
const IA_TA: u16 = 4;
const IAADDR: u16 = 5;
/// Bytes of these before what is inside of them.
const IA_NA_FIXED: u32 = 12;
const IA_TA_FIXED: u32 = 4;
const IAADDR_FIXED: u32 = 24;
/// Where the valid lifetime of an address is.
const VALID: usize = 20;

/// Binds the addresses of a server's reply to the MAC that it is for.
#[unsafe(no_mangle)]
#[inline(never)]
pub(super) extern "C" fn xiot_lease6(ctx: *mut xdp_md) -> u32 {
    if config::guards() == 0 || xiot_lease6_begin(ctx) == 0 {
        return 0;
    }
    let mut index = 0;
    while index < MAX_OPTIONS {
        if xiot_lease6_option(ctx) == 0 {
            break;
        }
        index += 1;
    }
    0
}

/// Leaves where the options are. 0: it is no reply to a device that is there.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn xiot_lease6_begin(ctx: *mut xdp_md) -> u32 {
    if config::guards() == 0 {
        return 0;
    }
    let Some(scratch) = scratch::get() else {
        return 0;
    };
    let mac = scratch.packet.dst_mac;
    if is_group(mac) || owner::xiot_there(mac) == 0 {
        return 0;
    }
    // SAFETY: the caller hands its context on.
    let frame = unsafe { Frame::of(ctx) };
    u32::from(begin(&frame, scratch).is_some())
}

#[inline(always)]
fn begin(frame: &Frame, scratch: &Scratch) -> Option<()> {
    let (message, length) = payload(frame, scratch)?;
    let left = length.checked_sub(FIXED)?;
    if frame.read::<u8>(message)? != REPLY {
        return None;
    }
    scratch.options.set(Options {
        offset: message as u32 + FIXED,
        left,
        foreign: 0,
    });
    Some(())
}

/// Reads the next option, also one inside of an IA; 0: there is none.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn xiot_lease6_option(ctx: *mut xdp_md) -> u32 {
    if config::guards() == 0 {
        return 0;
    }
    let Some(scratch) = scratch::get() else {
        return 0;
    };
    // SAFETY: the caller hands its context on.
    let frame = unsafe { Frame::of(ctx) };
    u32::from(option(&frame, scratch).is_some())
}

#[inline(always)]
fn option(frame: &Frame, scratch: &Scratch) -> Option<()> {
    let options = scratch.options.get();
    let left = options.left.checked_sub(HEADER)?;
    let at = options.offset as usize;
    let code: u16 = frame.read(at)?;
    let length: u16 = frame.read(at + 2)?;
    let length = u32::from(u16::from_be(length));
    if length > left {
        return None;
    }
    let body = at + HEADER as usize;
    let size = match u16::from_be(code) {
        IA_NA if length >= IA_NA_FIXED => IA_NA_FIXED,
        IA_TA if length >= IA_TA_FIXED => IA_TA_FIXED,
        IAADDR if length >= IAADDR_FIXED => {
            lease(scratch, frame.read(body)?, frame.read(body + VALID)?);
            length
        }
        _ => length,
    };
    scratch.options.set(Options {
        offset: options.offset + HEADER + size,
        left: left - size,
        foreign: 0,
    });
    Some(())
}

/// `valid`: network order.
#[inline(always)]
fn lease(scratch: &Scratch, addr: Addr, valid: u32) {
    if addr.is_unspecified() || addr.is_v4() || addr.is_v6_link_local() || is_nobodys(addr) {
        return;
    }
    scratch.asked.set(addr);
    let mac = scratch.packet.dst_mac;
    if valid == 0 {
        binding::xiot_unbind(mac);
    } else {
        let until = scratch.packet.now.saturating_add(u32::from_be(valid));
        binding::xiot_bind(mac, until, LEASED);
    }
}
