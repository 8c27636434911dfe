//! One revision: who put which texts in force, when and why.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::unit::hex;

/// SHA-256.
pub(super) type Sha = [u8; 32];

/// A policy that was put in force. Everything but its two texts, which are kept by their SHA-256.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Record {
    /// Number: grows, and is that which the kernel has in the slot.
    pub number: u64,
    /// When it was written down, just before it was put in force.
    pub written: Timestamp,
    /// When it was in force; none: nobody knows that it ever was.
    pub applied: Option<Timestamp>,
    /// What made it.
    pub cause: Cause,
    /// Who.
    pub author: Author,
    /// Why, in their words.
    pub reason: Option<String>,
    /// SHA-256 of its image when that was compiled last, in hexadecimal.
    pub image: String,
    /// When it was compiled, in nanoseconds since the Unix epoch.
    pub compiled_at: u64,
    /// The policy.
    pub policy: Text,
    /// The gateway file that it was compiled for.
    pub gateway: Text,
    /// SHA-256 of both files as they stood where the agent looks for them, in hexadecimal; empty: they could not be read. As long as they
    /// are these, they are not loaded unless somebody asks.
    pub seen: [String; 2],
    /// What it changed.
    pub summary: Summary,
    /// The revision that comes back unless somebody confirms this one.
    #[serde(default)]
    pub back_to: Option<u64>,
    /// When somebody confirmed it.
    #[serde(default)]
    pub confirmed: Option<Timestamp>,
}

/// What made a revision.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The files that the agent found when it started.
    Start,
    /// `reload`, or SIGHUP.
    Reload,
    /// A file changed.
    FileChange,
    /// `apply`.
    Apply,
    /// `rollback`, to this revision.
    Rollback(u64),
    /// Nobody confirmed the revision before: back to this one.
    Unconfirmed(u64),
}

/// Who made a revision.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Author {
    /// The agent itself.
    Agent,
    /// A client of the control socket, by the kernel's word.
    User {
        /// User id.
        uid: u32,
        /// Name in the user database.
        name: Option<String>,
    },
}

/// One of the two texts.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Text {
    /// Path of the file it was read from, as given.
    pub file: String,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
    /// Bytes.
    pub bytes: u64,
}

impl Text {
    /// What is noted of this text.
    pub fn of(file: &str, text: &str) -> Self {
        Self {
            file: file.to_owned(),
            sha256: digest(text.as_bytes()),
            bytes: text.len() as u64,
        }
    }

    /// Whether it is this text.
    pub fn is(&self, text: &str) -> bool {
        self.bytes == text.len() as u64 && self.sha256 == digest(text.as_bytes())
    }
}

/// What a revision changed, in numbers.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Summary {
    /// Devices that came.
    pub devices_added: u64,
    /// Devices that went.
    pub devices_removed: u64,
    /// Devices that are judged in another way.
    pub devices_changed: u64,
    /// Rules that came.
    pub rules_added: u64,
    /// Rules that went.
    pub rules_removed: u64,
}

/// Both texts of a revision.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Texts {
    /// The gateway file.
    pub gateway: Arc<str>,
    /// The policy.
    pub policy: Arc<str>,
}

/// SHA-256 of a text, in hexadecimal.
pub fn digest(text: &[u8]) -> String {
    hex::format(&sha(text))
}

/// A revision that waits for somebody to confirm it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Trial {
    /// Its number.
    pub number: u64,
    /// What comes back otherwise.
    pub back_to: u64,
}

pub(super) fn sha(bytes: &[u8]) -> Sha {
    Sha256::digest(bytes).into()
}
