//! `history`: which policies were in force, since when, by whom and why.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::{
    Socket,
    client::{self, List},
    exit::{Exit, Failure, Outcome},
    kept,
    output::{self, Align},
    words::{ago, short},
};
use crate::api::{
    convert,
    wire::{Answer, Ask, HistoryQuery, Revision},
};

/// Show which policies were in force: since when, by whom, why, and what each changed.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(flatten)]
    socket: Socket,
    /// Read what is kept in this state directory instead of asking an agent: for when none runs.
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// At most so many, newest first.
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Outcome {
    let history = match &args.state {
        Some(directory) => kept(directory, args.limit)?,
        None => asked(args)?,
    };
    if args.json {
        output::print_json(&history.items)?;
    } else {
        output::print(&render(&history.items, Timestamp::now()))?;
    }
    history.tell_left_out()?;
    Ok(Exit::Success)
}

fn asked(args: &Args) -> Result<List<Revision>, Failure> {
    let query = HistoryQuery {
        limit: Some(args.limit),
    };
    client::list(&args.socket.socket, Ask::History(query), |answer| {
        if let Answer::Revision(revision) = answer {
            Some(*revision)
        } else {
            None
        }
    })
}

fn kept(directory: &Path, limit: usize) -> Result<List<Revision>, Failure> {
    let revisions = kept::open(directory)?;
    let records = revisions.list(limit).map_err(kept::unreadable)?;
    let all = revisions.count().map_err(kept::unreadable)?;
    let items: Vec<_> = records.into_iter().map(convert::revision).collect();
    Ok(List {
        left_out: all.saturating_sub(items.len() as u64),
        items,
    })
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
