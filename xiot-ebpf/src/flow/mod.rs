//! Conversations that were allowed once: found, moved on, opened.

mod budget;
pub(crate) mod denied;
mod half_open;
mod open;
mod recheck;
pub(crate) mod related;
pub(crate) mod table;
mod tcp;

use xiot_common::{
    device::Mode,
    flow::{
        FLOW_LEARN, FLOW_PEER_INITIATED, FLOW_WOULD_DROP, FlowEntry, FlowState, LONGEST_WOULD_DROP,
    },
    profile::Timeouts,
    reason::Reason,
};

pub(crate) use budget::datagram;
pub(crate) use half_open::{Answer, ask as ask_half_open};
pub(crate) use open::open;
pub(crate) use tcp::acknowledge;

use self::table::Place;
use crate::{
    config,
    packet::{Icmp, Kind, Packet},
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
        /// Mode that it was judged in.
        mode: Mode,
        /// Device of the flow.
        device: u32,
        /// Rule of the flow.
        rule: u32,
    },
    /// No flow speaks for it.
    Miss,
    /// Only one side spoke in its flow so far.
    HalfOpen,
    /// Its flow was opened under a policy that is not in force any more; this one denies it.
    Revoked,
    /// A SYN on a flow: judge it as a new conversation.
    Reopen {
        /// If policy allows it, it takes the flow's place; else the flow stays as it is.
        gives_way: bool,
    },
    /// The segment cannot come at this point of the handshake.
    BadState,
}

/// Looks the frame's flow up, and moves it on if both sides spoke in it.
#[inline(always)]
pub fn lookup(packet: &mut Packet) -> Lookup {
    packet.place = table::find();
    let Some(place) = table::at(packet.place) else {
        return Lookup::Miss;
    };
    if !place.mark().is_confirmed() {
        return Lookup::HalfOpen;
    }
    let entry = place.entry();
    if !entry.is_live(packet.now) {
        // It stays until another takes its place or room is made.
        if place.tail().pending_frames != 0 {
            observed::xiot_fold();
        }
        return Lookup::Miss;
    }
    if entry.epoch != packet.epoch && recheck::check(entry) {
        return Lookup::Revoked;
    }
    let (lookup, fold) = advance(place, packet);
    if fold {
        observed::xiot_fold();
    }
    lookup
}

/// Moves a live flow on by a frame. Also whether its pending frames are due for the observed map.
#[inline(always)]
fn advance(place: Place, packet: &Packet) -> (Lookup, bool) {
    let entry = place.entry();
    let from_initiator = is_from_initiator(entry, packet);
    if packet.protocol == l4::TCP {
        match tcp::step(entry, packet, from_initiator) {
            tcp::Step::Forward => {}
            tcp::Step::Reopen { gives_way } => return (Lookup::Reopen { gives_way }, false),
            tcp::Step::BadState => return (Lookup::BadState, false),
        }
    } else if is_wrong_echo(packet, from_initiator) {
        return (Lookup::Miss, false);
    } else if !from_initiator && entry.state == FlowState::Unreplied as u8 {
        entry.state = FlowState::Replied as u8;
        if packet.protocol == l4::UDP {
            // The longer timeout of an answered conversation, kept in the entry since the profile is not at hand.
            entry.idle_timeout = entry.next_timeout;
        }
    }
    let hit = Lookup::Hit {
        reason: reason(entry),
        mode: Mode::from_u8(entry.mode),
        device: entry.device,
        rule: rule(entry),
    };
    (hit, count(place, packet))
}

/// Whether the side that opened the flow sent the frame.
#[inline(always)]
pub(crate) const fn is_from_initiator(entry: &FlowEntry, packet: &Packet) -> bool {
    packet.is_from_device() == (entry.flags & FLOW_PEER_INITIATED == 0)
}

/// Requests come from the initiator, replies from the responder.
#[inline(always)]
fn is_wrong_echo(packet: &Packet, from_initiator: bool) -> bool {
    packet.icmp != Icmp::No && (packet.icmp == Icmp::Request) != from_initiator
}

/// The rule that allows the flow's frames, or 0.
#[inline(always)]
pub(crate) fn rule(entry: &FlowEntry) -> u32 {
    if config::guards() != 0 && entry.objection != 0 {
        0
    } else {
        entry.rule
    }
}

/// What the flow's frames count under.
#[inline(always)]
pub(crate) fn reason(entry: &FlowEntry) -> Reason {
    if config::guards() != 0 && entry.objection != 0 {
        Reason::from_u8(entry.objection).unwrap_or(Reason::UnknownDevice)
    } else if entry.flags & FLOW_WOULD_DROP == 0 {
        Reason::AllowedFlow
    } else {
        Reason::from_u8(entry.reason).unwrap_or(Reason::UnknownDevice)
    }
}

/// Counts the frame; true if the flow's pending frames are due for the observed map.
#[inline(always)]
pub(crate) fn count(place: Place, packet: &Packet) -> bool {
    let entry = place.entry();
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
        let tail = place.tail();
        tail.pending_frames += 1;
        tail.pending_bytes += length;
    }
    if entry.idle(packet.now) == 0 {
        return false;
    }
    place.seen(packet.now);
    learn
}

/// How long a flow may be silent: now, once it is answered, and once it is closing.
#[derive(Clone, Copy, Debug)]
struct Silence {
    idle: u32,
    next: u32,
    closing: u16,
}

impl Silence {
    /// In a state, by the timeouts of a profile; of a would-drop flow never for long.
    #[inline(always)]
    fn of(packet: &Packet, state: u8, timeouts: &Timeouts, would_drop: bool) -> Self {
        let (first, next) = match packet.protocol {
            l4::TCP => (timeouts.tcp_handshake, timeouts.tcp_established),
            l4::UDP => (timeouts.udp_unreplied, timeouts.udp_replied),
            l4::ICMP if packet.kind == Kind::Ipv4 => (timeouts.icmp, timeouts.icmp),
            l4::ICMPV6 if packet.kind == Kind::Ipv6 => (timeouts.icmp, timeouts.icmp),
            _ => (timeouts.other, timeouts.other),
        };
        let longest = if would_drop {
            LONGEST_WOULD_DROP
        } else {
            u32::MAX
        };
        let closing = timeouts.tcp_closing.min(longest);
        let idle = if state == FlowState::TcpHandshake as u8 || state == FlowState::Unreplied as u8
        {
            first
        } else if state == FlowState::TcpClosing as u8 {
            closing
        } else {
            next
        };
        Self {
            idle: idle.min(longest),
            next: next.min(longest),
            closing: u16::try_from(closing).unwrap_or(u16::MAX),
        }
    }
}
