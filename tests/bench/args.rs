//! What is asked of the bench.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::{
    control, cost,
    effort::{Effort, Run},
    latency, rate,
    report::Report,
};

/// Arguments.
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// Only what the table of ratios needs, in less than five minutes
    #[arg(long)]
    pub(crate) quick: bool,
    /// Next to nothing, to see that it works
    #[arg(long, conflicts_with = "quick", hide = true)]
    smoke: bool,
    /// Write all figures to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Write docs/performance.md and its plots
    #[arg(long)]
    pub(crate) docs: bool,
    /// Measure a policy of so many rules and print the figures for the process that asked
    #[arg(long, hide = true)]
    pub(crate) child: Option<u32>,
    /// The same with a profile for each device
    #[arg(long, hide = true, requires = "child")]
    pub(crate) separate: bool,
    /// Only these suites
    #[arg(long, value_name = "NAME", num_args = 1..)]
    suite: Vec<Suite>,
}

/// A part of the bench.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Suite {
    /// Frames through gateways of all kinds
    Rate,
    /// The program alone
    Cost,
    /// Policies of all sizes, and the agent
    Control,
    /// Requests and answers through gateways
    Latency,
}

impl Args {
    pub(crate) fn run(&self) -> Run {
        match (self.quick, self.smoke) {
            (_, true) => Run::Smoke,
            (true, _) => Run::Quick,
            (false, false) => Run::Full,
        }
    }

    pub(crate) fn suites(&self) -> Vec<Suite> {
        if !self.suite.is_empty() {
            self.suite.clone()
        } else if self.quick {
            // Those that have a ratio.
            vec![Suite::Rate, Suite::Control]
        } else {
            Suite::value_variants().to_vec()
        }
    }
}

impl Suite {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::Cost => "cost",
            Self::Control => "control",
            Self::Latency => "latency",
        }
    }

    pub(crate) fn run(self, effort: &Effort, report: &mut Report) {
        match self {
            Self::Rate => rate::run(effort, report),
            Self::Cost => cost::run(effort, report),
            Self::Control => control::run(effort, report),
            Self::Latency => latency::run(effort, report),
        }
    }
}
