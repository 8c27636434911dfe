//! The order of judgement: fragments, flow, what no flow answers for, and what a verdict leaves behind.

use xiot_common::reason::Reason;

use super::{
    Oracle, Outcome, Side,
    conversation::Conversation,
    datagram::{Datagram, Key, Misfit},
    fragment::{Fragment, Part},
    frame::{Content, Frame, Packet},
    grounds::Grounds,
    guard::Refused,
    open::Opened,
    owner::{Owner, device_mac},
    proceed::Answer,
    said::Said,
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

impl<'p> Oracle<'p> {
    pub(super) fn judge_parsed(
        &mut self,
        side: Side,
        wire: usize,
        frame: &Frame,
        now: u64,
    ) -> Outcome {
        let arrival = Arrival { side, wire, now };
        let grounds = self.grounds((side, wire), device_mac(side, frame), frame.vlans, now);
        let of_group = match self.ask_group(arrival, frame) {
            Ok(objection) => objection,
            Err(Refused(reason)) => return Said::by_guard(grounds, reason).outcome(),
        };
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
            Content::Arp(_) | Content::Other(_) => self.judge_alone(arrival, grounds, frame),
        };
        let outcome = said.first_objected(of_group).outcome();
        if !outcome.dropped {
            self.learn(arrival, frame, said.was_asked());
            self.hear(arrival, frame, outcome);
        }
        outcome
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
            self.datagrams.break_up(&key);
            return Said::new(grounds, Reason::FragmentOverlap, None);
        }
        let said = self.judge_packet(arrival, grounds, frame, packet);
        if said.outcome().dropped {
            return said;
        }
        if !self.budgets.datagram(grounds, &self.limits, arrival.now) {
            return said.but(Reason::FragmentBudget);
        }
        let datagram = Datagram::new(
            said.grounds(),
            self.stamp(said.grounds()),
            said.counted(),
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
            datagram.is_broken
                || datagram.epoch == self.epoch
                || datagram.grounds.is_same_generation(grounds)
        });
        let Some(datagram) = known else {
            return self.judge_alone(arrival, grounds, frame);
        };
        let counted = datagram.counted;
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
            Ok(()) => Said::counted_as(grounds, counted.of_later()),
        }
    }

    /// A frame that has no conversation.
    fn judge_alone(&self, arrival: Arrival, grounds: Grounds<'p>, frame: &Frame) -> Said<'p> {
        let objection = match self.ask_guards(arrival, frame) {
            Ok(objection) => objection,
            Err(Refused(reason)) => return Said::by_guard(grounds, reason),
        };
        let said = match self.judge_opening(arrival, grounds, frame) {
            Ok(grant) => Said::granted(grounds, grant),
            Err(reason) => Said::new(grounds, reason, None),
        };
        said.heard(objection)
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
        let is_revoked = matches!(answer, Answer::Revoked);
        let objection = match self.ask_guards(arrival, frame) {
            Ok(objection) => objection,
            Err(Refused(reason)) => {
                return Said::by_guard(grounds, reason).after_flow(is_revoked);
            }
        };
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
            self.open(arrival, grounds, conversation, packet, (opened, objection))
        });
        let said = match (judged, made) {
            (Ok(grant), Ok(())) => Said::granted(grounds, grant),
            // Above a budget, what is denied for another reason keeps that reason.
            (Err(reason), _) | (Ok(_), Err(reason)) => Said::new(grounds, reason, None),
        };
        said.heard(objection).after_flow(is_revoked)
    }
}
