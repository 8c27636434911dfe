//! Revisions: written down before they are put in force, marked once they are.

use std::{
    collections::HashSet,
    io::{self, Read as _, Write as _},
    sync::Arc,
};

use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use jiff::Timestamp;
use redb::{
    Database, ReadableDatabase as _, ReadableTable, ReadableTableMetadata as _, TableDefinition,
    WriteTransaction,
};

use super::{
    database::Kind,
    error::StoreError,
    record::{Record, Sha, Text, Texts, Trial, sha},
};
use crate::unit::hex;

/// Revisions by number, as JSON.
const REVISIONS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("revisions");

/// Texts by SHA-256, deflated: length, then the stream.
const TEXTS: TableDefinition<'_, Sha, &[u8]> = TableDefinition::new("texts");

/// Bytes of each of them, deflated.
const SIZES: TableDefinition<'_, Sha, u64> = TableDefinition::new("sizes");

/// What is in force, and the version of all of this.
const STATE: TableDefinition<'_, &str, u64> = TableDefinition::new("state");

const VERSION: &str = "version";
const IN_FORCE: &str = "in-force";
const TRIAL: &str = "trial";
const BACK_TO: &str = "back-to";

/// Version of these tables.
const CURRENT: u64 = 1;

/// Revisions kept; the oldest go first.
const MOST: u64 = 1_000;

/// Bytes of texts kept, deflated: some fifty revisions of a policy of a hundred thousand devices. All of it is read and checked at each
/// start.
const MOST_BYTES: u64 = 64 << 20;

/// All revisions.
#[derive(Debug)]
pub struct Revisions {
    database: Database,
}

impl Kind for Revisions {
    const FILE: &'static str = "revisions.redb";
    const WHAT: &'static str = "revisions";

    fn of(database: Database) -> Result<Self, StoreError> {
        let write = database.begin_write()?;
        {
            let mut state = write.open_table(STATE)?;
            let version = state.get(VERSION)?.map(|version| version.value());
            match version {
                None => {
                    state.insert(VERSION, CURRENT)?;
                }
                Some(CURRENT) => {}
                Some(version) => return Err(StoreError::Foreign(version)),
            }
            drop(write.open_table(REVISIONS)?);
            drop(write.open_table(TEXTS)?);
            drop(write.open_table(SIZES)?);
        }
        write.commit()?;
        Ok(Self { database })
    }

    fn into_database(self) -> Database {
        self.database
    }
}

impl Revisions {
    /// The newest, in force or not.
    pub fn newest(&self) -> Result<Option<Record>, StoreError> {
        let read = self.database.begin_read()?;
        let table = read.open_table(REVISIONS)?;
        let last = table.last()?;
        last.map(|(number, record)| decode(number.value(), record.value()))
            .transpose()
    }

    /// That which was put in force last.
    pub fn in_force(&self) -> Result<Option<Record>, StoreError> {
        match self.state(IN_FORCE)? {
            Some(number) => self.get(number),
            None => Ok(None),
        }
    }

    /// What waits for somebody to confirm it.
    pub fn trial(&self) -> Result<Option<Trial>, StoreError> {
        let (number, back_to) = (self.state(TRIAL)?, self.state(BACK_TO)?);
        Ok(number
            .zip(back_to)
            .map(|(number, back_to)| Trial { number, back_to }))
    }

    fn state(&self, key: &str) -> Result<Option<u64>, StoreError> {
        let read = self.database.begin_read()?;
        let state = read.open_table(STATE)?;
        Ok(state.get(key)?.map(|value| value.value()))
    }

    /// One revision.
    pub fn get(&self, number: u64) -> Result<Option<Record>, StoreError> {
        let read = self.database.begin_read()?;
        let table = read.open_table(REVISIONS)?;
        let record = table.get(number)?;
        record
            .map(|record| decode(number, record.value()))
            .transpose()
    }

    /// Newest first, `limit` at most.
    pub fn list(&self, limit: usize) -> Result<Vec<Record>, StoreError> {
        let read = self.database.begin_read()?;
        let table = read.open_table(REVISIONS)?;
        table
            .iter()?
            .rev()
            .take(limit)
            .map(|entry| {
                let (number, record) = entry?;
                decode(number.value(), record.value())
            })
            .collect()
    }

    /// How many there are.
    pub fn count(&self) -> Result<u64, StoreError> {
        let read = self.database.begin_read()?;
        Ok(read.open_table(REVISIONS)?.len()?)
    }

    /// Both texts of a revision, as they were written.
    pub fn texts(&self, record: &Record) -> Result<Texts, StoreError> {
        let read = self.database.begin_read()?;
        let table = read.open_table(TEXTS)?;
        Ok(Texts {
            gateway: text(&table, record.number, &record.gateway)?,
            policy: text(&table, record.number, &record.policy)?,
        })
    }

