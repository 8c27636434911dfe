//! `bindings`: addresses that are bound to MACs.

use super::{
    Socket, client,
    exit::{Exit, Outcome},
    output::{self, Align},
    words::duration,
};
use crate::api::wire::{Answer, Ask, Binding, BindingsQuery};

/// List addresses that devices have by DHCP or took themselves, beside those that the policy lists.
///
/// A lease lasts as long as the DHCP server said; an IPv6 address in use for an hour after it was last seen in what guards are
/// asked about. On wires without guards nothing is learned.
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
    let query = BindingsQuery {
        device: args.device,
        limit: args.limit,
    };
    let bindings = client::list(&args.socket.socket, Ask::Bindings(query), |answer| {
        if let Answer::Binding(binding) = answer {
            Some(*binding)
        } else {
            None
        }
    })?;
    if args.json {
        output::print_json(&bindings.items)?;
    } else {
        output::print(&render(&bindings.items))?;
    }
    bindings.tell_left_out()?;
    Ok(Exit::Success)
}

pub(super) fn render(bindings: &[Binding]) -> String {
    let rows = bindings.iter().map(|binding| {
        vec![
            binding.device.clone().unwrap_or_else(|| "-".to_owned()),
            binding.mac.clone(),
            binding.address.to_string(),
            binding.wire.clone(),
            binding.vlan.clone(),
            binding.by.clone(),
            binding
                .left_seconds
                .map_or_else(|| "no end".to_owned(), duration),
        ]
    });
    output::table(
        &[
            ("DEVICE", Align::Left),
            ("MAC", Align::Left),
            ("ADDRESS", Align::Left),
            ("WIRE", Align::Left),
            ("VLAN", Align::Left),
            ("BY", Align::Left),
            ("LEFT", Align::Right),
        ],
        rows,
    )
}
