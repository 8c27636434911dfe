//! `apply`, `rollback`, `confirm`: what to put in force, and what that would do.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Changes, Flow, Mark};

/// What to put in force.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Candidate {
    /// The files that the agent runs with.
    Files,
    /// A policy that follows the request: so many bytes right behind its newline.
    Policy {
        /// What the file is called, for messages.
        file: String,
        /// Length of its text in bytes.
        bytes: u64,
    },
    /// What this revision had.
    Revision {
        /// Its number; none: that before the one in force.
        number: Option<u64>,
    },
}

/// Puts another policy in force.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// What.
    pub candidate: Candidate,
    /// Why, for the history.
    #[serde(default)]
    pub reason: Option<String>,
    /// The revision in force that it was looked at with: refused if it is another by now.
    #[serde(default)]
    pub base: Option<u64>,
    /// Goes back after so many seconds unless it is confirmed.
    #[serde(default)]
    pub confirm_within_seconds: Option<u64>,
}

/// What a change would do.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Plan {
    /// What is in force.
    pub base: Mark,
    /// Its policy file.
    pub before: String,
    /// Policy file of the candidate.
    pub file: String,
    /// The revision that it is of.
    pub of_revision: Option<u64>,
    /// It is in force already.
    pub unchanged: bool,
    /// Devices, in numbers.
    pub devices: Changes,
    /// Which, those that lives depend on first; at most 1000.
    pub which_devices: Vec<DeviceChange>,
    /// Rules, in numbers.
    pub rules: Changes,
    /// Which, by profile; at most 1000.
    pub which_rules: Vec<RuleChange>,
    /// What differs beside rules and devices, in words: holidays, calendars and the like; at most 1000.
    #[serde(default)]
    pub settings: Vec<String>,
    /// Guards of some wire differ.
    pub guards: bool,
    /// Conversations that are live right now.
    pub live_flows: u64,
    /// Of those: would end.
    pub cut_flows: u64,
    /// Of those: nobody can tell.
    pub unknown_flows: u64,
    /// Those that would end by criticality of their devices, the highest first.
    pub cut_by_criticality: Vec<Criticality>,
    /// Which, in the same order; at most 1000.
    pub which_flows: Vec<CutFlow>,
    /// What is odd about the candidate, in words; empty for nothing.
    pub warnings: String,
}

/// Conversations that would end of devices of one criticality.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Criticality {
    /// `life-sustaining`, `high`, `medium`, `low`; null: none is given.
    pub criticality: Option<String>,
    /// How many.
    pub flows: u64,
}

/// A device that a change touches.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct DeviceChange {
    /// Its name.
    pub device: String,
    /// `added`, `removed` or `changed`: judged in another way.
    pub change: String,
    /// Its criticality.
    pub criticality: Option<String>,
    /// What differs, in words.
    pub what: Vec<String>,
}

/// A rule that comes or goes.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct RuleChange {
    /// Its profile.
    pub profile: String,
    /// The rule in one line.
    pub rule: String,
    /// Line in its file, from 1.
    pub line: u32,
    /// `added` or `removed`.
    pub change: String,
}

/// A conversation that would end.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct CutFlow {
    /// Criticality of its device.
    pub criticality: Option<String>,
    /// Why.
    pub reason: String,
    /// It.
    pub flow: Flow,
}

/// One revision of the history.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Revision {
    /// Its number.
    pub number: u64,
    /// When it was in force first; null: it is not known whether it ever was.
    pub applied: Option<Timestamp>,
    /// `start`, `reload`, `file-change`, `apply`, `rollback` or `unconfirmed`.
    pub cause: String,
    /// The revision that came back.
    pub restores: Option<u64>,
    /// User name or id of who asked for it; null: the agent itself.
    pub user: Option<String>,
    /// Why, in their words.
    pub reason: Option<String>,
    /// SHA-256 of the compiled image in hexadecimal.
    pub digest: String,
    /// Policy file.
    pub policy: String,
    /// SHA-256 of its text in hexadecimal.
    pub policy_sha256: String,
    /// SHA-256 of the text of the gateway file in hexadecimal.
    pub gateway_sha256: String,
    /// Devices that it changed.
    pub devices: Changes,
    /// Rules that it changed.
    pub rules: Changes,
    /// The revision that comes back unless it is confirmed.
    pub on_trial_back_to: Option<u64>,
    /// When it was confirmed.
    pub confirmed: Option<Timestamp>,
}

/// Both texts of a revision.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Texts {
    /// The gateway file.
    pub gateway: String,
    /// The policy.
    pub policy: String,
}

/// Which revision's texts are wanted.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct TextsQuery {
    /// Its number; none: the files as they are now.
    pub revision: Option<u64>,
}

/// Which revisions are wanted.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct HistoryQuery {
    /// At most so many, newest first.
    pub limit: Option<usize>,
}
