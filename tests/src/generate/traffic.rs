//! A stream of frames: new conversations, what follows on them in good and bad order, fragments, ICMP errors and bursts.

use std::collections::VecDeque;

use xiot_agent::{
    model::{gateway::Wire, policy::Policy},
    oracle::{Decision, Router, Side},
};

use super::{
    Dice, Edit, addresses, errors, follow, fresh, lease,
    mangle::mangle,
    name,
    routed::{self, Ground},
    spoof, times, train,
    wiring::{change_one, wires, wirings},
    world::{GROUPS, LISTABLE, NO_CUSTOMER_TAG, VLANS, device_mac, home},
};
use crate::{
    decide::Decide,
    frame::{Body, Extension, Frame, SERVICE_TAG, Transport},
    shot::Shot,
    step::Step,
};

/// A frame before it is built.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) wire: u16,
    pub(super) side: Side,
    pub(super) frame: Frame,
}

/// Frames that a frame may follow on.
const MEMORY: usize = 12;

/// Silences in seconds: around the timeouts of flows and datagrams, and long ones.
const SILENCES: [u32; 24] = [
    1, 1, 1, 1, 1, 15, 29, 30, 31, 60, 61, 110, 180, 181, 300, 301, 601, 1045, 1046, 3300, 3599,
    3600, 33_000, 121_000,
];

/// Endless frames for one policy.
#[derive(Debug)]
pub struct Traffic {
    dice: Dice,
    policy: Policy,
    wires: Vec<Wire>,
    recent: Vec<Draft>,
    last: Option<Draft>,
    /// What comes next, unless something comes in between.
    planned: VecDeque<Draft>,
    /// The wires are segments of this one.
    ground: Option<Ground>,
}

impl Traffic {
    /// The same seed and policy make the same frames.
    pub fn new(seed: u64, policy: &Policy) -> Self {
        Self {
            dice: Dice::new(seed),
            policy: policy.clone(),
            wires: wires(),
            recent: Vec::new(),
            last: None,
            planned: VecDeque::new(),
            ground: None,
        }
    }

    /// On the ports of a router whose segments the wires are. [`Side::Uplink`] of a shot is the router uplink with the number of
    /// its wire.
    #[must_use]
    pub fn routed(self, router: &Router) -> Self {
        Self {
            ground: Some(Ground::of(router)),
            ..self
        }
    }

    /// So many steps: guards, frames, and edits of the policy or other guards now and then.
    pub fn steps(mut self, count: usize) -> Vec<Step> {
        (0..count)
            .map(|number| match self.dice.below(400) {
                _ if number == 0 => self.rewire(),
                0..3 => {
                    let edit = Edit(self.dice.next_u64());
                    self.policy = edit.apply(&self.policy);
                    Step::Swap(edit)
                }
                3 => Step::Touch,
                5..8 => self.rewire(),
                4 => Step::Grace(self.dice.pick(&[0, 1, 30, 60])),
                8 => Step::Decide(self.decide()),
                9..11 => Step::Clock(times::moment(&mut self.dice)),
                11 => Step::Settle(self.dice.pick(&[0, 1, 30, 300, 3600, 86_400])),
                _ => Step::Shot(self.shot()),
            })
            .collect()
    }

    /// About a device of the last conversations more often than not.
    fn decide(&mut self) -> Decide {
        let dice = &mut self.dice;
        let recent = dice.maybe_pick(&self.recent).map(|draft| &draft.frame);
        let (mac, tags) = match recent {
            Some(frame) if dice.percent(80) => {
                let vlans = match frame.tags[..] {
                    [] => (0, 0),
                    [(SERVICE_TAG, outer)] => (outer & 0xfff, NO_CUSTOMER_TAG),
                    [(_, outer)] => (outer & 0xfff, 0),
                    [(_, outer), (_, inner), ..] => (outer & 0xfff, inner & 0xfff),
                };
                (dice.pick(&[frame.source, frame.destination]), vlans)
            }
            _ => (device_mac(dice.byte() % (LISTABLE + 2)), dice.pick(&VLANS)),
        };
        Decide {
            mac,
            vlan: dice.percent(50).then_some(tags),
            decision: dice.pick(&[
                Some(Decision::Quarantine),
                Some(Decision::Monitor),
                Some(Decision::Monitor),
                None,
                None,
            ]),
            seconds: dice.pick(&[0, 1, 1, 30, 60, 300]),
        }
    }

    /// Guards all anew, or one of them.
    fn rewire(&mut self) -> Step {
        if self.dice.percent(50) {
            self.wires = wirings(&mut self.dice);
        } else {
            change_one(&mut self.dice, &mut self.wires);
        }
        Step::Rewire(self.wires.clone())
    }

