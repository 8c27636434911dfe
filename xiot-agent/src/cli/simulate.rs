//! `simulate`: what a policy would drop of what devices did.

use std::{
    collections::HashSet,
    fs::File,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;

use super::{
    Socket, change, client,
    exit::{Exit, Failure, OrExit as _, Outcome},
    explain::wires_of,
    findings,
    output::{self, Align},
    words::ago,
};
use crate::{
    api::{
        self,
        wire::{Answer, Ask, Candidate, SimulateQuery, Simulation, WouldDrop},
    },
    datapath::LoadError,
    service::{
        files,
        simulate::{Replay, ReplayError, capture},
    },
    unit::duration,
};

/// Show what a policy would drop in mode enforce of what devices did, before it is in force.
///
/// Each conversation that was learned is put to the XDP program itself, on a scratch instance with this policy, as of the moment when it was seen last. What the policy
/// in force allows by a rule says so. With --pcap the frames of a capture are put to it instead, one after the other; no agent is needed for that.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Policy file; the files that the agent runs with, if not given
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Only devices of this profile.
    #[arg(long, value_name = "NAME", conflicts_with = "pcap")]
    profile: Option<String>,
    /// Only this device.
    #[arg(long, value_name = "NAME|MAC", conflicts_with = "pcap")]
    device: Option<String>,
    /// A capture (pcap or pcapng, of Ethernet) instead of what was learned.
    #[arg(long, value_name = "FILE", requires = "file")]
    pcap: Option<PathBuf>,
    /// What goes on from now on, for this time, instead of what was learned: `10m`, `8h`. What would be dropped is told as it comes.
    #[arg(long, value_name = "TIME", value_parser = duration::parse, conflicts_with = "pcap")]
    live: Option<Duration>,
    /// Also what came as in a scan: many conversations of one hour that never came again.
    #[arg(long)]
    scans: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    socket: Socket,
}

/// Time between two looks at what goes on.
const LOOK: Duration = Duration::from_secs(5);

pub(super) fn run(args: &Args) -> Outcome {
    let simulation = match (&args.pcap, &args.file) {
        (Some(pcap), Some(policy)) => match replay(policy, pcap)? {
            Some(replayed) => replayed,
            None => return Ok(Exit::Findings),
        },
        _ => match args.live {
            Some(span) => watch(args, span)?,
            None => ask(args, None)?,
        },
    };
    if args.json {
        output::print_json(&simulation)?;
    } else {
        output::print(&render(&simulation, args.scans, Timestamp::now()))?;
    }
    Ok(Exit::Success)
}

/// Asks again and again, and tells what is new.
fn watch(args: &Args, span: Duration) -> Result<Simulation, Failure> {
    let end = Instant::now() + span;
    let begun = ask(args, None)?.until;
    let mut told = HashSet::new();
    loop {
        thread::sleep(LOOK.min(end.saturating_duration_since(Instant::now())));
        let simulation = ask(args, begun)?;
        if Instant::now() >= end {
            return Ok(simulation);
        }
        let shown = simulation.would_drop.iter();
        let shown = shown.filter(|it| args.scans || !it.scan);
        let new = shown.filter(|it| {
            let peer = (it.peer, it.protocol.clone(), it.port, it.icmp);
            told.insert((it.mac.clone(), it.initiator.clone(), peer))
        });
        let new: Vec<_> = new.cloned().collect();
        if !args.json && !new.is_empty() {
            output::print(&table(&new, Timestamp::now()))?;
        }
    }
}

fn ask(args: &Args, since: Option<Timestamp>) -> Result<Simulation, Failure> {
    let text = args.file.as_deref().map(change::read).transpose();
    let text = text.or_exit(Exit::Usage)?;
    let candidate = match (&args.file, &text) {
        (Some(file), Some(text)) => Candidate::Policy {
            file: file.display().to_string(),
            bytes: text.len() as u64,
        },
        _ => Candidate::Files,
    };
    let query = SimulateQuery {
        candidate,
        profile: args.profile.clone(),
        device: args.device.clone(),
        since,
    };
    let body = text.unwrap_or_default();
    client::one_with(&args.socket.socket, Ask::Simulate(query), &body, |answer| {
        if let Answer::Simulation(simulation) = answer {
            Some(*simulation)
        } else {
            None
        }
    })
}

