//! From what is there to what has to be done. Decides, and neither looks nor acts.

use std::fmt;

use crate::setup::Needs;
use crate::setup::facts::Facts;
use crate::setup::step::{LINKER, LINKER_LLVM, NEXTEST, SYSTEM_RUST, Step};
use crate::shell;
use crate::toolchain::{self, Toolchain};

/// What set-up will do next, and what it can't.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// To be done in this order.
    pub(crate) steps: Vec<Step>,
    /// Needed, and beyond set-up.
    pub(crate) blocked: Vec<Blocked>,
}

/// A missing piece that set-up can't install.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Blocked {
    /// What is missing and why it is needed.
    pub(crate) what: String,
    /// The command to run, or what to do.
    pub(crate) remedy: String,
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n    run: {}", self.what, self.remedy)
    }
}

/// Where a way to a working BPF toolchain leads.
enum Way {
    Ready,
    Steps(Vec<Step>),
    DeadEnd(String),
}

/// Decides what is next. `failed` are steps that were tried and did not help: none is planned again,
/// and where there is another way it is taken.
pub(crate) fn plan(facts: &Facts, needs: Needs, failed: &[Step]) -> Plan {
    let mut wishes = Vec::new();
    let mut blocked = Vec::new();
    if needs.lint && !facts.missing_components.is_empty() {
        wishes.push(Step::AddComponents(facts.missing_components.clone()));
    }
    if !facts.missing_tools.is_empty() {
        wishes.push(tools(facts));
    }
    match bpf(facts, failed) {
        Way::Ready => wishes.extend(bpf_clippy(facts, needs, failed)),
        Way::Steps(steps) => wishes.extend(steps),
        Way::DeadEnd(what) => blocked.push(no_bpf(facts, &what)),
    }
    if needs.test
        && !facts
            .nextest
            .as_deref()
            .is_some_and(|found| at_least(found, NEXTEST))
    {
        wishes.push(Step::InstallNextest);
    }
    if needs.run && !facts.has_bpffs {
        wishes.push(Step::MountBpffs);
    }
    let (impossible, steps): (Vec<_>, Vec<_>) = wishes
        .into_iter()
        .partition(|step| failed.contains(step) || !is_possible(step, facts));
    blocked.extend(impossible.iter().map(|step| by_hand(step, facts)));
    Plan { steps, blocked }
}

/// Ways to a compiler and a linker for the XDP program, best first: what a build would take as things
/// are; rustup's nightly; the distribution's Rust.
fn bpf(facts: &Facts, failed: &[Step]) -> Way {
    if !facts.has_rustup {
        return Way::DeadEnd(
            "rustup is missing: builds find their toolchains through it".to_owned(),
        );
    }
    let mut dead_ends = Vec::new();
    let mut ways: Vec<fn(&Facts, &[Step]) -> Way> = vec![as_things_are];
    if facts.wanted.is_none() {
        ways.extend([nightly as fn(&Facts, &[Step]) -> Way, system]);
    }
    for way in ways {
        match way(facts, failed) {
            Way::DeadEnd(reason) => dead_ends.push(reason),
            way @ (Way::Ready | Way::Steps(_)) => return way,
        }
    }
    Way::DeadEnd(dead_ends.join("; "))
}

fn as_things_are(facts: &Facts, failed: &[Step]) -> Way {
    match (facts.bpf_toolchain(), &facts.wanted) {
        (Some(chosen), _) if chosen.has_source => linker(&chosen, facts, failed),
        (Some(chosen), _) => source(&chosen, failed),
        (None, Some(name)) => Way::DeadEnd(format!(
            "{}={name} names a toolchain that rustup does not know",
            toolchain::OVERRIDE
        )),
        (None, None) => Way::DeadEnd("rustup has no toolchain with the sources of core".to_owned()),
    }
}

fn nightly(facts: &Facts, failed: &[Step]) -> Way {
    match facts.toolchain("nightly") {
        Some(found) if found.has_source => linker(found, facts, failed),
        Some(found) => source(found, failed),
        None => attempt(
            Step::InstallNightly,
            failed,
            "rustup could not install nightly",
        ),
    }
}

fn system(facts: &Facts, failed: &[Step]) -> Way {
    match &facts.system_rust {
        Some(rust) if !LINKER_LLVM.contains(&rust.llvm) => Way::DeadEnd(format!(
            "the distribution's Rust has LLVM {}, bpf-linker {LINKER} needs {}",
            rust.llvm,
            linker_llvm()
        )),
        Some(rust) if rust.has_source && rust.has_cargo => attempt(
            Step::LinkSystemRust,
            failed,
            "rustup could not link the distribution's Rust",
        ),
        Some(_) | None => {
            let step = Step::Packages {
                names: SYSTEM_RUST.map(str::to_owned).into(),
                why: "a Rust with sources and matching LLVM, which compiles the XDP program"
                    .to_owned(),
            };
            if is_possible(&step, facts) {
                attempt(
                    step,
                    failed,
                    "the distribution's Rust could not be installed",
                )
            } else {
                Way::DeadEnd("the distribution's Rust can't be installed from here".to_owned())
            }
        }
    }
}

