//! What happens in the ward, act by act.

mod allowed;
mod attacks;
mod death;
mod learning;
pub(super) mod metrics;
mod typo;

use std::io::Write;

use anyhow::{Context as _, Result};

use super::{
    agent::Agent,
    client::{self, Heard},
    evidence, files,
    hospital::{Hospital, Host},
    report::{Check, Report},
};

/// Plays everything. The agent that enforces at the end is given back.
pub(super) fn play(hospital: &Hospital, report: &mut Report<impl Write>) -> Result<Agent> {
    report.title("Day one: `onboarding: learn`, nothing is listed, nothing is blocked")?;
    let agent = Agent::start(hospital, files::LEARN)?;
    learning::play(hospital, report).context("while learning")?;
    agent.stop()?;

    report.title("Enforcement: each device has its allow-list")?;
    report.line(&indented(files::ENFORCE))?;
    let agent = Agent::start(hospital, files::ENFORCE)?;
    allowed::play(hospital, report).context("in allowed conversations")?;
    report.title("Mistakes and accidents")?;
    typo::play(hospital, report).context("with a typo")?;
    let agent = death::play(hospital, agent, report).context("when the agent dies")?;
    // Last, so that the counters shown at the end tell of them.
    report.title("Attacks")?;
    attacks::play(hospital, report).context("in attacks")?;
    Ok(agent)
}

fn indented(text: &str) -> String {
    text.lines()
        .fold(String::new(), |all, line| all + "\n    " + line)
}

/// `infusion pump opens tcp 10.30.1.12 > 10.20.8.11:3613`.
fn tcp(from: &Host, to: &Host, port: u16) -> String {
    format!(
        "{} opens tcp {} > {}:{port}",
        from.label, from.address, to.address
    )
}

/// A TCP conversation that a rule must allow.
pub(super) fn must_answer(
    hospital: &Hospital,
    what: &'static str,
    (from, to, port): (&Host, &Host, u16),
    expected_reason: &str,
) -> Result<Check> {
    let heard = client::ask(from, to, port)?;
    let reason = evidence::allowed(hospital, from, to, "tcp", Some(port))?;
    let met = heard == Heard::Answer
        && reason
            .as_ref()
            .is_some_and(|reason| reason.starts_with(expected_reason));
    Ok(Check {
        what,
        tried: tcp(from, to, port),
        expected: Heard::Answer.to_string(),
        got: heard.to_string(),
        reason: reason.unwrap_or_else(no_word),
        met,
    })
}

/// A TCP conversation that must not come about, for this reason.
pub(super) fn must_not_answer(
    hospital: &Hospital,
    what: &'static str,
    (from, to, port): (&Host, &Host, u16),
    expected_reason: &str,
) -> Result<Check> {
    let last = evidence::last_drop(hospital)?;
    let heard = client::ask(from, to, port)?;
    let drop = evidence::drop_after(hospital, last, |drop| {
        drop.src == Some(from.address.into())
            && drop.dst == Some(to.address.into())
            && drop.dst_port == Some(port)
    })?;
    let reason = drop.map(|drop| drop.reason);
    Ok(Check {
        what,
        tried: tcp(from, to, port),
        expected: format!("{}, {expected_reason}", Heard::Nothing),
        got: heard.to_string(),
        met: heard == Heard::Nothing && reason.as_deref() == Some(expected_reason),
        reason: reason.unwrap_or_else(no_word),
    })
}

/// The agent told nothing of it: an unmet expectation wherever a reason was expected.
fn no_word() -> String {
    "(the agent knows of none)".to_owned()
}