    fn draft(&mut self) -> Draft {
        if self.dice.percent(75)
            && let Some(planned) = self.planned.pop_front()
        {
            return planned;
        }
        // Half of what follows on something follows on the last frame: conversations get long.
        let before = match self.dice.below(100) {
            0..43 => self.last.as_ref(),
            43..71 => self.dice.maybe_pick(&self.recent),
            _ => None,
        };
        let draft = match before {
            Some(before) => {
                let before = before.clone();
                if self.dice.percent(6)
                    && let Some(other) = self.dice.maybe_pick(&self.recent)
                    && let Some(message) = errors::about(&mut self.dice, &before, &other.clone())
                {
                    return message;
                }
                follow::draw(&mut self.dice, &before)
            }
            None => self.first(),
        };
        if self.dice.percent(90)
            && let Some(said) = name::answer(&mut self.dice, &self.policy, &draft)
        {
            self.planned.extend(said);
        } else if self.dice.below(1000) < 45 {
            self.planned.extend(train::cut(&mut self.dice, &draft));
        } else if self.dice.percent(1) {
            let count = self.dice.pick(&[3, 6, 14]);
            self.planned
                .extend((0..count).map(|number| burst(&draft, number)));
        } else {
            match self.dice.below(1000) {
                0..8 => self.flood(&draft),
                8..16 => self.take_addresses(&draft),
                _ => {}
            }
        }
        draft
    }

    /// What begins something.
    fn first(&mut self) -> Draft {
        let asked = if self.dice.percent(8) {
            name::ask(&mut self.dice, &self.policy)
        } else {
            None
        };
        let mut draft = if let Some(asked) = asked {
            asked
        } else if self.dice.percent(14) {
            lease::draw(&mut self.dice, &self.policy)
        } else if self.dice.percent(40) {
            spoof::draw(&mut self.dice, &self.policy)
        } else {
            fresh::draw(&mut self.dice, &self.policy)
        };
        if let Some(ground) = &self.ground {
            routed::settle(&mut self.dice, ground, &mut draft);
        }
        draft
    }

    /// The same to a group, over and over, from one or from some.
    fn flood(&mut self, draft: &Draft) {
        let to = self.dice.pick(&GROUPS);
        let spread = self.dice.percent(40);
        let strange = self.dice.percent(30);
        for _ in 0..self.dice.pick(&[5, 12, 40]) {
            let mut draft = draft.clone();
            draft.side = Side::Device;
            draft.frame.destination = to;
            if spread || strange {
                let is_unlisted = strange && self.dice.percent(60);
                draft.frame.source = if is_unlisted {
                    device_mac(LISTABLE + self.dice.byte() % LISTABLE)
                } else {
                    addresses::party(&mut self.dice, &self.policy).mac
                };
            }
            self.planned.push_back(draft);
        }
    }

    /// The same from one IPv6 address after the other.
    fn take_addresses(&mut self, draft: &Draft) {
        let Body::Ip(ip) = &draft.frame.body else {
            return;
        };
        if ip.source.is_ipv4() || draft.side == Side::Uplink {
            return;
        }
        let first = self.dice.byte();
        for number in 0..self.dice.pick(&[3, 6, 20]) {
            let mut draft = draft.clone();
            if let Body::Ip(ip) = &mut draft.frame.body {
                ip.source = home(draft.frame.source, true, first.wrapping_add(number));
            }
            self.planned.push_back(draft);
        }
    }

    fn shot(&mut self) -> Shot {
        let draft = self.draft();
        let entering = match &self.ground {
            Some(ground) => routed::enter(&mut self.dice, ground, &draft),
            None => draft.clone(),
        };
        let mut frame = entering.frame.build();
        mangle(&mut self.dice, &mut frame);
        let after = if self.dice.percent(3) {
            self.dice.pick(&SILENCES)
        } else {
            0
        };
        let shot = Shot {
            after,
            wire: entering.wire,
            side: entering.side,
            frame,
        };
        if leads_nowhere(&draft.frame) && self.dice.percent(85) {
            return shot;
        }
        if let Some(last) = self.last.replace(draft) {
            if self.recent.len() < MEMORY {
                self.recent.push(last);
            } else {
                let forgotten = self.dice.below(MEMORY);
                self.recent[forgotten] = last;
            }
        }
        shot
    }
}

/// Whether little follows on a frame: on a fragment comes one again, and of nothing.
fn leads_nowhere(frame: &Frame) -> bool {
    let Body::Ip(ip) = &frame.body else {
        return true;
    };
    let in_chain = |extension: &Extension| matches!(extension, Extension::Fragment { .. });
    let is_discovery = matches!(ip.transport, Transport::Other { protocol: 58, .. });
    is_discovery || ip.fragment.is_some() || ip.extensions.iter().any(in_chain)
}

/// The same from another port, or with another identifier: a conversation more.
fn burst(draft: &Draft, number: u16) -> Draft {
    let mut draft = draft.clone();
    if let Body::Ip(ip) = &mut draft.frame.body {
        match &mut ip.transport {
            Transport::Tcp { source, .. } | Transport::Udp { source, .. } => {
                *source = 60_000 + number;
            }
            Transport::Icmp { identifier, .. } => *identifier = 600 + number,
            Transport::Other { .. } => {}
        }
    }
    draft
}

impl Iterator for Traffic {
    type Item = Shot;

    fn next(&mut self) -> Option<Shot> {
        Some(self.shot())
    }
}
