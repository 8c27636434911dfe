//! `test`: the documentation's examples, then all tests under cargo-nextest.
//!
//! nextest comes last and replaces this process, so that the last line is its summary.

use anyhow::Result;

use crate::binaries::Binaries;
use crate::{shell, tidy};

/// What to run, and for how long.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Options {
    /// Only tests whose name contains one of these
    names: Vec<String>,
    /// Only tests that a nextest filterset matches, such as `binary(differential)`; may be repeated
    #[arg(long, value_name = "EXPRESSION")]
    filter: Vec<String>,
    /// Frames that the differential test and the changed captures compare, instead of its 1,000,000 (`XIOT_FRAMES`)
    #[arg(long, value_name = "COUNT")]
    frames: Option<u64>,
    /// Run each of these tests for this many hours (`XIOT_HOURS`); fractions are fine
    #[arg(long, value_name = "HOURS", conflicts_with = "frames")]
    hours: Option<f64>,
}

impl Options {
    /// Arguments that choose tests and profile.
    fn nextest_args(&self) -> Vec<&str> {
        let long = self.hours.is_some() || self.frames.is_some();
        let mut args = vec!["--profile", if long { "long" } else { "ci" }];
        for expression in &self.filter {
            args.extend(["-E", expression]);
        }
        args.extend(self.names.iter().map(String::as_str));
        args
    }

    /// How the length of the differential test reaches it.
    fn environment(&self) -> Vec<(&'static str, String)> {
        let frames = self.frames.map(|count| ("XIOT_FRAMES", count.to_string()));
        let hours = self.hours.map(|hours| ("XIOT_HOURS", hours.to_string()));
        frames.into_iter().chain(hours).collect()
    }

    fn is_narrowed(&self) -> bool {
        !self.names.is_empty() || !self.filter.is_empty()
    }
}

/// All tests of the build that is shipped.
const SHIPPED: &[&str] = &["--workspace"];

/// The tests of the build whose XDP program logs.
const LOGGING: &[&str] = &[
    "--package=xiot-tests",
    "--features=bpf-log",
    "--test=agent",
    "--test=verifier",
];

/// That the bench works, without a figure of it.
const BENCH: &[&str] = &["--package=xiot-tests", "--features=bench", "--test=bench"];

/// Runs the tests. Does not return when the last of them could be started.
pub(crate) fn run(options: &Options) -> Result<()> {
    shell::announce_root("Tests make network namespaces and load BPF programs")?;
    if !options.is_narrowed() {
        if tidy::has_examples()? {
            shell::run(shell::cargo().args(["test", "--workspace", "--doc", "--quiet"]))?;
        }
        let names = ["bpf_log::", "instructions_stay_near"];
        shell::run(nextest(LOGGING)?.args(["--profile", "ci"]).args(names))?;
        shell::run(nextest(BENCH)?.args(["--profile", "ci"]))?;
    }
    shell::become_it(
        nextest(SHIPPED)?
            .args(options.nextest_args())
            .envs(options.environment()),
    )
}

/// A run of nextest over this part of the workspace.
fn nextest(what: &[&str]) -> Result<std::process::Command> {
    if shell::is_root() {
        let mut nextest = shell::cargo();
        nextest.args(["nextest", "run"]).args(what);
        Ok(nextest)
    } else {
        as_other_user(what)
    }
}

/// Builds as the user who asked and runs as root, so that root leaves no file in the build
/// directory. nextest itself runs as root, not each test: it must be able to end a hung one.
fn as_other_user(what: &[&str]) -> Result<std::process::Command> {
    let binaries = Binaries::build(what, &shell::target_dir().join("nextest-as-root"))?;
    let mut nextest = shell::as_root("cargo-nextest");
    binaries.run_by(&mut nextest);
    Ok(nextest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_run_takes_everything_under_the_ci_profile() {
        let options = Options::default();
        assert_eq!(options.nextest_args(), ["--profile", "ci"]);
        assert_eq!(options.environment(), []);
        assert!(!options.is_narrowed());
    }

    #[test]
    fn a_long_run_tells_the_test_and_lifts_its_time_limit() {
        let options = Options {
            filter: vec!["binary(differential)".to_owned()],
            hours: Some(0.5),
            ..Options::default()
        };
        assert_eq!(
            options.nextest_args(),
            ["--profile", "long", "-E", "binary(differential)"]
        );
        assert_eq!(options.environment(), [("XIOT_HOURS", "0.5".to_owned())]);
    }
}
