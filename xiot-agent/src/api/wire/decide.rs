//! `quarantine`, `break-glass`, `release`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Decides about one device beside the policy.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Decide {
    /// Name of a listed device, or a MAC.
    pub device: String,
    /// VLANs of a MAC: `30`, `100.30` or `untagged`; none: any.
    #[serde(default)]
    pub vlan: Option<String>,
    /// What is to hold; none: what policy says.
    #[serde(default)]
    pub decision: Option<Decision>,
    /// How long; none: until it is ended.
    #[serde(default)]
    pub seconds: Option<u64>,
    /// Also where a life depends on the device.
    #[serde(default, rename = "override")]
    pub insist: bool,
    /// Why, for the audit log. Break-glass takes one, and a quarantine where a life depends on the device.
    #[serde(default)]
    pub reason: Option<String>,
}

/// What may be decided.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Nothing of the device passes.
    Quarantine,
    /// Everything of it passes, as in mode monitor.
    BreakGlass,
}

/// What holds.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Decided {
    /// Name of the device, if it is listed.
    pub device: Option<String>,
    /// Its MAC.
    pub mac: String,
    /// Its VLANs; none: any.
    pub vlan: Option<String>,
    /// What holds; none: what policy says.
    pub decision: Option<Decision>,
    /// When it ends by itself.
    pub until: Option<Timestamp>,
    /// Why the agent decided that; null: a person did.
    pub fallback: Option<FellBack>,
}

/// A device is in mode monitor because what it needs was dropped after a change.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct FellBack {
    /// When, by the clock of learning.
    pub at: Option<Timestamp>,
    /// What was dropped or is missing, in words.
    pub why: String,
}
