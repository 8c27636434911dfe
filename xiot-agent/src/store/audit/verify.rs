//! Whether a log is what was written.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _, Seek as _},
};

use sha2::{Digest as _, Sha256};

use super::{Entry, NOTHING};
use crate::{store::record::digest, unit::hex};

/// Longest line in bytes, its newline included: an entry has a few hundred, and a reason of at most some thousand. What is longer was written by
/// somebody else, and is not held in memory.
const LONGEST: usize = 64 * 1024;

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
    /// The last line counts, but lacks its newline: it is longer than what could be left of an entry.
    pub unended: bool,
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
        let read = (&mut reader)
            .take(LONGEST as u64)
            .read_until(b'\n', &mut line)?;
        let is_whole = line.pop_if(|last| *last == b'\n').is_some();
        if !is_whole && read < LONGEST {
            chain.torn = read as u64;
            return Ok(chain);
        }
        number += 1;
        chain.bytes += read as u64;
        let entry = if is_whole {
            chain.take(number, digest(&line), parse(&line))
        } else {
            let rest = rest(&mut reader, &line)?;
            chain.bytes += rest.bytes;
            chain.unended = !rest.is_ended;
            chain.take(number, rest.hash, Err("it is too long".to_owned()))
        };
        let hash = chain.last.as_ref().map_or("", |last| &last.hash);
        visit(hash, entry);
    }
}

fn parse(line: &[u8]) -> Result<Entry, String> {
    serde_json::from_slice(line).map_err(|error| error.to_string())
}

/// The rest of a line that is longer than any entry.
struct Rest {
    /// SHA-256 of the whole line in hexadecimal.
    hash: String,
    /// Its bytes, those of its newline included.
    bytes: u64,
    is_ended: bool,
}

fn rest(reader: &mut BufReader<&File>, start: &[u8]) -> io::Result<Rest> {
    let mut sha = Sha256::new_with_prefix(start);
    let mut bytes = 0;
    loop {
        let buffer = reader.fill_buf()?;
        let newline = buffer.iter().position(|byte| *byte == b'\n');
        let (line, taken) = match newline {
            Some(end) => (&buffer[..end], end + 1),
            None => (buffer, buffer.len()),
        };
        sha.update(line);
        reader.consume(taken);
        bytes += taken as u64;
        if newline.is_some() || taken == 0 {
            return Ok(Rest {
                hash: hex::format(&sha.finalize()),
                bytes,
                is_ended: newline.is_some(),
            });
        }
    }
}

impl Chain {
    fn take(&mut self, number: u64, hash: String, line: Result<Entry, String>) -> Option<Entry> {
        let (before, expected) = match &self.last {
            Some(last) => (last.hash.as_str(), last.sequence + 1),
            None => (NOTHING, 1),
        };
        let fault = match line {
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
