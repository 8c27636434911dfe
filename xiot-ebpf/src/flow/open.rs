//! Opening flows, and passing what needs none (docs/judgement.md, 7).

use xiot_common::{
    device::Mode,
    flow::{
        FLOW_ACKNOWLEDGED_FROM, FLOW_ACKNOWLEDGED_TO, FLOW_LEARN, FLOW_MIDSTREAM,
        FLOW_PEER_INITIATED, FLOW_RESPONDER_FIRST, FLOW_WOULD_DROP, FlowState,
    },
    flow_line::{FlowLine, FlowRest, HOLD_HALF_OPEN, Tally},
    profile::Timeouts,
    reason::{Class, Reason},
};

use super::{Silence, budget, table};
use crate::{
    guard,
    packet::{ACK, Icmp, Packet, RST},
    parse::{has_flow, l4},
    policy::{
        peer::Opener,
        slot::{self, Slot},
        subject::{self, Subject},
    },
    record::observed,
    scratch::{self, Scratch},
    verdict::Verdict,
};

/// What a flow is opened with.
#[derive(Clone, Copy, Debug)]
struct Opening {
    /// Reason of the judgement.
    reason: Reason,
    /// Rule that allows it, or 0.
    rule: u32,
    /// Who opens it, or has opened it.
    opener: Opener,
    /// Reason of the guard that monitors and objects; 0: none does.
    objection: u8,
}

/// Opens a flow for an allowed frame, or for a denied one that the mode lets through. The verdict is in the scratch, before
/// and after.
#[inline(always)]
pub(crate) fn open() {
    let refusal = match xiot_make() {
        MADE if table::file() => NOT_REFUSED,
        MADE => Reason::FlowTableFull as u32,
        refusal => refusal,
    };
    xiot_opened(refusal);
}

/// A flow is made.
const MADE: u32 = 1 << 8;
/// Nothing was refused; else the number of a reason.
const NOT_REFUSED: u32 = 0;

/// Makes the flow, in the scratch. Gives [`MADE`], [`NOT_REFUSED`] where there is to be none, or a reason.
///
/// A function of its own for the verifier: what has been asked of the policy by then makes no difference here.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn xiot_make() -> u32 {
    let Some(scratch) = scratch::get() else {
        return NOT_REFUSED;
    };
    let Some(slot) = slot::judging(scratch.packet.slot) else {
        return NOT_REFUSED;
    };
    if !may_have_flow(&scratch.packet) {
        return NOT_REFUSED;
    }
    match make(scratch, &slot, &opening(scratch)) {
        Ok(()) => MADE,
        Err(reason) => reason as u32,
    }
}

#[inline(always)]
fn opening(scratch: &Scratch) -> Opening {
    let verdict = scratch.verdict();
    Opening {
        reason: verdict.reason,
        rule: verdict.rule,
        opener: Opener::from_u32(scratch.opener.get()),
        objection: guard::objection(scratch),
    }
}

/// Writes down that the conversation was opened, or was refused for want of room (by this reason), which is the verdict on what
/// policy allows.
#[unsafe(no_mangle)]
#[inline(never)]
#[expect(clippy::cast_possible_truncation, reason = "reasons are bytes")]
extern "C" fn xiot_opened(refusal: u32) -> u32 {
    let Some(scratch) = scratch::get() else {
        return 0;
    };
    let packet = &scratch.packet;
    let verdict = scratch.verdict();
    let opening = opening(scratch);
    let mut reason = opening.reason;
    if opening.reason.class() == Class::Allowed
        && let Some(refusal) = Reason::from_u8(refusal as u8)
    {
        reason = refusal;
        scratch.set_verdict(&Verdict::new(
            reason,
            verdict.mode,
            verdict.device,
            0,
            verdict.slot,
        ));
    }
    let mut how = 0;
    if is_midstream(packet) && packet.tcp_flags & RST == 0 {
        how |= observed::MIDSTREAM;
    }
    if opening.opener != Opener::sender(packet) {
        how |= observed::ANSWER;
    }
    let (reason, rule) = if opening.objection == 0 {
        (reason as u8, opening.rule)
    } else {
        (opening.objection, 0)
    };
    observed::xiot_observe(u32::from(reason), rule, how);
    0
}

