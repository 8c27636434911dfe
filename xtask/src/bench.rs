//! `bench`: builds the bench and becomes it.

use std::path::PathBuf;

use anyhow::Result;

use crate::shell;

/// What to measure, and what to write.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Options {
    /// Only what the table of ratios needs, in less than five minutes
    #[arg(long)]
    quick: bool,
    /// Write all figures to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Only these suites: rate, cost, control, latency
    #[arg(long, value_name = "NAME", num_args = 1..)]
    suite: Vec<String>,
    /// Write docs/performance.md and its plots; a full run of all suites does
    #[arg(long)]
    docs: bool,
}

/// Builds with optimization, then measures. Does not return when the bench could be started.
pub(crate) fn run(options: &Options) -> Result<()> {
    shell::announce_root("The bench makes network namespaces and loads BPF programs")?;
    shell::run(shell::cargo().args(BUILD))?;
    let bench = shell::target_dir().join("release/xiot-bench");
    shell::become_it(shell::as_root(bench).args(options.args()))
}

const BUILD: &[&str] = &[
    "build",
    "--release",
    "--package=xiot-tests",
    "--features=bench",
    "--bins",
];

impl Options {
    fn args(&self) -> Vec<String> {
        let mut args = Vec::new();
        if self.quick {
            args.push("--quick".to_owned());
        }
        if let Some(json) = &self.json {
            // The bench runs in the workspace's directory; the file is meant from where this was called.
            let json = std::path::absolute(json).unwrap_or_else(|_no_directory| json.clone());
            args.push(format!("--json={}", json.display()));
        }
        args.extend(self.suite.iter().map(|suite| format!("--suite={suite}")));
        if self.docs || !self.quick && self.suite.is_empty() {
            args.push("--docs".to_owned());
        }
        args
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_full_run_writes_the_documents_unasked() {
        let full = Options::default();
        assert_eq!(full.args(), ["--docs"]);
        let quick = Options {
            quick: true,
            json: Some("/tmp/b.json".into()),
            suite: vec!["rate".to_owned()],
            docs: false,
        };
        assert_eq!(
            quick.args(),
            ["--quick", "--json=/tmp/b.json", "--suite=rate"]
        );
    }
}
