//! `devices`: what the policy lists and what was only seen.

use jiff::Timestamp;

use super::{
    Socket, client,
    exit::{Exit, Outcome},
    output::{self, Align},
    words::ago,
};
use crate::api::wire::{Answer, Ask, Device};

/// List devices: those of the policy with what they sent and received, and those seen that it does not list.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(flatten)]
    socket: Socket,
    /// Only devices that the policy does not list.
    #[arg(long)]
    unlisted: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Outcome {
    let mut devices = client::all(&args.socket.socket, Ask::Devices, |answer| {
        if let Answer::Device(device) = answer {
            Some(*device)
        } else {
            None
        }
    })?;
    devices.retain(|device| !(args.unlisted && device.listed));
    if args.json {
        output::print_json(&devices)?;
    } else {
        output::print(&render(&devices, Timestamp::now()))?;
    }
    Ok(Exit::Success)
}

pub(super) fn render(devices: &[Device], now: Timestamp) -> String {
    let rows = devices.iter().map(|device| {
        let counter = |read: fn(&crate::api::wire::Traffic) -> u64| {
            device
                .traffic
                .as_ref()
                .map(|traffic| read(traffic).to_string())
                .unwrap_or_default()
        };
        let addresses: Vec<_> = device.addresses.iter().map(ToString::to_string).collect();
        vec![
            device
                .name
                .clone()
                .unwrap_or_else(|| "(not listed)".to_owned()),
            device.mac.clone(),
            device.vlan.clone().unwrap_or_else(|| "any".to_owned()),
            device.wire.clone().unwrap_or_else(|| "any".to_owned()),
            addresses.join(","),
            device.profile.clone().unwrap_or_default(),
            device.mode.clone(),
            ago(now, device.last_seen),
            counter(|traffic| traffic.from_frames),
            counter(|traffic| traffic.to_frames),
            counter(|traffic| traffic.would_drop),
            counter(|traffic| traffic.from_dropped + traffic.to_dropped),
        ]
    });
    output::table(
        &[
            ("DEVICE", Align::Left),
            ("MAC", Align::Left),
            ("VLAN", Align::Left),
            ("WIRE", Align::Left),
            ("ADDRESSES", Align::Left),
            ("PROFILE", Align::Left),
            ("MODE", Align::Left),
            ("LAST SEEN", Align::Left),
            ("FROM", Align::Right),
            ("TO", Align::Right),
            ("WOULD DROP", Align::Right),
            ("DROPPED", Align::Right),
        ],
        rows,
    )
}
