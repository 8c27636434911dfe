//! One flow: what is known of a conversation, and how its own frames move it on (docs/judgement.md section 3).

use std::time::Duration;

use xiot_common::reason::Reason;

use super::{
    Side,
    conversation::Conversation,
    frame::TcpFlags,
    grounds::Grounds,
    said::Counted,
    times::{self, Wall},
};
use crate::model::policy::{Rule, Timeouts};

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

impl State {
    /// Answered, and not ended by both sides.
    pub(super) fn is_established(self) -> bool {
        matches!(
            self,
            Self::Established | Self::InitiatorDone | Self::ResponderDone
        )
    }
}

/// The part of a TCP header that moves a flow.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Segment {
    pub(super) flags: TcpFlags,
    pub(super) sequence: u32,
    pub(super) acknowledgment: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Flow<'p> {
    /// What it was judged by last.
    pub(super) grounds: Grounds<'p>,
    /// When that was, or was found to hold still.
    pub(super) epoch: u64,
    /// What the wall clock showed when it was judged last.
    pub(super) judged_at: Wall,
    /// Position in the profile.
    pub(super) rule: Option<usize>,
    /// `allowed_flow`, or what the policy would drop its frames for.
    pub(super) reason: Reason,
    /// What a guard that only monitors objects to: its frames count under this, and in all else it is what it would be
    /// without.
    pub(super) objection: Option<Reason>,
    pub(super) initiator: Side,
    pub(super) state: State,
    pub(super) idle_timeout: Duration,
    /// Who sent the first frame that was seen: midstream that need not be the initiator.
    pub(super) first_sender: Side,
    pub(super) opened_at: u64,
    pub(super) last_frame: u64,
    /// It has its place among the flows that both sides spoke in.
    pub(super) is_confirmed: bool,
    /// A RST came that proved nothing.
    pub(super) is_doubtful: bool,
    /// TCP: acknowledgment numbers of the device and of its peer.
    pub(super) acknowledged: (Option<u32>, Option<u32>),
}

/// Closing timeouts are kept in 16 bits.
const LONGEST_CLOSING: Duration = Duration::from_secs(65_535);

/// A would-drop flow is over after such a silence at the latest.
const LONGEST_WOULD_DROP: Duration = Duration::from_mins(5);

impl<'p> Flow<'p> {
    /// What its frames count under.
    pub(super) fn counted(&self) -> Counted {
        Counted {
            reason: self.objection.unwrap_or(self.reason),
            rule: self.rule.filter(|_| self.objection.is_none()),
            is_guarded: self.objection.is_some(),
        }
    }

    /// Whether the policy would drop its frames.
    pub(super) fn is_would_drop(&self) -> bool {
        self.reason != Reason::AllowedFlow
    }

    pub(super) fn is_live(&self, now: u64) -> bool {
        self.silence(now) <= self.idle_timeout
    }

    /// Whether it gives way where room is needed.
    pub(super) fn is_over(&self, now: u64) -> bool {
        let closing = self.grounds.timeouts().tcp_closing.min(LONGEST_CLOSING);
        !self.is_live(now) || self.is_doubtful && self.silence(now) > closing
    }

    fn silence(&self, now: u64) -> Duration {
        Duration::from_secs(now.saturating_sub(self.last_frame))
    }

    /// Whether a frame says that it lasts: an answer does, and in other protocols than TCP its first sender who goes on.
    pub(super) fn is_confirmed_by(&self, side: Side, segment: Option<Segment>, now: u64) -> bool {
        match segment {
            Some(segment) => side != self.first_sender && !segment.flags.rst,
            None => side != self.first_sender || now > self.opened_at,
        }
    }

    /// Whether its rule is in force for some time only.
    pub(super) fn is_timed(&self) -> bool {
        self.ruled_by().is_some_and(|rule| !rule.times.is_always())
    }

    /// Whether the span is over in which its rule is in force, or has not begun.
    pub(super) fn has_lapsed(&self, at: Wall) -> bool {
        self.ruled_by().is_some_and(|rule| {
            !rule.times.is_always()
                && !times::is_same_span(self.grounds.policy, rule, self.judged_at, at)
        })
    }

    fn ruled_by(&self) -> Option<&'p Rule> {
        self.grounds.profile()?.rules.get(self.rule?)
    }

    /// Takes the outcome of a new judgement. The state stays.
    pub(super) fn judged_again(
        &mut self,
        conversation: &Conversation,
        grounds: Grounds<'p>,
        (rule, reason): (Option<usize>, Reason),
        at: Wall,
    ) {
        self.judged_at = at;
        self.grounds = grounds;
        self.rule = rule;
        self.reason = reason;
        let before = self.idle_timeout;
        self.idle_timeout = self.timeout_in(self.state, conversation);
        if self.state == State::Closing {
            self.idle_timeout = self.idle_timeout.min(before);
        }
    }

    /// Takes a frame in that it forwards, which brings it into this state.
    pub(super) fn take(
        &mut self,
        conversation: &Conversation,
        side: Side,
        state: State,
        segment: Option<Segment>,
        now: u64,
    ) {
        if state != self.state {
            let before = self.idle_timeout;
            self.state = state;
            self.idle_timeout = self.timeout_in(state, conversation);
            if state == State::Closing {
                self.idle_timeout = self.idle_timeout.min(before);
            }
        }
        self.last_frame = now;
        self.hear(side, segment);
    }

    /// Remembers what was acknowledged, and ends doubts.
    pub(super) fn hear(&mut self, side: Side, segment: Option<Segment>) {
        if let Some(segment) = segment
            && !segment.flags.rst
        {
            self.is_doubtful = false;
            if segment.flags.ack {
                *self.acknowledged_by(side) = Some(segment.acknowledgment);
            }
        }
    }

    /// What this side acknowledged last.
    pub(super) fn acknowledged_by(&mut self, side: Side) -> &mut Option<u32> {
        match side {
            Side::Device => &mut self.acknowledged.0,
            Side::Uplink => &mut self.acknowledged.1,
        }
    }

    /// How long it may be silent in this state.
    pub(super) fn timeout_in(&self, state: State, conversation: &Conversation) -> Duration {
        let timeout = idle_timeout(&self.grounds.timeouts(), state, conversation);
        if self.is_would_drop() {
            timeout.min(LONGEST_WOULD_DROP)
        } else {
            timeout
        }
    }
}

fn idle_timeout(timeouts: &Timeouts, state: State, conversation: &Conversation) -> Duration {
    let is_v4 = conversation.peer_end.address.is_ipv4();
    match (state, conversation.protocol) {
        (State::Handshake, _) => timeouts.tcp_handshake,
        (State::Established | State::InitiatorDone | State::ResponderDone, _) => {
            timeouts.tcp_established
        }
        (State::Closing, _) => timeouts.tcp_closing.min(LONGEST_CLOSING),
        (State::Unreplied, 17) => timeouts.udp_unreplied,
        (State::Replied, 17) => timeouts.udp_replied,
        // In the other family the number is just a protocol without ports.
        (State::Unreplied | State::Replied, 1) if is_v4 => timeouts.icmp,
        (State::Unreplied | State::Replied, 58) if !is_v4 => timeouts.icmp,
        (State::Unreplied | State::Replied, _) => timeouts.other,
    }
}
