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
    flow::{FLOW_LEARN, FLOW_PEER_INITIATED, FLOW_WOULD_DROP, FlowState, LONGEST_WOULD_DROP},
    flow_line::{FlowLine, FlowRest},
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
    scratch::Scratch,
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
pub fn lookup(scratch: &mut Scratch) -> Lookup {
    scratch.packet.place = table::find(scratch);
    let packet = &scratch.packet;
    let Some(place) = table::at(packet.place) else {
        return Lookup::Miss;
    };
    if !place.mark().is_confirmed() {
        return Lookup::HalfOpen;
    }
    let (line, Some(rest)) = (place.line(), place.rest()) else {
        return Lookup::Miss;
    };
    if !line.is_live(packet.now) {
        // It stays until another takes its place or room is made.
        if is_pending(line, rest) {
            observed::xiot_fold();
        }
        return Lookup::Miss;
    }
    if line.epoch != packet.epoch && recheck::check(line) {
        return Lookup::Revoked;
    }
    let (lookup, fold) = advance(place, rest, packet);
    if fold {
        observed::xiot_fold();
    }
    lookup
}

/// Moves a live flow on by a frame. Also whether its pending frames are due for the observed map.
#[inline(always)]
fn advance(place: Place, rest: &mut FlowRest, packet: &Packet) -> (Lookup, bool) {
    let line = place.line();
    let from_initiator = is_from_initiator(line, packet);
    if packet.protocol == l4::TCP {
        match tcp::step(line, rest, packet, from_initiator) {
            tcp::Step::Forward => {}
            tcp::Step::Reopen { gives_way } => return (Lookup::Reopen { gives_way }, false),
            tcp::Step::BadState => return (Lookup::BadState, false),
        }
    } else if is_wrong_echo(packet, from_initiator) {
        return (Lookup::Miss, false);
    } else if !from_initiator && line.state == FlowState::Unreplied as u8 {
        line.state = FlowState::Replied as u8;
        if packet.protocol == l4::UDP {
            // The longer timeout of an answered conversation, kept with the flow since the profile is not at hand.
            line.idle_timeout = rest.next_timeout;
        }
    }
    let hit = Lookup::Hit {
        reason: reason(line),
        mode: Mode::from_u8(line.mode),
        device: line.device,
        rule: rule(line, rest),
    };
    count(line, packet);
    if line.from.is_due() || line.to.is_due() {
        rest.settle(line);
    }
    if line.idle(packet.now) == 0 {
        return (hit, false);
    }
    place.seen(packet.now);
    (hit, line.flags & FLOW_LEARN != 0)
}

/// Whether the side that opened the flow sent the frame.
#[inline(always)]
pub(crate) const fn is_from_initiator(line: &FlowLine, packet: &Packet) -> bool {
    packet.is_from_device() == (line.flags & FLOW_PEER_INITIATED == 0)
}

/// Requests come from the initiator, replies from the responder.
#[inline(always)]
fn is_wrong_echo(packet: &Packet, from_initiator: bool) -> bool {
    packet.icmp != Icmp::No && (packet.icmp == Icmp::Request) != from_initiator
}

/// The rule that allows the flow's frames, or 0.
#[inline(always)]
pub(crate) fn rule(line: &FlowLine, rest: &FlowRest) -> u32 {
    if config::guards() != 0 && line.objection != 0 {
        0
    } else {
        rest.rule
    }
}

/// Whether it has frames that are to go to the observed map.
#[inline(always)]
fn is_pending(line: &FlowLine, rest: &FlowRest) -> bool {
    let counted = line.from.frames() | line.to.frames();
    rest.pending_frames != 0 || (line.flags & FLOW_LEARN != 0 && counted != 0)
}

/// What the flow's frames count under.
#[inline(always)]
pub(crate) fn reason(line: &FlowLine) -> Reason {
    if config::guards() != 0 && line.objection != 0 {
        Reason::from_u8(line.objection).unwrap_or(Reason::UnknownDevice)
    } else if line.flags & FLOW_WOULD_DROP == 0 {
        Reason::AllowedFlow
    } else {
        Reason::from_u8(line.reason).unwrap_or(Reason::UnknownDevice)
    }
}

/// Counts the frame.
#[inline(always)]
pub(crate) fn count(line: &mut FlowLine, packet: &Packet) {
    if packet.is_from_device() {
        line.from = line.from.and_frame(packet.length);
    } else {
        line.to = line.to.and_frame(packet.length);
    }
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
