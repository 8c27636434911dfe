//! Generated policies, frames and edits of the policies before program and oracle: any difference is a bug in one of them.
//!
//! `XIOT_SEED` starts from a seed, `XIOT_FRAMES` sets how many frames are compared, `XIOT_HOURS` for how long.

#![expect(clippy::panic, reason = "helpers of a test fail it by panicking")]

mod routed;

use std::{fmt, time::Instant};

use proptest::{
    strategy::{Strategy as _, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use xiot_agent::{
    model::policy::Policy,
    oracle::{Fate, Limits},
};
use xiot_common::reason::{Class, Reason};
use xiot_tests::{
    compare::{Difference, Setting, Trial, first_difference_of_steps},
    coverage::Seen,
    effort::{self, Effort},
    generate::{Dice, Traffic, policies, wires},
    judged::Judged,
    prog::Prog,
    report,
    shrink::shrink,
    step::{self, Step},
};

/// Frames compared where nothing else is asked for.
const FRAMES: u64 = 1_000_000;

/// Frames and swaps in one sequence.
const STEPS: usize = 1000;

/// Limits that are met by chance alone, and limits that are met all the time.
fn limits() -> [Limits; 2] {
    let roomy = Limits {
        flows: 4096,
        group_frames_per_sender: 12,
        group_frames_per_port: 20,
        ..Limits::default()
    };
    let tight = Limits {
        flows: 3,
        new_flows_unlisted: 3,
        new_flows_per_cpu: 4,
        group_frames_per_sender: 3,
        group_frames_per_port: 5,
        addresses_per_device: 2,
        ..roomy
    };
    [roomy, tight]
}

/// Every so many sequences there is little room.
const TIGHT_EVERY: u64 = 8;

/// What was met so far.
struct Met {
    start: Instant,
    seen: Seen,
    frames: u64,
    /// Of verdicts.
    hits: u64,
    /// Frames with two verdicts, that left by a port of a router, and that its stack got.
    routed: [u64; 3],
    swaps: u64,
    sequences: u64,
}

impl Met {
    fn nothing() -> Self {
        Self {
            start: Instant::now(),
            seen: Seen::default(),
            frames: 0,
            hits: 0,
            routed: [0; 3],
            swaps: 0,
            sequences: 0,
        }
    }

    fn count(&mut self, judged: &Judged) {
        self.frames += 1;
        for verdict in &judged.verdicts {
            self.seen
                .count(verdict.reason, verdict.dropped, verdict.flow_hit);
            self.hits += u64::from(verdict.flow_hit);
        }
        let [twice, out, stack] = &mut self.routed;
        *twice += u64::from(judged.verdicts.len() > 1);
        *out += u64::from(matches!(judged.fate, Some(Fate::Out(..))));
        *stack += u64::from(judged.fate == Some(Fate::Stack));
    }

    fn check(&self, enough: u64, is_of_the_shape: impl Fn(Reason) -> bool) {
        for reason in Reason::ALL {
            assert!(
                !is_of_the_shape(*reason) || self.seen.of(*reason) > 0 || self.frames < enough,
                "{} was never met",
                reason.name()
            );
        }
    }
}

impl fmt::Display for Met {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            start,
            seen,
            frames,
            hits,
            routed: [twice, out, stack],
            swaps,
            sequences,
        } = self;
        let rate = f64::from(u32::try_from(*frames).unwrap_or(u32::MAX));
        let rate = rate / start.elapsed().as_secs_f64();
        writeln!(
            f,
            "{seen}{twice} judged twice, {out} left by a port, {stack} went to the stack"
        )?;
        write!(
            f,
            "{frames:9} frames compared, {hits} answered by a flow, {swaps} swaps, {sequences} sequences, {rate:.0} frames/s",
        )
    }
}

#[test]
fn program_and_oracle_agree() {
    let first_seed = effort::seed();
    let effort = Effort::asked(FRAMES);
    println!("XIOT_SEED={first_seed}, {effort:?}");
    let wires = wires();
    let [roomy, tight] = limits();
    let mut progs = [Prog::load_quiet(roomy), Prog::load_limited(tight)];
    let mut met = Met::nothing();
    let mut seed = first_seed;
    while !effort.is_spent(met.frames) {
        let setting = Setting {
            wires: &wires,
            router: None,
        };
        let mut tree = policy(seed);
        let steps = Traffic::new(seed, &tree.current()).steps(STEPS);
        judge(seed, &mut progs, &mut tree, steps, setting, &mut met);
        seed = seed.wrapping_add(1);
    }
    println!("{met}");
    met.check(FRAMES, |reason| {
        reason.class() != Class::Gateway && reason != Reason::ToGateway
    });
}

/// Judges the steps of one sequence.
fn judge(
    seed: u64,
    progs: &mut [Prog; 2],
    tree: &mut dyn ValueTree<Value = Policy>,
    steps: Vec<Step>,
    setting: Setting<'_>,
    met: &mut Met,
) {
    let room = usize::from(seed.is_multiple_of(TIGHT_EVERY));
    let prog = &mut progs[room];
    let policies = step::policies(&tree.current(), &steps);
    let mut trial = Trial::within(prog, &policies, setting);
    let mut judged = Ok(());
    for step in &steps {
        match trial.step(step) {
            Ok(Some(all)) => met.count(&all),
            Ok(None) => met.swaps += 1,
            Err(difference) => {
                judged = Err(difference);
                break;
            }
        }
    }
    met.sequences += 1;
    let judged = judged.and_then(|()| trial.finish());
    let is_blurred = trial.is_blurred();
    if let Err(difference) = judged {
        // A second that passed unseen explains it, or it comes again.
        explain_and_fail((seed, setting), prog, tree, steps, &difference, is_blurred);
    }
}

/// The policy of a seed, ready to shrink.
fn policy(seed: u64) -> impl ValueTree<Value = Policy> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &Dice::new(seed).bytes32());
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    policies()
        .new_tree(&mut runner)
        .expect("policies are never refused")
}

fn explain_and_fail(
    (seed, setting): (u64, Setting<'_>),
    prog: &mut Prog,
    tree: &mut dyn ValueTree<Value = Policy>,
    steps: Vec<Step>,
    first: &Difference,
    is_blurred: bool,
) {
    let limits = prog.limits();
    let mut failure =
        |policy: &Policy, steps: &[Step]| first_difference_of_steps(prog, policy, setting, steps);
    if failure(&tree.current(), &steps).is_none() {
        assert!(is_blurred, "XIOT_SEED={seed}: does not repeat: {first}");
        return;
    }
    let found = shrink(tree, steps, &mut |policy, steps| {
        failure(policy, steps).map(|difference| difference.at)
    });
    let Some(difference) = failure(&found.policy, &found.steps) else {
        panic!("XIOT_SEED={seed}: a difference that does not repeat");
    };
    panic!(
        "{}",
        report::write(seed, setting, limits, &found, &difference)
    );
}