/// None: the policy has errors, which are printed.
fn replay(policy: &Path, pcap: &Path) -> Result<Option<Simulation>, Failure> {
    let loaded = files::read_policy(policy).or_exit(Exit::Usage)?;
    let Some(policy) = loaded.value else {
        findings::print_one(&loaded.report)?;
        return Ok(None);
    };
    let wires = wires_of(&policy);
    let mut replay = Replay::new(policy, &wires).map_err(failure)?;
    let at = |error: &dyn std::fmt::Display| anyhow::anyhow!("{}: {error}", pcap.display());
    let file = File::open(pcap)
        .map_err(|error| at(&error))
        .or_exit(Exit::Usage)?;
    let mut failed = None;
    let read = capture::read(file, |frame| {
        if failed.is_none() {
            failed = replay.captured(&frame).err();
        }
    });
    if let Some(error) = failed {
        return Err(failure(error));
    }
    read.map_err(|error| at(&error)).or_exit(Exit::Usage)?;
    Ok(Some(api::replayed(replay.finish())))
}

fn failure(error: ReplayError) -> Failure {
    Failure {
        exit: match &error {
            ReplayError::Load(LoadError::Privileges { .. }) => Exit::NotPermitted,
            ReplayError::Compile(_) => Exit::Findings,
            ReplayError::Load(_) | ReplayError::Apply(_) => Exit::Rejected,
            ReplayError::Judge(_) => Exit::Failed,
        },
        error: error.into(),
    }
}

pub(super) fn render(simulation: &Simulation, scans: bool, now: Timestamp) -> String {
    let all = simulation.would_drop.iter();
    let shown: Vec<_> = all.filter(|it| scans || !it.scan).cloned().collect();
    let mut lines = vec![format!(
        "{} of {} judged for {} devices would be dropped in mode enforce",
        shown.len(),
        simulation.judged,
        simulation.devices
    )];
    match simulation.would_drop.len() - shown.len() {
        0 => {}
        number => lines.push(format!(
            "{number} more that came in one hour with many others and never again, as in a scan (--scans shows them)"
        )),
    }
    if simulation.unknown > 0 {
        lines.push(format!("{} could not be judged", simulation.unknown));
    }
    let frames = |number| match number {
        1 => "1 frame".to_owned(),
        number => format!("{number} frames"),
    };
    for it in &simulation.malformed {
        lines.push(format!(
            "malformed ({}), and dropped in every mode: {}",
            it.reason,
            frames(it.frames)
        ));
    }
    for it in &simulation.not_ip {
        lines.push(format!(
            "not IP (Ethernet type {:#06x}, {}), and dropped in mode enforce: {} of {}",
            it.ethertype,
            it.reason,
            frames(it.frames),
            it.device
        ));
    }
    let text = lines.join("\n") + "\n";
    if shown.is_empty() {
        return text;
    }
    text + &table(&shown, now)
}

fn table(would_drop: &[WouldDrop], now: Timestamp) -> String {
    let rows = would_drop.iter().map(|it| {
        let arrow = if it.initiator == "peer" { "<-" } else { "->" };
        let peer = match &it.peer_name {
            Some(name) => format!("{name} ({})", it.peer),
            None => it.peer.to_string(),
        };
        let service = match (it.port, it.icmp) {
            (Some(port), _) => format!("{} {port}", it.protocol),
            (None, Some((kind, code))) => format!("{} {kind}/{code}", it.protocol),
            (None, None) => it.protocol.clone(),
        };
        let before = it.rule_in_force.as_ref();
        vec![
            it.criticality.clone().unwrap_or_default(),
            it.device.clone().unwrap_or_else(|| it.mac.clone()),
            it.profile.clone().unwrap_or_default(),
            arrow.to_owned(),
            peer,
            service,
            it.times.to_string(),
            ago(now, it.last_seen),
            it.reason.clone(),
            before.map_or_else(String::new, |rule| {
                format!("{}:{} {}", rule.file, rule.line, rule.label)
            }),
        ]
    });
    output::table(
        &[
            ("CRITICALITY", Align::Left),
            ("DEVICE", Align::Left),
            ("PROFILE", Align::Left),
            ("", Align::Left),
            ("PEER", Align::Left),
            ("SERVICE", Align::Left),
            ("TIMES", Align::Right),
            ("LAST SEEN", Align::Left),
            ("WHY", Align::Left),
            ("ALLOWED NOW BY", Align::Left),
        ],
        rows,
    )
}
