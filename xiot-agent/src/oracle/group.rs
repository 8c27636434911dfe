//! Counts group frames of devices (docs/judgement.md section 9.2).

use std::collections::HashMap;

use super::{frame::Mac, limits::Limits};

/// Who sent so many: one MAC on a wire, or all together that are not listed.
type Sender = (usize, Option<Mac>);

/// Group frames in the second of the last one.
#[derive(Clone, Debug, Default)]
pub(super) struct GroupFrames(HashMap<Sender, Count>);

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    second: u64,
    frames: u32,
}

impl GroupFrames {
    /// Counts one more; whether it is one too many. Those of listed devices do not count for the port.
    pub(super) fn is_beyond(
        &mut self,
        wire: usize,
        (mac, is_listed): (Mac, bool),
        limits: &Limits,
        now: u64,
    ) -> bool {
        self.count((wire, Some(mac)), now) > limits.group_frames_per_sender
            || !is_listed && self.count((wire, None), now) > limits.group_frames_per_port
    }

    fn count(&mut self, sender: Sender, now: u64) -> u32 {
        let count = self.0.entry(sender).or_default();
        if count.second != now {
            *count = Count {
                second: now,
                frames: 0,
            };
        }
        count.frames += 1;
        count.frames
    }
}
