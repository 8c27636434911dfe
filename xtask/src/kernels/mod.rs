//! `kernels`: the tests against the kernel once more, on older kernels of the distribution.
//!
//! `series` names the kernels, `packages` fetches them, `guest` makes a system around each that sees this machine's
//! files, `emulator` runs it, `outcome` reads what came back. Nothing is installed, and all files are below
//! `target/kernels`.

mod emulator;
mod guest;
mod machine;
mod mirror;
mod modules;
mod outcome;
mod packages;
mod series;

use std::{ffi::OsStr, path::PathBuf};

use anyhow::{Result, bail};

use crate::binaries::Binaries;
use crate::kernels::emulator::{Accel, Emulator};
use crate::kernels::guest::Guest;
use crate::kernels::outcome::{Outcome, table};
use crate::kernels::series::Series;
use crate::shell;

/// Which kernels, and what to run on them.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// Only tests whose name contains one of these
    names: Vec<String>,
    /// Only tests that a nextest filterset matches, such as `binary(datapath)`; may be repeated
    #[arg(long, value_name = "EXPRESSION")]
    filter: Vec<String>,
    /// Only this kernel series, such as 6.1; may be repeated
    #[arg(long, value_name = "SERIES")]
    kernel: Vec<Series>,
    /// How the guest's processor is made [default: kvm where it can boot the kernel, else tcg]
    #[arg(long, value_enum)]
    accel: Option<Accel>,
    /// Frames that the differential test compares (`XIOT_FRAMES`)
    #[arg(long, value_name = "COUNT", default_value_t = 20_000)]
    frames: u64,
    /// Fetch the newest packages, rather than use those of the last run
    #[arg(long)]
    fresh: bool,
}

/// Tests that ask the kernel nothing are left out: they would tell the same on each. So is the one of costs: what an emulated
/// processor takes says nothing of a real one.
const TOUCHES_THE_KERNEL: &str = "kind(test) - binary(generator) - binary(package) - test(=cost::frames_take_few_empty_programs)";

/// The tests, built for an emulated processor.
const TESTS: &[&str] = &["--package", "xiot-tests", "--cargo-profile", "kernels"];

/// Seconds that tests wait for what must happen: an emulated processor, and perhaps a busy one.
const PATIENCE: &str = "300";

impl Options {
    fn series(&self) -> Vec<Series> {
        if self.kernel.is_empty() {
            return series::KNOWN.to_vec();
        }
        let mut chosen = self.kernel.clone();
        chosen.dedup();
        chosen
    }

    /// The runner's command in the guest, where all paths are those of this machine.
    fn command(&self, binaries: &Binaries) -> std::process::Command {
        let mut nextest = shell::command("cargo-nextest");
        binaries.run_by(&mut nextest);
        // What tests are told here, such as where captures are, holds in the guest too.
        let told = std::env::vars_os().filter(|(name, _)| is_of_tests(name));
        nextest
            .envs(told)
            .env("XIOT_FRAMES", self.frames.to_string())
            .env("XIOT_PATIENCE", PATIENCE)
            .args(["--profile", "kernels", "-E"]);
        if self.filter.is_empty() {
            nextest.arg(TOUCHES_THE_KERNEL);
        } else {
            nextest.arg(self.filter.join(" | "));
        }
        nextest.args(&self.names);
        nextest
    }
}

/// Whether a variable is one that tests read.
fn is_of_tests(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b"XIOT_")
}

/// Runs the tests on every kernel that was asked for, and fails when any of them did not pass.
pub(crate) fn run(options: &Options) -> Result<()> {
    if std::env::consts::ARCH != "x86_64" {
        bail!("the kernels that are fetched are of x86-64, and the tests built here are not");
    }
    let dir = dir();
    let binaries = Binaries::build(TESTS, &dir.join("tests"))?;
    let mut emulator = Emulator::find(&dir, options.accel, options.fresh)?;
    let command = options.command(&binaries);
    let mut outcomes: Vec<(Series, Result<Outcome>)> = Vec::new();
    for series in options.series() {
        let outcome = packages::kernel(series, &dir, options.fresh)
            .and_then(|kernel| Guest::make(&kernel, &dir.join(series.name), &command))
            .and_then(|guest| emulator.run(&guest));
        if let Err(error) = &outcome {
            eprintln!("error: {error:#}");
        }
        outcomes.push((series, outcome));
    }
    eprint!("\n{}", table(&outcomes));
    let failed: Vec<_> = outcomes
        .iter()
        .filter(|(_, outcome)| !outcome.as_ref().is_ok_and(Outcome::passed))
        .map(|(series, _)| series.name)
        .collect();
    if !failed.is_empty() {
        bail!("the tests did not pass on Linux {}", failed.join(", "));
    }
    Ok(())
}

/// Where everything of this command is kept.
fn dir() -> PathBuf {
    shell::target_dir().join("kernels")
}
