//! How long the control plane takes for a policy of one size and shape, as plain figures. Needs root.

#[path = "../../src/compile/tests/build.rs"]
mod build;
#[path = "../peak/mod.rs"]
mod peak;

use std::{
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use peak::peak;
use xiot_agent::{
    compile::{Compilation, Limits, Stamp},
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

/// What differs from one policy to the next.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    /// What one rule allows.
    Rule,
    /// The MAC, and the address of one device.
    Device,
}

/// Wall-clock times.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Times {
    /// From the policy to its image, under its numbers.
    pub(crate) compile: Duration,
    /// Writing the slot and comparing it.
    pub(crate) write: Duration,
    /// The store that puts it in force.
    pub(crate) flip: Duration,
    /// From then on until no frame is judged by the policy before.
    pub(crate) settle: Duration,
    /// Making the other slot ready for the next policy.
    pub(crate) ready: Duration,
}

impl Times {
    /// From the policy until it is in force.
    pub(crate) fn in_force(&self) -> Duration {
        self.compile + self.write + self.flip
    }
}

/// What was measured.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    /// The first policy, which nothing is known of.
    pub(crate) first: Times,
    /// Policies that differ from the one before in one rule, or in one device.
    pub(crate) deltas: [Vec<Times>; 2],
    /// Largest resident set of the process meanwhile, in KiB: policies, image and mapped slots.
    pub(crate) peak: u64,
}

/// Measures `runs` swaps of either kind after a first policy.
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
    fs::write("/proc/self/clear_refs", "5").expect("proc is mounted");
    let mut policy = build::large(devices, profiles, rules);
    let mut datapath = load(&limits);
    let begin = Instant::now();
    let shared = Arc::new(policy.clone());
    let compilation = Compilation::fresh(shared, &[], &limits, stamp(1)).expect("it fits");
    let first = put(&mut datapath, &compilation, begin.elapsed());
    let mut last = Some(compilation);
    let mut deltas = [Vec::new(), Vec::new()];
    for (n, revision) in (0..runs).zip((2..).step_by(2)) {
        for (change, (times, revision)) in [Change::Rule, Change::Device]
            .into_iter()
            .zip(deltas.iter_mut().zip(revision..))
        {
            make(change, &mut policy, u16::try_from(n).expect("few runs"));
            let next = Arc::new(policy.clone());
            let before = last.take().expect("there is always one");
            // As the agent does: what is in force goes once something else is.
            let old = (
                Arc::clone(before.policy()),
                Arc::clone(before.ids()),
                Arc::clone(before.image()),
            );
            let begin = Instant::now();
            let (next, _) = before
                .follow(next, &[], &limits, stamp(revision))
                .expect("it fits");
            times.push(put(&mut datapath, &next, begin.elapsed()));
            last = Some(next);
            drop(old);
        }
    }
    Figures {
        first,
        deltas,
        peak: peak(),
    }
}

/// In force, and ready for the next.
fn put(datapath: &mut Datapath, compilation: &Compilation, compile: Duration) -> Times {
    let applied = datapath.apply(compilation.image()).expect("it fits");
    let begin = Instant::now();
    datapath
        .make_ready(compilation.image())
        .expect("both slots hold it");
    Times {
        compile,
        write: applied.written,
        flip: applied.flipped,
        settle: applied.settled,
        ready: begin.elapsed(),
    }
}

const fn stamp(revision: u64) -> Stamp {
    Stamp {
        revision,
        compiled_at: 0,
    }
}

/// Another rule, or another device, than those of all runs before.
fn make(change: Change, policy: &mut Policy, run: u16) {
    let place = usize::from(run) * 7;
    match change {
        Change::Rule => {
            let profiles = policy.profiles.len();
            let rules = &mut policy.profiles[place % profiles].rules;
            let rule_place = usize::from(run) % rules.len();
            let rule = &mut rules[rule_place];
            rule.clauses = vec![Clause::Udp(vec![run..=run])];
        }
        Change::Device => {
            let devices = policy.devices.len();
            let device = &mut policy.devices[place % devices];
            device.mac[0] = 2;
            let [high, low] = run.to_be_bytes();
            device.addresses = vec![[172, 16, high, low].into()];
        }
    }
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
