//! Day one: nothing is blocked, everything is seen.

use std::io::Write;

use anyhow::Result;

use super::must_answer;
use crate::demo::{
    agent, client, evidence,
    hospital::{Hospital, Host},
    report::{Check, Report},
    scan,
};

pub(super) fn play(hospital: &Hospital, report: &mut Report<impl Write>) -> Result<()> {
    let Hospital {
        pump,
        monitor,
        ventilator,
        server,
        workstation,
        ..
    } = hospital;
    let conversations: [(&str, &Host, &Host, u16); 5] = [
        ("the pump reports to its server", pump, server, 3613),
        ("the monitor sends results", monitor, workstation, 2575),
        ("the ventilator reports", ventilator, server, 3613),
        ("biomed services the pump", workstation, pump, 8000),
        ("nobody stops the monitor yet", monitor, ventilator, 445),
    ];
    for (what, from, to, port) in conversations {
        report.check(must_answer(
            hospital,
            what,
            (from, to, port),
            "unknown_device",
        )?)?;
    }
    client::ping(workstation, pump)?;
    report.check(scan(hospital)?)?;
    report.check(nothing_dropped(hospital)?)?;
    report.check(everybody_seen(hospital)?)?;
    let devices = agent::show(hospital, &["devices"])?;
    report.quote("xiot-agent devices", &devices)?;
    let mac = monitor.mac_text();
    let observed = agent::show(hospital, &["observed", "--device", &mac])?;
    report.quote(&format!("xiot-agent observed --device {mac}"), &observed)?;
    Ok(())
}

/// What an attacker sees of an unprotected pump.
fn scan(hospital: &Hospital) -> Result<Check> {
    let found = scan::scan(&hospital.scanner, &hospital.pump)?;
    Ok(Check {
        what: "a port scan of the pump, unprotected",
        tried: format!(
            "nmap -sS {} from {}",
            hospital.pump.address, hospital.scanner.address
        ),
        expected: "open 23 8000".to_owned(),
        got: found.words(),
        reason: "mode learn: recorded, forwarded".to_owned(),
        met: found.words().starts_with("open 23 8000,"),
    })
}

fn nothing_dropped(hospital: &Hospital) -> Result<Check> {
    let dropped = evidence::counted(hospital, "dropped")?;
    let would = evidence::counted(hospital, "would_drop")?;
    Ok(Check {
        what: "learning interrupts nothing",
        tried: "all of the above".to_owned(),
        expected: "no frame dropped".to_owned(),
        got: match dropped.as_slice() {
            [] => "no frame dropped".to_owned(),
            some => super::attacks::counts(some),
        },
        reason: format!(
            "enforce would have dropped: {}",
            super::attacks::counts(&would)
        ),
        met: dropped.is_empty() && !would.is_empty(),
    })
}

fn everybody_seen(hospital: &Hospital) -> Result<Check> {
    let expected = [&hospital.pump, &hospital.monitor, &hospital.ventilator];
    let among = |seen: &[evidence::Device]| {
        expected
            .iter()
            .filter(|host| {
                let mac = host.mac_text();
                seen.iter()
                    .any(|device| device.mac == mac && !device.listed)
            })
            .count()
    };
    // The agent reads the observed map anew once a second.
    let seen = evidence::devices_once(hospital, |seen| among(seen) == expected.len())?;
    let found = among(&seen);
    Ok(Check {
        what: "learning sees every device that talks",
        tried: "xiot-agent devices --json".to_owned(),
        expected: format!("{} devices, none listed", expected.len()),
        got: format!("{found} of them, {} in all", seen.len()),
        reason: "the observed map".to_owned(),
        met: found == expected.len(),
    })
}
