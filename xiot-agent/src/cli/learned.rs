//! `learned`: what is known of devices, and how much of what they do.

use jiff::Timestamp;

use super::{
    Socket, client,
    exit::{Exit, Outcome},
    output::{self, Align},
    words::{ago, bytes, foreign},
};
use crate::api::wire::{Answer, Ask, LearnedConversation, LearnedDevice, LearnedQuery};

/// List what was learned of devices, and how much of what they do is not seen yet.
///
/// UNSEEN is the share of what a device does in an hour that was never seen, as far as the hours tell that were watched: the estimate, and in brackets what
/// it is at most (95 %). It takes hours to be alike; what NEVER WATCHED names, it can't know.
///
/// With --device also what the device says of itself and what it does, and what a person has to look at before it becomes a rule. A peer goes by the name that
/// a rule would have for it, its address in brackets. A name with a question mark is a DNS name that the device was told and that no rule is proposed by.
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
    let is_of_one = args.device.is_some();
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
    if is_of_one {
        text += &render_described(&devices);
    }
    if !conversations.is_empty() {
        text += "\n";
        text += &render_conversations(&conversations, now);
    }
    output::print(&text)?;
    Ok(Exit::Success)
}

/// Characters that are shown of what devices say of themselves: where there is one of it, and where there is a column.
const LONGEST: usize = 255;
const COLUMN: usize = 32;

pub(super) fn render(devices: &[LearnedDevice]) -> String {
    // Of a listed device a person has said what it is.
    let says = |it: &LearnedDevice| {
        let said = it.host.as_ref().or(it.mud_url.as_ref());
        let said = said.or(it.vendor_class.as_ref());
        let said = said.filter(|_| it.device.is_none());
        said.map(|said| foreign(said, COLUMN))
    };
    let any_says = devices.iter().any(|it| says(it).is_some());
    let rows = devices.iter().map(|it| {
        let name = it.device.as_ref().unwrap_or(&it.mac);
        let left_out = match it.left_out {
            0 => String::new(),
            left_out => format!(" (+{left_out})"),
        };
        let mut row = vec![
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
        ];
        row.extend(any_says.then(|| says(it).unwrap_or_default()));
        row
    });
    let mut columns = vec![
        ("DEVICE", Align::Left),
        ("PROFILE", Align::Left),
        ("MODE", Align::Left),
        ("HEARD", Align::Right),
        ("CONVERSATIONS", Align::Right),
        ("UNSEEN", Align::Right),
        ("NEVER WATCHED", Align::Left),
    ];
    columns.extend(any_says.then_some(("SAYS IT IS", Align::Left)));
    output::table(&columns, rows)
}

/// What a device says of itself, a line each; nothing if it does not.
pub(super) fn render_described(devices: &[LearnedDevice]) -> String {
    let lines = devices.iter().flat_map(|it| {
        [
            ("host name", &it.host),
            ("vendor class", &it.vendor_class),
            ("MUD URL", &it.mud_url),
        ]
    });
    let lines = lines.filter_map(|(what, said)| {
        let said = foreign(said.as_ref()?, LONGEST);
        Some(["says of itself: ", what, " ", &said, "\n"].concat())
    });
    lines.collect()
}

fn peer(it: &LearnedConversation) -> String {
    let (name, mark) = match (&it.peer_name, it.peer_dns_names.first()) {
        (Some(name), _) => (name, ""),
        (None, Some(told)) => (told, "?"),
        (None, None) => return it.peer.to_string(),
    };
    format!("{}{mark} ({})", foreign(name, LONGEST), it.peer)
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
            peer(it),
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
