//! The flows that verdicts make (docs/judgement.md section 7).

use std::time::Duration;

use xiot_common::reason::Reason;

use super::{
    Oracle, Side,
    conversation::Conversation,
    flow::{Flow, State},
    frame::{Echo, Packet, Transport},
    grounds::Grounds,
    judge::Arrival,
    opening::Grant,
    proceed::segment,
};

/// A flow to be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opened {
    initiator: Side,
    state: State,
    /// Position in the profile.
    rule: Option<usize>,
    reason: Reason,
}

impl Opened {
    /// What a packet opens that may pass.
    pub(super) fn by(grant: Grant, side: Side, packet: &Packet) -> Option<Self> {
        let (rule, initiator, state) = match grant {
            Grant::Rule(rule) => (rule, side, first_state(packet)?),
            Grant::Grace(rule, initiator) => (rule, initiator, midstream_state(packet)?),
            Grant::Service | Grant::Ethertype | Grant::Related(_) => return None,
        };
        Some(Self {
            initiator,
            state,
            rule: Some(rule),
            reason: Reason::AllowedFlow,
        })
    }

    /// What a packet opens that is denied but not dropped.
    pub(super) fn against(reason: Reason, side: Side, packet: &Packet) -> Option<Self> {
        let leaves_flow = matches!(
            reason,
            Reason::UnknownDevice
                | Reason::WrongWire
                | Reason::AddressNotBound
                | Reason::NoPeer
                | Reason::NoProtocol
                | Reason::NoPort
                | Reason::RuleNotInForce
                | Reason::WrongDirection
                | Reason::TcpNoFlow
        );
        if !leaves_flow {
            return None;
        }
        let state = match packet.transport {
            Transport::Tcp { flags, .. } if flags.rst => return None,
            Transport::Tcp { flags, .. } if !flags.is_pure_syn() => State::Established,
            Transport::Tcp { .. }
            | Transport::Udp { .. }
            | Transport::Icmp { .. }
            | Transport::Portless => first_state(packet)?,
        };
        Some(Self {
            initiator: side,
            state,
            rule: None,
            reason,
        })
    }
}

/// The state of the flow that an opening packet makes; none where it makes none.
fn first_state(packet: &Packet) -> Option<State> {
    match packet.transport {
        Transport::Tcp { flags, .. } => flags.is_pure_syn().then_some(State::Handshake),
        Transport::Icmp { echo, .. } => {
            matches!(echo, Echo::Request(_)).then_some(State::Unreplied)
        }
        Transport::Udp { .. } | Transport::Portless => Some(State::Unreplied),
    }
}

/// The state of the flow that a packet makes which is not its first.
fn midstream_state(packet: &Packet) -> Option<State> {
    match packet.transport {
        Transport::Tcp { .. } => Some(State::Established),
        Transport::Udp { .. } => Some(State::Replied),
        Transport::Icmp { .. } | Transport::Portless => None,
    }
}

impl<'p> Oracle<'p> {
    /// Makes a flow in place of any other of the conversation, if the budgets allow one more. A guard that only
    /// monitors may object to it.
    pub(super) fn open(
        &mut self,
        arrival: Arrival,
        grounds: Grounds<'p>,
        conversation: Conversation,
        packet: &Packet,
        (opened, objection): (Opened, Option<Reason>),
    ) -> Result<(), Reason> {
        if conversation.has_unspecified_end() {
            return Ok(());
        }
        let now = arrival.now;
        self.budgets
            .flow(grounds, opened.initiator, &self.limits, now)?;
        let mut flow = Flow {
            grounds,
            epoch: self.stamp(grounds),
            judged_at: self.wall(now),
            rule: opened.rule,
            reason: opened.reason,
            objection,
            initiator: opened.initiator,
            state: opened.state,
            idle_timeout: Duration::ZERO,
            first_sender: arrival.side,
            opened_at: now,
            last_frame: now,
            is_confirmed: false,
            is_doubtful: false,
            acknowledged: (None, None),
        };
        flow.idle_timeout = flow.timeout_in(opened.state, &conversation);
        flow.hear(arrival.side, segment(packet));
        self.flows.put(conversation, flow);
        Ok(())
    }
}
