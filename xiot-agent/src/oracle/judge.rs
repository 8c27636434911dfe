//! The order of judgement: fragments, flow, what no flow answers for, and what a verdict leaves behind.

use xiot_common::reason::{Class, Reason};

use super::{
    Oracle, Outcome, Side,
    conversation::Conversation,
    datagram::{Datagram, Key, Misfit},
    flow::Flow,
    fragment::{Fragment, Part},
    frame::{Content, Frame, Packet},
    grounds::Grounds,
    open::Opened,
    opening::Grant,
    owner::{Owner, device_mac},
    proceed::Answer,
    refused,
};
use crate::model::policy::Mode;

/// Where and when a frame came in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    pub(super) side: Side,
    pub(super) wire: usize,
    pub(super) now: u64,
}

impl Side {
    pub(super) fn opposite(self) -> Self {
        match self {
            Self::Device => Self::Uplink,
            Self::Uplink => Self::Device,
        }
    }
}

/// A verdict with all that it rests on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said<'p> {
    grounds: Grounds<'p>,
    reason: Reason,
    /// Position in the profile.
    rule: Option<usize>,
    flow_hit: bool,
}

impl<'p> Said<'p> {
    pub(super) fn new(grounds: Grounds<'p>, reason: Reason, rule: Option<usize>) -> Self {
        Self {
            grounds,
            reason,
            rule,
            flow_hit: false,
        }
    }

    pub(super) fn by_flow(flow: &Flow<'p>) -> Self {
        Self {
            flow_hit: true,
            ..Self::new(flow.grounds, flow.reason, flow.rule)
        }
    }

    fn granted(grounds: Grounds<'p>, grant: Grant) -> Self {
        let (reason, rule) = match grant {
            Grant::Service => (Reason::AllowedService, None),
            Grant::Rule(rule) => (Reason::AllowedRule, Some(rule)),
            Grant::Grace(rule, _) => (Reason::AllowedGrace, Some(rule)),
            Grant::Related(reason, rule) => (reason, rule),
        };
        Self::new(grounds, reason, rule)
    }

    fn outcome(self) -> Outcome {
        let mode = self.grounds.mode();
        let dropped = match self.reason.class() {
            Class::Allowed => false,
            Class::Denied => mode == Mode::Enforce,
            Class::Malformed | Class::Gateway => return refused(self.reason),
        };
        Outcome {
            reason: self.reason,
            dropped: dropped && !self.flow_hit,
            rule: self.rule.and_then(|rule| self.grounds.rule_id(rule)),
            device: self.grounds.owner.device(),
            flow_hit: self.flow_hit,
            mode,
        }
    }
}

impl<'p> Oracle<'p> {
    pub(super) fn judge_parsed(
        &mut self,
        side: Side,
        wire: usize,
        frame: &Frame,
        now: u64,
    ) -> Outcome {
        let arrival = Arrival { side, wire, now };
        let grounds = self.grounds(side, device_mac(side, frame), frame.vlans, now);
        let said = match &frame.content {
            Content::Ip(packet) => {
                let key = |part| Key::of(side, wire, frame, packet, part);
                match packet.fragment {
                    Fragment::No => self.judge_packet(arrival, grounds, frame, packet),
                    Fragment::First(part) => {
                        self.judge_first(arrival, grounds, frame, packet, (key(part), part))
                    }
                    Fragment::Later(part) => {
                        self.judge_later(arrival, grounds, frame, (key(part), part))
                    }
                }
            }
            Content::Arp | Content::Other => self.judge_alone(arrival, grounds, frame),
        };
        said.outcome()
    }

