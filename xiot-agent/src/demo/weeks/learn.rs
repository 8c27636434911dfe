//! Two weeks in which the devices do what they do, two alarms, a service visit a day, and an attacker who scans.

use std::io::Write;

use anyhow::Result;

use super::{Routine, watched};
use crate::demo::{
    agent,
    hospital::Hospital,
    report::{Check, Report},
    scan,
};

/// Hours of two weeks.
const WEEKS: u32 = 2 * 7 * 24;

pub(super) fn play(
    hospital: &Hospital,
    routine: &mut Routine<'_>,
    report: &mut Report<impl Write>,
) -> Result<()> {
    routine.until("the first week", |hospital| {
        Ok(watched(hospital)? >= WEEKS / 2)
    })?;
    let found = scan::scan(&hospital.scanner, &hospital.pump)?;
    report.line(&format!(
        "  An attacker scans the pump meanwhile: {}.",
        found.words()
    ))?;
    routine.until("two weeks and a day", |hospital| {
        Ok(watched(hospital)? >= WEEKS + 24)
    })?;
    let hours = watched(hospital)?;
    report.check(Check {
        what: "two weeks were watched",
        tried: "the routine of three devices, an attacker among them".to_owned(),
        expected: format!("at least {WEEKS} hours"),
        got: format!("{hours} hours"),
        reason: "xiot-agent learned".to_owned(),
        met: hours >= WEEKS,
    })?;
    let learned = agent::show(hospital, &["learned"])?;
    report.quote("xiot-agent learned", &learned)?;
    Ok(())
}
