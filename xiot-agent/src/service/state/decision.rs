//! Decisions about single devices beside the policy.

use jiff::Timestamp;

use super::{MacBytes, Vlans};

/// What is decided.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Decision {
    /// Nothing of the device passes.
    Quarantine,
    /// Everything of it passes, as in mode monitor.
    BreakGlass,
}

impl Decision {
    /// Name used in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Quarantine => "quarantine",
            Self::BreakGlass => "break-glass",
        }
    }
}

/// What is decided about one device.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Decided {
    /// Its name, if the policy lists it.
    pub device: Option<String>,
    /// Its MAC.
    pub mac: MacBytes,
    /// Its VLANs; none: any.
    pub vlans: Option<Vlans>,
    /// What holds; none: what policy says, and nothing else.
    pub decision: Option<Decision>,
    /// When it ends by itself; none: never.
    pub until: Option<Timestamp>,
    /// Why the agent decided that; none: a person did.
    pub fallback: Option<FellBack>,
}

/// A device is in mode monitor because what it needs was dropped after a change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FellBack {
    /// When, by the clock of learning.
    pub at: Option<Timestamp>,
    /// What was dropped or is missing, in words.
    pub why: String,
}