fn source(toolchain: &Toolchain, failed: &[Step]) -> Way {
    let reason = format!(
        "toolchain {} could not get the sources of core",
        toolchain.name
    );
    let name = toolchain.name.clone();
    attempt(Step::AddSource { toolchain: name }, failed, &reason)
}

/// The way from a working compiler to the linker that matches it.
fn linker(toolchain: &Toolchain, facts: &Facts, failed: &[Step]) -> Way {
    let llvm = toolchain.llvm;
    let fits = |found: Option<u32>| found.is_none_or(|found| found == llvm);
    if facts
        .linker
        .as_ref()
        .is_some_and(|linker| fits(linker.llvm))
    {
        return Way::Ready;
    }
    if !LINKER_LLVM.contains(&llvm) {
        return Way::DeadEnd(format!(
            "toolchain {} has LLVM {llvm}, bpf-linker {LINKER} needs {}",
            toolchain.name,
            linker_llvm()
        ));
    }
    if !facts.llvm.contains(&llvm) {
        let step = Step::Packages {
            names: vec![format!("llvm-{llvm}-dev")],
            why: format!("bpf-linker is built against the compiler's LLVM {llvm}"),
        };
        let reason = format!("LLVM {llvm}, which bpf-linker is built against, can't be installed");
        if !is_possible(&step, facts) {
            return Way::DeadEnd(reason);
        }
        return attempt(step, failed, &reason);
    }
    let reason = format!("bpf-linker could not be built against LLVM {llvm}");
    attempt(Step::InstallLinker { llvm }, failed, &reason)
}

fn attempt(step: Step, failed: &[Step], reason: &str) -> Way {
    if failed.contains(&step) {
        Way::DeadEnd(reason.to_owned())
    } else {
        Way::Steps(vec![step])
    }
}

/// Clippy for BPF is a gain, not a need: `lint` does without it where it can't be had.
fn bpf_clippy(facts: &Facts, needs: Needs, failed: &[Step]) -> Option<Step> {
    if !needs.lint || facts.has_bpf_clippy {
        return None;
    }
    let chosen = facts.bpf_toolchain()?;
    let step = if chosen.name == toolchain::CANDIDATES[0] {
        Step::Packages {
            names: vec!["rust-web-clippy".to_owned()],
            why: "parts of the XDP program can be linted by its own compiler only".to_owned(),
        }
    } else {
        Step::AddClippy {
            toolchain: chosen.name,
        }
    };
    (is_possible(&step, facts) && !failed.contains(&step)).then_some(step)
}

fn tools(facts: &Facts) -> Step {
    let mut names: Vec<String> = Vec::new();
    let mut uses = Vec::new();
    for tool in &facts.missing_tools {
        if !names.iter().any(|name| name == tool.package) {
            names.push(tool.package.to_owned());
        }
        uses.push(format!("{} ({})", tool.program, tool.why));
    }
    let why = format!("the demo and the tests use {}", uses.join(", "));
    Step::Packages { names, why }
}

fn is_possible(step: &Step, facts: &Facts) -> bool {
    let may = !step.is_privileged() || facts.is_root || facts.has_sudo;
    may && match step {
        Step::Packages { .. } => facts.has_apt,
        Step::AddSource { .. }
        | Step::InstallNightly
        | Step::LinkSystemRust
        | Step::AddComponents(_)
        | Step::AddClippy { .. } => facts.has_rustup,
        Step::InstallLinker { .. } | Step::InstallNextest | Step::MountBpffs => true,
    }
}

fn by_hand(step: &Step, facts: &Facts) -> Blocked {
    let what = step.why();
    if let (Step::Packages { names, .. }, false) = (step, facts.has_apt) {
        let names = names.join(" ");
        return Blocked {
            what,
            remedy: format!("your package manager, for what Debian calls: {names}"),
        };
    }
    let remedy = shell::line(&step.command());
    let remedy = match remedy.strip_prefix("sudo -E env ") {
        Some(command) if !facts.has_sudo => format!("{command}    (as root)"),
        Some(command) => format!("sudo {command}"),
        None => remedy,
    };
    Blocked { what, remedy }
}

fn no_bpf(facts: &Facts, what: &str) -> Blocked {
    let remedy = if facts.has_rustup {
        format!(
            "rustup toolchain install nightly --component rust-src, then a bpf-linker {LINKER} with its \
             LLVM in PATH; or link any Rust with its sources as `rustup toolchain link {} DIR`",
            toolchain::CANDIDATES[0]
        )
    } else {
        "the installer of https://rustup.rs".to_owned()
    };
    Blocked {
        what: format!("no toolchain for the XDP program: {what}"),
        remedy,
    }
}

fn linker_llvm() -> String {
    format!("{} to {}", LINKER_LLVM.start(), LINKER_LLVM.end())
}

/// Compares dotted numbers.
fn at_least(found: &str, wanted: &str) -> bool {
    let numbers = |version: &str| -> Vec<u32> {
        let parts = version.split(['.', '-']);
        parts.map_while(|part| part.parse().ok()).collect()
    };
    numbers(found) >= numbers(wanted)
}

#[cfg(test)]
mod tests;
