//! What an agent that does not run has kept: read from its state directory.

use std::{io, path::Path};

use super::exit::{Exit, Failure};
use crate::store::{self, OpenError, Revisions, StoreError};

/// The revisions in this directory, of which nothing is changed.
pub(super) fn open(directory: &Path) -> Result<Revisions, Failure> {
    store::read(directory).map_err(|error| Failure {
        exit: match &error {
            OpenError::InUse(_) => {
                let directory = directory.display();
                return Failure {
                    exit: Exit::InUse,
                    error: anyhow::anyhow!(
                        "an agent that runs has {directory}: ask it, without --state"
                    ),
                };
            }
            OpenError::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                Exit::NotPermitted
            }
            OpenError::Io { .. } => Exit::Usage,
            OpenError::Foreign { .. } | OpenError::Damaged { .. } | OpenError::Stuck { .. } => {
                Exit::Failed
            }
        },
        error: error.into(),
    })
}

/// What is there can't be read.
pub(super) fn unreadable(error: StoreError) -> Failure {
    Failure {
        exit: Exit::Failed,
        error: error.into(),
    }
}
