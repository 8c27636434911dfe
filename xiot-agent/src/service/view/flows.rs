//! Flows: entries of the flow table, turned so that the device comes first.

use std::time::Duration;

use xiot_common::flow::{
    FLOW_DEVICE_IS_LOW, FLOW_MIDSTREAM, FLOW_PEER_INITIATED, FLOW_WOULD_DROP, FlowEntry, FlowKey,
    FlowState,
};

use super::{address, vlans};
use crate::{
    service::{
        clock::Now,
        names::Names,
        state::{Flow, FlowFilter, Opener, Reason, Stage},
    },
    unit,
};

/// One entry; none if its state or reason is of another version than this agent's.
pub fn flow(names: &Names, now: Now, key: &FlowKey, entry: &FlowEntry) -> Option<Flow> {
    let low = (address(key.low), key.low_port);
    let high = (address(key.high), key.high_port);
    let (device_end, peer_end) = if entry.flags & FLOW_DEVICE_IS_LOW == 0 {
        (high, low)
    } else {
        (low, high)
    };
    let idle = now.second().saturating_sub(u64::from(entry.last_seen));
    Some(Flow {
        wire: names.wire(key.wire),
        vlans: vlans(key.vlans),
        device: names.device(entry.device).map(|device| device.name.clone()),
        mac: entry.mac.0,
        protocol: key.protocol,
        device_address: device_end.0,
        device_port: device_end.1,
        peer_address: peer_end.0,
        peer_port: peer_end.1,
        opener: if entry.flags & FLOW_PEER_INITIATED == 0 {
            Opener::Device
        } else {
            Opener::Peer
        },
        midstream: entry.flags & FLOW_MIDSTREAM != 0,
        stage: stage(entry.state)?,
        reason: Reason::from_u8(entry.reason)?,
        would_drop: entry.flags & FLOW_WOULD_DROP != 0,
        rule: names.rule(entry.rule),
        opened: now.at_second(u64::from(entry.opened_at)),
        idle: Duration::from_secs(idle),
        timeout: Duration::from_secs(u64::from(entry.idle_timeout)),
        from_frames: entry.from_frames,
        from_bytes: entry.from_bytes,
        to_frames: entry.to_frames,
        to_bytes: entry.to_bytes,
    })
}

const fn stage(state: u8) -> Option<Stage> {
    const HANDSHAKE: u8 = FlowState::TcpHandshake as u8;
    const ESTABLISHED: u8 = FlowState::TcpEstablished as u8;
    const CLOSING: u8 = FlowState::TcpClosing as u8;
    const UNREPLIED: u8 = FlowState::Unreplied as u8;
    const REPLIED: u8 = FlowState::Replied as u8;
    match state {
        HANDSHAKE => Some(Stage::Handshake),
        ESTABLISHED => Some(Stage::Established),
        CLOSING => Some(Stage::Closing),
        UNREPLIED => Some(Stage::Unreplied),
        REPLIED => Some(Stage::Replied),
        _ => None,
    }
}

/// The live flows that the filter wants, most recently active first.
pub fn select(flows: impl Iterator<Item = Flow>, filter: &FlowFilter) -> Vec<Flow> {
    let mac = filter
        .device
        .as_ref()
        .and_then(|device| unit::mac::parse(device).ok());
    let mut wanted: Vec<_> = flows
        .filter(|flow| flow.idle <= flow.timeout)
        .filter(|flow| {
            filter.device.as_ref().is_none_or(|device| {
                flow.device.as_ref() == Some(device) || mac.is_some_and(|mac| mac == flow.mac)
            })
        })
        .filter(|flow| filter.peer.is_none_or(|peer| peer == flow.peer_address))
        .filter(|flow| {
            filter
                .protocol
                .is_none_or(|protocol| protocol == flow.protocol)
        })
        .filter(|flow| {
            filter
                .port
                .is_none_or(|port| port == flow.device_port || port == flow.peer_port)
        })
        .filter(|flow| flow.would_drop || !filter.would_drop)
        .collect();
    wanted.sort_by(|a, b| {
        (
            a.idle,
            a.device_address,
            a.device_port,
            a.peer_address,
            a.peer_port,
        )
            .cmp(&(
                b.idle,
                b.device_address,
                b.device_port,
                b.peer_address,
                b.peer_port,
            ))
    });
    if let Some(limit) = filter.limit {
        wanted.truncate(limit);
    }
    wanted
}
