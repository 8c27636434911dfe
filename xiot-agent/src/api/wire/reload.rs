//! `reload`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a reload did.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Reload {
    /// Whether another policy was put in force; else the files say nothing new.
    pub applied: bool,
    /// Policy file.
    pub file: String,
    /// In force before.
    pub before: Mark,
    /// In force now.
    pub after: Mark,
    /// Devices by name. Changed: judged in another way, so that their conversations are judged again.
    pub devices: Changes,
    /// Rules by profile and content: one with another content is another one, none is changed.
    pub rules: Changes,
    /// Until when it is on trial; null: it stays.
    pub on_trial_until: Option<Timestamp>,
    /// What is odd about the files, in words; empty for nothing.
    pub warnings: String,
    /// Milliseconds for reading, checking and compiling.
    pub compile_ms: f64,
    /// Milliseconds for writing the policy beside the one in force and reading it back.
    pub write_ms: f64,
    /// Milliseconds from putting it in force until no frame was judged by the one before.
    pub flip_ms: f64,
}

/// One policy.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Mark {
    /// SHA-256 of its image in hexadecimal, as it lies in the kernel.
    pub digest: String,
    /// Its number.
    pub revision: u64,
    /// Counts everything that made the program judge conversations again.
    pub epoch: u32,
}

/// What two policies differ in.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Changes {
    /// Only in the new one.
    pub added: u64,
    /// Only in the old one.
    pub removed: u64,
    /// In both, and not the same.
    pub changed: u64,
}
