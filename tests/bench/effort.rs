//! How much is done.

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
    /// Frames of one measurement.
    pub(crate) frames: u32,
    /// Few, many and very many flows.
    pub(crate) flows: [u32; 3],
    /// Numbers of rules, from few to many.
    pub(crate) rules: [u32; 4],
}

impl Effort {
    pub(crate) fn of(run: Run) -> Self {
        let real = Self {
            run,
            rounds: 15,
            // All of the many flows come up in one measurement.
            frames: 1 << 16,
            flows: [1000, 1 << 16, 1 << 20],
            rules: [10, 1000, 100_000, 1_000_000],
        };
        match run {
            Run::Full | Run::Quick => real,
            Run::Smoke => Self {
                rounds: 1,
                frames: 1000,
                flows: [100, 200, 400],
                rules: [10, 100, 200, 300],
                ..real
            },
        }
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
