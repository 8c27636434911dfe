//! Flows of another epoch: found to need no judging, judged again, or revoked (docs/judgement.md, 3.0).

use xiot_common::{
    device::Mode,
    flow::{FLOW_LEARN, FLOW_PEER_INITIATED, FLOW_WOULD_DROP, FlowState},
    flow_line::{FlowLine, FlowRest},
    reason::Reason,
};

use super::{Silence, table};
use crate::{
    clock, config,
    guard::{
        self,
        flow::{CHANGED, OBJECTION, REVOKED},
    },
    packet::Packet,
    parse::l4,
    policy::{
        binding, name,
        peer::Opener,
        rule::{self, Question, Ruling},
        slot::{self, Slot},
        subject::{self, Subject},
    },
    scratch::{self, Span},
};

/// Checks the frame's flow; true: it is gone. Guards are asked from here: after [`xiot_recheck`] there
/// would be no stack left for them.
#[inline(always)]
pub(super) fn check(line: &FlowLine) -> bool {
    let guards = if config::guards() == 0 {
        0
    } else {
        let by_device = line.flags & FLOW_PEER_INITIATED == 0;
        guard::flow::xiot_guard_flow(u32::from(line.objection), u32::from(by_device))
    };
    let Some(scratch) = scratch::get() else {
        return true;
    };
    name::begin();
    let is_gone = xiot_recheck(guards) != 0;
    if !name::is_pending(scratch) {
        return is_gone;
    }
    name::ask();
    xiot_recheck(guards) != 0
}

/// Checks the flow after guards said this of it; 1: it is gone.
#[unsafe(no_mangle)]
#[inline(never)]
pub(crate) extern "C" fn xiot_recheck(guards: u32) -> u32 {
    let Some(scratch) = scratch::get() else {
        return 1;
    };
    let packet = &scratch.packet;
    let (Some(place), Some(slot)) = (table::at(packet.place), slot::judging(packet.slot)) else {
        return 1;
    };
    let (line, Some(rest)) = (place.line(), place.rest()) else {
        return 1;
    };
    let tag = scratch.hash.get().tag;
    if guards & REVOKED != 0 {
        place.remove(tag);
        return 1;
    }
    let subject = Subject::of(&slot, packet);
    let lapsed = rest.is_timed() && !rest.is_in_span(clock::wall());
    if lapsed || subject.generation != rest.generation || guards & CHANGED != 0 {
        let ruling = judge(&slot, packet, &subject, line);
        // It is checked again once they are asked.
        if name::is_pending(scratch) {
            return 0;
        }
        let denied = ruling.reason != Reason::AllowedRule;
        if denied && matches!(subject.mode, Mode::Enforce) {
            place.remove(tag);
            return 1;
        }
        restamp(&slot, packet, &subject, &ruling, line, rest);
        let span = if denied {
            Span::ALWAYS
        } else {
            scratch.span.get()
        };
        rest.set_span(span.since, span.until);
    }
    line.objection = (guards & OBJECTION) as u8;
    line.device = subject.device;
    line.epoch = subject.flow_epoch(packet, rest);
    0
}

/// Judges the flow as its initiator's first frame was judged.
#[inline(always)]
fn judge(slot: &Slot, packet: &Packet, subject: &Subject, line: &FlowLine) -> Ruling {
    let denied = |reason| Ruling { reason, rule: 0 };
    if subject.decided.is_quarantine() {
        return denied(Reason::Quarantined);
    }
    if subject.wrong_wire {
        return denied(Reason::WrongWire);
    }
    if subject.is_nobody(packet) {
        return denied(Reason::GroupDenied);
    }
    if subject.profile(slot).is_none() {
        return denied(Reason::UnknownDevice);
    }
    let question = question(packet, line);
    if !binding::is_bound(slot, packet, subject, question.opener) {
        return denied(Reason::AddressNotBound);
    }
    rule::judge(slot, packet, subject, question)
}

#[inline(always)]
fn question(packet: &Packet, line: &FlowLine) -> Question {
    let key = &packet.key;
    let (opener, service, client) = if line.flags & FLOW_PEER_INITIATED == 0 {
        (Opener::Device, key.peer_port, key.device_port)
    } else {
        (Opener::Peer, key.device_port, key.peer_port)
    };
    Question {
        opener,
        // Flows of these are echo.
        service: match key.protocol {
            l4::ICMP if key.device.is_v4() => 8 << 8,
            l4::ICMPV6 if !key.device.is_v4() => 128 << 8,
            _ => service,
        },
        client,
    }
}

/// Puts the flow where it would be had it been opened under the policy in force.
#[inline(always)]
fn restamp(
    slot: &Slot,
    packet: &Packet,
    subject: &Subject,
    ruling: &Ruling,
    line: &mut FlowLine,
    rest: &mut FlowRest,
) {
    let would_drop = ruling.reason != Reason::AllowedRule;
    // A group that is not listed any more has no profile, not that of devices which are not listed.
    let profile = if subject.is_nobody(packet) {
        None
    } else {
        subject.profile(slot)
    };
    let timeouts = subject::timeouts(profile);
    let silence = Silence::of(packet, line.state, &timeouts, would_drop);
    let before = line.idle_timeout;
    line.idle_timeout = silence.idle;
    if line.state == FlowState::TcpClosing as u8 && before < silence.idle {
        line.idle_timeout = before;
    }
    rest.next_timeout = silence.next;
    line.closing_timeout = silence.closing;
    // By the mode in which they came.
    rest.settle(line);
    let mut flags = line.flags & !(FLOW_WOULD_DROP | FLOW_LEARN);
    if would_drop {
        flags |= FLOW_WOULD_DROP;
    }
    if matches!(subject.mode, Mode::Learn) {
        flags |= FLOW_LEARN;
    }
    line.flags = flags;
    line.reason = ruling.reason as u8;
    rest.rule = ruling.rule;
    line.mode = subject.mode as u8;
    rest.generation = subject.generation;
}
