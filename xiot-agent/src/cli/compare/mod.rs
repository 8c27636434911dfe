//! `compare`: what makers disclose, what devices do, and what is enforced.

mod list;
mod render;

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use self::list::{Base, List};
pub(super) use self::render::render;
use super::{
    Socket, change, client,
    exit::{Exit, Failure, OrExit as _, Outcome},
    output,
};
use crate::api::wire::{Answer, Ask, Candidate, CompareQuery, Comparison, Texts, TextsQuery};

/// Compare what makers disclose with what devices do and what is enforced: what is done though the maker never said so, what the maker allows and nobody
/// uses, what is enforced without evidence.
///
/// What a maker discloses is a profile of the policy, imported from a MUD file or written by hand, which the profile of the devices names (`disclosed`). What
/// devices do is what was learned. Each conversation is put to the XDP program itself, on a scratch instance, as of the moment when it was seen last.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Policy file; the policy in force, if not given
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Only this device.
    #[arg(long, value_name = "NAME|MAC", group = "whose")]
    device: Option<String>,
    /// Only devices of this profile.
    #[arg(long, value_name = "NAME", group = "whose")]
    profile: Option<String>,
    /// The profile that says what their maker discloses, in place of that which the policy names.
    #[arg(
        long,
        value_name = "PROFILE",
        requires = "whose",
        conflicts_with = "mud"
    )]
    disclosed: Option<String>,
    /// A MUD file that says so, as a profile for this once. What of it can't be compared is told on standard error.
    #[arg(long, value_name = "FILE", requires = "whose")]
    mud: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    socket: Socket,
}

pub(super) fn run(args: &Args) -> Outcome {
    let policy = args.file.as_deref().map(given).transpose()?;
    let mut query = CompareQuery {
        candidate: None,
        profile: args.profile.clone(),
        device: args.device.clone(),
        disclosed: args.disclosed.clone(),
    };
    let sent = match &args.mud {
        None => policy,
        Some(mud) => {
            let base = match policy {
                Some(policy) => policy,
                None => in_force(args)?,
            };
            let Some(List {
                policy,
                profile,
                left_out,
            }) = list::add(mud, &base, &query)?
            else {
                return Ok(Exit::Findings);
            };
            for one in left_out {
                output::note(&one)?;
            }
            query.disclosed = Some(profile);
            Some(policy)
        }
    };
    let text = sent.map(|Base { file, text }| {
        query.candidate = Some(Candidate::Policy {
            file,
            bytes: text.len() as u64,
        });
        text
    });
    let mut comparison = ask(args, query, text.unwrap_or_default().as_bytes())?;
    if let Some(mud) = &args.mud {
        list::point_to(&mut comparison, mud);
    }
    if args.json {
        output::print_json(&comparison)?;
    } else {
        output::print(&render(&comparison, Timestamp::now()))?;
    }
    Ok(Exit::Success)
}

fn given(file: &Path) -> Result<Base, Failure> {
    let bytes = change::read(file).or_exit(Exit::Usage)?;
    let text = String::from_utf8(bytes)
        .map_err(|_not_text| anyhow::anyhow!("{} is not UTF-8", file.display()));
    Ok(Base {
        file: file.display().to_string(),
        text: text.or_exit(Exit::Findings)?,
    })
}

/// The policy in force.
fn in_force(args: &Args) -> Result<Base, Failure> {
    let socket = &args.socket.socket;
    let status = client::one(socket, Ask::Status, |answer| {
        if let Answer::Status(status) = answer {
            Some(status)
        } else {
            None
        }
    })?;
    let query = TextsQuery {
        revision: Some(status.policy.revision),
    };
    let Texts { policy, .. } = client::one(socket, Ask::Texts(query), |answer| {
        if let Answer::Texts(texts) = answer {
            Some(*texts)
        } else {
            None
        }
    })?;
    Ok(Base {
        file: status.policy.file,
        text: policy,
    })
}

fn ask(args: &Args, query: CompareQuery, body: &[u8]) -> Result<Comparison, Failure> {
    client::one_with(&args.socket.socket, Ask::Compare(query), body, |answer| {
        if let Answer::Comparison(comparison) = answer {
            Some(*comparison)
        } else {
            None
        }
    })
}
