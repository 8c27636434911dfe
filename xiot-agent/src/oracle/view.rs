//! Flows and bindings as an onlooker sees them.

use std::{net::IpAddr, time::Duration};

use xiot_common::reason::Reason;

use super::{
    Side,
    conversation::{Conversation, Endpoint},
    flow::{Flow, State},
};
use crate::model::policy::Policy;

/// A flow.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowView<'p> {
    /// The policy that it was looked at under last, which device and rule are of.
    pub policy: &'p Policy,
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
    /// It is not among the flows that both sides spoke in.
    pub half_open: bool,
    /// TCP: a RST came that proved nothing.
    pub doubtful: bool,
    /// TCP: what the device and its peer acknowledged last.
    pub acknowledged: (Option<u32>, Option<u32>),
    /// Silence after which it is over.
    pub idle_timeout: Duration,
    /// Second of its last frame.
    pub last_frame: u64,
}

/// An address that is bound, or holds a place.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BindingView {
    /// Wire index.
    pub wire: usize,
    /// Outer and inner VLAN id.
    pub vlans: (u16, u16),
    /// The address.
    pub address: IpAddr,
    /// The MAC that has it.
    pub mac: [u8; 6],
    /// How.
    pub holds: Hold,
    /// Second in which that is over; none: never.
    pub until: Option<u64>,
}

/// How a MAC has an address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Hold {
    /// A server gave it.
    Lease,
    /// It was the first to use it.
    Use,
    /// It has a place for it, whomever it is bound to.
    Place,
}

impl<'p> FlowView<'p> {
    pub(super) fn of(conversation: &Conversation, flow: &Flow<'p>) -> Self {
        let pair = |end: Endpoint| (end.address, end.port);
        let counted = flow.counted();
        Self {
            policy: flow.grounds.policy,
            wire: conversation.wire,
            vlans: conversation.vlans,
            protocol: conversation.protocol,
            device_end: pair(conversation.device_end),
            peer_end: pair(conversation.peer_end),
            peer_initiated: flow.initiator == Side::Uplink,
            device: flow.grounds.owner.device(),
            mac: conversation.mac,
            rule: counted.rule.and_then(|rule| flow.grounds.rule_id(rule)),
            reason: counted.reason,
            state: flow.state,
            half_open: !flow.is_confirmed,
            doubtful: flow.is_doubtful,
            acknowledged: flow.acknowledged,
            idle_timeout: flow.idle_timeout,
            last_frame: flow.last_frame,
        }
    }
}
