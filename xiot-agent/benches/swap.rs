//! How long it takes to put another policy in force: number, compile, write and read back, flip and wait.
//!
//! `cargo bench -p xiot-agent --bench swap`, as root. Wall-clock times, medians of five swaps between two policies that
//! differ in one rule.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[path = "../src/compile/tests/build.rs"]
mod build;

use std::time::{Duration, Instant};

use xiot_agent::{
    compile::{Assignment, Limits, compile},
    datapath::{Capacity, Datapath, Options},
    model::{
        self,
        policy::{Clause, Policy},
    },
};

const RUNS: usize = 5;

fn main() {
    println!(
        "{:>8} {:>9} {:>10} {:>10} {:>10} {:>10}",
        "devices", "rules", "number ms", "compile ms", "write ms", "flip ms"
    );
    for (devices, profiles, rules, slot_lines) in [
        (10_000, 100, 10_000, 1 << 16),
        (100_000, 200, 100_000, 1 << 19),
        (100_000, 1_000, 1_000_000, 1 << 21),
    ] {
        let limits = Limits {
            slot_lines,
            devices: devices + 1,
            rules: rules + 1,
        };
        let first = build::large(devices, profiles, rules);
        let second = other(&first);
        let mut datapath = load(&limits);
        let mut ids = Assignment::fresh(&first);
        let mut figures: [Vec<Duration>; 4] = Default::default();
        for run in 0..=RUNS {
            let policy = if run % 2 == 0 { &first } else { &second };
            let start = Instant::now();
            let (next, _) = ids.follow(policy, &limits).expect("it fits");
            let numbered = start.elapsed();
            let start = Instant::now();
            let image = compile(policy, &[], &limits, &next, 1, 0).expect("it fits");
            let compiled = start.elapsed();
            let applied = datapath.apply(&image).expect("it fits");
            ids = next;
            // The first one waits for nobody.
            if run > 0 {
                let times = [numbered, compiled, applied.written, applied.settled];
                for (all, time) in figures.iter_mut().zip(times) {
                    all.push(time);
                }
            }
        }
        let [numbered, compiled, written, settled] = figures.map(median);
        println!(
            "{devices:>8} {rules:>9} {numbered:>10.1} {compiled:>10.1} {written:>10.1} {settled:>10.1}"
        );
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

/// In milliseconds.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e3
}
