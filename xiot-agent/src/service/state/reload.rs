//! What became of a reload.

use std::time::Duration;

use jiff::Timestamp;

/// A reload that succeeded.
#[derive(Clone, Debug, PartialEq)]
pub struct Reloaded {
    /// In force before.
    pub before: Mark,
    /// In force now; the same if the files say nothing new.
    pub after: Mark,
    /// The policy file.
    pub file: String,
    /// Devices.
    pub devices: Changes,
    /// Rules.
    pub rules: RuleChanges,
    /// What is odd about the files, for people; empty for nothing.
    pub warnings: String,
    /// Until when it is on trial; none: it stays.
    pub trial: Option<Timestamp>,
    /// Reading, checking and compiling.
    pub compiled: Duration,
    /// Writing the policy beside the one in force and reading it back.
    pub written: Duration,
    /// From putting it in force until no frame was judged by the one before.
    pub settled: Duration,
}

impl Reloaded {
    /// Whether it was in force already.
    pub fn is_unchanged(&self) -> bool {
        self.before.epoch == self.after.epoch
    }
}

/// A policy in the kernel.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Mark {
    /// SHA-256 of its image.
    pub digest: [u8; 32],
    /// Its number.
    pub revision: u64,
    /// Counts everything that made the program judge conversations again.
    pub epoch: u32,
}

/// Devices that two policies differ in, by name.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Changes {
    /// Only in the new one.
    pub added: u64,
    /// Only in the old one.
    pub removed: u64,
    /// In both, and judged in another way: their conversations are judged again.
    pub changed: u64,
}

/// Rules that two policies differ in, by profile and content: a rule with another content is another rule.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct RuleChanges {
    /// Only in the new one.
    pub added: u64,
    /// Only in the old one.
    pub removed: u64,
}