/// Whether the frame begins something that goes on.
#[inline(always)]
fn may_have_flow(packet: &Packet) -> bool {
    // All DHCP clients speak from 0.0.0.0: as flows they would be one.
    let anonymous = packet.key.device.is_unspecified() || packet.key.peer.is_unspecified();
    has_flow(packet)
        && packet.icmp != Icmp::Reply
        && !(is_midstream(packet) && packet.tcp_flags & RST != 0)
        && !anonymous
}

#[inline(always)]
fn is_midstream(packet: &Packet) -> bool {
    packet.protocol == l4::TCP && !packet.is_pure_syn()
}

/// Makes the flow; the reason if there may be none.
#[inline(always)]
fn make(scratch: &Scratch, slot: &Slot, opening: &Opening) -> Result<(), Reason> {
    let packet = &scratch.packet;
    let subject = Subject::of(slot, packet);
    let profile = subject.profile(slot);
    let by_device = opening.opener == Opener::Device;
    let limit = subject.new_flows(profile);
    budget::new_flow(subject.device, by_device, limit, packet.now)?;
    let timeouts = subject::timeouts(profile);
    fill(scratch, &subject, opening, &timeouts);
    Ok(())
}

#[inline(always)]
fn fill(scratch: &Scratch, subject: &Subject, opening: &Opening, timeouts: &Timeouts) {
    let packet = &scratch.packet;
    let would_drop = opening.reason.class() == Class::Denied;
    let answered = opening.opener != Opener::sender(packet);
    let midstream = is_midstream(packet);
    let state = match packet.protocol {
        l4::TCP if midstream => FlowState::TcpEstablished,
        l4::TCP => FlowState::TcpHandshake,
        _ if answered => FlowState::Replied,
        _ => FlowState::Unreplied,
    };
    let from_device = packet.is_from_device();
    let mut flags = 0;
    if opening.opener == Opener::Peer {
        flags |= FLOW_PEER_INITIATED;
    }
    if answered {
        flags |= FLOW_RESPONDER_FIRST;
    }
    if would_drop {
        flags |= FLOW_WOULD_DROP;
    }
    if matches!(subject.mode, Mode::Learn) {
        flags |= FLOW_LEARN;
    }
    if midstream {
        flags |= FLOW_MIDSTREAM;
    }
    let mut acknowledged = (0, 0);
    if packet.tcp_flags & ACK != 0 {
        if from_device {
            flags |= FLOW_ACKNOWLEDGED_FROM;
            acknowledged.0 = packet.acknowledgement;
        } else {
            flags |= FLOW_ACKNOWLEDGED_TO;
            acknowledged.1 = packet.acknowledgement;
        }
    }
    let silence = Silence::of(packet, state as u8, timeouts, would_drop);
    let count = |counts, number| if counts { number } else { 0 };
    let length = u64::from(packet.length);
    let mut rest = FlowRest {
        device: packet.key.device,
        peer: packet.key.peer,
        rule: opening.rule,
        generation: subject.generation,
        next_timeout: silence.next,
        opened_at: packet.now,
        acknowledged_from: acknowledged.0,
        acknowledged_to: acknowledged.1,
        // Not in the line: the observed map has this frame.
        from_frames: count(from_device, 1),
        from_bytes: count(from_device, length),
        to_frames: count(!from_device, 1),
        to_bytes: count(!from_device, length),
        ..FlowRest::default()
    };
    let mut epoch = subject.epoch(packet);
    if opening.rule != 0 {
        let span = scratch.span.get();
        rest.set_span(span.since, span.until);
        epoch = subject.flow_epoch(packet, &rest);
    }
    scratch.rest.set(rest);
    scratch.line.set(FlowLine {
        key: packet.key.short(),
        from: Tally::NONE,
        to: Tally::NONE,
        epoch,
        last_seen: packet.now,
        idle_timeout: silence.idle,
        device: subject.device,
        state: state as u8,
        flags,
        reason: opening.reason as u8,
        mode: subject.mode as u8,
        objection: opening.objection,
        hold: HOLD_HALF_OPEN,
        closing_timeout: silence.closing,
    });
}
