//! A stream of frames for one policy: new conversations, and what follows on them in good and bad order.

use xiot_agent::{model::policy::Policy, oracle::Side};

use super::{Dice, follow, fresh, mangle::mangle};
use crate::{frame::Frame, shot::Shot};

/// A frame before it is built.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) wire: u16,
    pub(super) side: Side,
    pub(super) frame: Frame,
}

/// Frames that a frame may follow on.
const MEMORY: usize = 12;

/// Silences are multiples of this. The timeouts of [`super::policies`] lie halfway between them, and those of flows
/// without a profile are far enough from any: no clock has to be exact.
const SILENCE: u32 = 110;

/// Endless frames for one policy.
#[derive(Debug)]
pub struct Traffic<'p> {
    dice: Dice,
    policy: &'p Policy,
    recent: Vec<Draft>,
    last: Option<Draft>,
}

impl<'p> Traffic<'p> {
    /// The same seed and policy make the same frames.
    pub fn new(seed: u64, policy: &'p Policy) -> Self {
        Self {
            dice: Dice::new(seed),
            policy,
            recent: Vec::new(),
            last: None,
        }
    }

    fn draft(&mut self) -> Draft {
        // Half of what follows on something follows on the last frame: conversations get long.
        let before = match self.dice.below(100) {
            0..35 => self.last.as_ref(),
            35..65 => self.dice.maybe_pick(&self.recent),
            _ => None,
        };
        if let Some(before) = before {
            return follow::draw(&mut self.dice, before);
        }
        fresh::draw(&mut self.dice, self.policy)
    }
}

impl Iterator for Traffic<'_> {
    type Item = Shot;

    fn next(&mut self) -> Option<Shot> {
        let draft = self.draft();
        let mut frame = draft.frame.build();
        mangle(&mut self.dice, &mut frame);
        let after = if self.dice.percent(2) {
            SILENCE * self.dice.pick(&[1, 5, 10, 11, 30, 31, 60, 300, 1100])
        } else {
            0
        };
        let shot = Shot {
            after,
            wire: draft.wire,
            side: draft.side,
            frame,
        };
        if let Some(last) = self.last.replace(draft) {
            if self.recent.len() < MEMORY {
                self.recent.push(last);
            } else {
                let forgotten = self.dice.below(MEMORY);
                self.recent[forgotten] = last;
            }
        }
        Some(shot)
    }
}
