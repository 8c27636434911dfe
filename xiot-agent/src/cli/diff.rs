//! `diff`: how the texts of two revisions differ.

use similar::TextDiff;

use super::{
    Socket, client,
    exit::{Exit, Failure, Outcome},
    output,
};
use crate::api::wire::{Answer, Ask, Texts, TextsQuery};

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
    #[command(flatten)]
    socket: Socket,
}

pub(super) fn run(args: &Args) -> Outcome {
    let in_force = || -> Result<Option<u64>, Failure> {
        let status = client::one(&args.socket.socket, Ask::Status, |answer| {
            if let Answer::Status(status) = answer {
                Some(status)
            } else {
                None
            }
        })?;
        Ok(Some(status.policy.revision))
    };
    let [from, to] = match args.revisions[..] {
        [] => [in_force()?, None],
        [one] => [Some(one), in_force()?],
        [one, two, ..] => [Some(one), Some(two)],
    };
    let (before, after) = (texts(args, from)?, texts(args, to)?);
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
