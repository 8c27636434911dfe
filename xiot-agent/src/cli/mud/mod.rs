//! `mud`: files of makers that say what their devices do (RFC 8520), read and written offline.

mod export;
mod import;

use std::path::Path;

pub(super) use self::import::{MAX_BYTES, parse, told};

use clap::Subcommand;

use super::{
    exit::{Exit, Failure, OrExit as _, Outcome},
    findings,
};
use crate::model::{limit::MAX_POLICY_BYTES, load_policy, policy::Policy, read_text};

/// Read and write MUD files (RFC 8520): what makers say that their devices do. Needs no agent.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Import(import::Args),
    Export(export::Args),
}

pub(super) fn run(args: &Args) -> Outcome {
    match &args.command {
        Command::Import(args) => import::run(args),
        Command::Export(args) => export::run(args),
    }
}

/// The bytes of a file, which may have so many.
pub(super) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    let bytes = read_text(path, limit)
        .map_err(|error| anyhow::anyhow!("can't read {}: {error}", path.display()))
        .or_exit(Exit::Usage)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > limit) {
        return Err(Failure {
            exit: Exit::Findings,
            error: anyhow::anyhow!("{}: the file is larger than {limit} bytes", path.display()),
        });
    }
    Ok(bytes)
}

/// A policy without errors, and its text. What is wrong with another is told; warnings are no matter here.
fn policy(path: &Path) -> Result<Option<(Policy, Vec<u8>)>, Failure> {
    let text = read(path, MAX_POLICY_BYTES)?;
    let loaded = load_policy(&path.display().to_string(), text.clone());
    if loaded.value.is_none() {
        findings::print_one(&loaded.report)?;
    }
    Ok(loaded.value.map(|policy| (policy, text)))
}
