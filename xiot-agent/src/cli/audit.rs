//! `audit`: every change of enforcement, and whether the log is what was written.

use std::{collections::VecDeque, fs::File, path::Path};

use jiff::Timestamp;

use super::{
    State,
    exit::{Exit, OrExit as _, Outcome},
    output::{self, Align},
    words::{ago, count, short},
};
use crate::store::{
    Author, Cause,
    audit::{self, Audit, Chain, Entry, Event},
};

/// Show every change of enforcement: by whom, when, why. Checks first that the log is what was written.
///
/// Each line of the log has the SHA-256 of the line before. A line that was changed, removed or inserted shows; an end that was cut off, or a log
/// that was written anew, shows only to those who know a hash that it had: `status --json` and the agent's log tell that of each entry. Exit
/// code 1 if the log is not what was written. Needs no agent.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(flatten)]
    state: State,
    /// A hash that an entry must have, as it was noted elsewhere; may be repeated.
    #[arg(long, value_name = "SHA256")]
    expect: Vec<String>,
    /// At most so many of the last entries.
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
    /// Print JSON: one entry a line.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Outcome {
    let path = Audit::path(&args.state.state);
    let file = File::open(&path)
        .map_err(|error| anyhow::anyhow!("can't read {}: {error}", path.display()))
        .or_exit(Exit::Usage)?;
    let mut missing: Vec<_> = args
        .expect
        .iter()
        .map(|it| it.to_ascii_lowercase())
        .collect();
    let mut last = VecDeque::new();
    let chain = audit::read(&file, |hash, entry| {
        missing.retain(|it| it != hash);
        last.extend(entry);
        if last.len() > args.limit {
            last.pop_front();
        }
    })
    .map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))
    .or_exit(Exit::Failed)?;
    if args.json {
        for entry in &last {
            output::print_json_line(entry)?;
        }
    } else {
        output::print(&render(&last, Timestamp::now()))?;
    }
    verdict(&path, &chain, &missing)
}

fn verdict(path: &Path, chain: &Chain, missing: &[String]) -> Outcome {
    let path = path.display();
    if let Some(broken) = &chain.broken {
        output::note(&format!("error: {path} is not what was written: {broken}"))?;
    }
    for hash in missing {
        output::note(&format!("error: {path} has no entry with hash {hash}"))?;
    }
    if chain.broken.is_some() || !missing.is_empty() {
        return Ok(Exit::Findings);
    }
    let torn = match chain.torn {
        0 => String::new(),
        torn => format!("; {} of half a line at the end", count(torn, "byte")),
    };
    let last = chain.last.as_ref();
    output::note(&match last {
        Some(last) => format!(
            "{} in one chain, the last {}{torn}",
            count(last.sequence, "line"),
            last.hash
        ),
        None => format!("no entries{torn}"),
    })?;
    Ok(Exit::Success)
}

pub(super) fn render(entries: &VecDeque<Entry>, now: Timestamp) -> String {
    let columns = [
        ("ENTRY", Align::Right),
        ("WHEN", Align::Left),
        ("BY", Align::Left),
        ("WHAT", Align::Left),
        ("REASON", Align::Left),
    ];
    let rows = entries.iter().map(|entry| {
        let (what, reason) = words(&entry.event);
        vec![
            entry.sequence.to_string(),
            ago(now, Some(entry.time)),
            match &entry.by {
                Author::Agent => "agent".to_owned(),
                Author::User { uid, name } => name.clone().unwrap_or_else(|| uid.to_string()),
            },
            what,
            reason.unwrap_or_default(),
        ]
    });
    output::table(&columns, rows)
}

fn words(event: &Event) -> (String, Option<String>) {
    let what = match event {
        Event::Start {
            version,
            revision,
            anew,
            ..
        } => {
            let anew = match anew {
                None => "conversations went on".to_owned(),
                Some(why) => format!("conversations began anew: {why}"),
            };
            format!("agent {version} came, revision {revision}, {anew}")
        }
        Event::Stop { attached: true } => "agent went, enforcement goes on".to_owned(),
        Event::Stop { attached: false } => "agent went, nothing is enforced".to_owned(),
        Event::Policy {
            revision,
            image,
            cause,
            reason,
            trial_until,
            ..
        } => {
            let cause = match cause {
                Cause::Start => "files at the start".to_owned(),
                Cause::Reload => "reload".to_owned(),
                Cause::FileChange => "file changed".to_owned(),
                Cause::Apply => "apply".to_owned(),
                Cause::Rollback(to) => format!("rollback to {to}"),
                Cause::Unconfirmed(to) => format!("unconfirmed, back to {to}"),
            };
            let trial =
                trial_until.map_or_else(String::new, |until| format!(", on trial until {until}"));
            let what = format!("revision {revision} ({}): {cause}{trial}", short(image));
            return (what, reason.clone());
        }
        Event::Confirmed { revision } => format!("revision {revision} confirmed"),
        Event::Decision {
            device,
            mac,
            vlan,
            decision,
            until,
            overridden,
            reason,
        } => {
            let whom = device.as_ref().unwrap_or(mac);
            let vlan = vlan.as_ref().filter(|_| device.is_none());
            let vlan = vlan.map_or_else(String::new, |vlan| format!(" on VLAN {vlan}"));
            let until = until.map_or_else(String::new, |until| format!(" until {until}"));
            let overridden = if *overridden { ", overridden" } else { "" };
            return (
                format!("{decision} {whom}{vlan}{until}{overridden}"),
                reason.clone(),
            );
        }
        Event::Detach { pins } => format!("detached {pins}"),
        Event::Torn { bytes } => format!("half a line of {bytes} bytes was cut off"),
    };
    (what, None)
}
