//! Why the policy in force stays.

use jiff::Timestamp;

use crate::{
    compile::CompileError,
    datapath::{ApplyError, MapAccessError},
    service::{explain::ProgramError, files::FileError, keeper::NotKept},
};

/// The files were not loaded; the policy that was in force still is.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// A file can't be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file has errors: all of them, with their places.
    #[error("the files have errors, nothing was changed:\n\n{}", .0.trim_end())]
    Findings(String),
    /// What holds from a start on was changed.
    #[error(
        "{file}: {} changed, which takes a restart: start the agent anew (with --keep-attached no frame goes unjudged \
         meanwhile), or undo the change", list(.keys)
    )]
    Gateway {
        /// The gateway file.
        file: String,
        /// Keys whose values differ.
        keys: Vec<&'static str>,
    },
    /// The first guard was asked for.
    #[error(
        "{file}: the agent was started with all guards off and has no program for them, which takes a restart: start the agent \
         anew (with --keep-attached no frame goes unjudged meanwhile), or undo the change"
    )]
    Guards {
        /// The gateway file.
        file: String,
    },
    /// The policy can't be compiled for this gateway.
    #[error("{file}: {source}")]
    Compile {
        /// The policy file.
        file: String,
        /// Why not.
        source: CompileError,
    },
    /// The kernel did not take it.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// Counters can't be cleared.
    #[error("the maps of the XDP program can't be written")]
    Maps(#[from] MapAccessError),
    /// What is in force waits for somebody to confirm it.
    #[error(
        "revision {number} is on trial until {until}: confirm it (xiot-agent confirm) or go back (xiot-agent rollback), then change \
         the policy"
    )]
    OnTrial {
        /// What is on trial.
        number: u64,
        /// Until when.
        until: Timestamp,
    },
    /// Something else is in force than was looked at.
    #[error(
        "revision {now} is in force, not {base} that the change was looked at with: look at it once more"
    )]
    Moved {
        /// What was looked at.
        base: u64,
        /// What is in force.
        now: u64,
    },
    /// There is no such revision.
    #[error("there is no revision {0}: xiot-agent history lists those that are kept")]
    NoRevision(u64),
    /// There is nothing to go back to.
    #[error("there is no revision before the one in force")]
    NothingBefore,
    /// A trial could not go back.
    #[error("revision {0} is in force but not kept: there is no way back to it, and so no trial")]
    NoWayBack(u64),
    /// Nothing is on trial.
    #[error("no revision waits to be confirmed")]
    NoTrial,
    /// There is no instance to put conversations to.
    #[error(transparent)]
    Scratch(#[from] ProgramError),
    /// What it takes is not kept.
    #[error(transparent)]
    NotKept(#[from] NotKept),
    /// The agent is on its way down.
    #[error("the agent is ending")]
    Ending,
}

fn list(keys: &[&str]) -> String {
    let quoted: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
    quoted.join(", ")
}
