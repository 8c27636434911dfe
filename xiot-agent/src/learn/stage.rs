//! Stages: the mode of a device and since when it has it, what changed how it is judged, and whether it is back in mode monitor because of that.

use super::{conversation::hour, hours::Hours};
pub use crate::model::policy::Mode;

/// What is known of the mode of a device. Times are in seconds since the Unix epoch, by the clock of learning.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Stage {
    /// The mode that policy gives it.
    pub mode: Mode,
    /// Since when, as far as anybody looked.
    pub since: u64,
    /// What judges it: changes with its mode, its profile, and whatever else decides about its frames.
    pub generation: u32,
    /// Frames that policy denied and the mode let through, at the last look.
    pub would_drop: u64,
    /// When there were more of them last, in this mode.
    pub disturbed: Option<u64>,
    /// What changed, where that is recent and its mode is enforce.
    pub change: Option<Change>,
    /// Why it is in mode monitor for now, whatever policy says.
    pub fallen: Option<Fallen>,
}

/// A device is judged in another way than before.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Change {
    /// When that began: what it did before was by an earlier policy.
    pub began: u64,
    /// When it was changed last.
    pub last: u64,
    /// The revision before it began.
    pub before: u64,
    /// Frames of it were forwarded then that are dropped now.
    pub promoted: bool,
    /// Frames from and to it that were dropped, before the change and at the last look.
    pub dropped: (u64, u64),
    /// Frames from it, at the last look.
    pub sent: u64,
    /// Hours since it began in which it sent anything.
    pub awake: Hours,
}

/// A device is in mode monitor, because what it needs was dropped.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fallen {
    /// When that was seen.
    pub at: u64,
    /// What was dropped or is missing, in words.
    pub why: String,
}

/// What a look finds.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// When.
    pub at: u64,
    /// The mode that policy gives it.
    pub mode: Mode,
    /// What judges it.
    pub generation: u32,
    /// The revision that was in force at the look before.
    pub before: u64,
    /// Frames that policy denied and the mode let through.
    pub would_drop: u64,
    /// Frames that were dropped.
    pub dropped: u64,
    /// Frames that it sent, whatever became of them.
    pub sent: u64,
    /// Seconds for which a change is on probation.
    pub probation: u64,
}

impl Stage {
    /// Of a device that nobody looked at before. Where it is new to the policy it is judged in another way than before.
    pub fn first(look: &Look, is_new: bool) -> Self {
        let mut stage = Self {
            mode: look.mode,
            since: look.at,
            generation: look.generation,
            would_drop: look.would_drop,
            disturbed: None,
            change: None,
            fallen: None,
        };
        if is_new {
            stage.note_change(look, true);
        }
        stage
    }

    /// Follows what a look finds. Whether anything of it has to be kept.
    pub fn follow(&mut self, look: &Look) -> bool {
        let before = self.clone();
        if self.mode != look.mode {
            self.since = look.at;
            self.disturbed = None;
        } else if self.would_drop != look.would_drop && look.would_drop > 0 {
            // Less than before: the counter began anew, and counted since.
            self.disturbed = Some(look.at);
        }
        self.would_drop = look.would_drop;
        if self.generation != look.generation || self.mode != look.mode {
            let promoted = self.mode != Mode::Enforce;
            self.generation = look.generation;
            self.mode = look.mode;
            self.note_change(look, promoted);
        }
        if self.mode != Mode::Enforce {
            self.fallen = None;
        }
        if let Some(change) = &mut self.change {
            if look.sent != change.sent {
                change.awake.mark(hour(look.at));
            }
            change.sent = look.sent;
            if look.dropped < change.dropped.1 {
                // The counter began anew.
                change.dropped.0 = 0;
            }
            change.dropped.1 = look.dropped;
            if look.at >= change.last.saturating_add(look.probation) {
                self.change = None;
            }
        }
        *self != before
    }

    fn note_change(&mut self, look: &Look, promoted: bool) {
        if self.mode != Mode::Enforce {
            self.change = None;
            return;
        }
        // What a second change comes on top of was never known to be well.
        let earlier = self.change.take();
        self.change = Some(match earlier {
            Some(earlier) => Change {
                last: look.at,
                promoted: earlier.promoted || promoted,
                ..earlier
            },
            None => Change {
                began: look.at,
                last: look.at,
                before: look.before,
                promoted,
                dropped: (look.dropped, look.dropped),
                sent: look.sent,
                awake: Hours::default(),
            },
        });
    }

    /// Whole hours without a would-be drop in this mode.
    pub fn quiet(&self, now: u64) -> u32 {
        let since = self.disturbed.unwrap_or(self.since).max(self.since);
        u32::try_from(now.saturating_sub(since) / 3600).unwrap_or(u32::MAX)
    }

    /// The change that it is on probation for; none: it is not, or fell back already.
    pub fn probation(&self) -> Option<&Change> {
        self.change.as_ref().filter(|_| self.fallen.is_none())
    }
}

