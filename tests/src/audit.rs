//! Flow tables of program and oracle, written the same way.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use xiot_agent::{
    compile::Assignment,
    model::policy::Policy,
    oracle::{Oracle, State},
};
use xiot_common::{
    addr::Addr,
    flow::{
        FLOW_ACKNOWLEDGED_FROM, FLOW_ACKNOWLEDGED_TO, FLOW_DOUBTFUL, FLOW_PEER_INITIATED,
        FlowEntry, FlowKey, FlowState,
    },
    reason::Reason,
};

use crate::{
    frame::Mac,
    numbers::{device_number, rule_number},
};

/// One flow, in terms of neither table.
#[derive(Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Line {
    wire: usize,
    vlans: (u16, u16),
    protocol: u8,
    device_end: (IpAddr, u16),
    peer_end: (IpAddr, u16),
    peer_initiated: bool,
    device: u32,
    mac: Mac,
    rule: u32,
    reason: Reason,
    state: &'static str,
    idle_timeout: u64,
    last_frame: u64,
    half_open: bool,
    doubtful: bool,
    acknowledged: (Option<u32>, Option<u32>),
}

/// The program's flows, one a line. `passed` is how far its past was moved.
pub(crate) fn of_program(flows: &[(FlowKey, FlowEntry, bool)], passed: u64) -> BTreeSet<String> {
    flows
        .iter()
        .map(|(key, entry, is_half_open)| {
            let has = |flag: u8| entry.flags & flag != 0;
            let acknowledged = |flag, number: u32| has(flag).then(|| u32::from_be(number));
            let last_frame = u64::from(
                entry
                    .last_seen
                    .wrapping_add(u32::try_from(passed & u64::from(u32::MAX)).expect("32 bits")),
            );
            let (reason, rule) = entry.counted();
            let reason = Reason::from_u8(reason).expect("a flow has a reason");
            Line {
                wire: usize::from(key.wire),
                vlans: (key.vlans.outer, key.vlans.inner),
                protocol: key.protocol,
                device_end: (address(key.device), key.device_port),
                peer_end: (address(key.peer), key.peer_port),
                peer_initiated: entry.flags & FLOW_PEER_INITIATED != 0,
                device: entry.device,
                mac: key.mac.0,
                rule,
                reason: if entry.is_would_drop() {
                    reason
                } else {
                    Reason::AllowedFlow
                },
                state: state_name(entry.state),
                idle_timeout: u64::from(entry.idle_timeout),
                last_frame,
                half_open: *is_half_open,
                doubtful: has(FLOW_DOUBTFUL),
                acknowledged: (
                    acknowledged(FLOW_ACKNOWLEDGED_FROM, entry.acknowledged_from),
                    acknowledged(FLOW_ACKNOWLEDGED_TO, entry.acknowledged_to),
                ),
            }
        })
        .map(|line| format!("{line:?}"))
        .collect()
}

/// The oracle's flows likewise. `numbers` gives what the program calls the devices and rules of a policy.
pub(crate) fn of_oracle<'n>(
    oracle: &Oracle<'_>,
    numbers: impl Fn(&Policy) -> &'n Assignment,
) -> BTreeSet<String> {
    oracle
        .flows()
        .map(|flow| Line {
            wire: flow.wire,
            vlans: flow.vlans,
            protocol: flow.protocol,
            device_end: flow.device_end,
            peer_end: flow.peer_end,
            peer_initiated: flow.peer_initiated,
            device: device_number(numbers(flow.policy), flow.device),
            mac: flow.mac,
            rule: rule_number(numbers(flow.policy), flow.rule),
            reason: flow.reason,
            state: match flow.state {
                State::Handshake => "handshake",
                State::Established => "established",
                State::InitiatorDone => "initiator done",
                State::ResponderDone => "responder done",
                State::Closing => "closing",
                State::Unreplied => "unreplied",
                State::Replied => "replied",
            },
            idle_timeout: flow.idle_timeout.as_secs(),
            last_frame: flow.last_frame,
            half_open: flow.half_open,
            doubtful: flow.doubtful,
            acknowledged: flow.acknowledged,
        })
        .map(|line| format!("{line:?}"))
        .collect()
}

/// What only one of the two has.
pub(crate) fn only_in_one<'l>(
    a: &'l BTreeSet<String>,
    b: &'l BTreeSet<String>,
) -> (Vec<&'l String>, Vec<&'l String>) {
    (a.difference(b).collect(), b.difference(a).collect())
}

fn state_name(number: u8) -> &'static str {
    match number {
        n if n == FlowState::TcpHandshake as u8 => "handshake",
        n if n == FlowState::TcpEstablished as u8 => "established",
        n if n == FlowState::TcpInitiatorDone as u8 => "initiator done",
        n if n == FlowState::TcpResponderDone as u8 => "responder done",
        n if n == FlowState::TcpClosing as u8 => "closing",
        n if n == FlowState::Unreplied as u8 => "unreplied",
        n if n == FlowState::Replied as u8 => "replied",
        _ => "unheard of",
    }
}

pub(crate) fn address(address: Addr) -> IpAddr {
    let bytes = address.bytes();
    match Ipv6Addr::from(bytes).to_ipv4_mapped() {
        Some(v4) => IpAddr::V4(Ipv4Addr::from(v4.octets())),
        None => IpAddr::V6(Ipv6Addr::from(bytes)),
    }
}
