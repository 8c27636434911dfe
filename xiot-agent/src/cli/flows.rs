//! `flows`: conversations in the flow table.

use std::net::{IpAddr, SocketAddr};

use super::{
    Socket, client,
    exit::{Exit, Failure, Outcome},
    output::{self, Align},
    words::{bytes, duration},
};
use crate::{
    api::wire::{Answer, Ask, Flow, FlowsQuery},
    unit,
};

/// List conversations in the flow table, most recently active first.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(flatten)]
    socket: Socket,
    /// Only those of this device: name or MAC.
    #[arg(long, value_name = "NAME|MAC")]
    device: Option<String>,
    /// Only those with this address on the other side.
    #[arg(long, value_name = "ADDRESS")]
    peer: Option<IpAddr>,
    /// Only those of this protocol: a name or number.
    #[arg(long, value_name = "PROTOCOL")]
    protocol: Option<String>,
    /// Only those with this port on either side.
    #[arg(long)]
    port: Option<u16>,
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
    let protocol = args
        .protocol
        .map(|text| {
            unit::protocol::parse(&text).ok_or_else(|| Failure {
                exit: Exit::Usage,
                error: anyhow::anyhow!(
                    "--protocol `{text}` is neither the name nor the number of an IP protocol"
                ),
            })
        })
        .transpose()?;
    let query = FlowsQuery {
        device: args.device,
        peer: args.peer,
        protocol,
        port: args.port,
        would_drop: args.would_drop,
        limit: args.limit,
    };
    let flows = client::list(&args.socket.socket, Ask::Flows(query), |answer| {
        if let Answer::Flow(flow) = answer {
            Some(*flow)
        } else {
            None
        }
    })?;
    if args.json {
        output::print_json(&flows.items)?;
    } else {
        output::print(&render(&flows.items))?;
    }
    flows.tell_left_out()?;
    Ok(Exit::Success)
}

pub(super) fn render(flows: &[Flow]) -> String {
    let rows = flows.iter().map(|flow| {
        let arrow = match flow.initiator.as_str() {
            "peer" => "<-",
            _ => "->",
        };
        let why = match &flow.rule {
            Some(rule) => format!("{}:{} {}", rule.file, rule.line, rule.label),
            None => flow.reason.clone(),
        };
        vec![
            flow.device.clone().unwrap_or_else(|| flow.mac.clone()),
            flow.protocol.clone(),
            endpoint(flow.device_address, flow.device_port),
            arrow.to_owned(),
            endpoint(flow.peer_address, flow.peer_port),
            flow.state.clone(),
            duration(flow.idle_seconds),
            duration(flow.timeout_seconds),
            (flow.from_frames + flow.to_frames).to_string(),
            bytes(flow.from_bytes + flow.to_bytes),
            if flow.would_drop {
                "would drop"
            } else {
                "allowed"
            }
            .to_owned(),
            why,
        ]
    });
    output::table(
        &[
            ("DEVICE", Align::Left),
            ("PROTOCOL", Align::Left),
            ("ADDRESS", Align::Left),
            ("", Align::Left),
            ("PEER", Align::Left),
            ("STATE", Align::Left),
            ("IDLE", Align::Right),
            ("TIMEOUT", Align::Right),
            ("FRAMES", Align::Right),
            ("BYTES", Align::Right),
            ("VERDICT", Align::Left),
            ("WHY", Align::Left),
        ],
        rows,
    )
}

/// `10.0.0.1:80`, `[fd00::1]:80`, or the address alone.
pub(super) fn endpoint(address: IpAddr, port: u16) -> String {
    if port == 0 {
        address.to_string()
    } else {
        SocketAddr::new(address, port).to_string()
    }
}
