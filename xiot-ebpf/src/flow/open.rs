//! Opening flows, and passing what needs none (docs/judgement.md, 6).

use xiot_common::{
    device::Mode,
    flow::{
        FLOW_LEARN, FLOW_MIDSTREAM, FLOW_PEER_INITIATED, FLOW_WOULD_DROP, FlowEntry, FlowState,
    },
    profile::Timeouts,
    reason::{Class, Reason},
};

use super::table;
use crate::{
    packet::{Icmp, Packet, RST},
    parse::{has_flow, l4},
    record::observed,
    scratch,
};

/// What a flow is opened with.
#[derive(Clone, Copy, Debug)]
pub struct Opening {
    /// Reason of the judgement.
    pub reason: Reason,
    /// Rule that allows it, or 0.
    pub rule: u32,
    /// Device, or 0.
    pub device: u32,
    /// Generation of the device.
    pub generation: u32,
    /// Mode of the device.
    pub mode: Mode,
}

/// Opens a flow for an allowed frame, or for a denied one that the mode lets through. Gives the reason that the
/// frame counts under.
#[inline(always)]
pub fn open(packet: &Packet, opening: &Opening, timeouts: &Timeouts) -> Reason {
    let denied = opening.reason.class() == Class::Denied;
    if denied && matches!(opening.mode, Mode::Enforce) {
        return opening.reason;
    }
    let midstream = packet.protocol == l4::TCP && !packet.is_pure_syn();
    // All DHCP clients speak from 0.0.0.0: as flows they would be one.
    let anonymous = packet.key.device.is_unspecified() || packet.key.peer.is_unspecified();
    if !has_flow(packet)
        || packet.icmp == Icmp::Reply
        || (midstream && packet.tcp_flags & RST != 0)
        || anonymous
    {
        observed::xiot_observe(u32::from(opening.reason as u8), opening.rule, 0);
        return opening.reason;
    }
    let Some(scratch) = scratch::get() else {
        return opening.reason;
    };
    scratch
        .flow
        .set(entry(packet, opening, timeouts, midstream, denied));
    // SAFETY: the element belongs to this CPU and nothing writes it before the map has copied it.
    let entry = unsafe { &*scratch.flow.as_ptr() };
    if !table::insert(&packet.key, entry, packet.now) {
        return if denied {
            opening.reason
        } else {
            Reason::FlowTableFull
        };
    }
    observed::xiot_observe(
        u32::from(opening.reason as u8),
        opening.rule,
        u32::from(midstream),
    );
    opening.reason
}

#[inline(always)]
fn entry(
    packet: &Packet,
    opening: &Opening,
    timeouts: &Timeouts,
    midstream: bool,
    denied: bool,
) -> FlowEntry {
    let (state, idle_timeout, next_timeout) = match packet.protocol {
        l4::TCP if midstream => (
            FlowState::TcpEstablished,
            timeouts.tcp_established,
            timeouts.tcp_established,
        ),
        l4::TCP => (
            FlowState::TcpHandshake,
            timeouts.tcp_handshake,
            timeouts.tcp_established,
        ),
        l4::UDP => (
            FlowState::Unreplied,
            timeouts.udp_unreplied,
            timeouts.udp_replied,
        ),
        _ if packet.icmp == Icmp::Request => (FlowState::Unreplied, timeouts.icmp, timeouts.icmp),
        _ => (FlowState::Unreplied, timeouts.other, timeouts.other),
    };
    let from_device = packet.is_from_device();
    let mut flags = 0;
    if !from_device {
        flags |= FLOW_PEER_INITIATED;
    }
    if denied {
        flags |= FLOW_WOULD_DROP;
    }
    if matches!(opening.mode, Mode::Learn) {
        flags |= FLOW_LEARN;
    }
    if midstream {
        flags |= FLOW_MIDSTREAM;
    }
    let length = u64::from(packet.length);
    FlowEntry {
        device: opening.device,
        rule: opening.rule,
        generation: opening.generation,
        opened_at: packet.now,
        last_seen: packet.now,
        idle_timeout,
        next_timeout,
        closing_timeout: u16::try_from(timeouts.tcp_closing).unwrap_or(u16::MAX),
        state: state as u8,
        flags,
        reason: opening.reason as u8,
        reserved: [0; 7],
        pending_frames: 0,
        pending_bytes: 0,
        from_frames: u64::from(from_device),
        from_bytes: if from_device { length } else { 0 },
        to_frames: u64::from(!from_device),
        to_bytes: if from_device { 0 } else { length },
    }
}
