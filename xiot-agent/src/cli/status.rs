//! `status`: the gateway on one screen.

use std::collections::BTreeMap;

use clap::ArgGroup;
use jiff::Timestamp;

use super::{
    Socket, client, decide,
    exit::{Exit, Outcome},
    left,
    output::{self, Align},
    pinned::Pinned,
    words::{ago, bytes, count, short},
};
use crate::{
    api::wire::{Answer, Ask, Gauge, Port, Status, Verdict},
    service::state::Reason,
};

/// Show the gateway on one screen: policy, ports, frames by verdict, what was dropped and why.
///
/// With --gateway or --pins it asks no agent: it shows what is attached there, as the kernel has it.
#[derive(clap::Args, Debug)]
#[command(group(ArgGroup::new("where").args(["gateway", "pins"])))]
pub(super) struct Args {
    #[command(flatten)]
    socket: Socket,
    #[command(flatten)]
    pinned: Pinned,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Outcome {
    if args.pinned.is_given() {
        return left::run(&args.pinned, args.json);
    }
    let status = client::one(&args.socket.socket, Ask::Status, |answer| {
        if let Answer::Status(status) = answer {
            Some(status)
        } else {
            None
        }
    })?;
    if args.json {
        output::print_json(&status)?;
    } else {
        output::print(&render(&status, Timestamp::now()))?;
    }
    Ok(Exit::Success)
}

pub(super) fn render(status: &Status, now: Timestamp) -> String {
    let mut parts = vec![head(status, now)];
    parts.extend(calendars(status));
    parts.extend(revisions(status));
    parts.extend(fail_modes(status));
    parts.push(wires(status));
    parts.extend(alarms(status, now));
    parts.extend(decisions(status));
    parts.extend(refused(status));
    parts.push(profiles(status));
    parts.push(levels(status));
    parts.join("\n")
}

fn head(status: &Status, now: Timestamp) -> String {
    let (agent, policy) = (&status.agent, &status.policy);
    format!(
        "xiot-agent {}, process {}, started {}\n\
         policy {}, {}, revision {}, in force since {}\n\
         {}, {}, {}; {} of {}\n\
         devices: {} enforce, {} monitor, {} learn; {} not listed (mode {})\n",
        agent.version,
        agent.pid,
        ago(now, Some(agent.started)),
        policy.file,
        short(&policy.digest),
        policy.revision,
        ago(now, Some(policy.applied_at)),
        count(policy.devices.into(), "device"),
        count(policy.profiles.into(), "profile"),
        count(policy.rules.into(), "rule"),
        bytes(policy.image_bytes.used),
        bytes(policy.image_bytes.capacity),
        status.devices.enforce,
        status.devices.monitor,
        status.devices.learn,
        status.unlisted_devices,
        policy.onboarding,
    )
}

/// Which calendars are in force, and until when.
fn calendars(status: &Status) -> Option<String> {
    let calendars = status.calendars.iter();
    let words: Vec<_> = calendars
        .map(|calendar| {
            let name = &calendar.name;
            match (calendar.in_force, calendar.changes) {
                (true, Some(end)) => format!("{name} in force until {end}"),
                (true, None) => format!("{name} in force"),
                (false, Some(begin)) => format!("{name} from {begin}"),
                (false, None) => format!("{name} over"),
            }
        })
        .collect();
    (!words.is_empty()).then(|| format!("calendars: {}\n", words.join(", ")))
}

/// Wires that would not do without the program what they are to.
fn fail_modes(status: &Status) -> Option<String> {
    let wires = status.wires.iter();
    let lines: Vec<_> = wires
        .filter_map(|wire| {
            Some(format!(
                "wire {}: {}\n",
                wire.name,
                wire.fail_trouble.as_ref()?
            ))
        })
        .collect();
    (!lines.is_empty()).then(|| lines.concat())
}

/// What is not settled about the revision in force.
fn revisions(status: &Status) -> Option<String> {
    let policy = &status.policy;
    let trial = policy.on_trial_until.map(|until| {
        format!(
            "revision {} is on trial until {until}: confirm it, or it goes back by itself\n",
            policy.revision
        )
    });
    let changed = policy.files_changed.then(|| {
        "files: others than were loaded, or not readable (`xiot-agent diff` shows what differs, `apply` or `reload` loads them)\n"
            .to_owned()
    });
    let trouble = policy.revisions_trouble.as_ref();
    let trouble = trouble.map(|trouble| format!("revisions: {trouble}\n"));
    let audit = policy.audit.trouble.as_ref();
    let audit = audit.map(|trouble| format!("audit log: {trouble}\n"));
    let learned = status.learning_trouble.as_ref();
    let learned = learned.map(|trouble| format!("what is learned: {trouble}\n"));
    let parts: Vec<_> = [trial, changed, trouble, audit, learned]
        .into_iter()
        .flatten()
        .collect();
    (!parts.is_empty()).then(|| parts.concat())
}

fn wires(status: &Status) -> String {
    let rows = status.wires.iter().flat_map(|wire| {
        // To a segment frames come by the kernel's routes: they count there, but there is no port.
        let sides = [("device", &wire.device), ("uplink", &wire.uplink)];
        let there = sides
            .into_iter()
            .filter(|(side, port)| port.is_some() || *side == "uplink");
        there.map(|(side, port)| {
            let frames = |verdict| {
                let total: u64 = status
                    .frames
                    .iter()
                    .filter(|frames| frames.wire == wire.name && frames.side == side)
                    .filter(|frames| frames.verdict == verdict)
                    .map(|frames| frames.frames)
                    .sum();
                total.to_string()
            };
            vec![
                wire.name.clone(),
                side.to_owned(),
                port.as_ref()
                    .map_or("routed", |port| &port.interface)
                    .to_owned(),
                port.as_ref().map_or_else(|| "-".to_owned(), how),
                frames(Verdict::Forwarded),
                frames(Verdict::WouldDrop),
                frames(Verdict::Dropped),
            ]
        })
    });
    output::table(
        &[
            ("WIRE", Align::Left),
            ("SIDE", Align::Left),
            ("PORT", Align::Left),
            ("XDP", Align::Left),
            ("FORWARDED", Align::Right),
            ("WOULD DROP", Align::Right),
            ("DROPPED", Align::Right),
        ],
        rows,
    )
}

/// How the program is attached, or what is amiss.
fn how(port: &Port) -> String {
    match (port.attached, port.carrier) {
        (false, _) => "NOT ATTACHED".to_owned(),
        (true, false) => format!("{}, no carrier", port.xdp),
        (true, true) => port.xdp.clone(),
    }
}

/// What somebody has to mend.
fn alarms(status: &Status, now: Timestamp) -> Option<String> {
    let mut lines = Vec::new();
    for wire in &status.wires {
        let ports = [("device", &wire.device), ("uplink", &wire.uplink)];
        for (side, port) in ports {
            if let Some(port) = port.as_ref().filter(|port| !port.attached) {
                lines.push(format!(
                    "{} side {side}: {} does not run the program any more: nothing is enforced there until the agent is started anew",
                    wire.name, port.interface
                ));
            }
        }
    }
    if let Some(refusal) = &status.policy.reloads.refusal {
        lines.push(format!(
            "files refused {}, the policy before them stays in force: {}",
            ago(now, Some(refusal.at)),
            refusal.why
        ));
    }
    if let Some(why) = &status.agent.adoption.why {
        lines.push(format!(
            "conversations and counters began anew with this agent: {why}"
        ));
    }
    if !status.agent.errors.is_empty() {
        let errors = status.agent.errors.iter();
        let errors: Vec<_> = errors
            .map(|(kind, number)| format!("{kind} {number}"))
            .collect();
        lines.push(format!(
            "errors within the agent, see its log: {}",
            errors.join(", ")
        ));
    }
    let lines = lines.iter().map(|line| format!("{line}\n"));
    (lines.len() > 0).then(|| lines.collect())
}

/// What is decided about single devices: first of all that somebody ends it again.
fn decisions(status: &Status) -> Option<String> {
    (!status.decisions.is_empty()).then(|| {
        let lines = status.decisions.iter().map(decide::line);
        lines.fold(String::new(), |text, line| format!("{text}{line}\n"))
    })
}

/// What was dropped or would have been, most frequent first.
fn refused(status: &Status) -> Option<String> {
    let mut totals: BTreeMap<(&str, Verdict), (u64, u64)> = BTreeMap::new();
    for frames in &status.frames {
        if frames.verdict != Verdict::Forwarded && frames.frames > 0 {
            let total = totals.entry((&frames.reason, frames.verdict)).or_default();
            total.0 += frames.frames;
            total.1 += frames.bytes;
        }
    }
    let mut totals: Vec<_> = totals.into_iter().collect();
    totals.sort_by_key(|(_, (frames, _))| std::cmp::Reverse(*frames));
    if totals.is_empty() {
        return None;
    }
    let rows = totals
        .into_iter()
        .map(|((reason, verdict), (frames, octets))| {
            vec![
                verdict.words().to_owned(),
                reason.to_owned(),
                frames.to_string(),
                bytes(octets),
                meaning(reason).to_owned(),
            ]
        });
    Some(output::table(
        &[
            ("VERDICT", Align::Left),
            ("REASON", Align::Left),
            ("FRAMES", Align::Right),
            ("BYTES", Align::Right),
            ("MEANING", Align::Left),
        ],
        rows,
    ))
}

fn meaning(reason: &str) -> &'static str {
    Reason::ALL
        .iter()
        .find(|known| known.name() == reason)
        .map_or("", |known| known.doc())
}

