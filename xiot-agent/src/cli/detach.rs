//! `detach`: removes what an earlier run left attached and pinned.

use std::path::Path;

use clap::ArgGroup;
use nix::unistd::getuid;

use super::{
    State,
    exit::{Exit, Failure, Outcome},
    output,
    pinned::Pinned,
    words::count,
};
use crate::{
    api::auth::name_of,
    datapath::{self, DetachError, Detached, PinError},
    store::{
        Author,
        audit::{Audit, Event},
    },
};

/// Detach what an earlier run left attached (--keep-attached, or killed), and put the interfaces back as they were.
#[derive(clap::Args, Debug)]
#[command(group(ArgGroup::new("where").required(true).args(["gateway", "pins"])))]
pub(super) struct Args {
    #[command(flatten)]
    pins: Pinned,
    #[command(flatten)]
    state: State,
}

pub(super) fn run(args: &Args) -> Outcome {
    let Some(pins) = args.pins.directory()? else {
        return Ok(Exit::Findings);
    };
    let detached = datapath::detach(&pins).map_err(failure)?;
    if detached != Detached::default() {
        audit(&args.state.state, &pins)?;
    }
    output::print(&render(detached, &pins.display().to_string()))?;
    Ok(Exit::Success)
}

/// What is done is done: where it can't be noted, that is said.
fn audit(state: &Path, pins: &Path) -> Result<(), Failure> {
    let uid = getuid().as_raw();
    let by = Author::User {
        uid,
        name: name_of(uid),
    };
    let pins = pins.display().to_string();
    let noted = Audit::open(state).and_then(|it| {
        let mut audit = it.audit;
        audit.append(by, Event::Detach { pins })
    });
    match noted {
        Ok(()) => Ok(()),
        Err(error) => output::note(&format!("warning: not in the audit log: {error}")),
    }
}

fn render(detached: Detached, pins: &str) -> String {
    if detached == Detached::default() {
        return format!("nothing is attached by {pins}\n");
    }
    let elsewhere = match detached.elsewhere {
        0 => String::new(),
        some => format!(
            "left alone {} of interfaces in other network namespaces\n",
            count(some as u64, "setting")
        ),
    };
    format!(
        "detached from {}, put back {}, removed {}\n{elsewhere}",
        count(detached.links as u64, "interface"),
        count(detached.restored as u64, "setting"),
        count(detached.pins as u64, "pin"),
    )
}

fn failure(error: DetachError) -> Failure {
    let exit = match &error {
        DetachError::Pins(PinError::Locked { .. }) => Exit::InUse,
        DetachError::Pins(PinError::Io { source, .. }) | DetachError::Link { source, .. }
            if source.kind() == std::io::ErrorKind::PermissionDenied =>
        {
            Exit::NotPermitted
        }
        DetachError::Pins(_)
        | DetachError::Link { .. }
        | DetachError::Restore(_)
        | DetachError::Map(_)
        | DetachError::Undo(_) => Exit::Host,
    };
    Failure {
        exit,
        error: error.into(),
    }
}
