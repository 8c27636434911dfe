//! What the ward needs goes on.

use std::io::Write;

use anyhow::Result;

use super::{must_answer, no_word};
use crate::demo::{
    client::{self, Heard},
    evidence,
    hospital::{Hospital, Host},
    report::{Check, Report},
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
    let conversations: [(&str, &Host, &Host, u16); 4] = [
        ("the pump reports to its server", pump, server, 3613),
        ("biomed services the pump", workstation, pump, 8000),
        ("the monitor sends results", monitor, workstation, 2575),
        ("the ventilator reports", ventilator, server, 3613),
    ];
    for (what, from, to, port) in conversations {
        report.check(must_answer(
            hospital,
            what,
            (from, to, port),
            "allowed_rule: ",
        )?)?;
    }
    report.check(ping(hospital)?)?;
    Ok(())
}

fn ping(hospital: &Hospital) -> Result<Check> {
    let Hospital {
        pump, workstation, ..
    } = hospital;
    let heard = client::ping(workstation, pump)?;
    let reason = evidence::allowed(hospital, workstation, pump, "icmp", None)?;
    Ok(Check {
        what: "biomed pings the pump",
        tried: format!("ping {} from {}", pump.address, workstation.address),
        expected: Heard::Answer.to_string(),
        got: heard.to_string(),
        met: heard == Heard::Answer && reason.is_some(),
        reason: reason.unwrap_or_else(no_word),
    })
}
