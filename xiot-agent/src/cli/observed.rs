//! `observed`: what devices do, as learning recorded it.

use jiff::Timestamp;

use super::{
    Socket, client,
    exit::{Exit, Outcome},
    output::{self, Align},
    words::{ago, bytes},
};
use crate::api::wire::{Answer, Ask, Observed, ObservedQuery, Verdict};

/// List what devices do: each conversation that was observed, and what policy says of it.
///
/// One line for each device, initiator, service and peer, whatever the client's port was: the material for an allow-list.
/// In mode learn every frame is counted; in monitor and enforce the frames that open a conversation. What mode enforce
/// drops is not observed: see drops.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(flatten)]
    socket: Socket,
    /// Only those of this device: name or MAC.
    #[arg(long, value_name = "NAME|MAC")]
    device: Option<String>,
    /// Only those that policy denies and the mode lets through.
    #[arg(long)]
    would_drop: bool,
    /// At most so many.
    #[arg(long, value_name = "NUMBER")]
    limit: Option<usize>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: Args) -> Outcome {
    let query = ObservedQuery {
        device: args.device,
        would_drop: args.would_drop,
        limit: args.limit,
    };
    let observed = client::list(&args.socket.socket, Ask::Observed(query), |answer| {
        if let Answer::Observed(observed) = answer {
            Some(*observed)
        } else {
            None
        }
    })?;
    if args.json {
        output::print_json(&observed.items)?;
    } else {
        output::print(&render(&observed.items, Timestamp::now()))?;
    }
    observed.tell_left_out()?;
    Ok(Exit::Success)
}

pub(super) fn render(observed: &[Observed], now: Timestamp) -> String {
    let rows = observed.iter().map(|seen| {
        let name = seen.device.as_ref().unwrap_or(&seen.mac);
        let device = match seen.vlan.as_str() {
            "untagged" => name.clone(),
            vlan => format!("{name} vlan {vlan}"),
        };
        let arrow = match (seen.initiator.as_str(), seen.midstream) {
            ("peer", false) => "<-",
            ("peer", true) => "<-?",
            (_, false) => "->",
            (_, true) => "->?",
        };
        let why = match &seen.rule {
            Some(rule) => format!("{}:{} {}", rule.file, rule.line, rule.label),
            None => seen.reason.clone(),
        };
        let verdict = match seen.verdict {
            Verdict::Forwarded => "allowed",
            Verdict::WouldDrop | Verdict::Dropped => seen.verdict.words(),
        };
        vec![
            device,
            seen.device_address.to_string(),
            arrow.to_owned(),
            seen.peer_address.to_string(),
            service(seen),
            seen.frames.to_string(),
            bytes(seen.bytes),
            ago(now, seen.first_seen),
            ago(now, seen.last_seen),
            verdict.to_owned(),
            why,
        ]
    });
    output::table(
        &[
            ("DEVICE", Align::Left),
            ("ADDRESS", Align::Left),
            ("", Align::Left),
            ("PEER", Align::Left),
            ("SERVICE", Align::Left),
            ("FRAMES", Align::Right),
            ("BYTES", Align::Right),
            ("FIRST SEEN", Align::Left),
            ("LAST SEEN", Align::Left),
            ("VERDICT", Align::Left),
            ("WHY", Align::Left),
        ],
        rows,
    )
}

/// `tcp 3613`, `icmp 8/0`, or the protocol alone.
fn service(seen: &Observed) -> String {
    match (seen.port, seen.icmp) {
        (Some(port), _) => format!("{} {port}", seen.protocol),
        (None, Some((kind, code))) => format!("{} {kind}/{code}", seen.protocol),
        (None, None) => seen.protocol.clone(),
    }
}
