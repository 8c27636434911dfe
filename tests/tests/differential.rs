//! Generated policies and frames before program and oracle: any difference is a bug in one of them.
//!
//! `XIOT_SEED` starts from a seed, `XIOT_FRAMES` sets how many frames are compared, `XIOT_HOURS` for how long.

#![expect(clippy::panic, reason = "helpers of a test fail it by panicking")]

use std::{
    collections::BTreeMap,
    env,
    time::{Duration, Instant, SystemTime},
};

use proptest::{
    strategy::{Strategy as _, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use xiot_agent::model::policy::Policy;
use xiot_common::reason::{Class, Reason};
use xiot_tests::{
    compare::{Trial, first_difference},
    generate::{Dice, Traffic, policies, wires},
    prog::Prog,
    report,
    shot::Shot,
    shrink::shrink,
};

/// Frames compared where nothing else is asked for.
const FRAMES: u64 = 120_000;

/// Frames under one policy.
const FRAMES_PER_POLICY: u64 = 1000;

/// Room for flows that never runs out, and room that does.
const ROOMS: [u32; 2] = [4096, 8];

/// Every so many policies there is little room.
const TIGHT_EVERY: u64 = 8;

#[test]
fn program_and_oracle_agree() {
    let first_seed = number("XIOT_SEED").unwrap_or_else(seed_by_clock);
    let until = Until::asked();
    println!("XIOT_SEED={first_seed}, {until:?}");
    let wires = wires();
    let mut progs = ROOMS.map(Prog::load);
    let mut seen: BTreeMap<Reason, u64> = BTreeMap::new();
    let (mut frames, mut hits) = (0, 0);
    let mut seed = first_seed;
    while !until.is_over(frames) {
        let room = usize::from(seed.is_multiple_of(TIGHT_EVERY));
        let prog = &mut progs[room];
        let mut tree = policy(seed);
        let policy = tree.current();
        let mut trial = Trial::new(prog, &policy, &wires);
        let mut shots: Vec<Shot> = Vec::new();
        for shot in traffic(seed, &policy) {
            let judged = trial.judge(&shot);
            shots.push(shot);
            let Ok(verdict) = judged else {
                explain_and_fail(seed, prog, &mut tree, shots);
            };
            frames += 1;
            *seen.entry(verdict.reason).or_default() += 1;
            hits += u64::from(verdict.flow_hit);
        }
        if trial.finish().is_err() {
            explain_and_fail(seed, prog, &mut tree, shots);
        }
        seed = seed.wrapping_add(1);
    }
    for (reason, count) in &seen {
        println!("{count:9} {}", reason.name());
    }
    println!(
        "{frames:9} frames compared, {hits} answered by a flow, {} policies",
        seed.wrapping_sub(first_seed)
    );
    for reason in Reason::ALL {
        assert!(
            reason.class() == Class::Gateway || seen.contains_key(reason) || frames < FRAMES,
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

/// The frames of a seed under its policy.
fn traffic(seed: u64, policy: &Policy) -> impl Iterator<Item = Shot> {
    let frames = usize::try_from(FRAMES_PER_POLICY).expect("few frames");
    Traffic::new(seed, policy).take(frames)
}

fn explain_and_fail(
    seed: u64,
    prog: &mut Prog,
    tree: &mut dyn ValueTree<Value = Policy>,
    shots: Vec<Shot>,
) -> ! {
    let wires = wires();
    let mut failure =
        |policy: &Policy, shots: &[Shot]| first_difference(prog, policy, &wires, shots);
    let found = shrink(tree, shots, &mut |policy, shots| {
        failure(policy, shots).map(|difference| difference.at)
    });
    let Some(difference) = failure(&found.policy, &found.shots) else {
        panic!("XIOT_SEED={seed}: a difference that does not repeat");
    };
    panic!("{}", report::write(seed, &wires, &found, &difference));
}

/// When to stop.
#[derive(Debug)]
enum Until {
    Frames(u64),
    Time(Instant, Duration),
}

impl Until {
    fn asked() -> Self {
        let hours = env::var("XIOT_HOURS").ok().map(|text| {
            let hours: f64 = text.parse().expect("XIOT_HOURS is a number");
            Duration::from_secs_f64(hours * 3600.0)
        });
        match hours {
            Some(time) => Self::Time(Instant::now(), time),
            None => Self::Frames(number("XIOT_FRAMES").unwrap_or(FRAMES)),
        }
    }

    fn is_over(&self, frames: u64) -> bool {
        match self {
            Self::Frames(wanted) => frames >= *wanted,
            Self::Time(start, time) => start.elapsed() >= *time,
        }
    }
}

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is a number, not {text}")),
    )
}

fn seed_by_clock() -> u64 {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .expect("a clock after 1970");
    // Seven digits are easily copied.
    (now.as_secs() ^ u64::from(now.subsec_nanos())) % 10_000_000
}
