//! The flow list: a plain map from conversations to what is known of them (docs/judgement.md section 2).

use std::{collections::HashMap, net::IpAddr, time::Duration};

use xiot_common::reason::Reason;

use super::frame::{Echo, Fragment, Frame, Mac, Packet, Transport};
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
    protocol: u8,
    /// In ascending order.
    endpoints: [Endpoint; 2],
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
    pub(super) fn of(frame: &Frame, packet: &Packet, wire: usize) -> Option<Self> {
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
        let mut endpoints = [source, destination];
        endpoints.sort();
        Some(Self {
            conversation: Conversation {
                wire,
                vlans: frame.vlans,
                protocol: packet.protocol,
                endpoints,
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

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum State {
    Handshake,
    Established,
    Closing,
    Unreplied,
    Replied,
}

#[derive(Clone, Debug)]
pub(super) struct Flow {
    pub(super) device: Option<usize>,
    pub(super) timeouts: Timeouts,
    /// MAC of the device, listed or not.
    pub(super) mac: Mac,
    pub(super) device_end: Endpoint,
    pub(super) initiator: Endpoint,
    pub(super) state: State,
    pub(super) last_frame: u64,
    pub(super) rule: Option<u32>,
    /// What its frames count under: `allowed_flow`, or what they would be dropped for.
    pub(super) reason: Reason,
}

impl Flow {
    fn is_live(&self, protocol: u8, now: u64) -> bool {
        Duration::from_secs(now.saturating_sub(self.last_frame)) <= self.idle_timeout(protocol)
    }

    fn idle_timeout(&self, protocol: u8) -> Duration {
        let t = &self.timeouts;
        match (protocol, self.state) {
            (_, State::Handshake) => t.tcp_handshake,
            (_, State::Established) => t.tcp_established,
            (_, State::Closing) => t.tcp_closing,
            (17, State::Unreplied) => t.udp_unreplied,
            (17, State::Replied) => t.udp_replied,
            (_, State::Unreplied | State::Replied) if is_echo(protocol, self) => t.icmp,
            (_, State::Unreplied | State::Replied) => t.other,
        }
    }
}

/// Whether a flow of this protocol number is ICMP of its own family; in the other family the number is
/// just a protocol without ports.
fn is_echo(protocol: u8, flow: &Flow) -> bool {
    match flow.initiator.address {
        IpAddr::V4(_) => protocol == 1,
        IpAddr::V6(_) => protocol == 58,
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

    /// The flow of a conversation; one that is over is removed instead.
    pub(super) fn live(&mut self, conversation: &Conversation, now: u64) -> Option<&mut Flow> {
        let over = !self
            .flows
            .get(conversation)?
            .is_live(conversation.protocol, now);
        if over {
            self.flows.remove(conversation);
        }
        self.flows.get_mut(conversation)
    }

    /// Takes up a flow in place of any other of the conversation.
    pub(super) fn put(&mut self, conversation: Conversation, flow: Flow) -> Result<(), Full> {
        if self.flows.len() >= self.capacity && !self.flows.contains_key(&conversation) {
            return Err(Full);
        }
        self.flows.insert(conversation, flow);
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.flows.len()
    }
}
