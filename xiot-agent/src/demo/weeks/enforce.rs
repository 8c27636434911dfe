//! From learn to monitor to enforce, past the gates.

use std::io::Write;

use anyhow::Result;

use super::{Routine, devices, name, tried};
use crate::demo::{
    act::{must_answer, must_not_answer},
    evidence,
    hospital::Hospital,
    report::{Check, Report},
};

pub(super) fn play(
    hospital: &Hospital,
    routine: &mut Routine<'_>,
    report: &mut Report<impl Write>,
) -> Result<()> {
    let names = devices(hospital).map(|(host, profile)| name(host, profile));
    let [pump, monitor, ventilator] = names.each_ref().map(String::as_str);
    let promote = ["promote", pump, monitor, ventilator];
    let (_, said) = tried(hospital, &[&promote[..], &["--yes"]].concat())?;
    report.quote(&format!("xiot-agent {}", promote.join(" ")), &said)?;
    report.check(too_early(hospital, &promote)?)?;
    routine.until("a week without a would-be drop", |hospital| {
        let (ready, _) = tried(hospital, &[&promote[..], &["--yes"]].concat())?;
        Ok(ready)
    })?;
    report.check(enforced(hospital)?)?;
    let Hospital {
        pump,
        monitor,
        ventilator,
        server,
        workstation,
        scanner,
        ..
    } = hospital;
    for (what, from, to, port) in [
        ("the pump reports to its server", pump, server, 3613),
        ("the monitor sends results", monitor, workstation, 2575),
        ("the ventilator reports", ventilator, server, 3613),
        ("biomed services the pump", workstation, pump, 8000),
    ] {
        report.check(must_answer(
            hospital,
            what,
            (from, to, port),
            "allowed_rule: ",
        )?)?;
    }
    for (what, from, to, port, reason) in [
        (
            "ransomware: monitor to the next ward",
            monitor,
            ventilator,
            445,
            "no_peer",
        ),
        ("the attacker comes back", scanner, pump, 8000, "no_peer"),
    ] {
        report.check(must_not_answer(hospital, what, (from, to, port), reason)?)?;
    }
    Ok(())
}

/// The gate is shut at first.
fn too_early(hospital: &Hospital, promote: &[&str]) -> Result<Check> {
    let (ready, said) = tried(hospital, &[promote, &["--yes"]].concat())?;
    let line = said.lines().nth(1).unwrap_or_default();
    let line: Vec<_> = line.split_whitespace().skip(1).collect();
    Ok(Check {
        what: "nobody is enforced too early",
        tried: "xiot-agent promote, right after mode monitor".to_owned(),
        expected: "refused: hours without a would-be drop".to_owned(),
        got: if ready { "promoted" } else { "refused" }.to_owned(),
        reason: line.join(" "),
        met: !ready && said.contains("hours without a would-be drop"),
    })
}

fn enforced(hospital: &Hospital) -> Result<Check> {
    let modes = evidence::enforced(hospital)?;
    Ok(Check {
        what: "enforced where enough is known",
        tried: "xiot-agent promote, a week later".to_owned(),
        expected: "3 devices in mode enforce".to_owned(),
        got: format!("{modes} devices in mode enforce"),
        reason: "gates: two weeks watched, one quiet, nothing of what it did is missing".to_owned(),
        met: modes == 3,
    })
}
