//! `learned`: what is known of devices, and how much of what they do.

use jiff::Timestamp;

use super::{
    Socket, client,
    exit::{Exit, Outcome},
    output::{self, Align},
    words::{ago, bytes},
};
use crate::api::wire::{Answer, Ask, LearnedConversation, LearnedDevice, LearnedQuery};

/// List what was learned of devices, and how much of what they do is not seen yet.
///
/// UNSEEN is the share of what a device does in an hour that was never seen, as far as the hours tell that were watched: the estimate, and in brackets what
/// it is at most (95 %). It takes hours to be alike; what NEVER WATCHED names, it can't know.
///
/// With --device also what the device does, and what a person has to look at before it becomes a rule.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(flatten)]
    socket: Socket,
    /// This device, by name or MAC, with all of its conversations.
    #[arg(long, value_name = "NAME|MAC")]
    device: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: Args) -> Outcome {
    let query = LearnedQuery {
        device: args.device,
    };
    let (mut devices, mut conversations) = (Vec::new(), Vec::new());
    client::all(&args.socket.socket, Ask::Learned(query), |answer| {
        if let Answer::LearnedDevice(device) = answer {
            devices.push(*device);
        } else if let Answer::LearnedConversation(seen) = answer {
            conversations.push(*seen);
        } else {
            return None;
        }
        Some(())
    })?;
    if args.json {
        output::print_json(&serde_json::json!({
            "devices": devices,
            "conversations": conversations,
        }))?;
        return Ok(Exit::Success);
    }
    let now = Timestamp::now();
    let mut text = render(&devices);
    if !conversations.is_empty() {
        text += "\n";
        text += &render_conversations(&conversations, now);
    }
    output::print(&text)?;
    Ok(Exit::Success)
}

pub(super) fn render(devices: &[LearnedDevice]) -> String {
    let rows = devices.iter().map(|it| {
        let name = it.device.as_ref().unwrap_or(&it.mac);
        let left_out = match it.left_out {
            0 => String::new(),
            left_out => format!(" (+{left_out})"),
        };
        vec![
            match it.vlan.as_str() {
                "untagged" => name.clone(),
                vlan => format!("{name} vlan {vlan}"),
            },
            it.profile.clone().unwrap_or_default(),
            it.mode.clone(),
            format!("{} of {} h", it.hours_heard, it.hours_watched),
            format!("{}{left_out}", it.conversations),
            format!("{} ({})", percent(it.unseen), percent(it.unseen_interval.1)),
            it.never_watched.join(", "),
        ]
    });
    output::table(
        &[
            ("DEVICE", Align::Left),
            ("PROFILE", Align::Left),
            ("MODE", Align::Left),
            ("HEARD", Align::Right),
            ("CONVERSATIONS", Align::Right),
            ("UNSEEN", Align::Right),
            ("NEVER WATCHED", Align::Left),
        ],
        rows,
    )
}

pub(super) fn render_conversations(
    conversations: &[LearnedConversation],
    now: Timestamp,
) -> String {
    let rows = conversations.iter().map(|it| {
        let arrow = match (it.initiator.as_str(), it.midstream) {
            ("peer", false) => "<-",
            ("peer", true) => "<-?",
            (_, false) => "->",
            (_, true) => "->?",
        };
        let service = match (it.port, it.icmp) {
            (Some(port), _) => format!("{} {port}", it.protocol),
            (None, Some((kind, code))) => format!("{} {kind}/{code}", it.protocol),
            (None, None) => it.protocol.clone(),
        };
        vec![
            arrow.to_owned(),
            it.peer.to_string(),
            service,
            it.hours.to_string(),
            it.opened.to_string(),
            bytes(it.bytes),
            ago(now, it.first_seen),
            ago(now, it.last_seen),
            it.marks.join(", "),
        ]
    });
    output::table(
        &[
            ("", Align::Left),
            ("PEER", Align::Left),
            ("SERVICE", Align::Left),
            ("HOURS", Align::Right),
            ("TIMES", Align::Right),
            ("BYTES", Align::Right),
            ("FIRST SEEN", Align::Left),
            ("LAST SEEN", Align::Left),
            ("LOOK AT", Align::Left),
        ],
        rows,
    )
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}
