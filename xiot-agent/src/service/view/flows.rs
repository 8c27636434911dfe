//! Flows: entries of the flow table with names for what they mean.

use std::time::Duration;

use xiot_common::flow::FlowState;

use super::{address, vlans};
use crate::{
    collect,
    service::{
        clock::Now,
        names::Names,
        state::{Flow, FlowFilter, Opener, Selected, Stage},
    },
    unit,
};

/// One entry; none if its state or reason is of another version than this agent's.
pub fn flow(names: &Names, now: Now, flow: &collect::Flow) -> Option<Flow> {
    let (key, entry) = (&flow.key, &flow.entry);
    let (device, peer) = (flow.device_end(), flow.peer_end());
    Some(Flow {
        wire: names.wire(key.wire.into()),
        vlans: vlans(key.vlans),
        device: names.device_name(entry.device),
        mac: key.mac.0,
        protocol: key.protocol,
        device_address: address(device.address),
        device_port: device.port,
        peer_address: address(peer.address),
        peer_port: peer.port,
        opener: if flow.is_peer_initiated() {
            Opener::Peer
        } else {
            Opener::Device
        },
        midstream: flow.is_midstream(),
        stage: stage(entry.state)?,
        half_open: flow.half_open,
        reason: flow.reason()?,
        would_drop: flow.is_would_drop(),
        rule: names.rule(entry.counted().1),
        opened: now.at_second(u64::from(entry.opened_at)),
        idle: Duration::from_secs(entry.idle(now.second()).into()),
        timeout: Duration::from_secs(entry.idle_timeout.into()),
        from_frames: entry.from_frames,
        from_bytes: entry.from_bytes,
        to_frames: entry.to_frames,
        to_bytes: entry.to_bytes,
    })
}

const fn stage(state: u8) -> Option<Stage> {
    const HANDSHAKE: u8 = FlowState::TcpHandshake as u8;
    const ESTABLISHED: u8 = FlowState::TcpEstablished as u8;
    const INITIATOR_DONE: u8 = FlowState::TcpInitiatorDone as u8;
    const RESPONDER_DONE: u8 = FlowState::TcpResponderDone as u8;
    const CLOSING: u8 = FlowState::TcpClosing as u8;
    const UNREPLIED: u8 = FlowState::Unreplied as u8;
    const REPLIED: u8 = FlowState::Replied as u8;
    match state {
        HANDSHAKE => Some(Stage::Handshake),
        ESTABLISHED => Some(Stage::Established),
        INITIATOR_DONE | RESPONDER_DONE => Some(Stage::HalfClosed),
        CLOSING => Some(Stage::Closing),
        UNREPLIED => Some(Stage::Unreplied),
        REPLIED => Some(Stage::Replied),
        _ => None,
    }
}

/// The live flows that the filter wants, most recently active first.
pub fn select(flows: impl Iterator<Item = Flow>, filter: &FlowFilter) -> Selected<Flow> {
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
    Selected::up_to(wanted, filter.limit)
}
