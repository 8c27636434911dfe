//! Conversations that were allowed once: found, moved on, opened.

mod open;
pub(crate) mod table;
mod tcp;

use xiot_common::{
    flow::{FLOW_LEARN, FLOW_PEER_INITIATED, FLOW_WOULD_DROP, FlowEntry, FlowState},
    reason::Reason,
};

pub use open::{Opening, open};

use crate::{
    packet::{Icmp, Packet},
    parse::l4,
    record::observed,
};

/// What a frame's flow says about it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Lookup {
    /// It belongs to a live flow: forward. Why, of which device, by which rule.
    Hit {
        /// Reason that the flow counts under.
        reason: Reason,
        /// Device of the flow.
        device: u32,
        /// Rule of the flow.
        rule: u32,
    },
    /// No flow speaks for it.
    Miss,
    /// A SYN on a flow: judge it as a new conversation.
    Reopen {
        /// If policy allows it, it takes the flow's place; else the flow stays as it is.
        gives_way: bool,
    },
    /// The segment cannot come at this point of the handshake.
    BadState,
}

/// Looks the frame's flow up and moves it on.
#[inline(always)]
pub fn lookup(packet: &Packet) -> Lookup {
    let Some(entry) = table::find(&packet.key) else {
        return Lookup::Miss;
    };
    if !entry.is_live(packet.now) {
        // It stays until another takes its place or room is made: removing by key could hit one that another CPU has
        // just opened.
        if entry.pending_frames != 0 {
            observed::xiot_fold();
        }
        return Lookup::Miss;
    }
    let from_initiator = packet.is_from_device() == (entry.flags & FLOW_PEER_INITIATED == 0);
    if packet.protocol == l4::TCP {
        match tcp::step(entry, packet, from_initiator) {
            tcp::Step::Forward => {}
            tcp::Step::Reopen { gives_way } => return Lookup::Reopen { gives_way },
            tcp::Step::BadState => return Lookup::BadState,
        }
    } else if packet.icmp != Icmp::No && (packet.icmp == Icmp::Request) != from_initiator {
        return Lookup::Miss;
    } else if !from_initiator && entry.state == FlowState::Unreplied as u8 {
        entry.state = FlowState::Replied as u8;
        if packet.protocol == l4::UDP {
            // The longer timeout of an answered conversation, kept in the entry since the profile is not at hand.
            entry.idle_timeout = entry.next_timeout;
        }
    }
    let reason = if entry.flags & FLOW_WOULD_DROP == 0 {
        Reason::AllowedFlow
    } else {
        Reason::from_u8(entry.reason).unwrap_or(Reason::UnknownDevice)
    };
    let hit = Lookup::Hit {
        reason,
        device: entry.device,
        rule: entry.rule,
    };
    // The last use of `entry`: folding finds and writes the same element.
    if count(entry, packet) {
        observed::xiot_fold();
    }
    hit
}

/// Counts the frame; true if the flow's pending frames are due for the observed map.
#[inline(always)]
fn count(entry: &mut FlowEntry, packet: &Packet) -> bool {
    let length = u64::from(packet.length);
    if packet.is_from_device() {
        entry.from_frames += 1;
        entry.from_bytes += length;
    } else {
        entry.to_frames += 1;
        entry.to_bytes += length;
    }
    let learn = entry.flags & FLOW_LEARN != 0;
    if learn {
        entry.pending_frames += 1;
        entry.pending_bytes += length;
    }
    if entry.idle(packet.now) == 0 {
        return false;
    }
    entry.last_seen = packet.now;
    learn
}
