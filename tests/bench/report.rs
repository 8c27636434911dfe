//! What was measured, as plain values: printed, written as JSON, drawn.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    machine::{self, Machine},
    stats::Spread,
};

/// What one figure is about. What does not apply is left out.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Subject {
    pub(crate) suite: &'static str,
    pub(crate) scenario: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) configuration: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) family: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rules: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) devices: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) flows: Option<u32>,
}

/// A figure.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figure {
    #[serde(flatten)]
    pub(crate) subject: Subject,
    pub(crate) unit: &'static str,
    #[serde(flatten)]
    pub(crate) spread: Spread,
    /// Million frames in a second, generator included, where frames were sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mpps: Option<f64>,
    /// Frames that did not arrive: such a figure is worth nothing.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) lost: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// All of a run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) kernel: String,
    pub(crate) date: String,
    /// What kind of run: `quick`, `full` or `smoke`.
    pub(crate) run: &'static str,
    pub(crate) rounds: usize,
    /// The whole run.
    pub(crate) took_seconds: f64,
    /// Share of the machine's time that its hypervisor gave to others, in percent.
    pub(crate) stolen_percent: f64,
    pub(crate) ratio: BTreeMap<&'static str, f64>,
    pub(crate) ratio_spread: BTreeMap<&'static str, Spread>,
    pub(crate) seconds: BTreeMap<&'static str, f64>,
    pub(crate) figures: Vec<Figure>,
    /// What has to be known to read the figures.
    pub(crate) notes: Vec<String>,
}

impl Report {
    pub(crate) fn new(run: &'static str, rounds: usize) -> Self {
        Self {
            machine: Machine::here(),
            kernel: machine::kernel(),
            date: machine::date(),
            run,
            rounds,
            took_seconds: 0.0,
            stolen_percent: 0.0,
            ratio: BTreeMap::new(),
            ratio_spread: BTreeMap::new(),
            seconds: BTreeMap::new(),
            figures: Vec::new(),
            notes: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, figure: Figure) {
        self.figures.push(figure);
    }

    /// Figures of several rounds.
    pub(crate) fn measured(&mut self, subject: Subject, unit: &'static str, values: &[f64]) {
        self.add(Figure {
            subject,
            unit,
            spread: Spread::of(values),
            mpps: None,
            lost: 0,
        });
    }

    /// A ratio of several rounds.
    pub(crate) fn ratio(&mut self, name: &'static str, values: &[f64]) {
        debug_assert!(RATIOS.iter().any(|(known, ..)| *known == name), "{name}");
        let spread = Spread::of(values);
        self.ratio.insert(name, spread.median);
        self.ratio_spread.insert(name, spread);
    }

    /// Seconds of several rounds.
    pub(crate) fn seconds(&mut self, name: &'static str, values: &[f64]) {
        debug_assert!(SECONDS.iter().any(|(known, ..)| *known == name), "{name}");
        self.seconds.insert(name, Spread::of(values).median);
    }

    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }
}

/// What a figure shall be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    AtMost(f64),
    AtLeast(f64),
}

impl Target {
    pub(crate) fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtMost(limit) => value <= limit,
            Self::AtLeast(limit) => value >= limit,
        }
    }
}

use Target::{AtLeast, AtMost};

/// Ratios with their targets, and what they are of.
pub(crate) const RATIOS: &[(&str, Target, &str)] = &[
    (
        "hit_1k_over_redirect",
        AtMost(1.25),
        "established frame over XDP redirect, 1,000 flows",
    ),
    (
        "hit_64k_over_redirect",
        AtMost(1.7),
        "the same, 65,536 flows",
    ),
    (
        "hit_1m_over_redirect",
        AtMost(2.5),
        "the same, 1,048,576 flows",
    ),
    (
        "nft_stateful_over_hit_1k_rules",
        AtLeast(7.0),
        "bridge + br_netfilter + nft ct over xiot, 1,000 rules, 65,536 flows",
    ),
    (
        "nft_stateful_over_hit_100k_rules",
        AtLeast(7.0),
        "the same, 100,000 rules",
    ),
    (
        "nft_stateful_over_hit_1m_rules",
        AtLeast(7.0),
        "the same, 1,000,000 rules",
    ),
    (
        "nft_stateless_over_hit_1k_rules",
        AtLeast(4.0),
        "bridge + nft set over xiot, 1,000 rules, 65,536 flows",
    ),
    (
        "flat_hot_1m_over_10",
        AtMost(1.1),
        "established frame, 1,000,000 rules over 10, 1,000 flows",
    ),
    (
        "flat_cold_1m_over_10",
        AtMost(2.0),
        "frame that opens a flow, 1,000,000 rules over 10",
    ),
    (
        "denied_over_drop",
        AtMost(1.6),
        "one device's frames to random targets over XDP drop",
    ),
    (
        "unknown_over_drop",
        AtMost(1.6),
        "frames of unlisted devices over XDP drop",
    ),
    (
        "new_flow_over_redirect",
        AtMost(3.0),
        "frame that opens a flow over XDP redirect",
    ),
    (
        "nft_load_over_ours_1m",
        AtLeast(10.0),
        "nft -f over compile, load, swap and wait, 1,000,000 rules",
    ),
    (
        "learn_over_enforce",
        AtMost(1.15),
        "established frame, mode learn over enforce, 1,000 flows",
    ),
];

/// Times with their targets in seconds, and what they are of.
pub(crate) const SECONDS: &[(&str, Target, &str)] = &[
    (
        "compile_1m",
        AtMost(2.0),
        "policy to image, 1,000,000 rules, 100,000 devices",
    ),
    ("load_1m", AtMost(2.0), "image into the kernel and compared"),
    (
        "swap",
        AtMost(0.001),
        "the store that puts it in force; the wait for frames under judgement is a figure of its own",
    ),
    (
        "delta",
        AtMost(0.005),
        "one rule changed: from the policy until that store",
    ),
];
