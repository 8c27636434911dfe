//! The agent is killed: enforcement does not notice. Then it is started again.

use std::io::Write;

use anyhow::Result;

use super::{must_answer, must_not_answer, tcp};
use crate::demo::{
    agent::Agent,
    client::{self, Heard},
    files,
    hospital::{Hospital, Host},
    report::{Check, Report},
};

pub(super) fn play(
    hospital: &Hospital,
    agent: Agent,
    report: &mut Report<impl Write>,
) -> Result<Agent> {
    let Hospital {
        pump,
        monitor,
        server,
        workstation,
        ..
    } = hospital;
    agent.kill()?;
    report.check(orphaned(
        "agent killed: the pump reports",
        (pump, server, 3613),
        Heard::Answer,
    )?)?;
    report.check(orphaned(
        "agent killed: ransomware is stopped",
        (monitor, workstation, 445),
        Heard::Nothing,
    )?)?;
    let agent = Agent::start(hospital, files::ENFORCE)?;
    report.check(must_answer(
        hospital,
        "agent back: the pump reports",
        (pump, server, 3613),
        "allowed_rule: ",
    )?)?;
    report.check(must_not_answer(
        hospital,
        "agent back: ransomware is stopped",
        (monitor, workstation, 445),
        "no_port",
    )?)?;
    Ok(agent)
}

/// A conversation while nobody is there to ask for reasons.
fn orphaned(
    what: &'static str,
    (from, to, port): (&Host, &Host, u16),
    expected: Heard,
) -> Result<Check> {
    let heard = client::ask(from, to, port)?;
    Ok(Check {
        what,
        tried: tcp(from, to, port),
        expected: expected.to_string(),
        got: heard.to_string(),
        reason: "program and policy stay in the kernel".to_owned(),
        met: heard == expected,
    })
}
