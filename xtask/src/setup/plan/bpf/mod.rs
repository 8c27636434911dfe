//! The compiler and the linker of the XDP program: which of several ways to them is taken.

use std::path::Path;

use super::{Blocked, by_hand, is_possible};
use crate::setup::Needs;
use crate::setup::facts::Facts;
use crate::setup::step::{LINKER, LINKER_LLVM, SYSTEM_RUST, Step};
use crate::toolchain::{self, Toolchain};

/// Where a way to a working BPF toolchain leads.
pub(super) enum Way {
    Ready,
    Steps(Vec<Step>),
    DeadEnd(Vec<DeadEnd>),
}

/// Why a way leads nowhere.
pub(super) struct DeadEnd {
    reason: String,
    /// The step that failed or can't be done from here: by hand it may be.
    step: Option<Step>,
}

fn dead_end(reason: impl Into<String>) -> Way {
    Way::DeadEnd(vec![DeadEnd {
        reason: reason.into(),
        step: None,
    }])
}

/// Ways to a compiler and a linker for the XDP program, best first: what a build would take as things
/// are; a nightly that only lacks the sources; the distribution's Rust if it is installed; the pinned
/// nightly; the distribution's Rust from its packages.
pub(super) fn way(facts: &Facts, failed: &[Step]) -> Way {
    if !facts.has_rustup {
        return dead_end("rustup is missing: builds find their toolchains through it");
    }
    let mut dead_ends = Vec::new();
    let ways: [fn(&Facts, &[Step]) -> Way; 5] =
        [as_things_are, floating, present, pinned, distribution];
    // A toolchain that somebody names is taken or refused, never replaced.
    let ways = &ways[..if facts.wanted.is_some() {
        1
    } else {
        ways.len()
    }];
    for way in ways {
        match way(facts, failed) {
            Way::DeadEnd(ends) => dead_ends.extend(ends),
            way @ (Way::Ready | Way::Steps(_)) => return way,
        }
    }
    Way::DeadEnd(dead_ends)
}

fn as_things_are(facts: &Facts, failed: &[Step]) -> Way {
    match (facts.bpf_toolchain(), &facts.wanted) {
        (Some(chosen), _) if chosen.has_source => linker(&chosen, facts, failed),
        (Some(chosen), _) => source(&chosen, failed),
        (None, Some(name)) => dead_end(format!(
            "{}={name} names a toolchain that rustup does not know",
            toolchain::OVERRIDE
        )),
        (None, None) => dead_end("rustup has no toolchain with the sources of core"),
    }
}

fn floating(facts: &Facts, failed: &[Step]) -> Way {
    match facts.toolchain(toolchain::FLOATING) {
        Some(found) if !found.has_source && LINKER_LLVM.contains(&found.llvm) => {
            source(found, failed)
        }
        Some(_) | None => dead_end("there is no other nightly that would do"),
    }
}

fn pinned(facts: &Facts, failed: &[Step]) -> Way {
    match facts.toolchain(toolchain::PINNED) {
        Some(found) if found.has_source => linker(found, facts, failed),
        Some(found) => source(found, failed),
        None => attempt(
            Step::InstallNightly,
            failed,
            "rustup could not install a nightly",
        ),
    }
}

/// The distribution's Rust where it is installed: nothing has to be fetched.
fn present(facts: &Facts, failed: &[Step]) -> Way {
    match &facts.system_rust {
        Some(rust) if !LINKER_LLVM.contains(&rust.llvm) => dead_end(format!(
            "the distribution's Rust has LLVM {}, bpf-linker {LINKER} needs {}",
            rust.llvm,
            linker_llvm()
        )),
        Some(rust) if rust.has_source && rust.has_cargo => attempt(
            Step::LinkSystemRust,
            failed,
            "rustup could not link the distribution's Rust",
        ),
        Some(_) | None => dead_end("the distribution's Rust is not installed"),
    }
}

fn distribution(facts: &Facts, failed: &[Step]) -> Way {
    let step = Step::Packages {
        names: SYSTEM_RUST.map(str::to_owned).into(),
        why: "a Rust with sources and matching LLVM: it compiles the XDP program".to_owned(),
    };
    packages(
        step,
        facts,
        failed,
        "the distribution's Rust can't be installed",
    )
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
        return dead_end(format!(
            "toolchain {} has LLVM {llvm}, bpf-linker {LINKER} needs {}",
            toolchain.name,
            linker_llvm()
        ));
    }
    if !facts.llvm.contains(&llvm) {
        let step = Step::Packages {
            names: vec![format!("llvm-{llvm}-dev")],
            why: format!("the compiler's LLVM {llvm}: bpf-linker is built against it"),
        };
        let reason = format!("LLVM {llvm}, which bpf-linker is built against, can't be installed");
        return packages(step, facts, failed, &reason);
    }
    let reason = format!("bpf-linker could not be built against LLVM {llvm}");
    attempt(Step::InstallLinker { llvm }, failed, &reason)
}

fn attempt(step: Step, failed: &[Step], reason: &str) -> Way {
    if failed.contains(&step) {
        beyond(step, reason)
    } else {
        Way::Steps(vec![step])
    }
}

/// Like [`attempt`], for a step that takes apt and root.
fn packages(step: Step, facts: &Facts, failed: &[Step], reason: &str) -> Way {
    if is_possible(&step, facts) {
        attempt(step, failed, reason)
    } else {
        beyond(step, reason)
    }
}

fn beyond(step: Step, reason: &str) -> Way {
    Way::DeadEnd(vec![DeadEnd {
        reason: reason.to_owned(),
        step: Some(step),
    }])
}

/// Clippy for BPF is a gain, not a need: `lint` does without it where it can't be had.
pub(super) fn clippy(facts: &Facts, needs: Needs, failed: &[Step]) -> Option<Step> {
    if !needs.lint || facts.has_bpf_clippy {
        return None;
    }
    let chosen = facts.bpf_toolchain()?;
    let step = if chosen.sysroot == Path::new("/usr") {
        Step::Packages {
            names: vec!["rust-web-clippy".to_owned()],
            why: "clippy for BPF: parts of the XDP program exist for BPF only".to_owned(),
        }
    } else {
        Step::AddClippy {
            toolchain: chosen.name,
        }
    };
    (is_possible(&step, facts) && !failed.contains(&step)).then_some(step)
}

/// The message where every way is a dead end. The best way is the one to mend, by the command that
/// it stopped at.
pub(super) fn blocked(facts: &Facts, ends: &[DeadEnd]) -> Blocked {
    let mut reasons: Vec<&str> = Vec::new();
    for end in ends {
        if !reasons.contains(&end.reason.as_str()) {
            reasons.push(&end.reason);
        }
    }
    let what = reasons.join("; ");
    if let Some(step) = ends.iter().find_map(|end| end.step.as_ref()) {
        let Blocked { what: why, remedy } = by_hand(step, facts);
        let what = format!("{why}\n    because: {what}");
        return Blocked { what, remedy };
    }
    let remedy = if facts.has_rustup {
        format!(
            "rustup toolchain install {} --component rust-src, then a bpf-linker {LINKER} with its \
             LLVM in PATH; or link any Rust with its sources as `rustup toolchain link {} DIR`",
            toolchain::PINNED,
            toolchain::LINKED
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

#[cfg(test)]
mod tests;
