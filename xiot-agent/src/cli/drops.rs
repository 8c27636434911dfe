//! `drops`: recent drops, and new ones as they come.

use super::{
    Socket,
    exit::{Exit, Failure, Outcome},
    flows::endpoint,
    output,
};
use crate::{
    api::{
        client,
        wire::{Answer, Ask, Drop, DropsQuery},
    },
    unit,
};

/// Show recent drops, and with --follow new ones as they come.
///
/// What mode monitor or learn let through is shown as `would drop`. Drops are reported at a limited rate: `status` and the metrics
/// count every frame.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(flatten)]
    socket: Socket,
    /// Go on with new ones as they come.
    #[arg(long, short)]
    follow: bool,
    /// Only those of this time, such as 10m.
    #[arg(long, value_name = "DURATION")]
    since: Option<String>,
    /// Only those of this device: name or MAC.
    #[arg(long, value_name = "NAME|MAC")]
    device: Option<String>,
    /// Only those with this reason.
    #[arg(long)]
    reason: Option<String>,
    /// Print JSON, one object on a line.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: Args) -> Outcome {
    let since_seconds = args
        .since
        .map(|text| {
            unit::duration::parse(&text).map_err(|error| Failure {
                exit: Exit::Usage,
                error: anyhow::anyhow!("--since `{text}`: {error}"),
            })
        })
        .transpose()?
        .map(|duration| duration.as_secs());
    let query = DropsQuery {
        follow: args.follow,
        since_seconds,
        device: args.device,
        reason: args.reason,
    };
    let mut answers = client::ask(&args.socket.socket, Ask::Drops(query))?;
    let mut head = (!args.json).then_some(HEAD);
    while let Some(answer) = answers.next() {
        // A question that is refused has no table.
        let answer = answer?;
        output::print(head.take().unwrap_or_default())?;
        if let Answer::Drop(drop) = answer {
            if args.json {
                output::print_json_line(&drop)?;
            } else {
                output::print(&render(&drop))?;
            }
        } else if let Answer::Missed(missed) = answer {
            if args.json {
                output::print_json_line(&serde_json::json!({ "missed": missed }))?;
            } else {
                output::print(&format!(
                    "{missed} drops missed: they came faster than they could be shown\n"
                ))?;
            }
        } else {
            return Err(answers.foreign().into());
        }
    }
    output::print(head.unwrap_or_default())?;
    Ok(Exit::Success)
}

const HEAD: &str =
    "TIME (UTC)    VERDICT     WIRE             DEVICE               REASON               FRAME\n";

/// One line; wide cells push the rest to the right.
pub(super) fn render(drop: &Drop) -> String {
    let device = drop.device.as_ref().unwrap_or(match drop.side.as_str() {
        "device" => &drop.src_mac,
        _ => &drop.dst_mac,
    });
    let suppressed = match drop.suppressed {
        0 => String::new(),
        held => format!(" (+{held} of this sender not shown)"),
    };
    let wire = format!("{}/{}", drop.wire, drop.side);
    format!(
        "{:<13} {:<11} {wire:<16} {device:<20} {:<20} {}{suppressed}\n",
        drop.time.strftime("%H:%M:%S%.3f").to_string(),
        drop.verdict.words(),
        drop.reason,
        frame(drop),
    )
}

fn frame(drop: &Drop) -> String {
    let what = match (&drop.protocol, drop.src, drop.dst) {
        (Some(protocol), Some(src), Some(dst)) => {
            let ends = format!(
                "{protocol} {} > {}",
                endpoint(src, drop.src_port.unwrap_or(0)),
                endpoint(dst, drop.dst_port.unwrap_or(0))
            );
            match (&drop.tcp_flags, drop.icmp) {
                (Some(flags), _) if !flags.is_empty() => format!("{ends} [{flags}]"),
                (_, Some((kind, code))) => format!("{ends} type {kind}/{code}"),
                _ => ends,
            }
        }
        _ => format!("{} {} > {}", drop.ethertype, drop.src_mac, drop.dst_mac),
    };
    let vlan = match drop.vlan.as_str() {
        "untagged" => String::new(),
        vlan => format!(" vlan {vlan}"),
    };
    format!("{what}{vlan}, {} B", drop.length)
}
