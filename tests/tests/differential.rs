//! Generated policies, frames and edits of the policies before program and oracle: any difference is a bug in one of them.
//!
//! `XIOT_SEED` starts from a seed, `XIOT_FRAMES` sets how many frames are compared, `XIOT_HOURS` for how long.

#![expect(clippy::panic, reason = "helpers of a test fail it by panicking")]

use std::time::Instant;

use proptest::{
    strategy::{Strategy as _, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use xiot_agent::{model::policy::Policy, oracle::Limits};
use xiot_common::reason::{Class, Reason};
use xiot_tests::{
    compare::{Difference, Trial, first_difference_of_steps},
    coverage::Seen,
    effort::{self, Effort},
    generate::{Dice, Traffic, policies, wires},
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

#[test]
fn program_and_oracle_agree() {
    let first_seed = effort::seed();
    let effort = Effort::asked(FRAMES);
    println!("XIOT_SEED={first_seed}, {effort:?}");
    let wires = wires();
    let mut progs = limits().map(Prog::load_limited);
    let start = Instant::now();
    let mut seen = Seen::default();
    let (mut frames, mut hits, mut swaps) = (0, 0, 0);
    let mut seed = first_seed;
    while !effort.is_spent(frames) {
        let room = usize::from(seed.is_multiple_of(TIGHT_EVERY));
        let prog = &mut progs[room];
        let mut tree = policy(seed);
        let policy = tree.current();
        let steps = Traffic::new(seed, &policy).steps(STEPS);
        let policies = step::policies(&policy, &steps);
        let mut trial = Trial::over(prog, &policies, &wires);
        let mut judged = Ok(());
        for step in &steps {
            match trial.step(step) {
                Ok(Some(verdict)) => {
                    frames += 1;
                    seen.count(verdict.reason, verdict.dropped, verdict.flow_hit);
                    hits += u64::from(verdict.flow_hit);
                }
                Ok(None) => swaps += 1,
                Err(difference) => {
                    judged = Err(difference);
                    break;
                }
            }
        }
        let judged = judged.and_then(|()| trial.finish());
        let is_blurred = trial.is_blurred();
        if let Err(difference) = judged {
            // A second that passed unseen explains it, or it comes again.
            explain_and_fail(seed, prog, &mut tree, steps, &difference, is_blurred);
        }
        seed = seed.wrapping_add(1);
    }
    print!("{seen}");
    println!(
        "{frames:9} frames compared, {hits} answered by a flow, {swaps} swaps, {} sequences, {:.0} frames/s",
        seed.wrapping_sub(first_seed),
        f64::from(u32::try_from(frames).unwrap_or(u32::MAX)) / start.elapsed().as_secs_f64()
    );
    for reason in Reason::ALL {
        assert!(
            reason.class() == Class::Gateway || seen.of(*reason) > 0 || frames < FRAMES,
            "{} was never met",
            reason.name()
        );
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
    seed: u64,
    prog: &mut Prog,
    tree: &mut dyn ValueTree<Value = Policy>,
    steps: Vec<Step>,
    first: &Difference,
    is_blurred: bool,
) {
    let wires = wires();
    let limits = prog.limits();
    let mut failure =
        |policy: &Policy, steps: &[Step]| first_difference_of_steps(prog, policy, &wires, steps);
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
        report::write(seed, &wires, limits, &found, &difference)
    );
}