    /// Writes a revision down that will be put in force, in the place of one of its number that never was.
    pub fn begin(&self, record: &Record, texts: &Texts) -> Result<(), StoreError> {
        let write = self.database.begin_write()?;
        {
            let mut table = write.open_table(TEXTS)?;
            let mut sizes = write.open_table(SIZES)?;
            for text in [&texts.gateway, &texts.policy] {
                let sha = sha(text.as_bytes());
                if table.get(sha)?.is_none() {
                    let deflated = deflate(text).map_err(redb::StorageError::Io)?;
                    table.insert(sha, &*deflated)?;
                    sizes.insert(sha, deflated.len() as u64)?;
                }
            }
        }
        put(&write, record)?;
        write.commit()?;
        Ok(())
    }

    /// It is in force now. What there is too much of goes.
    pub fn applied(&self, record: &Record) -> Result<(), StoreError> {
        let write = self.database.begin_write()?;
        put(&write, record)?;
        {
            let mut state = write.open_table(STATE)?;
            state.insert(IN_FORCE, record.number)?;
            if let Some(back_to) = record.back_to {
                state.insert(TRIAL, record.number)?;
                state.insert(BACK_TO, back_to)?;
            } else {
                state.remove(TRIAL)?;
                state.remove(BACK_TO)?;
            }
        }
        forget(&write, &[Some(record.number), record.back_to])?;
        write.commit()?;
        Ok(())
    }

    /// It was not put in force.
    pub fn withdraw(&self, number: u64) -> Result<(), StoreError> {
        let write = self.database.begin_write()?;
        write.open_table(REVISIONS)?.remove(number)?;
        write.commit()?;
        Ok(())
    }

    /// What was on trial stays.
    pub fn confirm(&self, number: u64, when: Timestamp) -> Result<(), StoreError> {
        let Some(mut record) = self.get(number)? else {
            return Ok(());
        };
        record.back_to = None;
        record.confirmed = Some(when);
        let write = self.database.begin_write()?;
        put(&write, &record)?;
        {
            let mut state = write.open_table(STATE)?;
            state.remove(TRIAL)?;
            state.remove(BACK_TO)?;
        }
        write.commit()?;
        Ok(())
    }
}

fn put(write: &WriteTransaction, record: &Record) -> Result<(), StoreError> {
    let json = serde_json::to_vec(record).map_err(|source| StoreError::Record {
        number: record.number,
        source,
    })?;
    write.open_table(REVISIONS)?.insert(record.number, &*json)?;
    Ok(())
}

/// Removes the oldest revisions beyond what is kept, and texts that nothing has any more.
fn forget(write: &WriteTransaction, needed: &[Option<u64>]) -> Result<(), StoreError> {
    let mut revisions = write.open_table(REVISIONS)?;
    let mut texts = write.open_table(TEXTS)?;
    let mut sizes = write.open_table(SIZES)?;
    while revisions.len()? > MOST || sum(&sizes)? > MOST_BYTES {
        let oldest = numbers(&revisions)?
            .into_iter()
            .find(|number| !needed.contains(&Some(*number)));
        let Some(oldest) = oldest else {
            return Ok(());
        };
        revisions.remove(oldest)?;
        let mut used = HashSet::new();
        for entry in revisions.iter()? {
            let (number, record) = entry?;
            let record = decode(number.value(), record.value())?;
            used.extend([record.gateway.sha256, record.policy.sha256]);
        }
        texts.retain(|sha, _| used.contains(&hex::format(&sha)))?;
        sizes.retain(|sha, _| used.contains(&hex::format(&sha)))?;
    }
    Ok(())
}

fn numbers(revisions: &impl ReadableTable<u64, &'static [u8]>) -> Result<Vec<u64>, StoreError> {
    let entries = revisions.iter()?;
    entries.map(|entry| Ok(entry?.0.value())).collect()
}

fn sum(sizes: &impl ReadableTable<Sha, u64>) -> Result<u64, StoreError> {
    let mut entries = sizes.iter()?;
    entries.try_fold(0, |sum, entry| Ok(sum + entry?.1.value()))
}

fn decode(number: u64, json: &[u8]) -> Result<Record, StoreError> {
    serde_json::from_slice(json).map_err(|source| StoreError::Record { number, source })
}

fn deflate(text: &str) -> io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes())?;
    encoder.finish()
}

fn text(
    table: &impl ReadableTable<Sha, &'static [u8]>,
    number: u64,
    text: &Text,
) -> Result<Arc<str>, StoreError> {
    let fault = |what: String| StoreError::Text { number, what };
    let wanted =
        hex::parse::<32>(&text.sha256).ok_or_else(|| fault("its SHA-256 is none".to_owned()))?;
    let deflated = table
        .get(wanted)?
        .ok_or_else(|| fault("it is missing".to_owned()))?;
    let mut bytes = Vec::new();
    // Not a byte more than was noted: what says otherwise is not the text.
    DeflateDecoder::new(deflated.value())
        .take(text.bytes.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| fault(error.to_string()))?;
    if sha(&bytes) != wanted {
        return Err(fault("it has another SHA-256".to_owned()));
    }
    let text = String::from_utf8(bytes).map_err(|error| fault(error.to_string()))?;
    Ok(text.into())
}
