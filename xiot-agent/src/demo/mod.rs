//! The demo ward: a small hospital in network namespaces, with the real agent on a gateway in line. Drives
//! the agent's binary through its files, signals and commands, as a person would; it takes part in no
//! verdict, and the reasons it shows are the ones that the agent gives.
#![forbid(unsafe_code)]

mod act;
mod agent;
mod cleanup;
mod client;
mod evidence;
mod files;
mod hospital;
mod packet;
mod preparation;
mod report;
mod scan;
mod server;
mod weeks;

use std::{io, time::Instant};

use anyhow::{Context as _, Result};

use self::{agent::Agent, hospital::Hospital, report::Report};
use crate::netns::{
    name::{next_number, of_run},
    signal::clean_up_when_interrupted,
    sweep::sweep,
};

/// What names begin with when the ward is left up: known, so that `--cleanup` finds it.
const KEPT: &str = "xiot-demo";

/// Options of the demo.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Options {
    /// Three weeks in two minutes instead: learn, propose, simulate, monitor, enforce, and what becomes of a mistake.
    #[arg(long, conflicts_with = "cleanup")]
    weeks: bool,
    /// Leave the ward up, with the agent enforcing, and say how to look around.
    #[arg(long, conflicts_with = "cleanup")]
    keep: bool,
    /// Remove the ward that an earlier --keep left up.
    #[arg(long)]
    cleanup: bool,
    /// Be a host that listens on these TCP ports: what the demo starts inside the ward.
    #[arg(long, hide = true, value_delimiter = ',', conflicts_with_all = ["keep", "cleanup", "weeks"])]
    serve: Vec<u16>,
}

/// Whether the ward did what was expected of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub enum Ending {
    /// Everything went as expected.
    Met,
    /// Something did not; the report says what.
    Unmet,
}

/// Runs the demo as the options say.
pub fn run(args: &Options) -> Result<Ending> {
    let mut report = Report::new(io::stdout());
    if !args.serve.is_empty() {
        server::serve(&args.serve)?;
    } else if args.cleanup {
        let removed = cleanup::kept()?;
        report.line(&format!("Removed {}.", removed.join(", ")))?;
    } else {
        preparation::check()?;
        return play(args, &mut report);
    }
    Ok(Ending::Met)
}

fn play(args: &Options, report: &mut Report<io::Stdout>) -> Result<Ending> {
    let keep = args.keep;
    let started = Instant::now();
    let prefix = if keep {
        cleanup::refuse_second()?;
        KEPT.to_owned()
    } else {
        of_run(next_number(), "ward")
    };
    clean_up_when_interrupted(move || {
        if keep {
            cleanup::interrupted();
        }
    })
    .context("could not listen for signals")?;
    let swept = sweep().context("could not remove what a dead run left")?;
    if !swept.is_empty() {
        report.line(&format!(
            "Removed what a dead run left: {}.",
            swept.join(", ")
        ))?;
    }
    report.title("A ward in network namespaces")?;
    let mut hospital = Hospital::build(&prefix, keep).context("could not build the ward")?;
    report.line(hospital::PICTURE)?;
    let agent = if args.weeks {
        weeks::play(&hospital, report)?
    } else {
        act::play(&hospital, report)?
    };
    let ending = report.summary(started.elapsed())?;
    act::metrics::show(&hospital, report)?;
    if keep {
        leave(&mut hospital, agent, report)?;
    } else {
        agent.stop()?;
    }
    Ok(ending)
}

/// Leaves the ward up and says how to look around.
fn leave(hospital: &mut Hospital, mut agent: Agent, report: &mut Report<io::Stdout>) -> Result<()> {
    agent.keep();
    hospital.keep();
    let by_hand = agent::by_hand()?;
    report.title("The ward is still up")?;
    report.line(&format!(
        "
  The agent is process {}. Its files, log and socket are in {}.

  export XIOT_SOCKET={}
  {by_hand} status    # also: devices, observed, flows
  {by_hand} drops --follow
  ip netns exec {KEPT}-monitor nc -v 10.20.5.21 445          # lateral movement
  ip netns exec {KEPT}-pump nc -v 10.20.8.11 3613            # allowed: type a line
  ip netns exec {KEPT}-gateway curl -s http://{}/metrics

  Remove it: {by_hand} demo --cleanup",
        agent.id(),
        hospital.scratch.path().display(),
        agent::socket(hospital).display(),
        files::METRICS,
    ))?;
    Ok(())
}
