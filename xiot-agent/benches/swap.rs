//! How long it takes to put a policy in force: number and compile, write and compare, flip; then what nobody waits for.
//!
//! `cargo bench -p xiot-agent --bench swap`, as root. Wall-clock times in milliseconds: the first policy, then medians
//! (least to most) of policies that differ from the one before in one rule, or in one device. `in force` is the sum of compile,
//! write and flip. A number as argument measures only the shape in that row, for a peak of memory of its own.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod control;

use std::{env, time::Duration};

use control::{Shape, Times};

const RUNS: usize = 11;

const SHAPES: [(u32, u32, u32, u32); 5] = [
    (1_000, 50, 1_000, 1 << 14),
    (10_000, 100, 10_000, 1 << 16),
    (100_000, 200, 100_000, 1 << 19),
    (100_000, 100, 1_000_000, 1 << 21),
    (100_000, 100_000, 1_000_000, 1 << 22),
];

fn main() {
    println!(
        "{:>8} {:>9} {:>9} {:>7} {:>20} {:>20} {:>20} {:>9} {:>20} {:>20} {:>9}",
        "devices",
        "profiles",
        "rules",
        "",
        "in force",
        "compile",
        "write",
        "flip",
        "readers",
        "ready",
        "peak MiB"
    );
    let only = env::args().find_map(|argument| argument.parse::<usize>().ok());
    for (row, (devices, profiles, rules, slot_lines)) in (1..).zip(SHAPES) {
        if only.is_some_and(|only| only != row) {
            continue;
        }
        let shape = Shape {
            devices,
            profiles,
            rules,
            slot_lines,
        };
        let figures = control::measure(shape, RUNS);
        print(shape, figures.peak, "first", &[figures.first]);
        let [rules, devices] = &figures.deltas;
        print(shape, figures.peak, "rule", rules);
        print(shape, figures.peak, "device", devices);
    }
}

fn print(shape: Shape, peak: u64, what: &str, times: &[Times]) {
    let Shape {
        devices,
        profiles,
        rules,
        ..
    } = shape;
    let of = |step: fn(&Times) -> Duration| spread(times.iter().map(step).collect());
    let flip = times.iter().map(|it| it.flip).max().unwrap_or_default();
    println!(
        "{devices:>8} {profiles:>9} {rules:>9} {what:>7} {:>20} {:>20} {:>20} {:>9.4} {:>20} {:>20} {:>9}",
        of(Times::in_force),
        of(|it| it.compile),
        of(|it| it.write),
        flip.as_secs_f64() * 1e3,
        of(|it| it.settle),
        of(|it| it.ready),
        peak / 1024,
    );
}

/// Median, least and most.
fn spread(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let (least, most) = (times[0], times[times.len() - 1]);
    format!(
        "{:.2} ({:.2}-{:.2})",
        ms(times[times.len() / 2]),
        ms(least),
        ms(most)
    )
}
