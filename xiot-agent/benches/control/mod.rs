//! How long the control plane takes for a policy of one size and shape, as plain figures. Needs root.

#[path = "../../src/compile/tests/build.rs"]
mod build;

use std::{
    fs,
    time::{Duration, Instant},
};

use xiot_agent::{
    compile::{Assignment, Limits, compile},
    datapath::{Capacity, Datapath, Options},
    model::{
        self,
        policy::{Clause, Policy},
    },
};

/// How large a policy is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) devices: u32,
    pub(crate) profiles: u32,
    pub(crate) rules: u32,
    pub(crate) slot_lines: u32,
}

/// Wall-clock times.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Times {
    /// Numbering devices and rules.
    pub(crate) number: Duration,
    /// Compiling.
    pub(crate) compile: Duration,
    /// Writing the slot and comparing it.
    pub(crate) write: Duration,
    /// From the flip until no frame is judged by the policy before.
    pub(crate) settle: Duration,
}

/// What was measured.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    /// The first policy, which nothing is known of.
    pub(crate) first: Times,
    /// Swaps between two policies that differ in one rule.
    pub(crate) deltas: Vec<Times>,
    /// Largest resident set of the process meanwhile, in KiB: policies, image and mapped slots.
    pub(crate) peak: u64,
}

/// Measures `runs` swaps after a first policy.
pub(crate) fn measure(shape: Shape, runs: usize) -> Figures {
    let Shape {
        devices,
        profiles,
        rules,
        slot_lines,
    } = shape;
    let limits = Limits {
        slot_lines,
        devices: devices + 1,
        rules: rules + 1,
    };
    let policies = {
        let first = build::large(devices, profiles, rules);
        let second = other(&first);
        [first, second]
    };
    let mut datapath = load(&limits);
    fs::write("/proc/self/clear_refs", "5").expect("proc is mounted");
    let mut first = None;
    let mut deltas = Vec::new();
    let mut ids: Option<Assignment> = None;
    for policy in policies.iter().cycle().take(runs + 1) {
        let start = Instant::now();
        let next = match &ids {
            None => Assignment::fresh(policy),
            Some(ids) => ids.follow(policy, &limits).expect("it fits").0,
        };
        let number = start.elapsed();
        let start = Instant::now();
        let image = compile(policy, &[], &limits, &next, 1, 0).expect("it fits");
        let compile = start.elapsed();
        let applied = datapath.apply(&image).expect("it fits");
        ids = Some(next);
        let times = Times {
            number,
            compile,
            write: applied.written,
            settle: applied.settled,
        };
        if first.is_none() {
            first = Some(times);
        } else {
            deltas.push(times);
        }
    }
    Figures {
        first: first.unwrap_or_default(),
        deltas,
        peak: peak(),
    }
}

/// The policy with another rule in the place of one.
fn other(policy: &Policy) -> Policy {
    let mut other = policy.clone();
    other.profiles[0].rules[0].clauses = vec![Clause::Udp(vec![53..=53])];
    other
}

fn load(limits: &Limits) -> Datapath {
    let options = Options {
        capacity: Capacity {
            slot_lines: limits.slot_lines,
            devices: limits.devices,
            rules: limits.rules,
            ..Capacity::default()
        },
        ..Options::default()
    };
    Datapath::load(&options).expect("root and a kernel with BPF")
}

fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("proc is mounted");
    let words = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|words| words.split_whitespace().next()?.parse().ok());
    words.expect("the kernel says it in KiB")
}
