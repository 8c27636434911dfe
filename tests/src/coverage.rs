//! What frames met: each reason, and what became of them under it.

use std::{collections::BTreeMap, fmt};

use xiot_common::reason::Reason;

/// Frames dropped and forwarded, and those of the latter that a flow forwarded.
type Fates = (u64, u64, u64);

/// How often each reason was met.
#[derive(Clone, Debug, Default)]
pub struct Seen(BTreeMap<Reason, Fates>);

impl Seen {
    /// Adds a frame.
    pub fn count(&mut self, reason: Reason, dropped: bool, by_flow: bool) {
        let fates = self.0.entry(reason).or_default();
        if dropped {
            fates.0 += 1;
        } else {
            fates.1 += 1;
        }
        fates.2 += u64::from(by_flow);
    }

    /// How often it was met.
    pub fn of(&self, reason: Reason) -> u64 {
        let (dropped, forwarded, _) = self.fates(reason);
        dropped + forwarded
    }

    /// How often a flow forwarded, whatever it counted under.
    pub fn hits(&self) -> u64 {
        self.0.values().map(|(_, _, by_flow)| by_flow).sum()
    }

    /// Frames dropped and forwarded for it, and those of the latter that a flow forwarded.
    pub fn fates(&self, reason: Reason) -> (u64, u64, u64) {
        self.0.get(&reason).copied().unwrap_or_default()
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  dropped forwarded   by flow")?;
        for (reason, (dropped, forwarded, by_flow)) in &self.0 {
            let name = reason.name();
            writeln!(f, "{dropped:9} {forwarded:9} {by_flow:9} {name}")?;
        }
        Ok(())
    }
}
