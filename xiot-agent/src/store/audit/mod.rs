//! The audit log: every change of enforcement, one JSON object a line, each with the SHA-256 of the line before.
//!
//! Whoever changes, removes or inserts a line breaks the chain from there on. Whoever cuts off its end, or writes all of it anew, does not:
//! against that the hash of the last line is kept elsewhere (`status`, the agent's log). A hash that was noted once must be found again
//! (`xiot-agent audit --expect`).

mod entry;
mod verify;

#[cfg(test)]
mod tests;

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use jiff::Timestamp;

pub use self::{
    entry::{Entry, Event},
    verify::{Break, Chain, Place, read},
};
use super::record::{Author, digest};

/// Its name in the state directory.
const FILE: &str = "audit.log";

/// What the first line has in the place of the hash of the line before.
const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The audit log can't be written.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The file can't be used.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Somebody else writes it.
    #[error("{} is written by an agent that runs", .0.display())]
    InUse(PathBuf),
}

/// The log, open for entries.
#[derive(Debug)]
pub struct Audit {
    path: PathBuf,
    file: File,
    /// Bytes of whole lines.
    length: u64,
    sequence: u64,
    head: String,
}

/// The log, and how it was found.
#[derive(Debug)]
pub struct OpenedAudit {
    /// It.
    pub audit: Audit,
    /// Where its chain is broken.
    pub broken: Option<Break>,
}

impl Audit {
    /// Path of the log in a state directory.
    pub fn path(directory: &Path) -> PathBuf {
        directory.join(FILE)
    }

    /// Opens the log of this state directory, and begins one where there is none. Half a line at its end, which a power cut leaves and nobody was
    /// told of, is cut off and noted. What can't be cut off, or is longer than an entry, is a line of its own from then on, which breaks the chain.
    pub fn open(directory: &Path) -> Result<OpenedAudit, AuditError> {
        let path = Self::path(directory);
        let failed = |source| AuditError::Io {
            path: path.clone(),
            source,
        };
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(AuditError::InUse(path)),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let mut chain = read(&file, |_, _| ()).map_err(failed)?;
        let mut torn = chain.torn;
        // Nothing can be cut off a file that may only grow (`chattr +a`).
        if chain.unended || (torn > 0 && file.set_len(chain.bytes).is_err()) {
            file.write_all(b"\n").map_err(failed)?;
            chain = read(&file, |_, _| ()).map_err(failed)?;
            torn = 0;
        }
        let mut audit = Self {
            file,
            length: chain.bytes,
            sequence: chain.last.as_ref().map_or(0, |last| last.sequence),
            head: chain
                .last
                .map_or_else(|| NOTHING.to_owned(), |last| last.hash),
            path: path.clone(),
        };
        if torn > 0 {
            audit.append(Author::Agent, Event::Torn { bytes: torn })?;
        }
        Ok(OpenedAudit {
            audit,
            broken: chain.broken,
        })
    }

    /// Adds an entry; it is on the disk when this returns.
    pub fn append(&mut self, by: Author, event: Event) -> Result<(), AuditError> {
        let entry = Entry {
            sequence: self.sequence + 1,
            time: Timestamp::now(),
            by,
            event,
            previous: self.head.clone(),
        };
        let written = serde_json::to_vec(&entry)
            .map_err(io::Error::from)
            .and_then(|line| self.write(line));
        match written {
            Ok(line) => {
                self.sequence = entry.sequence;
                self.head = digest(&line);
                Ok(())
            }
            Err(source) => {
                // What there is of it was promised to nobody.
                self.file.set_len(self.length).unwrap_or(());
                Err(AuditError::Io {
                    path: self.path.clone(),
                    source,
                })
            }
        }
    }

    fn write(&mut self, mut line: Vec<u8>) -> io::Result<Vec<u8>> {
        line.push(b'\n');
        self.file.write_all(&line)?;
        self.file.sync_data()?;
        self.length += line.len() as u64;
        line.pop();
        Ok(line)
    }

    /// The last entry.
    pub fn head(&self) -> Place {
        Place {
            sequence: self.sequence,
            hash: self.head.clone(),
        }
    }
}
