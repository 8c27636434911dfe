//! Machines of many kinds, none of which has to exist, for the tests of plans.

use std::path::PathBuf;

use super::plan;
use crate::setup::Needs;
use crate::setup::facts::{Facts, Linker, SystemRust};
use crate::setup::step::{LINKER, NEXTEST, Step};
use crate::setup::tools::TOOLS;
use crate::shell;
use crate::toolchain::{self, Toolchain};

/// A machine of root's with rustup and apt, and nothing else.
pub(in crate::setup::plan) fn fresh() -> Facts {
    Facts {
        is_root: true,
        has_apt: true,
        has_rustup: true,
        missing_components: vec!["clippy", "rustfmt"],
        missing_tools: TOOLS.iter().collect(),
        ..Facts::default()
    }
}

/// A machine where nothing is missing, with the distribution's Rust.
pub(in crate::setup::plan) fn complete() -> Facts {
    Facts {
        toolchains: vec![rust("xiot-bpf", "1.96.0", 22, true)],
        linker: Some(bpf_linker(22)),
        llvm: vec![22],
        has_bpf_clippy: true,
        missing_components: Vec::new(),
        nextest: Some(NEXTEST.to_owned()),
        missing_tools: Vec::new(),
        has_bpffs: true,
        ..fresh()
    }
}

pub(in crate::setup::plan) fn rust(
    name: &str,
    release: &str,
    llvm: u32,
    has_source: bool,
) -> Toolchain {
    Toolchain {
        name: name.to_owned(),
        sysroot: PathBuf::from(if name == "xiot-bpf" {
            "/usr"
        } else {
            "/nowhere"
        }),
        release: release.to_owned(),
        llvm,
        has_source,
    }
}

pub(in crate::setup::plan) fn nightly(llvm: u32, has_source: bool) -> Toolchain {
    rust("nightly", "1.97.0-nightly", llvm, has_source)
}

pub(in crate::setup::plan) fn pinned(has_source: bool) -> Toolchain {
    rust(toolchain::PINNED, "1.97.0-nightly", 22, has_source)
}

pub(in crate::setup::plan) fn bpf_linker(llvm: u32) -> Linker {
    Linker {
        version: LINKER.to_owned(),
        llvm: Some(llvm),
    }
}

pub(in crate::setup::plan) fn system_rust(llvm: u32) -> SystemRust {
    SystemRust {
        llvm,
        has_source: true,
        has_cargo: true,
    }
}

/// The step that installs the distribution's Rust on a machine where all else failed.
pub(in crate::setup::plan) fn distribution() -> Step {
    let facts = Facts {
        toolchains: Vec::new(),
        ..complete()
    };
    let mut steps = plan(&facts, Needs::BUILD, &[Step::InstallNightly]).steps;
    steps.pop().expect("there is one way left")
}

pub(in crate::setup::plan) fn add_source() -> Step {
    Step::AddSource {
        toolchain: "nightly".to_owned(),
    }
}

#[track_caller]
pub(in crate::setup::plan) fn check(
    facts: &Facts,
    needs: Needs,
    failed: &[Step],
    expected: &[&str],
) {
    let plan = plan(facts, needs, failed);
    let commands: Vec<_> = plan
        .steps
        .iter()
        .map(|step| shell::line(&step.command()))
        .collect();
    assert_eq!(
        commands.len(),
        expected.len(),
        "{commands:#?}, blocked: {:#?}",
        plan.blocked
    );
    for (command, expected) in commands.iter().zip(expected) {
        assert!(command.contains(expected), "{command} lacks {expected}");
    }
}

#[track_caller]
pub(in crate::setup::plan) fn check_blocked(
    facts: &Facts,
    needs: Needs,
    failed: &[Step],
    expected: &[&str],
) {
    let plan = plan(facts, needs, failed);
    assert_eq!(plan.steps, []);
    let blocked: Vec<_> = plan.blocked.iter().map(ToString::to_string).collect();
    assert_eq!(blocked.len(), 1, "{blocked:#?}");
    for expected in expected {
        assert!(
            blocked[0].contains(expected),
            "{} lacks {expected}",
            blocked[0]
        );
    }
}
