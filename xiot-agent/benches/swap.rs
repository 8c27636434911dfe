//! How long it takes to put a policy in force: number, compile, write and compare, flip and wait.
//!
//! `cargo bench -p xiot-agent --bench swap`, as root. Wall-clock times in milliseconds: the first policy, then medians
//! (least to most) of swaps between two policies that differ in one rule.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod control;

use std::time::Duration;

use control::{Figures, Shape, Times};

const RUNS: usize = 5;

fn main() {
    println!(
        "{:>8} {:>9} {:>9} {:>6} {:>24} {:>24} {:>24} {:>24} {:>9}",
        "devices", "profiles", "rules", "", "number", "compile", "write", "flip", "peak MiB"
    );
    for (devices, profiles, rules, slot_lines) in [
        (1_000, 50, 1_000, 1 << 14),
        (10_000, 100, 10_000, 1 << 16),
        (100_000, 200, 100_000, 1 << 19),
        (100_000, 100, 1_000_000, 1 << 21),
        (100_000, 100_000, 1_000_000, 1 << 22),
    ] {
        let shape = Shape {
            devices,
            profiles,
            rules,
            slot_lines,
        };
        let figures = control::measure(shape, RUNS);
        print(shape, &figures, "first", &[figures.first]);
        print(shape, &figures, "delta", &figures.deltas);
    }
}

fn print(shape: Shape, figures: &Figures, what: &str, times: &[Times]) {
    let Shape {
        devices,
        profiles,
        rules,
        ..
    } = shape;
    let of = |step: fn(&Times) -> Duration| spread(times.iter().map(step).collect());
    println!(
        "{devices:>8} {profiles:>9} {rules:>9} {what:>6} {:>24} {:>24} {:>24} {:>24} {:>9}",
        of(|it| it.number),
        of(|it| it.compile),
        of(|it| it.write),
        of(|it| it.settle),
        figures.peak / 1024,
    );
}

/// Median, least and most.
fn spread(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let (least, most) = (times[0], times[times.len() - 1]);
    format!(
        "{:.1} ({:.1}-{:.1})",
        ms(times[times.len() / 2]),
        ms(least),
        ms(most)
    )
}
