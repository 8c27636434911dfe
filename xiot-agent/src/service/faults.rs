//! What went wrong inside the agent, counted: the log tells the first of a row, this tells how many.

use std::sync::atomic::{AtomicU64, Ordering};

/// Something that should never happen, and does not stop the agent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// The kernel's maps could not be read for an answer.
    Maps,
    /// What is over could not be removed from the tables.
    Sweep,
    /// The event ring could not be read, or held what is no event.
    Events,
    /// A policy slot did not keep what was written to it.
    Slot,
    /// What has which number could not be noted for the next agent.
    Note,
    /// The router's ports could not be looked after, or the kernel not be asked for a neighbour.
    Router,
    /// Nothing was answered: the call failed within.
    Answer,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Maps,
        Self::Sweep,
        Self::Events,
        Self::Slot,
        Self::Note,
        Self::Router,
        Self::Answer,
    ];

    /// Name used in metrics and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Maps => "maps",
            Self::Sweep => "sweep",
            Self::Events => "events",
            Self::Slot => "slot",
            Self::Note => "note",
            Self::Router => "router",
            Self::Answer => "answer",
        }
    }
}

/// How often each happened.
#[derive(Debug, Default)]
pub(super) struct Faults([AtomicU64; Fault::ALL.len()]);

impl Faults {
    /// One more.
    pub(super) fn count(&self, fault: Fault) {
        self.0[fault as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Each with its number.
    pub(super) fn each(&self) -> Vec<(Fault, u64)> {
        let number = |fault: Fault| self.0[fault as usize].load(Ordering::Relaxed);
        Fault::ALL.map(|fault| (fault, number(fault))).to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_counts_for_itself() {
        let faults = Faults::default();
        for (times, fault) in Fault::ALL.into_iter().enumerate() {
            (0..times).for_each(|_| faults.count(fault));
        }
        let counted: Vec<_> = faults.each();
        let expected: Vec<_> = Fault::ALL.into_iter().zip(0..).collect();
        assert_eq!(counted, expected);
    }
}
