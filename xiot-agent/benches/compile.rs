//! How long a policy takes to compile, what it takes in the image, and how much memory meanwhile.
//!
//! `cargo bench -p xiot-agent --bench compile`. Times are on the processor, not waiting for it: medians of five runs with
//! their extremes. Memory is the growth of the resident set at its peak, image included, policy excluded.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[path = "../src/compile/tests/build.rs"]
mod build;

use std::{fs, io, time::Duration};

use xiot_agent::{
    compile::{Assignment, Image, Limits, compile},
    model::{self, policy::Policy},
};

const RUNS: usize = 5;

/// Nothing is refused for its size.
const LIMITS: Limits = Limits {
    slot_lines: 1 << 24,
    devices: 1 << 24,
    rules: 1 << 24,
};

fn main() -> io::Result<()> {
    println!(
        "{:>8} {:>9} {:>9} {:>10} {:>9} {:>9} {:>9} {:>10}",
        "devices", "profiles", "rules", "cpu ms", "min", "max", "lines", "peak MiB"
    );
    for (devices, profiles, rules) in [
        (1_000, 50, 1_000),
        (10_000, 100, 10_000),
        (100_000, 200, 100_000),
        (100_000, 1_000, 1_000_000),
        (100_000, 1, 1_000_000),
    ] {
        let policy = build::large(devices, profiles, rules);
        let (peak, image) = peak_of(|| run(&policy))?;
        let mut times: Vec<Duration> = (0..RUNS)
            .map(|_| {
                let start = on_processor()?;
                let again = run(&policy);
                let took = on_processor()?.saturating_sub(start);
                assert_eq!(again.header.digest, image.header.digest);
                Ok(took)
            })
            .collect::<io::Result<_>>()?;
        times.sort_unstable();
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        println!(
            "{devices:>8} {profiles:>9} {rules:>9} {:>10.1} {:>9.1} {:>9.1} {:>9} {:>10.1}",
            ms(times[RUNS / 2]),
            ms(times[0]),
            ms(times[RUNS - 1]),
            image.lines.len(),
            f64::from(peak) / 1024.0,
        );
    }
    Ok(())
}

fn run(policy: &Policy) -> Image {
    compile(policy, &[], &LIMITS, &Assignment::fresh(policy), 1, 0).expect("the policy fits")
}

/// Growth of the resident set at its peak, in KiB.
fn peak_of<T>(work: impl FnOnce() -> T) -> io::Result<(u32, T)> {
    let before = status("VmRSS:")?;
    fs::write("/proc/self/clear_refs", "5")?;
    let result = work();
    Ok((status("VmHWM:")?.saturating_sub(before), result))
}

/// Time that this thread has run.
fn on_processor() -> io::Result<Duration> {
    let statistics = fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds = statistics.split_whitespace().next();
    let nanoseconds = nanoseconds.and_then(|number| number.parse().ok());
    nanoseconds
        .map(Duration::from_nanos)
        .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
}

fn status(field: &str) -> io::Result<u32> {
    let status = fs::read_to_string("/proc/self/status")?;
    let words = status.lines().find_map(|line| line.strip_prefix(field));
    let number = words.and_then(|words| words.split_whitespace().next()?.parse().ok());
    number.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
}
