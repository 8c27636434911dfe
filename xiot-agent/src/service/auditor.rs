//! The audit log as the running agent writes it. What can't be written is in the agent's own log.

use std::path::{Path, PathBuf};

use crate::store::{
    Author,
    audit::{Audit, Event, OpenedAudit, Place},
};

/// Writes the audit log.
#[derive(Debug)]
pub struct Auditor {
    directory: PathBuf,
    audit: Option<Audit>,
    trouble: Option<String>,
}

impl Auditor {
    /// Writes that of this state directory.
    pub fn open(directory: &Path) -> Self {
        let mut auditor = Self {
            directory: directory.to_owned(),
            audit: None,
            trouble: None,
        };
        auditor.reopen();
        auditor
    }

    fn reopen(&mut self) {
        match Audit::open(&self.directory) {
            Ok(OpenedAudit { audit, broken }) => {
                self.audit = Some(audit);
                self.trouble = broken.map(|broken| {
                    let text = format!("the audit log is not what was written, {broken}");
                    tracing::error!("{text}");
                    text
                });
            }
            Err(error) => self.trouble = Some(error.to_string()),
        }
    }

    /// Opens the log again where that failed before, so that it is known whether the next change will be in it.
    pub fn retry(&mut self) {
        if self.audit.is_none() {
            self.reopen();
        }
    }

    /// Notes what was done.
    pub fn note(&mut self, by: Author, event: Event) {
        let words = format!("{event:?}, by {by:?}");
        self.retry();
        let noted = self.audit.as_mut().map(|audit| {
            audit.append(by, event)?;
            Ok(audit.head())
        });
        match noted {
            Some(Ok(Place { sequence, hash })) => {
                tracing::info!(sequence, hash, "audit: {words}");
            }
            Some(Err::<_, crate::store::audit::AuditError>(error)) => {
                tracing::error!("not in the audit log ({error}): {words}");
                self.trouble = Some(error.to_string());
                self.audit = None;
            }
            None => {
                let why = self.trouble.as_deref().unwrap_or_default();
                tracing::error!("not in the audit log ({why}): {words}");
            }
        }
    }

    /// The last entry; none: nothing can be written.
    pub fn head(&self) -> Option<Place> {
        self.audit.as_ref().map(Audit::head)
    }

    /// Why nothing is written, or what is wrong with the log.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }
}
