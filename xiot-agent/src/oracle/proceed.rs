//! Frames of a conversation that has a flow (docs/judgement.md section 3).

use xiot_common::reason::Reason;

use super::{
    Oracle, Side,
    conversation::Conversation,
    flow::{Flow, Segment, State},
    frame::{Echo, Packet, Transport},
    grounds::Grounds,
    judge::Arrival,
    said::Said,
};
use crate::model::policy::Mode;

/// What the flow of a frame's conversation says.
#[derive(Debug)]
pub(super) enum Answer<'p> {
    /// The verdict.
    Final(Said<'p>),
    /// There is none, or it has nothing to say.
    Silent,
    /// There was one that the policy or the guards in force deny.
    Revoked,
    /// A SYN: judge it as a new conversation. The flow gives way to it if this says so.
    JudgeAgain { gives_way: bool },
}

impl<'p> Oracle<'p> {
    pub(super) fn ask_flow(
        &mut self,
        arrival: Arrival,
        grounds: Grounds<'p>,
        conversation: &Conversation,
        packet: &Packet,
    ) -> Answer<'p> {
        let now = arrival.now;
        let Some(flow) = self.flows.live(conversation, now) else {
            return Answer::Silent;
        };
        let mut flow = flow.clone();
        let lapsed = flow.has_lapsed(self.wall(now));
        if lapsed || flow.is_timed() || flow.epoch != self.epoch {
            if !self.holds(conversation, &mut flow, lapsed, now) {
                self.flows.remove(conversation);
                return Answer::Revoked;
            }
            self.flows.put(*conversation, flow.clone());
        }
        let from_initiator = arrival.side == flow.initiator;
        let segment = segment(packet);
        let mut next = flow.clone();
        let state = match (packet.transport, segment) {
            (Transport::Tcp { .. }, Some(segment)) => {
                if segment.flags.is_pure_syn()
                    && !(flow.state == State::Handshake && from_initiator)
                {
                    return Answer::JudgeAgain {
                        gives_way: !flow.state.is_established() || flow.is_would_drop(),
                    };
                }
                next_tcp_state(&mut next, arrival.side, segment)
            }
            (
                Transport::Icmp {
                    echo: Echo::Request(_),
                    ..
                },
                _,
            ) if !from_initiator => return Answer::Silent,
            (
                Transport::Icmp {
                    echo: Echo::Reply(_),
                    ..
                },
                _,
            ) if from_initiator => return Answer::Silent,
            _ if from_initiator => Some(flow.state),
            _ => Some(State::Replied),
        };
        let Some(state) = state else {
            return Answer::Final(Said::new(grounds, Reason::TcpBadState, None));
        };
        next.take(conversation, arrival.side, state, segment, now);
        if !flow.is_confirmed && flow.is_confirmed_by(arrival.side, segment, now) {
            next.is_confirmed = self.flows.make_room(now);
            let may_stay = flow.is_would_drop() || arrival.side == flow.first_sender;
            if !next.is_confirmed && !may_stay {
                return Answer::Final(Said::new(flow.grounds, Reason::FlowTableFull, None));
            }
        }
        let said = Said::by_flow(&next);
        self.flows.put(*conversation, next);
        Answer::Final(said)
    }

    /// Step 3.0: whether a flow of another epoch goes on, and by what.
    fn holds(
        &self,
        conversation: &Conversation,
        flow: &mut Flow<'p>,
        lapsed: bool,
        now: u64,
    ) -> bool {
        let grounds = self.grounds(
            (flow.initiator, conversation.wire),
            conversation.mac,
            conversation.vlans,
            now,
        );
        flow.epoch = self.stamp(grounds);
        let Ok(objection) =
            self.ask_guards_again(conversation, flow.initiator, flow.objection, now)
        else {
            return false;
        };
        let is_as_before = objection == flow.objection;
        flow.objection = objection;
        if is_as_before && !lapsed && flow.grounds.is_same_generation(grounds) {
            flow.grounds = grounds;
            return true;
        }
        let outcome = match self.judge_flow(conversation, flow.initiator, grounds, now) {
            Ok(rule) => (Some(rule), Reason::AllowedFlow),
            Err(_) if grounds.mode() == Mode::Enforce => return false,
            Err(reason) => (None, reason),
        };
        flow.judged_again(conversation, grounds, outcome, self.wall(now));
        true
    }
}

/// The part of a packet that moves a TCP flow.
pub(super) fn segment(packet: &Packet) -> Option<Segment> {
    match packet.transport {
        Transport::Tcp {
            flags,
            sequence,
            acknowledgment,
            ..
        } => Some(Segment {
            flags,
            sequence,
            acknowledgment,
        }),
        Transport::Udp { .. } | Transport::Icmp { .. } | Transport::Portless => None,
    }
}

/// The state after a segment; none where it cannot come now. Notes the RST that proves nothing.
fn next_tcp_state(flow: &mut Flow<'_>, side: Side, segment: Segment) -> Option<State> {
    let flags = segment.flags;
    let from_initiator = side == flow.initiator;
    if flags.rst {
        let expected = *flow.acknowledged_by(side.opposite());
        if flow.state == State::Handshake || expected == Some(segment.sequence) {
            return Some(State::Closing);
        }
        flow.is_doubtful = true;
        return Some(flow.state);
    }
    match (flow.state, from_initiator) {
        // A pure SYN gets here as a retransmission only.
        (State::Handshake, true) if flags.is_pure_syn() => Some(State::Handshake),
        (State::Handshake, true) => None,
        (State::Handshake, false) if flags.syn => Some(State::Established),
        (State::Established, true) if flags.fin => Some(State::InitiatorDone),
        (State::Established, false) if flags.fin => Some(State::ResponderDone),
        (State::InitiatorDone, false) | (State::ResponderDone, true) if flags.fin => {
            Some(State::Closing)
        }
        (unchanged, _) => Some(unchanged),
    }
}
