//! The flow table's storage, behind three functions so that it can change.
//!
//! A preallocated hash: a full table refuses what is new and never evicts what is old. Keys are of both
//! directions. Written by the program; the agent removes entries that have been silent too long, with a
//! margin, so that a frame that revives one in the same instant loses at most one handshake.

use aya_ebpf::{btf_maps::HashMap, macros::btf_map};
use xiot_common::{
    capacity::DEFAULT_FLOWS,
    flow::{FlowEntry, FlowKey},
};

#[btf_map]
static FLOWS: HashMap<FlowKey, FlowEntry, { DEFAULT_FLOWS as usize }> = HashMap::new();

/// The flow of this key, live or not.
#[inline(always)]
pub(crate) fn find(key: &FlowKey) -> Option<&'static mut FlowEntry> {
    let entry = FLOWS.get_ptr_mut(key)?;
    // SAFETY: the element outlives the program run. Another CPU may write the same entry: counters may lose a
    // count, states are single bytes.
    Some(unsafe { &mut *entry })
}

/// Files the flow, over an older one of the same key; false if there is no room.
#[inline(always)]
pub(crate) fn insert(key: &FlowKey, entry: &FlowEntry) -> bool {
    FLOWS.insert(key, entry, 0).is_ok()
}

/// Removes the flow. One that is not there any more is as good.
#[inline(always)]
pub(crate) fn remove(key: &FlowKey) {
    match FLOWS.remove(key) {
        Ok(()) | Err(_) => {}
    }
}
