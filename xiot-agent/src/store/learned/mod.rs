//! What was learned of devices: their conversations, and the hours in which they were watched and heard of.
//!
//! A row for each conversation, so that what did not change is not written again. What there is room for is limited, for each device and for all of
//! them: who sends under thousands of MACs takes no room from devices that are there for days.

mod batch;
mod names;
mod read;
mod room;
mod row;
mod stages;

use std::collections::{BTreeMap, BTreeSet};

use redb::{Database, ReadableTable, Table, TableDefinition};
use serde::{Serialize, de::DeserializeOwned};

pub use self::batch::{Batch, Room};
use self::names::join_told;
use self::room::{make_room, remove};
use self::row::{
    ConversationKey, DeviceKey, DeviceRow, HoursRow, SeenRow, ToldKey, conversation,
    conversation_key, device_key,
};
use self::stages::put_stage;
use super::{database::Kind, error::StoreError};
use crate::learn::{
    conversation::{Conversation, Seen},
    device::{Identity, Learned},
    hours::Hours,
    message::Described,
};

const DEVICES: TableDefinition<'_, DeviceKey, &[u8]> = TableDefinition::new("devices");
const CONVERSATIONS: TableDefinition<'_, ConversationKey, &[u8]> =
    TableDefinition::new("conversations");
/// Names of each address that a device was told of.
const TOLD: TableDefinition<'_, ToldKey, &[u8]> = TableDefinition::new("told");
/// What devices say of themselves.
const DESCRIBED: TableDefinition<'_, DeviceKey, &[u8]> = TableDefinition::new("described");
/// Stages of the devices that the policy lists, by MAC and the VLANs of the policy.
const STAGES: TableDefinition<'_, DeviceKey, &[u8]> = TableDefinition::new("stages");
const GATEWAY: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("gateway");

/// Version of these tables.
const VERSION: &str = "version";
/// Hours in which the gateway watched.
const WATCHED: &str = "watched";
/// Second up to which observations are in here.
const UNTIL: &str = "until";
/// The revision that was in force when stages were looked at.
const REVISION: &str = "revision";
/// The next number of a device.
const NEXT: &str = "next";

/// The version that this agent writes.
const CURRENT: u64 = 1;

/// What was learned.
#[derive(Debug)]
pub struct LearnedStore {
    database: Database,
}

impl Kind for LearnedStore {
    const FILE: &'static str = "learned.redb";
    const WHAT: &'static str = "what was learned";

    fn of(database: Database) -> Result<Self, StoreError> {
        let write = database.begin_write()?;
        {
            let mut gateway = write.open_table(GATEWAY)?;
            match number(&gateway, VERSION)? {
                None => put(&mut gateway, VERSION, &CURRENT)?,
                Some(CURRENT) => {}
                Some(version) => return Err(StoreError::Foreign(version)),
            }
            drop(write.open_table(DEVICES)?);
            drop(write.open_table(CONVERSATIONS)?);
            drop(write.open_table(TOLD)?);
            drop(write.open_table(DESCRIBED)?);
            drop(write.open_table(STAGES)?);
        }
        write.commit()?;
        Ok(Self { database })
    }

    fn into_database(self) -> Database {
        self.database
    }
}

impl LearnedStore {
    /// Adds observations, all of them or none. Where there is too much, what is least goes; devices for which `is_listed` holds stay.
    pub fn take(
        &self,
        batch: &Batch,
        room: Room,
        is_listed: impl Fn(&Identity) -> bool,
    ) -> Result<(), StoreError> {
        let write = self.database.begin_write()?;
        {
            let mut gateway = write.open_table(GATEWAY)?;
            let mut watched = hours(&gateway)?;
            watched.join(&batch.watched);
            put(&mut gateway, WATCHED, &HoursRow::of(&watched))?;
            put(&mut gateway, UNTIL, &batch.until)?;
            let mut next = number(&gateway, NEXT)?.unwrap_or_default();
            let mut devices = write.open_table(DEVICES)?;
            let mut table = write.open_table(CONVERSATIONS)?;
            let mut names = write.open_table(TOLD)?;
            let mut descriptions = write.open_table(DESCRIBED)?;
            let keys = batch.devices.keys().chain(batch.told.keys());
            let identities: BTreeSet<_> = keys.chain(batch.described.keys()).collect();
            for identity in identities {
                let row = if let Some(row) = device_row(&devices, identity)? {
                    row
                } else {
                    next += 1;
                    DeviceRow {
                        number: next,
                        ..DeviceRow::default()
                    }
                };
                let row = match batch.devices.get(identity) {
                    Some(later) => join(&mut table, row, later, room.of_device)?,
                    None => row,
                };
                if let Some(later) = batch.told.get(identity) {
                    join_told(&mut names, row.number, later)?;
                }
                if let Some(later) = batch.described.get(identity) {
                    let mut all = described(&descriptions, identity)?;
                    all.join(later.clone());
                    descriptions.insert(device_key(identity), &*encode(&all))?;
                }
                devices.insert(device_key(identity), &*encode(&row))?;
            }
            put(&mut gateway, NEXT, &next)?;
            let mut stages = write.open_table(STAGES)?;
            for (device, stage) in &batch.stages {
                put_stage(&mut stages, device, stage.as_ref())?;
            }
            if let Some(revision) = batch.revision {
                put(&mut gateway, REVISION, &revision)?;
            }
        }
        make_room(&write, room, is_listed)?;
        write.commit()?;
        Ok(())
    }

