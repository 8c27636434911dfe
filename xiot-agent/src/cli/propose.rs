//! `propose`: what the policy should say by what was learned.

use std::{io, path::PathBuf};

use similar::TextDiff;

use super::{
    Socket, client,
    exit::{Exit, OrExit as _, Outcome},
    file, output,
};
use crate::api::wire::{Answer, Ask, Proposal, ProposeQuery, ProposedProfile};

/// Propose rules by what was learned, as a change of the policy file.
///
/// Prints the change with its evidence: how often, in how many hours, from when to when, by which devices. Nothing is put in force. What is rare is a rule that
/// says so. What may be an attacker's is a comment: whoever knows that it belongs there takes the # away. A summary goes to standard error.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Profiles; none: all whose devices were observed.
    #[arg(value_name = "PROFILE")]
    profiles: Vec<String>,
    /// A device that is not listed, by MAC: the proposal lists it, with the one profile that is given, which may be a new one.
    #[arg(long, value_name = "MAC", requires = "profiles")]
    device: Vec<String>,
    /// Write the whole policy with the proposal to this file; it may be the policy file itself.
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    output: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    socket: Socket,
}

pub(super) fn run(args: Args) -> Outcome {
    let query = ProposeQuery {
        profiles: args.profiles,
        devices: args.device,
    };
    let proposal = client::one(&args.socket.socket, Ask::Propose(query), |answer| {
        if let Answer::Proposal(proposal) = answer {
            Some(*proposal)
        } else {
            None
        }
    })?;
    if args.json {
        output::print_json(&proposal)?;
        return Ok(Exit::Success);
    }
    output::note(render(&proposal.profiles).trim_end())?;
    match args.output {
        Some(path) => file::write(&path, &proposal.after)
            .map_err(|source| {
                io::Error::new(source.kind(), format!("{}: {source}", path.display()))
            })
            .or_exit(Exit::Usage)?,
        None => output::print(&difference(&proposal))?,
    }
    Ok(Exit::Success)
}

fn difference(proposal: &Proposal) -> String {
    TextDiff::from_lines(&proposal.before, &proposal.after)
        .unified_diff()
        .header("policy", "policy, proposed")
        .to_string()
}

/// What it means, profile by profile.
pub(super) fn render(profiles: &[ProposedProfile]) -> String {
    let mut text = String::new();
    for it in profiles {
        let percent = |share: f64| format!("{:.1} %", share * 100.0);
        let mut line = format!(
            "{}: {} for all, {} withheld, {} allowed already; {} of {} devices in {} hours, unseen {} (at most {})",
            it.profile,
            count(it.rules, "rule"),
            it.withheld,
            it.allowed,
            it.devices_observed,
            it.devices_listed,
            it.hours_watched,
            percent(it.unseen),
            percent(it.unseen_at_most),
        );
        if !it.never_watched.is_empty() {
            line += ", never watched: ";
            line += &it.never_watched.join(", ");
        }
        for (device, rules) in &it.exceptions {
            let rules = count(*rules, "rule");
            line.extend(["\n  ", device, ": ", &rules, " of its own"]);
        }
        text += &line;
        text.push('\n');
    }
    text
}

fn count(number: usize, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        number => format!("{number} {what}s"),
    }
}
