//! What became of the files: which loads succeeded, and why the last one did not.

use std::time::Duration;

use jiff::Timestamp;

/// Loads of the files since the agent started.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reloads {
    /// Another policy was put in force.
    pub applied: u64,
    /// The files said nothing new.
    pub unchanged: u64,
    /// The files can't be used; the policy stayed.
    pub refused: u64,
    /// When they were last loaded or refused: the start counts.
    pub last_attempt: Timestamp,
    /// When they were last loaded: the start counts.
    pub last_success: Timestamp,
    /// How long the last reload took; none before the first.
    pub took: Option<Duration>,
    /// The files as they were read last can't be used.
    pub refusal: Option<Refusal>,
}

impl Reloads {
    /// Before the first one: files that were loaded as the agent started.
    pub const fn since(start: Timestamp) -> Self {
        Self {
            applied: 0,
            unchanged: 0,
            refused: 0,
            last_attempt: start,
            last_success: start,
            took: None,
            refusal: None,
        }
    }
}

/// Files that were refused, while the policy before them stays in force.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal {
    /// When.
    pub at: Timestamp,
    /// Why, in one line.
    pub why: String,
}

/// What became of conversations, counters and what was observed by the agent before.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Adoption {
    /// They go on.
    Kept,
    /// There was none.
    First,
    /// They began anew, and why.
    Anew(String),
}

impl Adoption {
    /// Name used in metrics and JSON.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::First => "first",
            Self::Anew(_) => "anew",
        }
    }
}
