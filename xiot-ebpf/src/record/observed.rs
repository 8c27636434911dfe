//! The observed map: one entry per conversation without the client's port, for learning and inventory.
//!
//! Written when a conversation opens and, in mode learn, once a second while it lasts: a flow keeps the frames
//! since then as pending, so that learning costs the hot path an addition. An LRU: what was not seen for
//! longest goes first. Two CPUs on one entry may lose a count.

use aya_ebpf::{btf_maps::LruHashMap, macros::btf_map};
use xiot_common::{
    capacity::DEFAULT_OBSERVED,
    flow_slot::FlowSlot,
    observed::{OBSERVED_MIDSTREAM, OBSERVED_PEER_INITIATED, ObservedEntry, ObservedKey},
};

use crate::{flow::table, scratch};

/// Sized by the loader.
#[btf_map]
static OBSERVED: LruHashMap<ObservedKey, ObservedEntry, { DEFAULT_OBSERVED as usize }> =
    LruHashMap::new();

/// In the flags of [`xiot_observe`]: the conversation was picked up midstream.
pub const MIDSTREAM: u32 = 1;
/// The frame's receiver opened the conversation.
pub const ANSWER: u32 = 2;

/// Notes the first frame of a conversation: reason and rule of its judgement, and how it began.
#[unsafe(no_mangle)]
#[inline(never)]
#[expect(clippy::cast_possible_truncation, reason = "reasons are bytes")]
pub extern "C" fn xiot_observe(reason: u32, rule: u32, how: u32) -> u32 {
    let Some(scratch) = scratch::get() else {
        return 0;
    };
    let packet = &scratch.packet;
    let reason = reason as u8;
    let answer = how & ANSWER != 0;
    let mut flags = 0;
    if packet.is_from_device() == answer {
        flags |= OBSERVED_PEER_INITIATED;
    }
    if how & MIDSTREAM != 0 {
        flags |= OBSERVED_MIDSTREAM;
    }
    let key = ObservedKey {
        peer: packet.key.peer,
        address: packet.key.device,
        mac: packet.key.mac,
        port: if answer {
            packet.src_port
        } else {
            packet.service
        },
        vlans: packet.key.vlans,
        wire: packet.key.wire,
        protocol: packet.key.protocol,
        flags,
        reserved: 0,
    };
    if let Some(entry) = OBSERVED.get_ptr_mut(key) {
        // SAFETY: the element outlives the program run; a lost count is harmless.
        let entry = unsafe { &mut *entry };
        entry.frames += 1;
        entry.bytes += u64::from(packet.length);
        entry.flows += 1;
        entry.last_seen = packet.now;
        entry.reason = reason;
        entry.rule = rule;
        return 0;
    }
    let entry = ObservedEntry {
        frames: 1,
        bytes: u64::from(packet.length),
        flows: 1,
        first_seen: packet.now,
        last_seen: packet.now,
        reason,
        reserved: [0; 3],
        rule,
    };
    // An LRU has room unless every entry is in use by another CPU right now: then one observation is missed,
    // and the next frame of its kind makes it.
    match OBSERVED.insert(key, entry, 0) {
        Ok(()) | Err(_) => 0,
    }
}

/// Adds the pending frames of this frame's flow to its entry and clears them.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn xiot_fold() -> u32 {
    let Some(scratch) = scratch::get() else {
        return 0;
    };
    let Some(place) = table::at(scratch.packet.place) else {
        return 0;
    };
    let (line, Some(rest)) = (place.line(), place.rest()) else {
        return 0;
    };
    rest.settle(line);
    let slot = FlowSlot {
        line: *line,
        rest: *rest,
    };
    let entry = slot.entry();
    let key = entry.observed_key(&scratch.packet.key);
    if let Some(observed) = OBSERVED.get_ptr_mut(key) {
        // SAFETY: the element outlives the program run; a lost count is harmless.
        let observed = unsafe { &mut *observed };
        observed.frames += u64::from(rest.pending_frames);
        observed.bytes += rest.pending_bytes;
        observed.last_seen = entry.last_seen;
    } else {
        // It fell out of the map while the flow was silent: noted anew.
        let (reason, rule) = entry.counted();
        let anew = ObservedEntry {
            frames: rest.pending_frames.into(),
            bytes: rest.pending_bytes,
            flows: 1,
            first_seen: entry.opened_at,
            last_seen: entry.last_seen,
            reason,
            reserved: [0; 3],
            rule,
        };
        if OBSERVED.insert(key, anew, 0).is_err() {
            return 0;
        }
    }
    rest.pending_frames = 0;
    rest.pending_bytes = 0;
    0
}
