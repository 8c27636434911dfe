//! The flow list: a plain map from conversations to what is known of them (docs/judgement.md section 2).

use std::{collections::HashMap, net::IpAddr, time::Duration};

use xiot_common::reason::Reason;

use super::{
    Side,
    frame::{Echo, Fragment, Frame, Mac, Packet, Transport},
    owner::device_mac,
};
use crate::model::policy::Timeouts;

#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) struct Endpoint {
    pub(super) address: IpAddr,
    pub(super) port: u16,
}

/// What both directions of a conversation have in common.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Conversation {
    wire: usize,
    vlans: (u16, u16),
    pub(super) protocol: u8,
    /// MAC of the device, listed or not.
    mac: Mac,
    device_end: Endpoint,
    peer_end: Endpoint,
}

/// A frame seen as part of a conversation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    pub(super) conversation: Conversation,
    pub(super) source: Endpoint,
    pub(super) destination: Endpoint,
}

impl Turn {
    /// None for what belongs to no conversation.
    pub(super) fn of(side: Side, wire: usize, frame: &Frame, packet: &Packet) -> Option<Self> {
        if packet.fragment == Fragment::Later {
            return None;
        }
        let (source_port, destination_port) = match packet.transport {
            Transport::Tcp {
                source,
                destination,
                ..
            }
            | Transport::Udp {
                source,
                destination,
            } => (source, destination),
            Transport::Icmp {
                echo: Echo::Request(identifier),
                ..
            } => (identifier, 0),
            Transport::Icmp {
                echo: Echo::Reply(identifier),
                ..
            } => (0, identifier),
            Transport::Icmp { echo: Echo::No, .. } => return None,
            Transport::Portless => (0, 0),
        };
        let source = Endpoint {
            address: packet.source,
            port: source_port,
        };
        let destination = Endpoint {
            address: packet.destination,
            port: destination_port,
        };
        let (device_end, peer_end) = match side {
            Side::Device => (source, destination),
            Side::Uplink => (destination, source),
        };
        Some(Self {
            conversation: Conversation {
                wire,
                vlans: frame.vlans,
                protocol: packet.protocol,
                mac: device_mac(side, frame),
                device_end,
                peer_end,
            },
            source,
            destination,
        })
    }

    /// DHCP clients speak from 0.0.0.0: as flows they would all be one.
    pub(super) fn has_unspecified_end(&self) -> bool {
        self.source.address.is_unspecified() || self.destination.address.is_unspecified()
    }
}

/// Where a flow stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum State {
    /// TCP: SYN seen, not answered yet.
    Handshake,
    /// TCP: answered.
    Established,
    /// TCP: FIN of the initiator seen.
    InitiatorDone,
    /// TCP: FIN of the responder seen.
    ResponderDone,
    /// TCP: RST seen, or FIN of both.
    Closing,
    /// Other protocols: only the initiator spoke so far.
    Unreplied,
    /// Other protocols: answered.
    Replied,
}

#[derive(Clone, Debug)]
pub(super) struct Flow {
    pub(super) device: Option<usize>,
    pub(super) timeouts: Timeouts,
    pub(super) initiator: Endpoint,
    pub(super) state: State,
    pub(super) idle_timeout: Duration,
    pub(super) last_frame: u64,
    pub(super) rule: Option<u32>,
    /// What its frames count under: `allowed_flow`, or what they would be dropped for.
    pub(super) reason: Reason,
}

/// Closing timeouts are kept in 16 bits.
const LONGEST_CLOSING: Duration = Duration::from_secs(65_535);

impl Flow {
    /// Moves the flow on. A state that it is in already changes nothing.
    pub(super) fn advance(&mut self, state: State, protocol: u8) {
        if self.state == state {
            return;
        }
        self.state = state;
        self.idle_timeout = match state {
            State::Closing => self
                .idle_timeout
                .min(self.timeouts.tcp_closing)
                .min(LONGEST_CLOSING),
            State::Handshake
            | State::Established
            | State::InitiatorDone
            | State::ResponderDone
            | State::Unreplied
            | State::Replied => {
                idle_timeout(&self.timeouts, state, protocol, self.initiator.address)
            }
        };
    }

