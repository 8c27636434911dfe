//! A policy with a slip of the pen: found before it is tried, refused when it is tried, and the running
//! policy does not notice.

use std::{io::Write, process::Output};

use anyhow::Result;

use super::must_answer;
use crate::demo::{
    agent, evidence, files,
    hospital::Hospital,
    report::{Check, Report},
};

/// Exit code of `check` and `run` when the files have errors.
const FINDINGS: i32 = 1;

pub(super) fn play(hospital: &Hospital, report: &mut Report<impl Write>) -> Result<()> {
    files::write(hospital, files::TYPO, &files::typo())?;
    let before = evidence::digest(hospital)?;
    let directory = hospital.scratch.path();
    let (gateway, policy) = (directory.join(files::GATEWAY), directory.join(files::TYPO));
    let checked = agent::command(
        hospital,
        &[
            "check",
            "--gateway",
            &gateway.to_string_lossy(),
            "--policy",
            &policy.to_string_lossy(),
        ],
    )?;
    report.quote(
        "xiot-agent check --gateway gateway.yaml --policy typo.yaml",
        &said(&checked),
    )?;
    report.check(refusal(
        "a policy with two typos, checked",
        "xiot-agent check",
        &checked,
    ))?;
    let run = agent::run_to_end(hospital, files::TYPO)?;
    report.check(refusal(
        "a policy with two typos, loaded",
        "xiot-agent run",
        &run,
    ))?;
    report.check(unchanged(&before, &evidence::digest(hospital)?))?;
    let Hospital { pump, server, .. } = hospital;
    report.check(must_answer(
        hospital,
        "the pump reports all the while",
        (pump, server, 3613),
        "allowed_rule: ",
    )?)?;
    Ok(())
}

fn refusal(what: &'static str, command: &str, output: &Output) -> Check {
    let text = said(output);
    let findings = ["pump-sever", "tpc"]
        .iter()
        .filter(|slip| text.contains(*slip))
        .count();
    let code = output.status.code();
    Check {
        what,
        tried: format!("{command} --policy {}", files::TYPO),
        expected: format!("exit code {FINDINGS}, both found"),
        got: format!(
            "exit code {}, {findings} found",
            code.map_or_else(|| "none".to_owned(), |code| code.to_string())
        ),
        reason: text
            .lines()
            .find(|line| line.starts_with("error"))
            .unwrap_or_default()
            .trim()
            .to_owned(),
        met: code == Some(FINDINGS) && findings == 2 && text.contains('^'),
    }
}

fn unchanged(before: &str, after: &str) -> Check {
    let short = |digest: &str| digest.chars().take(12).collect::<String>();
    Check {
        what: "the policy in force",
        tried: "xiot-agent status --json".to_owned(),
        expected: format!("digest {}", short(before)),
        got: format!("digest {}", short(after)),
        reason: "a refused policy touches nothing".to_owned(),
        met: before == after && !before.is_empty(),
    }
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr]
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .concat()
}
