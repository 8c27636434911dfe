//! A rule is taken away that the pump needs: the agent puts it back into mode monitor, until somebody has mended it.

use std::{
    fs,
    io::Write,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};

use super::{devices, name, policy};
use crate::demo::{
    agent, client,
    client::Heard,
    evidence,
    hospital::Hospital,
    report::{Check, Report},
};

/// How long the fall may take.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn play(hospital: &Hospital, report: &mut Report<impl Write>) -> Result<()> {
    let file = policy(hospital);
    let right = fs::read_to_string(&file)?;
    let wrong = right.replacen("3613", "3614", 1);
    ensure!(wrong != right, "the pump has no rule for its reports");
    fs::write(&file, wrong)?;
    agent::show(hospital, &["reload"])?;
    report.check(falls_back(hospital)?)?;
    let status = agent::show(hospital, &["status"])?;
    let line = status.lines().find(|line| line.contains("fell back"));
    report.quote("xiot-agent status", line.unwrap_or("(nothing of it)"))?;
    fs::write(&file, right)?;
    agent::show(hospital, &["reload"])?;
    let [(pump, profile), ..] = devices(hospital);
    agent::show(hospital, &["release", &name(pump, profile)])?;
    let heard = client::ask(pump, &hospital.server, 3613)?;
    report.check(Check {
        what: "mended and released: the pump reports",
        tried: "the rule comes back, xiot-agent release".to_owned(),
        expected: Heard::Answer.to_string(),
        got: heard.to_string(),
        reason: format!("{} devices in mode enforce", evidence::enforced(hospital)?),
        met: heard == Heard::Answer,
    })?;
    report.check(Check {
        what: "all devices are enforced again",
        tried: "xiot-agent release".to_owned(),
        expected: "nothing is decided beside the policy".to_owned(),
        got: match evidence::fallen(hospital)? {
            None => "nothing is decided beside the policy".to_owned(),
            Some(why) => why,
        },
        reason: "xiot-agent status".to_owned(),
        met: evidence::fallen(hospital)?.is_none(),
    })?;
    Ok(())
}

/// The first report is lost, and none after it.
fn falls_back(hospital: &Hospital) -> Result<Check> {
    let Hospital { pump, server, .. } = hospital;
    let first = client::ask(pump, server, 3613)?;
    let deadline = Instant::now() + PATIENCE;
    let mut fallen = evidence::fallen(hospital)?;
    while fallen.is_none() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(50));
        fallen = evidence::fallen(hospital)?;
    }
    let second = client::ask(pump, server, 3613)?;
    Ok(Check {
        what: "the pump falls back to mode monitor by itself",
        tried: "its rule is taken away, and it reports twice".to_owned(),
        expected: "the second report is answered".to_owned(),
        got: format!("first: {first}; second: {second}"),
        reason: fallen.clone().unwrap_or_else(|| "(it did not)".to_owned()),
        met: second == Heard::Answer && fallen.is_some(),
    })
}
