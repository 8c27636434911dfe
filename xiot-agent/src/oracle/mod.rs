//! The reference: judges frames by docs/judgement.md and the policy as people mean it, with scans and lists.
//!
//! It shares nothing with the XDP program, its tables or its compiler but the names of the reasons, so that a
//! difference between the two is a bug in one of them. Slow; never in the path of traffic.
#![forbid(unsafe_code)]

mod address;
mod answer;
mod binding;
mod budget;
mod conversation;
mod datagram;
mod decided;
mod flow;
mod flows;
mod fragment;
mod frame;
mod grounds;
mod group;
mod guard;
mod hop;
mod ip;
mod judge;
mod learn;
mod lease;
mod limits;
mod neighbour;
mod objects;
mod open;
mod opening;
mod owner;
mod proceed;
mod quote;
mod request;
mod routed;
mod router;
mod rules;
mod said;
mod service;
#[cfg(test)]
mod tests;
mod times;
mod told;
mod transport;
mod view;

use xiot_common::reason::Reason;

use self::{
    binding::Bindings, budget::Budgets, datagram::DatagramList, flows::FlowList, frame::Frame,
    group::GroupFrames, told::Told,
};
pub use self::{
    decided::{Decision, Override},
    flow::State,
    limits::Limits,
    routed::{Fate, Place, Routed, RoutedVerdict},
    router::{Detour, Hop, Neighbour, PortState, Route, Router, RouterPort, Selector, Way},
    told::NameView,
    view::{BindingView, FlowView, Hold},
};
use crate::model::{
    gateway::Wire,
    policy::{Mode, Policy},
    times::Times,
};

/// Whether what has these times is in force at a second of the wall clock (UTC, since the Unix epoch).
pub fn is_in_force(policy: &Policy, times: &Times, at: i64) -> bool {
    times::in_force_by(policy, times, at).is_some()
}

/// Which way the port looks that a frame comes in on.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Side {
    /// Towards the devices.
    Device,
    /// Towards the rest of the network.
    Uplink,
}

/// What becomes of one frame, and why.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub struct Outcome {
    /// The one named cause.
    pub reason: Reason,
    /// Whether the frame goes no further.
    pub dropped: bool,
    /// Id of the rule that allows the frame, now or when its flow was opened.
    pub rule: Option<u32>,
    /// The device, as position in the policy.
    pub device: Option<usize>,
    /// A live flow answered.
    pub flow_hit: bool,
    /// The mode that decided; [`Mode::Enforce`] where none was asked.
    pub mode: Mode,
}

/// Judges frames in order, as one CPU, and remembers what they leave behind.
#[derive(Clone, Debug)]
pub struct Oracle<'p> {
    policy: &'p Policy,
    wires: &'p [Wire],
    limits: Limits,
    /// Counts all that may change a judgement that was made before.
    epoch: u64,
    flows: FlowList<'p>,
    datagrams: DatagramList<'p>,
    budgets: Budgets,
    overrides: Vec<Override>,
    group_frames: GroupFrames,
    bindings: Bindings,
    told: Told,
    /// Seconds that the wall clock is ahead of the second that frames are judged at.
    clock: i64,
}

impl<'p> Oracle<'p> {
    /// An oracle without flows. `wires` are the gateway's by index: their names, guards and Ethernet types count.
    pub fn new(policy: &'p Policy, wires: &'p [Wire]) -> Self {
        Self::with_limits(policy, wires, Limits::default())
    }

    /// The same with limits of the gateway.
    pub fn with_limits(policy: &'p Policy, wires: &'p [Wire], limits: Limits) -> Self {
        Self {
            policy,
            wires,
            limits,
            epoch: 1,
            flows: FlowList::new(&limits),
            datagrams: DatagramList::default(),
            budgets: Budgets::default(),
            overrides: Vec::new(),
            group_frames: GroupFrames::default(),
            bindings: Bindings::default(),
            told: Told::default(),
            clock: 0,
        }
    }

    /// Puts another policy in force.
    pub fn swap(&mut self, policy: &'p Policy) {
        self.policy = policy;
        self.touch();
    }

    /// Puts other guards and Ethernet types in force on the same wires.
    pub fn rewire(&mut self, wires: &'p [Wire]) {
        self.wires = wires;
        self.touch();
    }

    /// Starts an epoch under the same policy.
    pub fn touch(&mut self) {
        self.epoch += 1;
    }

    /// Ends the grace period in this second; 0: there is none. What was judged before may be judged otherwise now.
    pub fn grant_grace_until(&mut self, second: u64) {
        self.limits.grace_until = second;
        self.touch();
    }

    /// Leases are known from this second on; 0: they are.
    pub fn settle_at(&mut self, second: u64) {
        self.limits.settled_at = second;
        self.touch();
    }

    /// Judges a frame, given from its first MAC byte on without FCS, that comes in at second `now` on the
    /// port of this side of a wire.
    pub fn judge(&mut self, side: Side, wire: usize, frame: &[u8], now: u64) -> Outcome {
        if wire >= self.wires.len() {
            return refused(Reason::NotAPort);
        }
        match Frame::parse(frame) {
            Ok(frame) => self.judge_parsed(side, wire, &frame, now),
            Err(reason) => refused(reason),
        }
    }

    /// Flows remembered, over or not. Order means nothing.
    pub fn flows(&self) -> impl Iterator<Item = FlowView<'p>> {
        self.flows.views()
    }

    /// Bindings and places that are live, whether they count or not. Order means nothing.
    pub fn bindings(&self, now: u64) -> impl Iterator<Item = BindingView> {
        self.bindings.views(now)
    }
}

/// A frame that no device and no mode has a say in.
fn refused(reason: Reason) -> Outcome {
    Outcome {
        reason,
        dropped: true,
        rule: None,
        device: None,
        flow_hit: false,
        mode: Mode::Enforce,
    }
}
