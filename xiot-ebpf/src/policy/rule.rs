//! Rules: what a rule set says of a protocol and port, and the nearest miss where it says no
//! (docs/judgement.md, 5).

use xiot_common::{
    capacity::{MAX_LINES_PER_SET, RANGES_PER_LINE},
    reason::Reason,
    rule::LINE_ANY_PROTOCOL,
};

use super::{
    name,
    peer::{self, Opener},
    schedule,
    slot::{self, Slot},
    subject::Subject,
};
use crate::{
    packet::{Icmp, Packet},
    parse::l4,
    scratch::{self, Span},
};

/// What the rules say: a reason, and the rule if they allow.
#[derive(Clone, Copy, Debug)]
pub struct Ruling {
    /// [`Reason::AllowedRule`] or the nearest miss.
    pub reason: Reason,
    /// The rule, or 0.
    pub rule: u32,
}

/// A conversation that somebody wants to have.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// Who opens it.
    pub opener: Opener,
    /// Port of the side that is called, or ICMP `type << 8 | code`.
    pub service: u16,
    /// Port of the side that calls.
    pub client: u16,
}

impl Question {
    /// The frame's sender opens it with this frame.
    #[inline(always)]
    pub fn of(packet: &Packet) -> Self {
        Self {
            opener: Opener::sender(packet),
            service: packet.service,
            client: packet.src_port,
        }
    }

    /// The frame's receiver opened it some time ago.
    #[inline(always)]
    pub fn answered_by(packet: &Packet) -> Self {
        Self {
            opener: Opener::sender(packet).other(),
            service: packet.src_port,
            client: packet.dst_port,
        }
    }
}

/// Judges a conversation between the frame's device and peer.
#[inline(always)]
pub fn judge(slot: &Slot, packet: &Packet, subject: &Subject, question: Question) -> Ruling {
    let profile = subject.profile;
    if let Some(scratch) = scratch::get() {
        scratch.span.set(Span::ALWAYS);
    }
    let set = peer::longest(slot, profile, question.opener);
    let answer = ask(slot, set, packet.protocol, question);
    let missed = if let Some(rule) = answer.rule() {
        let rule = schedule::in_force(slot, rule);
        if rule != 0 {
            return Ruling {
                reason: Reason::AllowedRule,
                rule,
            };
        }
        Reason::RuleNotInForce
    } else {
        let opposite = peer::longest(slot, profile, question.opener.other());
        nearest_miss(slot, answer, opposite, packet.protocol, question)
    };
    name::judge(slot, profile, question, subject.device, missed)
}

/// What the rule set says that is filed for a peer.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    found: u64,
    /// There is none.
    is_unlisted: bool,
}

impl Answer {
    /// The rule that allows the conversation while it is in force.
    #[inline(always)]
    pub const fn rule(self) -> Option<u32> {
        if self.found & RULE == 0 {
            None
        } else {
            Some((self.found & RULE) as u32)
        }
    }
}

/// Asks the rule set that is filed under this payload; 0: none is.
#[inline(always)]
pub fn ask(slot: &Slot, set: u32, protocol: u8, question: Question) -> Answer {
    let service = question.service;
    Answer {
        found: if set == 0 {
            0
        } else {
            scan(slot, set - 1, protocol, service, service)
        },
        is_unlisted: set == 0,
    }
}

/// Why no rule allows the conversation, by the answer to it and the rule set of the other direction.
#[inline(always)]
pub fn nearest_miss(
    slot: &Slot,
    answer: Answer,
    opposite: u32,
    protocol: u8,
    question: Question,
) -> Reason {
    if opposite != 0 {
        let second = match protocol {
            l4::TCP | l4::UDP => question.client,
            _ => question.service,
        };
        let found = scan(slot, opposite - 1, protocol, question.service, second);
        if found & RULE != 0 {
            return Reason::WrongDirection;
        }
    }
    if answer.found & HAS_PROTOCOL != 0 {
        Reason::NoPort
    } else if answer.is_unlisted {
        Reason::NoPeer
    } else {
        Reason::NoProtocol
    }
}

/// In what [`scan`] gives: the rule.
const RULE: u64 = u32::MAX as u64;
/// In what [`scan`] gives: some line is for the protocol.
const HAS_PROTOCOL: u64 = 1 << 32;

/// Looks for a range of the protocol that holds either port: the rule, or 0, and [`HAS_PROTOCOL`]. The lines of a
/// protocol come before the line for any protocol.
#[inline(always)]
fn scan(slot: &Slot, first: u32, protocol: u8, port: u16, other: u16) -> u64 {
    xiot_rule_scan(
        slot.rules(first),
        u32::from(protocol),
        u32::from(port) | u32::from(other) << 16,
    )
}

/// See [`scan`]; `first` is a line of the image.
#[unsafe(no_mangle)]
#[inline(never)]
#[expect(clippy::cast_possible_truncation, reason = "two ports share one word")]
pub extern "C" fn xiot_rule_scan(first: u32, protocol: u32, ports: u32) -> u64 {
    let port = ports as u16;
    let other = (ports >> 16) as u16;
    let mut found = 0;
    let mut index = 0;
    while index < MAX_LINES_PER_SET {
        let Some(line) = slot::rule_line(first.wrapping_add(index as u32)) else {
            break;
        };
        let any = line.flags & LINE_ANY_PROTOCOL != 0;
        if any || u32::from(line.protocol) == protocol {
            if !any {
                found = HAS_PROTOCOL;
            }
            let mut range = 0;
            while range < RANGES_PER_LINE {
                let r = &line.ranges[range];
                if r.rule != 0
                    && ((r.low <= port && port <= r.high) || (r.low <= other && other <= r.high))
                {
                    return found | u64::from(r.rule);
                }
                range += 1;
            }
        }
        if line.more == 0 {
            break;
        }
        index += 1;
    }
    found
}

/// Whether a frame of this kind can open anything at all.
#[inline(always)]
pub fn cannot_open(packet: &Packet) -> Option<Reason> {
    if packet.protocol == l4::TCP && !packet.is_pure_syn() {
        return Some(Reason::TcpNoFlow);
    }
    if packet.icmp == Icmp::Reply {
        return Some(Reason::IcmpNoFlow);
    }
    None
}
