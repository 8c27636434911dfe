//! From what is there to what has to be done. Decides, and neither looks nor acts.

mod bpf;
#[cfg(test)]
mod machines;

use std::fmt;

use crate::setup::Needs;
use crate::setup::facts::Facts;
use crate::setup::plan::bpf::Way;
use crate::setup::step::{NEXTEST, Step};
use crate::shell;

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
    match bpf::way(facts, failed) {
        Way::Ready => wishes.extend(bpf::clippy(facts, needs, failed)),
        Way::Steps(steps) => wishes.extend(steps),
        Way::DeadEnd(ends) => blocked.push(bpf::blocked(facts, &ends)),
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
    // Who has to act first shall not wait for a build before being told.
    let steps = if blocked.is_empty() {
        steps
    } else {
        let quick = steps.into_iter().filter(|step| !step.takes_minutes());
        quick.collect()
    };
    Plan { steps, blocked }
}

fn tools(facts: &Facts) -> Step {
    let mut names: Vec<String> = Vec::new();
    let mut uses = Vec::new();
    for tool in &facts.missing_tools {
        if !names.iter().any(|name| name == tool.package) {
            names.push(tool.package.to_owned());
        }
        uses.push(format!("\n    {:<12}{}", tool.program, tool.why));
    }
    let why = format!("programs of the demo and the tests:{}", uses.concat());
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
