//! Names that the frame's peer has for its device, asked about as peers of their own (docs/judgement.md, 13.1).
//!
//! The stages that ask rules have no stack left for this. They say that names are to be asked ([`is_pending`]), whoever called them does so
//! ([`ask`]), and calls them again.

use xiot_common::{
    capacity::NAME_PLACES,
    name::{NAME_V4, NAME_V6, name_key},
    profile::PROFILE_NAMES,
    reason::Reason,
    table::scope,
};

use super::{
    peer::Opener,
    rule::{self, Question, Ruling},
    schedule,
    slot::{self, Slot},
};
use crate::{
    name::told,
    scratch::{self, NameQuery, Scratch, Span},
};

/// In the word that says who asks: the device is listed.
const LISTED: u32 = 1 << 8;
/// The peer opens the conversation.
const BY_PEER: u32 = 1 << 9;
/// The place.
const PLACE: u32 = LISTED - 1;

/// Questions of one frame that names may have to be asked: whether its sender may open the conversation, or its receiver did.
pub const ROUNDS: u32 = 2;

/// Nothing is asked yet for this frame.
#[inline(always)]
pub fn begin() {
    if let Some(scratch) = scratch::get() {
        scratch.names_asked.set(0);
        scratch.names_pending.set(0);
    }
}

/// Whether names are to be asked before there is a ruling.
#[inline(always)]
pub fn is_pending(scratch: &Scratch) -> bool {
    scratch.names_pending.get() != 0
}

/// The ruling of the names, where there is none by address. `missed`: what the address missed.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the word holds two halves")]
pub fn judge(slot: &Slot, profile: u32, question: Question, device: u32, missed: Reason) -> Ruling {
    let uses_names = slot
        .profile(profile)
        .is_some_and(|profile| profile.flags & PROFILE_NAMES != 0);
    if !uses_names {
        return Ruling {
            reason: missed,
            rule: 0,
        };
    }
    let mut who = 0;
    if device != 0 {
        who |= LISTED;
    }
    if question.opener == Opener::Peer {
        who |= BY_PEER;
    }
    let ports = u32::from(question.service) | u32::from(question.client) << 16;
    let ruling = xiot_by_names(who, profile, ports, missed as u32);
    Ruling {
        reason: Reason::from_u8((ruling >> 32) as u8).unwrap_or(missed),
        rule: ruling as u32,
    }
}

/// The rule, and the reason above it. Where names were not asked yet that they are to be, what the address missed.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn xiot_by_names(who: u32, profile: u32, ports: u32, missed: u32) -> u64 {
    let denied = u64::from(missed) << 32;
    let Some(scratch) = scratch::get() else {
        return denied;
    };
    let (bit, by) = if who & BY_PEER == 0 {
        (1, &scratch.by_names[0])
    } else {
        (2, &scratch.by_names[1])
    };
    if scratch.names_asked.get() & bit != 0 {
        let by = by.get();
        if by.rule == 0 {
            return u64::from(by.missed) << 32;
        }
        scratch.span.set(Span::from_u64(by.span));
        return u64::from(by.rule) | (Reason::AllowedRule as u64) << 32;
    }
    if is_pending(scratch) {
        return denied;
    }
    let places = told::xiot_names_of(u32::from(who & LISTED != 0));
    if places != 0 {
        scratch.names.set(places);
        scratch.name_query.set(NameQuery {
            who,
            profile,
            ports,
            missed,
        });
        scratch.names_pending.set(1);
    }
    denied
}

/// Asks the names that are to be asked.
#[inline(always)]
pub fn ask() {
    xiot_names();
}