    /// Forgets a device; whether there was one.
    pub fn forget(&self, identity: &Identity) -> Result<bool, StoreError> {
        let write = self.database.begin_write()?;
        let found = remove(&write, identity)?;
        write.commit()?;
        Ok(found)
    }
}

/// Adds what came in to the rows of a device, whose own row it returns.
fn join(
    table: &mut Table<'_, ConversationKey, &'static [u8]>,
    row: DeviceRow,
    later: &Learned,
    most: usize,
) -> Result<DeviceRow, StoreError> {
    let number = row.number;
    let mut hours = row.hours.hours().ok_or_else(|| nonsense("devices"))?;
    hours.join(later.hours());
    let (mut count, mut gone) = (row.conversations, 0);
    let is_tight = count as usize + later.conversations().len() > most;
    if is_tight {
        let mut all = Learned::of(conversations(table, number)?, hours.clone(), 0);
        for conversation in all.join(later, most) {
            table.remove(conversation_key(number, &conversation))?;
            gone += 1;
        }
        for conversation in later.conversations().keys() {
            if let Some(seen) = all.conversations().get(conversation) {
                let key = conversation_key(number, conversation);
                table.insert(key, &*encode(&SeenRow::of(seen)))?;
            }
        }
        count = u32::try_from(all.conversations().len()).unwrap_or(u32::MAX);
    } else {
        for (conversation, seen) in later.conversations() {
            let key = conversation_key(number, conversation);
            let before = table.get(key)?.map(|row| seen_row(row.value()));
            let seen = if let Some(mut before) = before.transpose()? {
                before.join(seen);
                before
            } else {
                count += 1;
                seen.clone()
            };
            table.insert(key, &*encode(&SeenRow::of(&seen)))?;
        }
    }
    Ok(DeviceRow {
        number,
        conversations: count,
        left_out: row.left_out + later.left_out() + gone,
        hours: HoursRow::of(&hours),
    })
}

fn conversations(
    table: &impl ReadableTable<ConversationKey, &'static [u8]>,
    number: u64,
) -> Result<BTreeMap<Conversation, Seen>, StoreError> {
    let rows = table.range(keys_of(number))?;
    rows.map(|entry| {
        let (key, row) = entry?;
        let key = conversation(key.value()).ok_or_else(|| nonsense("conversations"))?;
        Ok((key, seen_row(row.value())?))
    })
    .collect()
}

fn described(
    table: &impl ReadableTable<DeviceKey, &'static [u8]>,
    identity: &Identity,
) -> Result<Described, StoreError> {
    let row = table.get(device_key(identity))?;
    let row = row.map(|row| decode(row.value(), "described"));
    Ok(row.transpose()?.unwrap_or_default())
}

/// The keys of all conversations of a device.
fn keys_of(number: u64) -> std::ops::RangeInclusive<ConversationKey> {
    let (mut first, mut last) = ([0; 29], [u8::MAX; 29]);
    first[..8].copy_from_slice(&number.to_be_bytes());
    last[..8].copy_from_slice(&number.to_be_bytes());
    first..=last
}

fn device_row(
    devices: &impl ReadableTable<DeviceKey, &'static [u8]>,
    identity: &Identity,
) -> Result<Option<DeviceRow>, StoreError> {
    let row = devices.get(device_key(identity))?;
    row.map(|row| decode(row.value(), "devices")).transpose()
}

fn seen_row(bytes: &[u8]) -> Result<Seen, StoreError> {
    let row: SeenRow = decode(bytes, "conversations")?;
    row.seen().ok_or_else(|| nonsense("conversations"))
}

fn hours(gateway: &impl ReadableTable<&'static str, &'static [u8]>) -> Result<Hours, StoreError> {
    let Some(row) = gateway.get(WATCHED)? else {
        return Ok(Hours::default());
    };
    let row: HoursRow = decode(row.value(), "gateway")?;
    row.hours().ok_or_else(|| nonsense("gateway"))
}

fn number(
    gateway: &impl ReadableTable<&'static str, &'static [u8]>,
    key: &str,
) -> Result<Option<u64>, StoreError> {
    let row = gateway.get(key)?;
    row.map(|row| decode(row.value(), "gateway")).transpose()
}

fn put(
    gateway: &mut Table<'_, &'static str, &'static [u8]>,
    key: &str,
    value: &impl Serialize,
) -> Result<(), StoreError> {
    gateway.insert(key, &*encode(value))?;
    Ok(())
}

/// These rows have no value that can't be written.
fn encode(row: &impl Serialize) -> Vec<u8> {
    postcard::to_stdvec(row).expect("numbers and lists of them can be written")
}

fn decode<T: DeserializeOwned>(bytes: &[u8], table: &'static str) -> Result<T, StoreError> {
    match postcard::take_from_bytes(bytes) {
        Ok((row, [])) => Ok(row),
        Ok(_) | Err(_) => Err(nonsense(table)),
    }
}

const fn nonsense(table: &'static str) -> StoreError {
    StoreError::Row { table }
}

#[cfg(test)]
mod tests;
