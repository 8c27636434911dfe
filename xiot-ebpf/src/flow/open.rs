//! Opening flows, and passing what needs none (docs/judgement.md, 7).

use xiot_common::{
    device::Mode,
    flow::{
        FLOW_ACKNOWLEDGED_FROM, FLOW_ACKNOWLEDGED_TO, FLOW_LEARN, FLOW_MIDSTREAM,
        FLOW_PEER_INITIATED, FLOW_RESPONDER_FIRST, FLOW_WOULD_DROP, FlowEntry, FlowState,
    },
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
///
/// A function of its own for the verifier: what has been asked of the policy by then makes no difference here.
#[unsafe(no_mangle)]
#[inline(never)]
pub(crate) extern "C" fn xiot_open() -> u32 {
    let Some(scratch) = scratch::get() else {
        return 0;
    };
    let packet = &scratch.packet;
    let verdict = scratch.verdict();
    let Some(slot) = slot::judging(packet.slot) else {
        return 0;
    };
    let opening = Opening {
        reason: verdict.reason,
        rule: verdict.rule,
        opener: Opener::from_u32(scratch.opener.get()),
        objection: guard::objection(scratch),
    };
    let reason = if may_have_flow(packet) {
        match file(scratch, &slot, &opening) {
            Err(reason) if opening.reason.class() == Class::Allowed => reason,
            Ok(()) | Err(_) => opening.reason,
        }
    } else {
        opening.reason
    };
    if reason != opening.reason {
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

/// Files the flow; the reason if there is no room for it.
#[inline(always)]
fn file(scratch: &Scratch, slot: &Slot, opening: &Opening) -> Result<(), Reason> {
    let packet = &scratch.packet;
    let subject = Subject::of(slot, packet);
    let profile = subject.profile(slot);
    let by_device = opening.opener == Opener::Device;
    let limit = subject.new_flows(profile);
    budget::new_flow(subject.device, by_device, limit, packet.now)?;
    let timeouts = subject::timeouts(profile);
    let mut flow = entry(packet, &subject, opening, &timeouts);
    if opening.rule != 0 {
        let span = scratch.span.get();
        flow.set_span(span.since, span.until);
        flow.epoch = subject.flow_epoch(packet, &flow);
    }
    scratch.flow.set(flow);
    // SAFETY: the element belongs to this CPU and nothing writes it before the map has copied it.
    let entry = unsafe { &*scratch.flow.as_ptr() };
    if table::insert_half_open(&packet.key, entry, packet.filed != 0) {
        Ok(())
    } else {
        Err(Reason::FlowTableFull)
    }
}

#[inline(always)]
fn entry(packet: &Packet, subject: &Subject, opening: &Opening, timeouts: &Timeouts) -> FlowEntry {
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
    let length = u64::from(packet.length);
    FlowEntry {
        device: subject.device,
        rule: opening.rule,
        generation: subject.generation,
        epoch: subject.epoch(packet),
        opened_at: packet.now,
        last_seen: packet.now,
        idle_timeout: silence.idle,
        next_timeout: silence.next,
        acknowledged_from: acknowledged.0,
        acknowledged_to: acknowledged.1,
        closing_timeout: silence.closing,
        state: state as u8,
        flags,
        reason: opening.reason as u8,
        mode: subject.mode as u8,
        objection: opening.objection,
        reserved: 0,
        since: 0,
        until: 0,
        spare: 0,
        pending_frames: 0,
        pending_bytes: 0,
        from_frames: u64::from(from_device),
        from_bytes: if from_device { length } else { 0 },
        to_frames: u64::from(!from_device),
        to_bytes: if from_device { 0 } else { length },
    }
}
