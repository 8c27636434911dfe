//! `status --gateway`, `status --pins`: what is attached, as the kernel has it, whether an agent answers or not.

use jiff::Timestamp;
use serde::Serialize;

use super::{
    exit::{Exit, Failure, Outcome},
    output,
    pinned::Pinned,
    words::{ago, short},
};
use crate::{
    datapath::{self, BringUpError, Left, PinError},
    service::state::words::hex,
};

/// What is known without an agent.
#[derive(Debug, Serialize)]
struct Attached {
    /// An agent, or somebody, has the pins.
    agent_is_running: bool,
    /// Its process, if that can be told.
    pid: Option<u32>,
    /// Version of the agent that attached the program.
    agent: Option<String>,
    /// When it did.
    since: Option<Timestamp>,
    /// Whether an agent of this version can go on with it.
    understood: bool,
    /// SHA-256 of the policy in force.
    digest: Option<String>,
    /// Its revision.
    revision: Option<u64>,
    /// When it was compiled.
    compiled: Option<Timestamp>,
    /// Interfaces.
    interfaces: Vec<String>,
}

pub(super) fn run(pinned: &Pinned, json: bool) -> Outcome {
    let Some(pins) = pinned.directory()? else {
        return Ok(Exit::Findings);
    };
    let attached = datapath::look(&pins).map_err(failure)?.map(attached);
    if json {
        output::print_json(&attached)?;
    } else {
        let text = attached.map_or_else(
            || format!("nothing is attached by {}\n", pins.display()),
            |attached| render(&attached, Timestamp::now()),
        );
        output::print(&text)?;
    }
    Ok(Exit::Success)
}

fn attached(left: Left) -> Attached {
    let time = |nanoseconds: u64| Timestamp::from_nanosecond(nanoseconds.into()).ok();
    let header = left.in_force.map(|it| it.header);
    Attached {
        agent_is_running: left.holder.is_some(),
        pid: left.holder.and_then(|it| it.holder).map(|it| it.pid),
        understood: left
            .note
            .as_ref()
            .is_some_and(datapath::Noted::is_understood),
        since: left.note.as_ref().and_then(|it| time(it.since)),
        agent: left.note.map(|it| it.agent),
        digest: header.map(|it| hex(&it.digest)),
        revision: header.map(|it| it.revision),
        compiled: header.and_then(|it| time(it.compiled_at)),
        interfaces: left.interfaces,
    }
}

fn render(it: &Attached, now: Timestamp) -> String {
    let agent = match (it.agent_is_running, it.pid) {
        (true, Some(pid)) => format!("agent: process {pid}"),
        (true, None) => "agent: a process that can't be told".to_owned(),
        (false, _) => "agent: none; enforcement goes on without one".to_owned(),
    };
    let program = match &it.agent {
        Some(version) => format!(
            "program: of xiot-agent {version}, loaded {}",
            ago(now, it.since)
        ),
        None => "program: of an agent that noted nothing beside it".to_owned(),
    };
    let policy = match (&it.digest, it.revision) {
        (Some(digest), Some(revision)) => format!(
            "policy: {}, revision {revision}, compiled {}",
            short(digest),
            ago(now, it.compiled)
        ),
        _ => "policy: none that this version understands".to_owned(),
    };
    let ports = if it.interfaces.is_empty() {
        "attached to: nothing any more".to_owned()
    } else {
        format!("attached to: {}", it.interfaces.join(", "))
    };
    let next = if it.understood {
        "the next `run` goes on with its conversations, unless wires change"
    } else {
        "the next `run` replaces it without a gap, but conversations begin anew; `detach` removes it"
    };
    format!("{agent}\n{program}\n{policy}\n{ports}\n{next}\n")
}

fn failure(error: BringUpError) -> Failure {
    let denied = matches!(
        &error,
        BringUpError::Pins(PinError::Io { source, .. })
            if source.kind() == std::io::ErrorKind::PermissionDenied
    );
    Failure {
        exit: if denied {
            Exit::NotPermitted
        } else {
            Exit::Host
        },
        error: error.into(),
    }
}
