//! `names`: addresses that devices were told DNS names have.

use super::{
    Socket, client,
    exit::{Exit, Outcome},
    output::{self, Align},
    words::duration,
};
use crate::api::wire::{Answer, Ask, Named, NamesQuery};

/// List the addresses that devices were told DNS names have, by answers of the policy's DNS servers.
///
/// Each lasts for as long as its TTL says, but a day at least and a week at most, and begins anew with each answer and each
/// conversation that the name allows.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(flatten)]
    socket: Socket,
    /// Only those of this device: name or MAC.
    #[arg(long, value_name = "NAME|MAC")]
    device: Option<String>,
    /// At most so many.
    #[arg(long, value_name = "NUMBER")]
    limit: Option<usize>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: Args) -> Outcome {
    let query = NamesQuery {
        device: args.device,
        limit: args.limit,
    };
    let names = client::list(&args.socket.socket, Ask::Names(query), |answer| {
        if let Answer::Named(named) = answer {
            Some(*named)
        } else {
            None
        }
    })?;
    if args.json {
        output::print_json(&names.items)?;
    } else {
        output::print(&render(&names.items))?;
    }
    names.tell_left_out()?;
    Ok(Exit::Success)
}

pub(super) fn render(names: &[Named]) -> String {
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let rows = names.iter().map(|named| {
        vec![
            or_none(&named.device),
            named.mac.clone(),
            or_none(&named.name),
            named.address.to_string(),
            named.wire.clone(),
            named.vlan.clone(),
            duration(named.left_seconds),
        ]
    });
    output::table(
        &[
            ("DEVICE", Align::Left),
            ("MAC", Align::Left),
            ("NAME", Align::Left),
            ("ADDRESS", Align::Left),
            ("WIRE", Align::Left),
            ("VLAN", Align::Left),
            ("LEFT", Align::Right),
        ],
        rows,
    )
}