impl Change {
    /// Whether anything of it was dropped since.
    pub const fn has_drops(&self) -> bool {
        self.dropped.1 != self.dropped.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: u64 = 1_795_996_800 + 12 * 3600;
    const DAY: u64 = 24 * 3600;

    fn look(hours: u64, mode: Mode, generation: u32) -> Look {
        Look {
            at: NOON + hours * 3600,
            mode,
            generation,
            before: 4,
            would_drop: 0,
            dropped: 0,
            sent: 0,
            probation: DAY,
        }
    }

    fn stage(mode: Mode) -> Stage {
        Stage::first(&look(0, mode, 1), false)
    }

    #[test]
    fn quiet_are_the_hours_since_the_mode_or_the_last_would_be_drop() {
        let mut stage = stage(Mode::Learn);
        assert!(!stage.follow(&look(5, Mode::Learn, 1)));
        assert_eq!(stage.quiet(NOON + 5 * 3600 + 10), 5);
        assert!(stage.follow(&look(6, Mode::Monitor, 2)));
        assert_eq!(
            (stage.since, stage.quiet(NOON + 7 * 3600)),
            (NOON + 6 * 3600, 1)
        );
        let noisy = Look {
            would_drop: 3,
            ..look(9, Mode::Monitor, 2)
        };
        assert!(stage.follow(&noisy));
        assert_eq!(stage.quiet(NOON + 9 * 3600 + 3599), 0);
        assert!(!stage.follow(&Look {
            at: NOON + 36_000,
            ..noisy
        }));
        assert_eq!(stage.quiet(NOON + 12 * 3600), 3);
        // The counter began anew: with the gateway, and once with a drop since.
        assert!(stage.follow(&look(13, Mode::Monitor, 2)));
        assert_eq!(stage.quiet(NOON + 13 * 3600), 4);
        let again = Look {
            would_drop: 2,
            ..look(14, Mode::Monitor, 2)
        };
        stage.follow(&again);
        assert_eq!(stage.quiet(NOON + 14 * 3600), 0);
        assert_eq!(stage.change, None);
    }

    #[test]
    fn a_change_of_an_enforced_device_is_on_probation_for_as_long_as_it_takes_to_trust_it() {
        let mut stage = stage(Mode::Monitor);
        stage.follow(&look(1, Mode::Enforce, 2));
        let change = stage.probation().unwrap();
        assert_eq!(
            (change.began, change.before, change.promoted),
            (NOON + 3600, 4, true)
        );
        stage.follow(&look(24, Mode::Enforce, 2));
        assert!(stage.probation().is_some());
        stage.follow(&look(25, Mode::Enforce, 2));
        assert_eq!(stage.probation(), None);
        // Its rules alone.
        let later = Look {
            before: 8,
            ..look(30, Mode::Enforce, 3)
        };
        stage.follow(&later);
        let change = stage.probation().unwrap();
        assert_eq!((change.before, change.promoted), (8, false));
        // A second change does not make the first one well.
        let second = Look {
            before: 9,
            ..look(40, Mode::Enforce, 4)
        };
        stage.follow(&second);
        let change = stage.probation().unwrap();
        assert_eq!(
            (change.before, change.began, change.last),
            (8, NOON + 30 * 3600, NOON + 40 * 3600)
        );
        stage.follow(&look(41, Mode::Monitor, 5));
        assert_eq!(stage.change, None);
    }

    #[test]
    fn what_is_new_to_a_policy_is_on_probation_and_what_was_there_before_is_not() {
        assert_eq!(stage(Mode::Enforce).probation(), None);
        let new = Stage::first(&look(0, Mode::Enforce, 1), true);
        assert!(new.probation().is_some_and(|change| change.promoted));
        assert_eq!(Stage::first(&look(0, Mode::Learn, 1), true).change, None);
    }

    #[test]
    fn a_fall_ends_with_the_mode_that_it_is_a_fall_from() {
        let mut stage = Stage::first(&look(0, Mode::Enforce, 1), true);
        stage.fallen = Some(Fallen {
            at: NOON,
            why: "a reason".to_owned(),
        });
        assert_eq!(stage.probation(), None);
        stage.follow(&look(1, Mode::Enforce, 2));
        assert!(stage.fallen.is_some());
        stage.follow(&look(2, Mode::Monitor, 3));
        assert_eq!(stage.fallen, None);
    }

    #[test]
    fn hours_in_which_it_sent_and_drops_since_are_known() {
        let mut stage = Stage::first(&look(0, Mode::Enforce, 1), true);
        for (hours, sent, dropped) in [(0, 0, 0), (1, 5, 0), (2, 5, 0), (3, 9, 2)] {
            let look = Look {
                dropped,
                sent,
                ..look(hours, Mode::Enforce, 1)
            };
            stage.follow(&look);
        }
        let change = stage.change.as_ref().unwrap();
        assert_eq!(change.awake.count(), 2);
        assert!(change.has_drops());
        // A cold start of the gateway.
        stage.follow(&look(4, Mode::Enforce, 1));
        assert!(!stage.change.unwrap().has_drops());
    }
}
