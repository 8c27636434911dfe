//! Test binaries built here and run elsewhere: by root, or by another kernel. nextest is told where they are.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use crate::shell;

/// What nextest has to know to run tests without cargo: two files.
#[derive(Debug)]
pub(crate) struct Binaries {
    metadata: PathBuf,
    list: PathBuf,
}

impl Binaries {
    /// Builds the tests of this part of the workspace and describes them in `dir`.
    pub(crate) fn build(what: &[&str], dir: &Path) -> Result<Self> {
        fs::create_dir_all(dir).with_context(|| format!("could not create {}", dir.display()))?;
        let metadata = dir.join("metadata.json");
        describe(&["metadata", "--format-version", "1"], &metadata)?;
        let list = ["nextest", "list"]
            .iter()
            .chain(what)
            .chain(&["--list-type", "binaries-only", "--message-format", "json"])
            .copied()
            .collect::<Vec<_>>();
        let binaries = dir.join("binaries.json");
        describe(&list, &binaries)?;
        Ok(Self {
            metadata,
            list: binaries,
        })
    }

    /// Makes `cargo-nextest` run these.
    pub(crate) fn run_by(&self, nextest: &mut Command) {
        nextest
            .args(["nextest", "run", "--cargo-metadata"])
            .arg(&self.metadata)
            .arg("--binaries-metadata")
            .arg(&self.list);
    }
}

fn describe(args: &[&str], path: &Path) -> Result<()> {
    let mut cargo = shell::cargo();
    cargo.args(args).stderr(Stdio::inherit());
    let text =
        shell::output(&mut cargo).with_context(|| format!("{} failed", shell::line(&cargo)))?;
    fs::write(path, text).with_context(|| format!("could not write {}", path.display()))
}
