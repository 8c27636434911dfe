//! How much is done.

use std::time::Duration;

/// Kind of run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Run {
    /// Everything.
    Full,
    /// What the table of ratios needs.
    Quick,
    /// Next to nothing: that it works at all.
    Smoke,
}

/// Counts of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    pub(crate) run: Run,
    /// How often everything is measured.
    pub(crate) rounds: usize,
    /// Frames of one burst. A measurement is of as many bursts as make it long enough.
    pub(crate) frames: u32,
    /// Bursts at most.
    pub(crate) bursts: u32,
    /// How long is long enough.
    pub(crate) long: Duration,
    /// Few, many and very many flows.
    pub(crate) flows: [u32; 3],
    /// Numbers of rules, from few to many.
    pub(crate) rules: [u32; 4],
}

impl Effort {
    pub(crate) fn of(run: Run) -> Self {
        let real = Self {
            run,
            rounds: 11,
            // All of the many flows come up in one burst.
            frames: 1 << 16,
            bursts: 16,
            // Sender and receiver take turns of some 4 ms.
            long: Duration::from_millis(200),
            flows: [1000, 1 << 16, 1 << 20],
            rules: [10, 1000, 100_000, 1_000_000],
        };
        match run {
            Run::Full => real,
            Run::Quick => Self { rounds: 9, ..real },
            Run::Smoke => Self {
                rounds: 1,
                frames: 1000,
                bursts: 2,
                flows: [100, 200, 400],
                rules: [10, 100, 200, 300],
                ..real
            },
        }
    }

    /// How many of these bursts are long enough.
    pub(crate) fn bursts_of(&self, burst: Duration) -> u32 {
        let needed = self.long.as_nanos().div_ceil(burst.as_nanos().max(1));
        let needed = u32::try_from(needed).unwrap_or(self.bursts);
        needed.clamp(1, self.bursts)
    }

    /// Everything is measured; with next to nothing in a smoke run.
    pub(crate) fn is_full(&self) -> bool {
        self.run != Run::Quick
    }
}

impl Run {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Quick => "quick",
            Self::Smoke => "smoke",
        }
    }
}
