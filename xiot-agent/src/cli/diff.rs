//! `diff`: how the texts of two revisions differ.

use std::path::PathBuf;

use similar::TextDiff;

use super::{
    Socket, client,
    exit::{Exit, Failure, Outcome},
    kept, output,
};
use crate::{
    api::wire::{Answer, Ask, Texts, TextsQuery},
    store::Revisions,
};

/// Show how the policy and gateway files of two revisions differ.
///
/// Without a revision: the files as they are now against the revision in force. With one: that against the revision in force. With two:
/// the first against the second. Prints nothing where both are the same.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Revisions, as `history` numbers them
    #[arg(value_name = "REVISION", num_args = 0..=2)]
    revisions: Vec<u64>,
    /// Lines around each difference.
    #[arg(long, value_name = "N", default_value_t = 3)]
    context: usize,
    /// Read what is kept in this state directory instead of asking an agent, for when none runs: it takes a revision, as nobody tells
    /// which files are meant
    #[arg(long, value_name = "DIR", requires = "revisions")]
    state: Option<PathBuf>,
    #[command(flatten)]
    socket: Socket,
}

pub(super) fn run(args: &Args) -> Outcome {
    let kept = args.state.as_deref().map(kept::open).transpose()?;
    let in_force = || match &kept {
        Some(kept) => in_force_of(kept),
        None => in_force(args),
    };
    let [from, to] = match args.revisions[..] {
        [] => [Some(in_force()?), None],
        [one] => [Some(one), Some(in_force()?)],
        [one, two, ..] => [Some(one), Some(two)],
    };
    let texts = |revision: Option<u64>| match (&kept, revision) {
        (Some(kept), Some(number)) => texts_of(kept, number),
        _ => texts(args, revision),
    };
    let (before, after) = (texts(from)?, texts(to)?);
    let [from, to] = [from, to].map(|revision| match revision {
        Some(number) => format!("revision {number}"),
        None => "files".to_owned(),
    });
    let mut text = String::new();
    for (name, before, after) in [
        ("gateway", &before.gateway, &after.gateway),
        ("policy", &before.policy, &after.policy),
    ] {
        let names = [format!("{name}, {from}"), format!("{name}, {to}")];
        text += &unified(&names, before, after, args.context);
    }
    output::print(&text)?;
    Ok(Exit::Success)
}

fn in_force(args: &Args) -> Result<u64, Failure> {
    let status = client::one(&args.socket.socket, Ask::Status, |answer| {
        if let Answer::Status(status) = answer {
            Some(status)
        } else {
            None
        }
    })?;
    Ok(status.policy.revision)
}

fn in_force_of(kept: &Revisions) -> Result<u64, Failure> {
    let record = kept.in_force().map_err(kept::unreadable)?;
    let record = record.ok_or_else(|| Failure {
        exit: Exit::Usage,
        error: anyhow::anyhow!("no revision is kept there that was in force"),
    })?;
    Ok(record.number)
}

fn texts_of(kept: &Revisions, number: u64) -> Result<Texts, Failure> {
    let record = kept.get(number).map_err(kept::unreadable)?;
    let record = record.ok_or_else(|| Failure {
        exit: Exit::Usage,
        error: anyhow::anyhow!(
            "there is no revision {number}: xiot-agent history lists those that are kept"
        ),
    })?;
    let texts = kept.texts(&record).map_err(kept::unreadable)?;
    Ok(Texts {
        gateway: texts.gateway.to_string(),
        policy: texts.policy.to_string(),
    })
}

fn texts(args: &Args, revision: Option<u64>) -> Result<Texts, Failure> {
    let query = TextsQuery { revision };
    client::one(&args.socket.socket, Ask::Texts(query), |answer| {
        if let Answer::Texts(texts) = answer {
            Some(*texts)
        } else {
            None
        }
    })
}

/// As `diff -u` prints it; empty for nothing.
pub(super) fn unified(names: &[String; 2], before: &str, after: &str, context: usize) -> String {
    let [from, to] = names;
    TextDiff::from_lines(before, after)
        .unified_diff()
        .context_radius(context)
        .header(from, to)
        .to_string()
}
