//! The observed map: one entry per conversation without the client's port, for learning and inventory.
//!
//! Written when a conversation opens and, in mode learn, once a second while it lasts: a flow keeps the frames
//! since then as pending, so that learning costs the hot path an addition. An LRU: what was not seen for
//! longest goes first. Two CPUs on one entry may lose a count.

use aya_ebpf::{btf_maps::LruHashMap, macros::btf_map};
use xiot_common::{
    addr::Addr,
    capacity::DEFAULT_OBSERVED,
    flow::{FLOW_DEVICE_IS_LOW, FLOW_MIDSTREAM, FLOW_PEER_INITIATED, FlowEntry, FlowKey},
    observed::{OBSERVED_MIDSTREAM, OBSERVED_PEER_INITIATED, ObservedEntry, ObservedKey},
};

use crate::{
    flow::Opening,
    packet::{Packet, mac},
    parse::l4,
};

/// Sized by the loader.
#[btf_map]
static OBSERVED: LruHashMap<ObservedKey, ObservedEntry, { DEFAULT_OBSERVED as usize }> =
    LruHashMap::new();

/// Notes the first frame of a conversation.
#[inline(never)]
pub fn open(packet: &Packet, opening: &Opening, midstream: bool) {
    let from_device = packet.from_device();
    let mut flags = 0;
    if !from_device {
        flags |= OBSERVED_PEER_INITIATED;
    }
    if midstream {
        flags |= OBSERVED_MIDSTREAM;
    }
    let key = ObservedKey {
        peer: *packet.peer_addr(),
        address: *packet.device_addr(),
        mac: mac(packet.device_mac_word()),
        port: packet.service,
        vlans: packet.vlans,
        wire: packet.port.wire,
        protocol: packet.protocol,
        flags,
    };
    let reason = opening.reason as u8;
    if let Some(entry) = OBSERVED.get_ptr_mut(&key) {
        // SAFETY: the element outlives the program run; a lost count is harmless.
        let entry = unsafe { &mut *entry };
        entry.frames += 1;
        entry.bytes += u64::from(packet.length);
        entry.flows += 1;
        entry.last_seen = packet.now;
        entry.reason = reason;
        entry.rule = opening.rule;
        return;
    }
    let entry = ObservedEntry {
        frames: 1,
        bytes: u64::from(packet.length),
        flows: 1,
        first_seen: packet.now,
        last_seen: packet.now,
        reason,
        reserved: [0; 3],
        rule: opening.rule,
    };
    // An LRU has room unless every entry is in use by another CPU right now: then one observation is missed,
    // and the next frame of its kind makes it.
    match OBSERVED.insert(&key, &entry, 0) {
        Ok(()) | Err(_) => {}
    }
}

/// Adds a flow's pending frames to its entry and clears them.
#[inline(never)]
pub fn fold(flow: &FlowKey, entry: &mut FlowEntry, now: u32) {
    let device_is_low = entry.flags & FLOW_DEVICE_IS_LOW != 0;
    let peer_initiated = entry.flags & FLOW_PEER_INITIATED != 0;
    let (address, peer): (&Addr, &Addr) = if device_is_low {
        (&flow.low, &flow.high)
    } else {
        (&flow.high, &flow.low)
    };
    let mut flags = 0;
    if peer_initiated {
        flags |= OBSERVED_PEER_INITIATED;
    }
    if entry.flags & FLOW_MIDSTREAM != 0 {
        flags |= OBSERVED_MIDSTREAM;
    }
    let port = match flow.protocol {
        l4::ICMP if address.is_v4() => 8 << 8,
        l4::ICMPV6 if !address.is_v4() => 128 << 8,
        _ if device_is_low == peer_initiated => flow.low_port,
        _ => flow.high_port,
    };
    let key = ObservedKey {
        peer: *peer,
        address: *address,
        mac: entry.mac,
        port,
        vlans: flow.vlans,
        wire: flow.wire,
        protocol: flow.protocol,
        flags,
    };
    if let Some(observed) = OBSERVED.get_ptr_mut(&key) {
        // SAFETY: the element outlives the program run; a lost count is harmless.
        let observed = unsafe { &mut *observed };
        observed.frames += entry.pending_frames;
        observed.bytes += entry.pending_bytes;
        observed.last_seen = now;
        entry.pending_frames = 0;
        entry.pending_bytes = 0;
    }
}
