//! Proposals, as a change of the policy file; and what the policy would have dropped.

use std::{fs, io::Write};

use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::{Routine, devices, head, name, policy, routine::ALARM};
use crate::demo::{
    agent,
    hospital::Hospital,
    report::{Check, Report},
};

#[derive(Debug, Deserialize)]
struct Simulation {
    judged: u64,
    would_drop: Vec<WouldDrop>,
}

#[derive(Debug, Deserialize)]
struct WouldDrop {
    peer: std::net::IpAddr,
}

pub(super) fn play(
    hospital: &Hospital,
    routine: &mut Routine<'_>,
    report: &mut Report<impl Write>,
) -> Result<()> {
    let file = policy(hospital);
    let file = file.to_str().context("the path is no text")?;
    let [(pump, profile), ..] = devices(hospital);
    let mac = pump.mac_text();
    let diff = agent::show(hospital, &["propose", profile, "--device", &mac])?;
    report.quote(
        &format!("xiot-agent propose {profile} --device {mac}"),
        &head(&diff, 30),
    )?;
    for (host, profile) in devices(hospital) {
        let mac = host.mac_text();
        agent::show(
            hospital,
            &["propose", profile, "--device", &mac, "--output", file],
        )?;
    }
    report.check(proposed(hospital)?)?;
    agent::show(hospital, &["reload"])?;
    let simulated = agent::show(hospital, &["simulate"])?;
    report.quote("xiot-agent simulate", &simulated)?;
    report.check(simulate(hospital)?)?;
    let compare = ["compare", "--profile", profile];
    let compared = agent::show(hospital, &compare)?;
    report.quote(
        &format!("xiot-agent {}", compare.join(" ")),
        &head(&compared, 24),
    )?;
    report.check(compare_with_maker(&compared))?;
    // Care goes on meanwhile.
    let mut looks = 0;
    routine.until("a day", |_| {
        looks += 1;
        Ok(looks > 1)
    })
}

/// What the ward needs is a rule, the alarm is one to look at, the scan is none.
fn proposed(hospital: &Hospital) -> Result<Check> {
    let text = fs::read_to_string(policy(hospital))?;
    let rules: Vec<_> = text.lines().map(str::trim).collect();
    let has = |rule: &str| rules.iter().any(|line| line.starts_with(rule));
    let pump = rules
        .iter()
        .any(|line| line.starts_with("- {to: pump-server, tcp:") && line.contains("3613"));
    let monitor = has("- {to: workstations, tcp: 2575}");
    let service = has("- {from: workstations, tcp: 8000}");
    let alarm = text.contains("RARE") && text.contains(&ALARM.to_string());
    let scanner = hospital.scanner.address.to_string();
    let scan = rules
        .iter()
        .filter(|line| line.contains(&scanner) && !line.starts_with('#'))
        .count();
    let got = [
        (pump, "reports"),
        (monitor, "results"),
        (service, "service"),
        (alarm, "alarm"),
        (scan == 0, "no scan"),
    ];
    let words: Vec<_> = got
        .iter()
        .filter(|(is, _)| *is)
        .map(|(_, it)| *it)
        .collect();
    Ok(Check {
        what: "a policy from what was learned",
        tried: "xiot-agent propose, for each kind of device".to_owned(),
        expected: "reports, results, service, alarm, no scan".to_owned(),
        got: words.join(", "),
        reason: format!(
            "{} devices listed, alarms are RARE, scans WITHHELD",
            devices(hospital)
                .iter()
                .filter(|(host, profile)| text.contains(&name(host, profile)))
                .count()
        ),
        met: got.iter().all(|(is, _)| *is),
    })
}

/// What the maker never said, and what it says and nobody uses.
fn compare_with_maker(compared: &str) -> Check {
    let has = |words: &str| compared.lines().any(|line| line.contains(words));
    let (service, log) = (has("tcp 8000"), has("udp 514"));
    Check {
        what: "what the maker discloses, beside what is done",
        tried: "xiot-agent compare".to_owned(),
        expected: "biomed's service is not disclosed, the log is not used".to_owned(),
        got: match (service, log) {
            (true, true) => "biomed's service is not disclosed, the log is not used",
            (true, false) => "biomed's service is not disclosed",
            (false, true) => "the log is not used",
            (false, false) => "neither",
        }
        .to_owned(),
        reason: "reports and alarms are as the manual says".to_owned(),
        met: service && log,
    }
}

fn simulate(hospital: &Hospital) -> Result<Check> {
    let all = agent::json::<Simulation>(hospital, &["simulate"])?;
    let dropped = all.iter().flat_map(|it| &it.would_drop);
    // A probe may be alone in its hour: whose it is counts.
    let (scans, lost): (Vec<_>, Vec<_>) =
        dropped.partition(|it| it.peer == hospital.scanner.address);
    let judged: u64 = all.iter().map(|it| it.judged).sum();
    Ok(Check {
        what: "nothing that the ward needs would be dropped",
        tried: "xiot-agent simulate".to_owned(),
        expected: "0 conversations but for the scan".to_owned(),
        got: format!(
            "{} conversations, and {} of the scan",
            lost.len(),
            scans.len()
        ),
        reason: format!("{judged} conversations judged by the XDP program"),
        met: lost.is_empty() && !scans.is_empty(),
    })
}
