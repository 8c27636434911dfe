//! Whether a log is what was written.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _, Seek as _},
};

use super::{Entry, NOTHING};
use crate::store::record::digest;

/// Longest line in bytes: an entry has a few hundred, and a reason of at most some thousand.
const LONGEST: u64 = 64 * 1024;

/// An entry by number and hash.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// Its number.
    pub sequence: u64,
    /// SHA-256 of its line in hexadecimal, without the newline.
    pub hash: String,
}

/// Where a chain is broken, and how.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct Break {
    /// From 1.
    pub line: u64,
    /// What is wrong.
    pub what: String,
}

/// A log that was read.
#[derive(Clone, Debug, Default)]
pub struct Chain {
    /// Its last line.
    pub last: Option<Place>,
    /// The first break.
    pub broken: Option<Break>,
    /// Bytes of whole lines.
    pub bytes: u64,
    /// Bytes of half a line at the end.
    pub torn: u64,
}

/// Reads a log from its start, and shows every line: its hash, and the entry if it is one that follows the line before.
pub fn read(mut file: &File, mut visit: impl FnMut(&str, Option<Entry>)) -> io::Result<Chain> {
    file.rewind()?;
    let mut chain = Chain::default();
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    let mut number = 0;
    loop {
        line.clear();
        let read = (&mut reader).take(LONGEST).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(chain);
        }
        if line.pop_if(|last| *last == b'\n').is_none() {
            if read as u64 == LONGEST {
                let message = "a line is too long for an entry";
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            }
            chain.torn = read as u64;
            return Ok(chain);
        }
        number += 1;
        chain.bytes += read as u64;
        let entry = chain.take(number, &line);
        let hash = chain.last.as_ref().map_or("", |last| &last.hash);
        visit(hash, entry);
    }
}

impl Chain {
    fn take(&mut self, number: u64, line: &[u8]) -> Option<Entry> {
        let hash = digest(line);
        let (before, expected) = match &self.last {
            Some(last) => (last.hash.as_str(), last.sequence + 1),
            None => (NOTHING, 1),
        };
        let fault = match serde_json::from_slice::<Entry>(line) {
            Err(error) => Err(format!("it is no entry: {error}")),
            Ok(entry) if entry.previous != before => Err(
                "the line before it is not the one that was there when it was written".to_owned(),
            ),
            Ok(entry) if entry.sequence != expected => {
                Err(format!("it has number {}, not {expected}", entry.sequence))
            }
            Ok(entry) => Ok(entry),
        };
        let (sequence, entry) = match fault {
            Ok(entry) => (entry.sequence, Some(entry)),
            Err(what) => {
                self.broken.get_or_insert(Break { line: number, what });
                (expected, None)
            }
        };
        self.last = Some(Place { sequence, hash });
        entry
    }
}
