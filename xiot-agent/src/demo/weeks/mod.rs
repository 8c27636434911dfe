//! Weeks of a ward in minutes: what its devices do is learned, proposed as policy, tried, and enforced where enough is known; then somebody makes a mistake.
//!
//! The clock of learning runs so fast that a second holds ten hours. Devices, attackers and the agent are as real as in the rest of the demo.

mod enforce;
mod learn;
mod mistake;
mod propose;
mod routine;

use std::{io::Write, time::Duration};

use anyhow::{Context as _, Result};
use serde::Deserialize;

use self::routine::Routine;
use super::{
    agent::{self, Agent},
    files,
    hospital::{Hospital, Host},
    report::Report,
};

/// How many times as fast as the wall clock learning runs.
pub(super) const PACE: u32 = 36_000;

/// How long a minute-long wait for something may take on a slow machine.
const PATIENCE: Duration = Duration::from_mins(5);

/// Day one, for a ward with two names, and what the maker of its pumps discloses.
const POLICY: &str = "\
onboarding: learn     # nothing is blocked, everything is recorded

peer_sets:
  pump-server:  [10.20.8.11]
  workstations: [10.20.5.21]

gates:                # what has to be known of a device before it is enforced
  life-sustaining: {watched: 14d, unseen: 5 %, quiet: 7d}

profiles:
  infusion-pump:
    criticality: life-sustaining
    disclosed: vendor-pump
    services: [arp]
  vendor-pump:        # the list in the manual
    allow:
      - {to: pump-server, tcp: [3613, 5000], note: reports and alarms}
      - {to: pump-server, udp: 514, note: log}
";

/// Plays everything. The agent that enforces at the end is given back.
pub(super) fn play(hospital: &Hospital, report: &mut Report<impl Write>) -> Result<Agent> {
    report.title("Week 1 and 2: `onboarding: learn`, nothing is listed, nothing is blocked")?;
    report.line("  A second holds ten hours of the clock by which is learned.")?;
    let agent = Agent::start_with(hospital, POLICY, &["--learn-pace", &PACE.to_string()])?;
    let mut routine = Routine::new(hospital);
    learn::play(hospital, &mut routine, report).context("while learning")?;
    report.title("A list for each kind of device, by what it did")?;
    propose::play(hospital, &mut routine, report).context("in proposals")?;
    report.title("Week 3: mode monitor, then enforce where enough is known")?;
    enforce::play(hospital, &mut routine, report).context("on the way to enforce")?;
    report.title("A mistake: somebody takes a rule away that the pump needs")?;
    mistake::play(hospital, report).context("with a mistake")?;
    Ok(agent)
}

/// The devices of the wards, and the profile that each gets.
fn devices(hospital: &Hospital) -> [(&Host, &'static str); 3] {
    [
        (&hospital.pump, "infusion-pump"),
        (&hospital.monitor, "patient-monitor"),
        (&hospital.ventilator, "ventilator"),
    ]
}

/// The name that a proposal gives a device.
fn name(host: &Host, profile: &str) -> String {
    format!("{profile}-{}", host.mac_text().replace(':', ""))
}

/// What was learned of a device, as far as the demo looks at it.
#[derive(Clone, Debug, Deserialize)]
struct Known {
    mac: String,
    hours_watched: u32,
}

#[derive(Debug, Deserialize)]
struct Learned {
    devices: Vec<Known>,
}

/// How long the gateway has watched, in hours.
fn watched(hospital: &Hospital) -> Result<u32> {
    let learned = agent::json::<Learned>(hospital, &["learned"])?;
    let devices = learned.into_iter().flat_map(|it| it.devices);
    let pump = hospital.pump.mac_text();
    let pump = devices.into_iter().find(|it| it.mac == pump);
    Ok(pump.map_or(0, |it| it.hours_watched))
}

/// What a command says that may well fail: whether it did not, and all of its words.
fn tried(hospital: &Hospital, args: &[&str]) -> Result<(bool, String)> {
    let output = agent::command(hospital, args)?;
    let words = [output.stdout, output.stderr].concat();
    Ok((
        output.status.success(),
        String::from_utf8_lossy(&words).into_owned(),
    ))
}

/// The policy file of the ward.
fn policy(hospital: &Hospital) -> std::path::PathBuf {
    hospital.scratch.path().join(files::POLICY)
}

/// The first lines of something long.
fn head(text: &str, lines: usize) -> String {
    let all = text.lines().count();
    let mut head: Vec<_> = text.lines().take(lines).collect();
    let more = format!("... ({} more lines)", all.saturating_sub(lines));
    if all > lines {
        head.push(&more);
    }
    head.join("\n")
}
