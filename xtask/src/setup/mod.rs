//! `setup`: look, decide, act, until nothing is left to do.
//!
//! `facts` looks, `plan` decides, `step` says how; this file acts. Every step is tried once: one that
//! fails is not the end while another way leads to the same.

mod facts;
mod packages;
mod plan;
mod step;
mod tools;

use anyhow::{Result, bail};

use crate::setup::facts::Facts;
use crate::setup::plan::{Plan, plan};
use crate::setup::step::{NEXTEST, Step};
use crate::setup::tools::TOOLS;
use crate::shell;

/// What a command needs beyond the toolchain that builds the XDP program, which all need.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    /// Lint and format tools.
    pub(crate) lint: bool,
    /// The test runner.
    pub(crate) test: bool,
    /// The programs and the file system that running xiot takes.
    pub(crate) run: bool,
}

impl Needs {
    /// To build.
    pub(crate) const BUILD: Self = Self {
        lint: false,
        test: false,
        run: false,
    };
    /// To lint.
    pub(crate) const LINT: Self = Self {
        lint: true,
        ..Self::BUILD
    };
    /// To run the demo.
    pub(crate) const DEMO: Self = Self {
        run: true,
        ..Self::BUILD
    };
    /// To test.
    pub(crate) const TEST: Self = Self {
        test: true,
        ..Self::DEMO
    };
    /// Everything.
    pub(crate) const ALL: Self = Self {
        lint: true,
        ..Self::TEST
    };
}

/// Installs what is missing. Says nothing where nothing is.
pub(crate) fn ensure(needs: Needs) -> Result<()> {
    complete(Facts::gather(needs), needs).map(|_facts| ())
}

/// Installs what is missing, and says what was found and what was done.
pub(crate) fn explain() -> Result<()> {
    let facts = Facts::gather(Needs::ALL);
    let before = describe(&facts);
    eprintln!("Found:\n{before}");
    let after = describe(&complete(facts, Needs::ALL)?);
    if after == before {
        eprintln!("Nothing to install.");
    } else {
        eprintln!("Now there is:\n{after}");
    }
    Ok(())
}

/// Acts on plans until one is empty. Ends, since a plan holds no step that was tried before.
fn complete(mut facts: Facts, needs: Needs) -> Result<Facts> {
    let mut tried: Vec<Step> = Vec::new();
    let mut installer = packages::Installer::default();
    loop {
        let Plan { steps, blocked } = plan(&facts, needs, &tried);
        if steps.is_empty() {
            if blocked.is_empty() {
                return Ok(facts);
            }
            eprintln!("\nSet-up could not do these:");
            for piece in &blocked {
                eprintln!("missing: {piece}");
            }
            bail!("set-up is incomplete; run the above, then `cargo xtask setup` again");
        }
        for step in steps {
            eprintln!("missing: {}", step.why());
            let result = match &step {
                Step::Packages { .. } => installer.install(&step),
                Step::AddSource { .. }
                | Step::InstallNightly
                | Step::LinkSystemRust
                | Step::InstallLinker { .. }
                | Step::InstallNextest
                | Step::AddComponents(_)
                | Step::AddClippy { .. }
                | Step::MountBpffs => shell::run(&mut step.command()),
            };
            if let Err(error) = result {
                eprintln!("set-up: {error:#}");
            }
            tried.push(step);
        }
        facts = Facts::gather(needs);
    }
}

fn describe(facts: &Facts) -> String {
    let line = |name: &str, found: String| format!("  {name:<16}{found}\n");
    let none = || "none".to_owned();
    let mut text = line(
        "BPF toolchain",
        facts.bpf_toolchain().map_or_else(none, |chosen| {
            let source = if chosen.has_source { "with" } else { "without" };
            let Some(release) = chosen.release.split_whitespace().next() else {
                return chosen.name;
            };
            format!(
                "{} (Rust {release}, LLVM {}, {source} sources)",
                chosen.name, chosen.llvm
            )
        }),
    );
    text += &line(
        "bpf-linker",
        facts.linker.as_ref().map_or_else(none, |linker| {
            let llvm = linker
                .llvm
                .map_or_else(|| "unknown".to_owned(), |llvm| llvm.to_string());
            format!("{} (LLVM {llvm})", linker.version)
        }),
    );
    let lints = if facts.missing_components.is_empty() {
        "clippy, rustfmt"
    } else {
        "incomplete"
    };
    let for_bpf = if facts.has_bpf_clippy {
        "; clippy for BPF"
    } else {
        ""
    };
    text += &line("lints", format!("{lints}{for_bpf}"));
    text += &line(
        "cargo-nextest",
        facts
            .nextest
            .clone()
            .unwrap_or_else(|| format!("none ({NEXTEST} wanted)")),
    );
    let present = TOOLS
        .iter()
        .filter(|tool| !facts.missing_tools.contains(tool));
    let present: Vec<_> = present.map(|tool| tool.program).collect();
    text += &line("programs", present.join(" "));
    if !facts.missing_tools.is_empty() {
        let missing: Vec<_> = facts
            .missing_tools
            .iter()
            .map(|tool| tool.program)
            .collect();
        text += &line("  missing", missing.join(" "));
    }
    text + &line(
        "BPF file system",
        if facts.has_bpffs {
            "mounted".to_owned()
        } else {
            none()
        },
    )
}
