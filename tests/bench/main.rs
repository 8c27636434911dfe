//! The bench of `cargo xtask bench`: what a frame costs and what a policy costs, beside what else there is, in one run.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench prints its figures and how far it is"
)]

mod args;
mod control;
mod cost;
mod docs;
mod effort;
mod latency;
mod machine;
mod rate;
mod report;
mod rig;
mod stats;
mod table;

use std::time::Instant;

use clap::Parser as _;

use crate::{
    args::Args,
    effort::Effort,
    machine::Ticks,
    report::Report,
    rig::{frames::Family, site::Site},
};

fn main() {
    let args = Args::parse();
    if let Some(rules) = args.child {
        let site = Site::new(rules, Family::Ipv4);
        control::size::print(&Site {
            is_separate: args.separate,
            ..site
        });
        return;
    }
    let effort = Effort::of(args.run());
    let mut report = Report::new(args.run().name(), effort.rounds);
    let begun = Instant::now();
    let ticks = Ticks::now();
    for suite in args.suites() {
        eprintln!("{}", suite.name());
        suite.run(&effort, &mut report);
    }
    report.took_seconds = begun.elapsed().as_secs_f64();
    report.stolen_percent = ticks.stolen_since();
    table::print(&report);
    if let Some(path) = &args.json {
        let text = serde_json::to_string_pretty(&report).expect("plain values");
        std::fs::write(path, text + "\n").expect("the file can be written");
    }
    if args.docs {
        docs::write(&report).expect("docs/performance.md can be written");
    }
}
