//! Senders of which this CPU has no more to tell in this second: frames of theirs that are refused need no event, nor a look at
//! budgets to know it.
//!
//! A newer one takes the place of the one that was there.

use aya_ebpf::{btf_maps::PerCpuArray, macros::btf_map};
use xiot_common::{
    capacity::MUTED as SENDERS,
    event::{Muted, SenderKey},
};

use crate::packet::{Packet, mac};

#[btf_map]
static MUTED: PerCpuArray<Muted, { SENDERS as usize }> = PerCpuArray::new();

const _: () = assert!(SENDERS.is_power_of_two());

/// An odd constant from the fractional part of the golden ratio.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// [`Muted::tag`] of a sender of which nothing more is told at all.
pub(crate) const ALL: u32 = 0;

/// The sender of a frame: MAC and port.
#[inline(always)]
const fn sender(packet: &Packet) -> u64 {
    packet.src_mac | (packet.port.index as u64) << 48
}

/// Whose budget it is.
#[inline(always)]
pub(crate) const fn key(muted: &Muted) -> SenderKey {
    SenderKey {
        mac: mac(muted.sender),
        port: (muted.sender >> 48) as u16,
    }
}

/// Where the frame's sender would be.
#[inline(always)]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the highest bits are taken"
)]
fn place(packet: &Packet) -> Option<&'static mut Muted> {
    let index = (sender(packet).wrapping_mul(SPREAD) >> (u64::BITS - SENDERS.ilog2())) as u32;
    let muted = MUTED.get_ptr_mut(index)?;
    // SAFETY: the element belongs to this CPU, and the program is not interrupted by itself.
    Some(unsafe { &mut *muted })
}

/// What is kept of the frame's sender.
#[inline(always)]
pub(crate) fn of(packet: &Packet) -> Option<&'static mut Muted> {
    place(packet).filter(|muted| muted.sender == sender(packet))
}

/// Whether nothing more is to be told of this conversation.
#[inline(always)]
pub(crate) const fn covers(muted: &Muted, now: u32, tag: u32) -> bool {
    muted.second == now && (muted.tag == ALL || muted.tag == tag)
}

/// Has no more told in this second of the conversation with this tag, or of [`ALL`]; gives whom it takes the place of.
#[inline(always)]
pub(crate) fn mute(packet: &Packet, tag: u32) -> Option<Muted> {
    let place = place(packet)?;
    let before = *place;
    *place = Muted {
        sender: sender(packet),
        second: packet.now,
        tag,
        held: 0,
    };
    Some(before)
}
