//! Devices that ever had a flow: a frame of any other has none, and need not be looked for.

use aya_ebpf::{bindings::BPF_F_MMAPABLE, btf_maps::Array, macros::btf_map};
use xiot_common::flow_table::{FLOW_OWNER_WORDS, owner_bit};

use crate::{atomic, packet::Packet};

/// By MAC: see [`owner_bit`].
#[btf_map]
static FLOW_OWNERS: Array<u64, { FLOW_OWNER_WORDS as usize }, { BPF_F_MMAPABLE as usize }> =
    Array::new();

#[inline(always)]
fn word(mac: u64) -> Option<(*mut u64, u64)> {
    let (word, bit) = owner_bit(mac);
    FLOW_OWNERS.get_ptr_mut(word).map(|word| (word, bit))
}

/// Whether the frame may have a flow, by its device.
#[inline(always)]
pub(crate) fn may_have_flow(packet: &Packet) -> bool {
    // SAFETY: aligned map memory. Volatile: one load.
    word(packet.device_mac_word())
        .is_none_or(|(word, bit)| unsafe { word.read_volatile() } & bit != 0)
}

/// Notes that the device of this MAC, as a word, has a flow. Before anybody can find that.
#[inline(always)]
pub(super) fn note(mac: u64) {
    if let Some((word, bit)) = word(mac)
        // SAFETY: as in `may_have_flow`.
        && unsafe { word.read_volatile() } & bit == 0
    {
        // SAFETY: aligned map memory.
        unsafe {
            atomic::or(word, bit);
        }
    }
}
