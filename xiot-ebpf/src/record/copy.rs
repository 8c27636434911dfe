//! Copies of messages for the agent, while it wants them: rate-limited, lossy by design.
#![expect(
    clippy::cast_possible_truncation,
    reason = "messages are shorter than 64 KiB, and kinds are bytes"
)]

use aya_ebpf::{
    bindings::xdp_md,
    btf_maps::{LruHashMap, PerCpuArray, RingBuf},
    helpers::generated::bpf_xdp_load_bytes,
    macros::btf_map,
};
use xiot_common::{
    copy::{
        COPIES_PER_CPU, COPIES_PER_DEVICE, COPY_BYTES, COPY_DEVICES, COPY_RING_BYTES, Copy,
        CopyKey, CopyKind,
    },
    counter::EventCounter,
    event::SenderBudget,
};

use crate::{
    clock,
    frame::{Frame, opaque},
    packet::{Fragment, Kind, Packet, mac},
    parse::l4,
    policy::slot,
    scratch,
};

/// Read by the agent.
#[btf_map]
static COPIES: RingBuf<Copy, { COPY_RING_BYTES as usize }> = RingBuf::new();

/// One entry: this CPU's budget and tally.
#[btf_map]
static COPY_COUNTERS: PerCpuArray<EventCounter, 1> = PerCpuArray::new();

/// Budgets by device.
#[btf_map]
static COPY_BUDGETS: LruHashMap<CopyKey, SenderBudget, { COPY_DEVICES as usize }> =
    LruHashMap::new();

const LLDP: u16 = 0x88cc;
const DHCP_SERVER: u16 = 67;
const DHCPV6_SERVER: u16 = 547;
/// Bytes of a UDP header, and where its length stands in it.
const UDP: u32 = 8;
const UDP_LENGTH: usize = 4;

/// Copies a frame of a device, whatever becomes of it, if it is one that the agent learns from, and wants.
#[inline(always)]
pub(crate) fn of_device(ctx: *mut xdp_md) {
    if slot::wants_copies() {
        xiot_copy_of_device(ctx);
    }
}

/// See [`of_device`].
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn xiot_copy_of_device(ctx: *mut xdp_md) -> u32 {
    let Some(scratch) = scratch::get() else {
        return 0;
    };
    let packet = &scratch.packet;
    if !packet.is_from_device() || packet.fragment != Fragment::No {
        return 0;
    }
    let is_udp = packet.protocol == l4::UDP;
    let kind = match packet.kind {
        Kind::Other if packet.ethertype == LLDP => CopyKind::Lldp,
        Kind::Ipv4 if is_udp && packet.dst_port == DHCP_SERVER => CopyKind::DhcpRequest,
        Kind::Ipv6 if is_udp && packet.dst_port == DHCPV6_SERVER => CopyKind::Dhcpv6Request,
        Kind::Other | Kind::Arp | Kind::Ipv4 | Kind::Ipv6 => return 0,
    };
    xiot_copy(ctx, kind as u32)
}

/// Copies the frame's message, if budgets allow.
#[unsafe(no_mangle)]
#[inline(never)]
pub(crate) extern "C" fn xiot_copy(ctx: *mut xdp_md, kind: u32) -> u32 {
    let (Some(scratch), Some(counter)) = (scratch::get(), COPY_COUNTERS.get_ptr_mut(0)) else {
        return 0;
    };
    let packet = &scratch.packet;
    // SAFETY: the element belongs to this CPU, and the program is not interrupted by itself.
    let counter = unsafe { &mut *counter };
    if counter.filled_at != packet.now {
        counter.filled_at = packet.now;
        counter.tokens = COPIES_PER_CPU;
    }
    let Some(budget) = budget(packet) else {
        counter.suppressed += 1;
        return 0;
    };
    if counter.tokens == 0 || budget.tokens == 0 {
        counter.suppressed += 1;
        budget.suppressed += 1;
        return 0;
    }
    // SAFETY: the caller hands its context on.
    let frame = unsafe { Frame::of(ctx) };
    let Some((offset, length)) = message(&frame, packet, kind) else {
        return 0;
    };
    let Some(mut record) = COPIES.reserve(0) else {
        counter.lost += 1;
        budget.suppressed += 1;
        return 0;
    };
    let copy = record.as_mut_ptr();
    let copied = bounded(length);
    // SAFETY: the record has room for as many bytes, and what is not written means nothing.
    let read = unsafe {
        let to = (&raw mut (*copy).message).cast();
        bpf_xdp_load_bytes(ctx, offset, to, copied)
    };
    if read < 0 {
        record.discard(0);
        return 0;
    }
    let suppressed = core::mem::take(&mut budget.suppressed);
    // SAFETY: the record is this program's until it is submitted; every field is written but bytes that mean nothing.
    unsafe {
        (&raw mut (*copy).time).write(clock::nanoseconds());
        (&raw mut (*copy).suppressed).write(suppressed);
        (&raw mut (*copy).length).write(length);
        (&raw mut (*copy).vlans).write(packet.vlans);
        (&raw mut (*copy).mac).write(mac(packet.device_mac_word()));
        (&raw mut (*copy).wire).write(packet.port.wire);
        (&raw mut (*copy).kind).write(kind as u8);
        (&raw mut (*copy).reserved).write(0);
        (&raw mut (*copy).copied).write(copied as u16);
        (&raw mut (*copy).reserved2).write(0);
    }
    record.submit(0);
    counter.tokens -= 1;
    budget.tokens -= 1;
    counter.sent += 1;
    0
}

/// Bytes to copy of so many (not 0): no more than there is room for. The verifier (6.1) wants to see from the bits of the number
/// that it is neither 0 nor too much.
#[inline(always)]
fn bounded(length: u32) -> u32 {
    const MOST: u32 = COPY_BYTES as u32;
    const _: () = assert!(MOST.is_power_of_two());
    let last = length.min(MOST).wrapping_sub(1);
    (opaque(last as usize) as u32 & (MOST - 1)) + 1
}

/// Where the message of this kind begins in the frame, and how long it is; none without one.
#[inline(always)]
fn message(frame: &Frame, packet: &Packet, kind: u32) -> Option<(u32, u32)> {
    if kind == CopyKind::Lldp as u32 {
        return Some((0, frame.length()));
    }
    let header = u32::from(packet.message);
    let length: u16 = frame.read(header as usize + UDP_LENGTH)?;
    let length = u32::from(u16::from_be(length)).checked_sub(UDP)?;
    (length != 0).then_some((header + UDP, length))
}

/// The device's budget, filled up; none if there is no room for one.
#[inline(always)]
fn budget(packet: &Packet) -> Option<&'static mut SenderBudget> {
    let key = CopyKey {
        mac: mac(packet.device_mac_word()),
        wire: packet.port.wire,
    };
    let budget = if let Some(budget) = COPY_BUDGETS.get_ptr_mut(key) {
        budget
    } else {
        let full = SenderBudget {
            filled_at: packet.now,
            tokens: COPIES_PER_DEVICE,
            suppressed: 0,
        };
        COPY_BUDGETS.insert(key, full, 0).ok()?;
        COPY_BUDGETS.get_ptr_mut(key)?
    };
    // SAFETY: the element outlives the program run; a token more or less is harmless.
    let budget = unsafe { &mut *budget };
    if budget.filled_at != packet.now {
        budget.filled_at = packet.now;
        budget.tokens = COPIES_PER_DEVICE;
    }
    Some(budget)
}