fn profiles(status: &Status) -> String {
    let rows = status.profiles.iter().map(|profile| {
        let traffic = &profile.traffic;
        let modes = &profile.devices;
        vec![
            profile.name.clone(),
            modes.enforce.to_string(),
            modes.monitor.to_string(),
            modes.learn.to_string(),
            traffic.from_frames.to_string(),
            traffic.to_frames.to_string(),
            traffic.would_drop.to_string(),
            (traffic.from_dropped + traffic.to_dropped).to_string(),
            profile.rule_hits.to_string(),
        ]
    });
    output::table(
        &[
            ("PROFILE", Align::Left),
            ("ENFORCE", Align::Right),
            ("MONITOR", Align::Right),
            ("LEARN", Align::Right),
            ("FROM", Align::Right),
            ("TO", Align::Right),
            ("WOULD DROP", Align::Right),
            ("DROPPED", Align::Right),
            ("RULE HITS", Align::Right),
        ],
        rows,
    )
}

fn levels(status: &Status) -> String {
    let level = |gauge: &Gauge| format!("{} of {}", gauge.used, gauge.capacity);
    format!(
        "flows {}, half-open {}, observed conversations {}, bindings {} of {}, devices with names {}\nlearned: devices {}, conversations {}\nevents {} sent, {} suppressed, {} lost; copies of messages {} sent, {} suppressed, {} lost\n",
        level(&status.flows),
        level(&status.half_open),
        level(&status.observed),
        status.bindings.leases + status.bindings.uses,
        status.bindings.capacity,
        level(&status.named_devices),
        level(&status.learned_devices),
        level(&status.learned_conversations),
        status.events.sent,
        status.events.suppressed,
        status.events.lost,
        status.copies.sent,
        status.copies.suppressed,
        status.copies.lost,
    )
}