/// See [`ask`].
#[unsafe(no_mangle)]
#[inline(never)]
#[expect(clippy::cast_possible_truncation, reason = "reasons are bytes")]
extern "C" fn xiot_names() -> u32 {
    let Some(scratch) = scratch::get() else {
        return 0;
    };
    let Some(slot) = slot::judging(scratch.packet.slot) else {
        return 0;
    };
    let query = scratch.name_query.get();
    let mut by = scratch::ByName {
        span: 0,
        rule: 0,
        missed: query.missed as u8,
        reserved: [0; 3],
    };
    scratch.missed_by.set(by.missed);
    let mut place = 0;
    while place < NAME_PLACES {
        // Read anew each time: a word that is known bit by bit is another to the verifier with every bit.
        if scratch.names.get() >> place & 1 != 0 {
            let found = xiot_name(query.who | place, query.profile, query.ports);
            if found != 0 {
                scratch.span.set(Span::ALWAYS);
                by.rule = schedule::in_force(&slot, found);
                if by.rule != 0 {
                    xiot_renew(query.who | place);
                    by.span = scratch.span.get().to_u64();
                    break;
                }
                miss(scratch, Reason::RuleNotInForce);
            }
        }
        place += 1;
    }
    by.missed = scratch.missed_by.get();
    let (bit, answer) = if query.who & BY_PEER == 0 {
        (1, &scratch.by_names[0])
    } else {
        (2, &scratch.by_names[1])
    };
    answer.set(by);
    scratch.names_asked.set(scratch.names_asked.get() | bit);
    scratch.names_pending.set(0);
    0
}

/// The name in this place lasts anew.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn xiot_renew(who: u32) -> u32 {
    if let Some(scratch) = scratch::get() {
        told::renew(&scratch.packet, who & LISTED != 0, who & PLACE);
    }
    0
}

/// The rule, or chain of rules, that allows the conversation by the name in this place; else 0, and the scratch has the nearest miss
/// so far.
#[unsafe(no_mangle)]
#[inline(never)]
#[expect(clippy::cast_possible_truncation, reason = "two ports share one word")]
extern "C" fn xiot_name(who: u32, profile: u32, ports: u32) -> u32 {
    let Some(scratch) = scratch::get() else {
        return 0;
    };
    let packet = &scratch.packet;
    let Some(slot) = slot::judging(packet.slot) else {
        return 0;
    };
    let Some(name) = told::name(packet, who & LISTED != 0, who & PLACE) else {
        return 0;
    };
    let (own, other, opener) = if who & BY_PEER == 0 {
        (
            scope::names_to(profile),
            scope::names_from(profile),
            Opener::Device,
        )
    } else {
        (
            scope::names_from(profile),
            scope::names_to(profile),
            Opener::Peer,
        )
    };
    let part = if packet.key.peer.is_v4() {
        NAME_V4
    } else {
        NAME_V6
    };
    let question = Question {
        opener,
        service: ports as u16,
        client: (ports >> 16) as u16,
    };
    let set = xiot_name_set(name, part as u32, own);
    let answer = rule::ask(&slot, set, packet.protocol, question);
    if let Some(rule) = answer.rule() {
        return rule;
    }
    let opposite = xiot_name_set(name, part as u32, other);
    let missed = rule::nearest_miss(&slot, answer, opposite, packet.protocol, question);
    miss(scratch, missed);
    0
}

/// What is filed under the name in this scope, or 0.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn xiot_name_set(name: u64, part: u32, scope: u32) -> u32 {
    let slot = scratch::get().and_then(|scratch| slot::judging(scratch.packet.slot));
    slot.map_or(0, |slot| {
        slot.filed3(
            &slot.header.peers_v6,
            name_key(scope, name, u64::from(part)),
        )
    })
}

/// Keeps the miss if it is nearer than that before.
#[inline(always)]
fn miss(scratch: &Scratch, reason: Reason) {
    let before = Reason::from_u8(scratch.missed_by.get()).unwrap_or(Reason::NoPeer);
    if nearness(reason) > nearness(before) {
        scratch.missed_by.set(reason as u8);
    }
}

#[inline(always)]
const fn nearness(reason: Reason) -> u8 {
    // Numbers, since not all reasons are to be listed here: what is none of these misses by far.
    const NOT_IN_FORCE: u8 = Reason::RuleNotInForce as u8;
    const WRONG_DIRECTION: u8 = Reason::WrongDirection as u8;
    const NO_PORT: u8 = Reason::NoPort as u8;
    const NO_PROTOCOL: u8 = Reason::NoProtocol as u8;
    match reason as u8 {
        NOT_IN_FORCE => 4,
        WRONG_DIRECTION => 3,
        NO_PORT => 2,
        NO_PROTOCOL => 1,
        _ => 0,
    }
}