    /// Section 2.1.
    fn judge_first(
        &mut self,
        arrival: Arrival,
        grounds: Grounds<'p>,
        frame: &Frame,
        packet: &Packet,
        (key, part): (Key, Part),
    ) -> Said<'p> {
        if self.datagrams.known(&key, arrival.now).is_some() {
            self.datagrams.forget(&key);
            return Said::new(grounds, Reason::FragmentOverlap, None);
        }
        let said = self.judge_packet(arrival, grounds, frame, packet);
        if said.outcome().dropped {
            return said;
        }
        if !self.budgets.datagram(grounds, &self.limits, arrival.now) {
            return Said::new(grounds, Reason::FragmentBudget, None);
        }
        let verdict = (said.reason, said.rule);
        let datagram = Datagram::new(
            said.grounds,
            self.stamp(said.grounds),
            verdict,
            part,
            arrival.now,
        );
        self.datagrams.put(key, datagram);
        said
    }

    /// Section 2.2.
    fn judge_later(
        &mut self,
        arrival: Arrival,
        grounds: Grounds<'p>,
        frame: &Frame,
        (key, part): (Key, Part),
    ) -> Said<'p> {
        let known = self.datagrams.known(&key, arrival.now).filter(|datagram| {
            datagram.epoch == self.epoch || datagram.grounds.is_same_generation(grounds)
        });
        let Some(datagram) = known else {
            return self.judge_alone(arrival, grounds, frame);
        };
        let (reason, rule) = (datagram.reason, datagram.rule);
        // What the first fragment had, by the policy in force: a group MAC that has a conversation belongs to nobody here.
        let grounds = match datagram.grounds.owner {
            Owner::Unlisted => Grounds {
                owner: Owner::Unlisted,
                ..grounds
            },
            Owner::Listed(_) | Owner::Nobody => grounds,
        };
        match self.datagrams.add(&key, part) {
            Err(Misfit::Overlap) => Said::new(grounds, Reason::FragmentOverlap, None),
            Err(Misfit::TooManyParts) => Said::new(grounds, Reason::FragmentOutOfOrder, None),
            Ok(()) if reason.class() == Class::Allowed => {
                Said::new(grounds, Reason::AllowedFragment, rule)
            }
            Ok(()) => Said::new(grounds, reason, None),
        }
    }

    /// A frame that has no conversation.
    fn judge_alone(&self, arrival: Arrival, grounds: Grounds<'p>, frame: &Frame) -> Said<'p> {
        match self.judge_opening(arrival, grounds, frame) {
            Ok(grant) => Said::granted(grounds, grant),
            Err(reason) => Said::new(grounds, reason, None),
        }
    }

    /// Sections 3 to 7 for a packet that is whole, or begins a datagram.
    fn judge_packet(
        &mut self,
        arrival: Arrival,
        grounds: Grounds<'p>,
        frame: &Frame,
        packet: &Packet,
    ) -> Said<'p> {
        let Some(conversation) = Conversation::of(arrival.side, arrival.wire, frame, packet) else {
            return self.judge_alone(arrival, grounds, frame);
        };
        let answer = self.ask_flow(arrival, grounds, &conversation, packet);
        if let Answer::Final(said) = answer {
            return said;
        }
        let gives_way = !matches!(answer, Answer::JudgeAgain { gives_way: false });
        let is_new = !matches!(answer, Answer::JudgeAgain { .. });
        let judged = self.judge_opening(arrival, grounds, frame);
        let opened = match judged {
            Ok(grant) if gives_way => Opened::by(grant, arrival.side, packet),
            Err(reason) if is_new && grounds.mode() != Mode::Enforce => {
                Opened::against(reason, arrival.side, packet)
            }
            Ok(_) | Err(_) => None,
        };
        let made = opened.map_or(Ok(()), |opened| {
            self.open(arrival, grounds, conversation, packet, opened)
        });
        match (judged, made, answer) {
            (Ok(grant), Ok(()), _) => Said::granted(grounds, grant),
            (Err(_), _, Answer::Revoked) | (_, Err(_), Answer::Revoked) => {
                Said::new(grounds, Reason::Revoked, None)
            }
            // Above a budget, what is denied for another reason keeps that reason.
            (Err(reason), _, _) | (Ok(_), Err(reason), _) => Said::new(grounds, reason, None),
        }
    }
}
