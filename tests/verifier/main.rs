//! What the verifier makes of every variant of the program: instructions looked at, held against recorded ones; and what frames take.
//!
//! Another kernel counts otherwise, so that numbers are recorded by kernel series; on a kernel without a record they
//! are only printed, and held against the share of the kernel's own limit that is ours.

#![expect(clippy::panic, reason = "helpers of a test fail it by panicking")]

mod cost;
mod empty;
mod lookups;
mod moving;
mod record;
mod variant;

use std::{
    fs,
    time::{Duration, Instant},
};

use xiot_agent::datapath::Datapath;

use crate::{
    record::{Growth, Record},
    variant::{HOP, entry_of, variants},
};

/// Of the million that the kernel grants: what another kernel may see more of.
const LIMIT: u32 = 400_000;

/// Recorded numbers, beside this file.
const FILE: &str = "tests/verifier/instructions.toml";

#[test]
fn instructions_stay_near_those_recorded() {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let release = release.trim();
    let record = Record::of(include_str!("instructions.toml"), release);
    let mut complaints = Vec::new();
    for (name, options) in variants() {
        let start = Instant::now();
        let datapath = Datapath::load(&options)
            .unwrap_or_else(|error| panic!("variant {name} on Linux {release}: {error}"));
        let time = start.elapsed();
        let found = datapath.verified_instructions();
        let judge = found
            .judge
            .unwrap_or_else(|| panic!("Linux {release} does not count instructions"));
        let entry = entry_of(name);
        let all = [
            (name, Some(judge)),
            (entry.as_str(), found.entry),
            (HOP, found.hop),
        ];
        for (name, found) in all {
            let Some(found) = found else { continue };
            println!("{}", line(name, found, time, release));
            complaints.extend(complaint(&record, name, found));
        }
    }
    let start = Instant::now();
    for (name, found) in moving::instructions() {
        let Some(found) = found else { continue };
        println!("{}", line(name, found, start.elapsed(), release));
        complaints.extend(complaint(&record, name, found));
    }
    assert!(
        complaints.is_empty(),
        "verified instructions on Linux {release}:\n{}",
        complaints.join("\n")
    );
}

/// What there is to say against a number.
fn complaint(record: &Record, name: &str, found: u32) -> Option<String> {
    if found > LIMIT {
        return Some(format!("{name}: {found}, above the limit of {LIMIT}"));
    }
    match record.growth(name, found) {
        // On a kernel without a record there is nothing to hold it against.
        Growth::Fits | Growth::NotRecorded => None,
        Growth::TooMuch { recorded } => Some(format!(
            "{name}: {found}, recorded are {recorded}. Find what the verifier walks more often now; if it is worth \
             it, write `{name} = {found}` under [\"{}\"] in {FILE}",
            record.series()
        )),
    }
}

/// One line for each variant, in the form that `cargo xtask kernels` reads.
fn line(name: &str, instructions: u32, time: Duration, release: &str) -> String {
    format!(
        "verified instructions: variant={name} count={instructions} load_ms={} kernel={release}",
        time.as_millis()
    )
}
