//! `history`: which policies were in force, since when, by whom and why.

use jiff::Timestamp;

use super::{
    Socket, client,
    exit::{Exit, Outcome},
    output::{self, Align},
    words::{ago, short},
};
use crate::api::wire::{Answer, Ask, HistoryQuery, Revision};

/// Show which policies were in force: since when, by whom, why, and what each changed.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(flatten)]
    socket: Socket,
    /// At most so many, newest first.
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Outcome {
    let query = HistoryQuery {
        limit: Some(args.limit),
    };
    let history = client::list(&args.socket.socket, Ask::History(query), |answer| {
        if let Answer::Revision(revision) = answer {
            Some(*revision)
        } else {
            None
        }
    })?;
    if args.json {
        output::print_json(&history.items)?;
    } else {
        output::print(&render(&history.items, Timestamp::now()))?;
    }
    history.tell_left_out()?;
    Ok(Exit::Success)
}

pub(super) fn render(history: &[Revision], now: Timestamp) -> String {
    let columns = [
        ("REVISION", Align::Right),
        ("IN FORCE", Align::Left),
        ("BY", Align::Left),
        ("WHAT", Align::Left),
        ("DEVICES", Align::Left),
        ("RULES", Align::Left),
        ("POLICY", Align::Left),
        ("REASON", Align::Left),
    ];
    let in_force = history.iter().find(|it| it.applied.is_some());
    let in_force = in_force.map(|it| it.number);
    let rows = history.iter().map(|revision| {
        let devices = revision.devices;
        vec![
            revision.number.to_string(),
            when(revision, now),
            who(revision),
            what(revision, in_force == Some(revision.number)),
            signs(&[
                ('+', devices.added),
                ('-', devices.removed),
                ('~', devices.changed),
            ]),
            signs(&[('+', revision.rules.added), ('-', revision.rules.removed)]),
            format!("{} {}", revision.policy, short(&revision.policy_sha256)),
            revision.reason.clone().unwrap_or_default(),
        ]
    });
    output::table(&columns, rows)
}

/// Of whom a revision is.
fn who(revision: &Revision) -> String {
    revision.user.clone().unwrap_or_else(|| "agent".to_owned())
}

fn when(revision: &Revision, now: Timestamp) -> String {
    match revision.applied {
        Some(applied) => ago(now, Some(applied)),
        None => "unknown".to_owned(),
    }
}

fn what(revision: &Revision, in_force: bool) -> String {
    let mut what = match revision.restores {
        Some(number) => format!("{} to {number}", revision.cause),
        None => revision.cause.clone(),
    };
    if revision.on_trial_back_to.is_some() {
        what += if in_force {
            ", on trial"
        } else {
            ", not confirmed"
        };
    } else if revision.confirmed.is_some() {
        what += ", confirmed";
    }
    what
}

fn signs(counts: &[(char, u64)]) -> String {
    let some: Vec<_> = counts
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(sign, count)| format!("{sign}{count}"))
        .collect();
    some.join(" ")
}
