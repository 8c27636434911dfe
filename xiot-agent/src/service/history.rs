//! Recent drops, so that `drops` has something to show to those who come late.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::state::Drop;

/// Drops kept. About a kilobyte each.
const KEPT: usize = 4096;

/// The last few thousand drops, oldest first.
#[derive(Debug, Default)]
pub(super) struct History {
    drops: VecDeque<Drop>,
}

impl History {
    /// Remembers one more, and forgets the oldest if there are too many.
    pub(super) fn push(&mut self, drop: Drop) {
        if self.drops.len() == KEPT {
            self.drops.pop_front();
        }
        self.drops.push_back(drop);
    }

    /// Those not older than `since`, oldest first.
    pub(super) fn since(&self, since: Option<Timestamp>) -> Vec<Drop> {
        let recent = self
            .drops
            .iter()
            .filter(|drop| since.is_none_or(|since| drop.time >= since));
        recent.cloned().collect()
    }
}
