//! Rules: what a rule set says of a protocol and port, and the nearest miss where it says no
//! (docs/judgement.md, 5).

use xiot_common::{
    capacity::{MAX_LINES_PER_SET, RANGES_PER_LINE},
    reason::Reason,
    rule::LINE_ANY_PROTOCOL,
    table::scope,
};

use super::{peer, slot::Slot};
use crate::{
    packet::{Icmp, Packet},
    parse::l4,
};

/// What the rules say: a reason, and the rule if they allow.
#[derive(Clone, Copy, Debug)]
pub struct Ruling {
    /// [`Reason::AllowedRule`] or the nearest miss.
    pub reason: Reason,
    /// The rule, or 0.
    pub rule: u32,
}

/// What one rule set says of a protocol and up to two ports.
#[derive(Clone, Copy, Debug)]
struct Scan {
    rule: u32,
    has_protocol: bool,
}

/// Judges the frame as the opening of a conversation by its sender.
#[inline(never)]
pub fn judge(slot: &Slot, packet: &Packet, profile: u32) -> Ruling {
    let miss = Ruling {
        reason: Reason::NoPeer,
        rule: 0,
    };
    let Some(prefixes) = slot.prefixes(profile) else {
        return miss;
    };
    let addr = packet.peer_addr();
    let (to, from) = if addr.is_v4() {
        (&prefixes.to_v4, &prefixes.from_v4)
    } else {
        (&prefixes.to_v6, &prefixes.from_v6)
    };
    let (own, own_scope, other, other_scope) = if packet.from_device() {
        (to, scope::to(profile), from, scope::from(profile))
    } else {
        (from, scope::from(profile), to, scope::to(profile))
    };
    let set = peer::longest(slot, own_scope, addr, own);
    let mut has_protocol = false;
    if set != 0 {
        let scan = scan(
            slot,
            set - 1,
            packet.protocol,
            packet.service,
            packet.service,
        );
        if scan.rule != 0 {
            return Ruling {
                reason: Reason::AllowedRule,
                rule: scan.rule,
            };
        }
        has_protocol = scan.has_protocol;
    }
    let opposite = peer::longest(slot, other_scope, addr, other);
    if opposite != 0 {
        let second = match packet.protocol {
            l4::TCP | l4::UDP => packet.src_port,
            _ => packet.service,
        };
        if scan(slot, opposite - 1, packet.protocol, packet.service, second).rule != 0 {
            return Ruling {
                reason: Reason::WrongDirection,
                rule: 0,
            };
        }
    }
    let reason = if has_protocol {
        Reason::NoPort
    } else if set != 0 {
        Reason::NoProtocol
    } else {
        Reason::NoPeer
    };
    Ruling { reason, rule: 0 }
}

/// Looks for a range of the protocol that holds either port. The lines of a protocol come before the line for
/// any protocol.
#[inline(always)]
fn scan(slot: &Slot, first: u32, protocol: u8, port: u16, other: u16) -> Scan {
    let mut has_protocol = false;
    let mut index = 0;
    while index < MAX_LINES_PER_SET as u32 {
        let Some(line) = slot.rules(first.wrapping_add(index)) else {
            break;
        };
        let any = line.flags & LINE_ANY_PROTOCOL != 0;
        if any || line.protocol == protocol {
            has_protocol |= !any;
            let mut range = 0;
            while range < RANGES_PER_LINE {
                let r = &line.ranges[range];
                if r.rule != 0
                    && ((r.low <= port && port <= r.high) || (r.low <= other && other <= r.high))
                {
                    return Scan {
                        rule: r.rule,
                        has_protocol,
                    };
                }
                range += 1;
            }
        }
        if line.more == 0 {
            break;
        }
        index += 1;
    }
    Scan {
        rule: 0,
        has_protocol,
    }
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
