//! Captures of other people's networks through the program: every frame gets a verdict, nothing is lost, and the
//! oracle says the same.

#![expect(clippy::print_stdout, reason = "says what was skipped")]
#![expect(clippy::panic, reason = "helpers of a test fail it by panicking")]

mod learned;
mod mutate;
mod mutated;

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
};

use xiot_agent::{
    model::policy::{Mode, Policy},
    oracle::Side,
};
use xiot_common::reason::{Class, Reason};
use xiot_tests::{
    capture,
    compare::{Trial, first_difference},
    frame::Mac,
    prog::Prog,
    shot::Shot,
    ward,
};

use self::learned::{learned, source};

/// Shortest frame that the kernel runs.
const SHORTEST: usize = 14;

/// Room for flows.
const ROOM: u32 = 1 << 16;

/// All captures with their frames; none where they are not there.
fn captures() -> Option<Vec<(String, Vec<Vec<u8>>)>> {
    let directory = env::var_os("XIOT_CAPTURES").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/captures"),
        PathBuf::from,
    );
    let index = directory.join("index.csv");
    let Ok(text) = fs::read_to_string(&index) else {
        println!(
            "skipped: no captures at {}; XIOT_CAPTURES names another place",
            directory.display()
        );
        return None;
    };
    let captures = text
        .lines()
        .skip(1)
        .map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            let frames = capture::read(&directory.join(fields[0]));
            assert_eq!(
                frames.len().to_string(),
                fields[3],
                "frames of {}",
                fields[0]
            );
            (fields[0].to_owned(), frames)
        })
        .collect();
    Some(captures)
}

#[test]
fn captures_are_judged_as_the_oracle_judges_them() {
    let Some(captures) = captures() else { return };
    let mut prog = Prog::load(ROOM);
    let mut seen: BTreeMap<Reason, u64> = BTreeMap::new();
    let (mut frames, mut short) = (0, 0);
    for (number, (name, capture)) in captures.iter().enumerate() {
        let policy = learned(number, capture);
        let shots = shots(&policy, capture);
        short += capture.len() - shots.len();
        if let Some(difference) = first_difference(&mut prog, &policy, &ward::wires(), &shots) {
            panic!(
                "{name}: {difference}\n{:02x?}\n{policy:#?}",
                shots[difference.at].frame
            );
        }
        frames += shots.len() as u64;
    }
    let counters = prog
        .counters()
        .reasons([0, 1])
        .expect("counters can be read");
    for counter in counters {
        let total = counter.total.forwarded_frames + counter.total.dropped_frames;
        *seen.entry(counter.reason).or_default() += total;
    }
    for (reason, count) in seen.iter().filter(|(_, count)| **count > 0) {
        println!("{count:9} {}", reason.name());
    }
    println!(
        "{frames:9} frames of {} captures, {short} more left out: no link type known here, or too short for the kernel",
        captures.len()
    );
    assert_eq!(seen.values().sum::<u64>(), frames, "each frame counts once");
    let allowed: u64 = [
        Reason::AllowedRule,
        Reason::AllowedFlow,
        Reason::AllowedService,
    ]
    .map(|reason| seen.get(&reason).copied().unwrap_or(0))
    .iter()
    .sum();
    assert!(
        allowed > frames / 10,
        "the learned rules allow next to nothing"
    );
}

/// Day one: nothing is listed, onboarding is learn, and nothing but nonsense is stopped.
#[test]
fn learning_stops_nothing_that_has_a_meaning() {
    let Some(captures) = captures() else { return };
    let mut prog = Prog::load(ROOM);
    let policy = Policy {
        onboarding: Mode::Learn,
        ..Policy::default()
    };
    let wires = ward::wires();
    let mut malformed = 0;
    for (name, capture) in &captures {
        let mut trial = Trial::new(&mut prog, &policy, &wires);
        let of_capture = learned(0, capture);
        for shot in shots(&of_capture, capture) {
            let verdict = trial
                .judge(&shot)
                .unwrap_or_else(|difference| panic!("{name}: {difference}"));
            let is_malformed = verdict.reason.class() == Class::Malformed;
            assert_eq!(
                verdict.dropped, is_malformed,
                "{name}: {verdict:?} {:02x?}",
                shot.frame
            );
            malformed += u64::from(is_malformed);
        }
        assert_eq!(trial.finish(), Ok(()), "{name}");
    }
    println!("{malformed} malformed frames");
}

/// The capture's frames that the kernel runs: those of devices from the device side, all others from the uplink.
fn shots(policy: &Policy, capture: &[Vec<u8>]) -> Vec<Shot> {
    let devices: BTreeSet<Mac> = policy.devices.iter().map(|device| device.mac).collect();
    capture
        .iter()
        .filter(|frame| frame.len() >= SHORTEST)
        .map(|frame| Shot {
            after: 0,
            wire: 0,
            side: if devices.contains(&source(frame)) {
                Side::Device
            } else {
                Side::Uplink
            },
            frame: frame.clone(),
        })
        .collect()
}
