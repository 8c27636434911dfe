//! How the program ends: one code for each kind of ending, one message for each failure.

use std::process::ExitCode;

use crate::api::{client::ClientError, wire::RefusalCode};

/// Exit codes of every command. `docs/operations.md` lists them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Success = 0,
    /// The files have errors, or (`mud import`) are not signed as they should be.
    Findings = 1,
    /// The command line makes no sense, names something that is not there, or names a file that can't be read.
    Usage = 2,
    /// The caller may not do this.
    NotPermitted = 3,
    /// The host is not set up for it: an interface is missing or down, another XDP program is attached, there is no BPF
    /// file system.
    Host = 4,
    /// The kernel refuses the XDP program or its maps.
    Rejected = 5,
    /// Another agent has the socket, the address, the pins or the state directory; another policy is in force, or on trial.
    InUse = 6,
    /// No agent is running there.
    NoAgent = 7,
    /// Anything else went wrong; the message says what.
    Failed = 8,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// A command that did not do what it was asked.
#[derive(Debug)]
pub struct Failure {
    /// How the program ends.
    pub exit: Exit,
    /// What to tell the caller.
    pub error: anyhow::Error,
}

/// How a command ends.
pub type Outcome = Result<Exit, Failure>;

/// Gives an error its exit code.
pub(super) trait OrExit<T> {
    /// Ends the program with this code if there is an error.
    fn or_exit(self, exit: Exit) -> Result<T, Failure>;
}

impl<T, E: Into<anyhow::Error>> OrExit<T> for Result<T, E> {
    fn or_exit(self, exit: Exit) -> Result<T, Failure> {
        self.map_err(|error| Failure {
            exit,
            error: error.into(),
        })
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let exit = match &error {
            ClientError::NoAgent { .. } => Exit::NoAgent,
            ClientError::NotPermitted { .. } => Exit::NotPermitted,
            ClientError::Refused(refusal) => match refusal.code {
                RefusalCode::NotPermitted | RefusalCode::NeedsOverride => Exit::NotPermitted,
                RefusalCode::Busy | RefusalCode::Conflict => Exit::InUse,
                RefusalCode::BadRequest | RefusalCode::NotFound => Exit::Usage,
                RefusalCode::BadFiles => Exit::Findings,
                RefusalCode::Failed => Exit::Failed,
            },
            ClientError::Foreign { .. } | ClientError::Broken { .. } | ClientError::Io { .. } => {
                Exit::Failed
            }
        };
        Self {
            exit,
            error: error.into(),
        }
    }
}
