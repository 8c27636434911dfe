//! Leases of DHCP (RFC 2131, 2132; docs/judgement.md, 9.7).

#![expect(
    clippy::cast_possible_truncation,
    reason = "headers lie within the first kilobytes"
)]

use aya_ebpf::bindings::xdp_md;
use xiot_common::addr::Addr;

use super::{
    binding::{self, LEASED},
    owner,
    source::is_nobodys,
};
use crate::{
    config,
    frame::Frame,
    packet::is_group,
    scratch::{self, Lease, Options, Scratch},
};

/// Port of servers.
pub(super) const SERVER: u16 = 67;
/// Port of clients.
pub(super) const CLIENT: u16 = 68;

/// Bytes of a UDP header, and where its length stands in it.
pub(super) const UDP: usize = 8;
const UDP_LENGTH: usize = 4;

/// Bytes before the options: a message and its cookie.
const FIXED: u32 = 240;

/// The start of a message: a reply, Ethernet, addresses of six bytes. What follows is another field.
const REPLY: u32 = u32::from_ne_bytes([2, 1, 6, 0]);
const START: u32 = u32::from_ne_bytes([0xff, 0xff, 0xff, 0]);
/// The address given.
const GIVEN: usize = 16;
/// The client's MAC.
pub(super) const HARDWARE: usize = 28;
const COOKIE_AT: usize = 236;
const COOKIE: u32 = u32::from_ne_bytes([0x63, 0x82, 0x53, 0x63]);

/// Options that are read at most.
const MAX_OPTIONS: u32 = 128;

const PAD: u8 = 0;
const END: u8 = 255;
const LEASE_TIME: u8 = 51;
const MESSAGE_TYPE: u8 = 53;
const ACK: u8 = 5;

/// Binds the address of a server's message to its client, if it is an acknowledgement of a lease.
#[unsafe(no_mangle)]
#[inline(never)]
pub(super) extern "C" fn xiot_lease(ctx: *mut xdp_md) -> u32 {
    if config::guards() == 0 || xiot_lease_begin(ctx) == 0 {
        return 0;
    }
    let mut index = 0;
    while index < MAX_OPTIONS {
        if xiot_lease_option(ctx) == 0 {
            break;
        }
        index += 1;
    }
    let Some(scratch) = scratch::get() else {
        return 0;
    };
    let lease = scratch.lease.get();
    if lease.acknowledged == 0 || lease.timed == 0 || owner::xiot_there(lease.mac) == 0 {
        return 0;
    }
    binding::xiot_bind(
        lease.mac,
        scratch.packet.now.saturating_add(lease.seconds),
        LEASED,
    )
}

/// Reads what comes before the options, and leaves where they are, and whom the lease is for. 0: it is no lease.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn xiot_lease_begin(ctx: *mut xdp_md) -> u32 {
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
    let (message, length) = payload(frame, scratch)?;
    if length < FIXED
        || frame.read::<u32>(message)? & START != REPLY
        || frame.read::<u32>(message + COOKIE_AT)? != COOKIE
    {
        return None;
    }
    let low: u32 = frame.read(message + HARDWARE)?;
    let high: u16 = frame.read(message + HARDWARE + size_of::<u32>())?;
    let mac = u64::from(low) | u64::from(high) << 32;
    let given = Addr::from_v4_word(frame.read(message + GIVEN)?);
    if (!is_group(packet.dst_mac) && packet.dst_mac != mac)
        || given.is_unspecified()
        || is_nobodys(given)
    {
        return None;
    }
    scratch.asked.set(given);
    scratch.lease.set(Lease {
        mac,
        seconds: 0,
        acknowledged: 0,
        timed: 0,
        reserved: [0; 2],
    });
    scratch.options.set(Options {
        offset: message as u32 + FIXED,
        left: length - FIXED,
        foreign: 0,
    });
    Some(())
}

/// Where the payload of a UDP datagram begins in the frame, and how long it is.
#[inline(always)]
pub(super) fn payload(frame: &Frame, scratch: &Scratch) -> Option<(usize, u32)> {
    let header = usize::from(scratch.packet.message);
    let length: u16 = frame.read(header + UDP_LENGTH)?;
    let length = u32::from(u16::from_be(length)).checked_sub(UDP as u32)?;
    Some((header + UDP, length))
}

/// Reads the next option; 0: there is none. Of a code that comes again the last counts.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn xiot_lease_option(ctx: *mut xdp_md) -> u32 {
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
    let left = options.left.checked_sub(1)?;
    let at = options.offset as usize;
    let code: u8 = frame.read(at)?;
    let size = match code {
        END => return None,
        PAD => 1,
        _ => {
            left.checked_sub(1)?;
            let length: u8 = frame.read(at + 1)?;
            let size = u32::from(length) + 2;
            if size > options.left {
                return None;
            }
            note(frame, scratch, code, length, at + 2)?;
            size
        }
    };
    scratch.options.set(Options {
        offset: options.offset + size,
        left: options.left - size,
        foreign: 0,
    });
    Some(())
}

#[inline(always)]
fn note(frame: &Frame, scratch: &Scratch, code: u8, length: u8, at: usize) -> Option<()> {
    let mut lease = scratch.lease.get();
    match code {
        MESSAGE_TYPE => {
            lease.acknowledged = u8::from(length == 1 && frame.read::<u8>(at)? == ACK);
        }
        LEASE_TIME => {
            lease.timed = u8::from(length == 4);
            if length == 4 {
                lease.seconds = u32::from_be(frame.read(at)?);
            }
        }
        _ => return Some(()),
    }
    scratch.lease.set(lease);
    Some(())
}