    fn is_live(&self, now: u64) -> bool {
        Duration::from_secs(now.saturating_sub(self.last_frame)) <= self.idle_timeout
    }
}

/// How long a conversation with an end at this address may be silent.
pub(super) fn idle_timeout(
    timeouts: &Timeouts,
    state: State,
    protocol: u8,
    end: IpAddr,
) -> Duration {
    match (state, protocol) {
        (State::Handshake, _) => timeouts.tcp_handshake,
        (State::Established | State::InitiatorDone | State::ResponderDone, _) => {
            timeouts.tcp_established
        }
        (State::Closing, _) => timeouts.tcp_closing,
        (State::Unreplied, 17) => timeouts.udp_unreplied,
        (State::Replied, 17) => timeouts.udp_replied,
        // In the other family the number is just a protocol without ports.
        (State::Unreplied | State::Replied, 1) if end.is_ipv4() => timeouts.icmp,
        (State::Unreplied | State::Replied, 58) if end.is_ipv6() => timeouts.icmp,
        (State::Unreplied | State::Replied, _) => timeouts.other,
    }
}

/// A flow as an onlooker sees it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FlowView {
    /// Wire index.
    pub wire: usize,
    /// Outer and inner VLAN id.
    pub vlans: (u16, u16),
    /// IP protocol number.
    pub protocol: u8,
    /// Address and port of the device's end. ICMP echo: the requester's port is the identifier, the responder's 0.
    pub device_end: (IpAddr, u16),
    /// The other end.
    pub peer_end: (IpAddr, u16),
    /// The peer opened it.
    pub peer_initiated: bool,
    /// The device, as position in the policy.
    pub device: Option<usize>,
    /// MAC of the device, listed or not.
    pub mac: [u8; 6],
    /// Rule that allows it.
    pub rule: Option<u32>,
    /// What its frames count under.
    pub reason: Reason,
    /// Where it stands.
    pub state: State,
    /// Silence after which it is over.
    pub idle_timeout: Duration,
    /// Second of its last frame.
    pub last_frame: u64,
}

impl FlowView {
    fn of(conversation: &Conversation, flow: &Flow) -> Self {
        let pair = |end: Endpoint| (end.address, end.port);
        Self {
            wire: conversation.wire,
            vlans: conversation.vlans,
            protocol: conversation.protocol,
            device_end: pair(conversation.device_end),
            peer_end: pair(conversation.peer_end),
            peer_initiated: flow.initiator == conversation.peer_end,
            device: flow.device,
            mac: conversation.mac,
            rule: flow.rule,
            reason: flow.reason,
            state: flow.state,
            idle_timeout: flow.idle_timeout,
            last_frame: flow.last_frame,
        }
    }
}

/// The flow table is full.
#[derive(Clone, Copy, Debug)]
pub(super) struct Full;

#[derive(Clone, Debug)]
pub(super) struct FlowList {
    capacity: usize,
    flows: HashMap<Conversation, Flow>,
}

impl FlowList {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            flows: HashMap::new(),
        }
    }

    /// The flow of a conversation, unless it is over.
    pub(super) fn live(&mut self, conversation: &Conversation, now: u64) -> Option<&mut Flow> {
        self.flows
            .get_mut(conversation)
            .filter(|flow| flow.is_live(now))
    }

    /// Takes up a flow in place of any other of the conversation. What is over makes room if there is none.
    pub(super) fn put(
        &mut self,
        conversation: Conversation,
        flow: Flow,
        now: u64,
    ) -> Result<(), Full> {
        if self.is_full_for(&conversation) {
            self.flows.retain(|_, flow| flow.is_live(now));
            if self.is_full_for(&conversation) {
                return Err(Full);
            }
        }
        self.flows.insert(conversation, flow);
        Ok(())
    }

    fn is_full_for(&self, conversation: &Conversation) -> bool {
        self.flows.len() >= self.capacity && !self.flows.contains_key(conversation)
    }

    pub(super) fn views(&self) -> impl Iterator<Item = FlowView> {
        self.flows
            .iter()
            .map(|(conversation, flow)| FlowView::of(conversation, flow))
    }
}
