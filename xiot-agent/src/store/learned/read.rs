//! What is in the database, read: of one device, or of all of them.

use std::{
    collections::{BTreeMap, HashMap},
    ops::{Bound, RangeBounds, RangeInclusive},
};

use redb::{ReadableDatabase as _, ReadableTable, ReadableTableMetadata as _};

use super::{
    CONVERSATIONS, DESCRIBED, DEVICES, GATEWAY, LearnedStore, REVISION, STAGES, TOLD, UNTIL,
    conversations, decode, described, device_row, hours,
    names::told,
    nonsense, number,
    row::{ConversationKey, DeviceKey, DeviceRow, device_key, identity},
    stages::stages,
};
use crate::{
    learn::{
        device::{Identity, Learned},
        hours::Hours,
        message::Described,
        stage::Stage,
        told::Told,
    },
    store::error::StoreError,
};

/// A revision, and the stages of devices when it was in force.
pub(super) type Stages = (u64, HashMap<Identity, Stage>);

impl LearnedStore {
    /// The second up to which observations are in here, since the Unix epoch; none: there are none.
    pub fn until(&self) -> Result<Option<u64>, StoreError> {
        let read = self.database.begin_read()?;
        number(&read.open_table(GATEWAY)?, UNTIL)
    }

    /// The hours in which the gateway watched.
    pub fn watched(&self) -> Result<Hours, StoreError> {
        let read = self.database.begin_read()?;
        hours(&read.open_table(GATEWAY)?)
    }

    /// What was learned of a device; none: nothing.
    pub fn device(&self, identity: &Identity) -> Result<Option<Learned>, StoreError> {
        let read = self.database.begin_read()?;
        let devices = read.open_table(DEVICES)?;
        let Some(row) = device_row(&devices, identity)? else {
            return Ok(None);
        };
        Ok(Some(learned(&read.open_table(CONVERSATIONS)?, row)?))
    }

    /// How many devices and conversations are in here.
    pub fn levels(&self) -> Result<(u64, u64), StoreError> {
        let read = self.database.begin_read()?;
        Ok((
            read.open_table(DEVICES)?.len()?,
            read.open_table(CONVERSATIONS)?.len()?,
        ))
    }

    /// What a device was told of names.
    pub fn told(&self, identity: &Identity) -> Result<Told, StoreError> {
        let read = self.database.begin_read()?;
        let Some(row) = device_row(&read.open_table(DEVICES)?, identity)? else {
            return Ok(Told::default());
        };
        told(&read.open_table(TOLD)?, row.number)
    }

    /// Which devices have this MAC, by their VLANs.
    pub fn of_mac(&self, mac: [u8; 6]) -> Result<Vec<Identity>, StoreError> {
        let read = self.database.begin_read()?;
        let rows = read.open_table(DEVICES)?;
        let rows = rows.range(keys_of_mac(mac))?;
        rows.map(|entry| Ok(identity(entry?.0.value()))).collect()
    }

    /// The stages of devices, and the revision that was in force when they were looked at; none: nobody looked yet.
    pub fn stages(&self) -> Result<Option<Stages>, StoreError> {
        let read = self.database.begin_read()?;
        let revision = number(&read.open_table(GATEWAY)?, REVISION)?;
        let all = stages(&read.open_table(STAGES)?)?;
        Ok(revision.map(|revision| (revision, all)))
    }

    /// What devices with this MAC were told of names, on whatever VLAN.
    pub fn told_of(&self, mac: [u8; 6]) -> Result<Told, StoreError> {
        let read = self.database.begin_read()?;
        let names = read.open_table(TOLD)?;
        let mut all = Told::default();
        for entry in read.open_table(DEVICES)?.range(keys_of_mac(mac))? {
            let row: DeviceRow = decode(entry?.1.value(), "devices")?;
            all.join(&told(&names, row.number)?);
        }
        Ok(all)
    }

    /// What a device said of itself.
    pub fn described(&self, identity: &Identity) -> Result<Described, StoreError> {
        let read = self.database.begin_read()?;
        described(&read.open_table(DESCRIBED)?, identity)
    }

    /// What devices said of themselves.
    pub fn descriptions(&self) -> Result<BTreeMap<Identity, Described>, StoreError> {
        let read = self.database.begin_read()?;
        let rows = read.open_table(DESCRIBED)?;
        let rows = rows.iter()?.map(|entry| {
            let (key, row) = entry?;
            Ok((identity(key.value()), decode(row.value(), "described")?))
        });
        rows.collect()
    }

    /// Looks at every device, by MAC.
    pub fn visit(&self, mut look: impl FnMut(Identity, Learned)) -> Result<(), StoreError> {
        let read = self.database.begin_read()?;
        let table = read.open_table(CONVERSATIONS)?;
        for entry in read.open_table(DEVICES)?.iter()? {
            let (key, row) = entry?;
            let row: DeviceRow = decode(row.value(), "devices")?;
            look(identity(key.value()), learned(&table, row)?);
        }
        Ok(())
    }

    /// At most so many devices by MAC, from the first after this one on, with what each was told of names: for whoever looks at all of them for so long that
    /// others want to write meanwhile.
    pub fn some(
        &self,
        after: Option<&Identity>,
        most: usize,
    ) -> Result<Vec<(Identity, Learned, Told)>, StoreError> {
        let first = after.map_or(Bound::Unbounded, |it| Bound::Excluded(device_key(it)));
        self.range((first, Bound::Unbounded), most)
    }

    /// All devices with this MAC, on whatever VLANs, with what each was told of names.
    pub fn known_as(&self, mac: [u8; 6]) -> Result<Vec<(Identity, Learned, Told)>, StoreError> {
        self.range(keys_of_mac(mac), usize::MAX)
    }

    fn range(
        &self,
        keys: impl RangeBounds<DeviceKey>,
        most: usize,
    ) -> Result<Vec<(Identity, Learned, Told)>, StoreError> {
        let read = self.database.begin_read()?;
        let (table, names) = (read.open_table(CONVERSATIONS)?, read.open_table(TOLD)?);
        let rows = read.open_table(DEVICES)?;
        let rows = rows.range(keys)?.take(most);
        rows.map(|entry| {
            let (key, row) = entry?;
            let row: DeviceRow = decode(row.value(), "devices")?;
            let told = told(&names, row.number)?;
            Ok((identity(key.value()), learned(&table, row)?, told))
        })
        .collect()
    }
}

/// What was learned of the device that has this row.
fn learned(
    table: &impl ReadableTable<ConversationKey, &'static [u8]>,
    row: DeviceRow,
) -> Result<Learned, StoreError> {
    Ok(Learned::of(
        conversations(table, row.number)?,
        row.hours.hours().ok_or_else(|| nonsense("devices"))?,
        row.left_out,
    ))
}

/// The keys of all devices with this MAC.
fn keys_of_mac(mac: [u8; 6]) -> RangeInclusive<DeviceKey> {
    let key = |vlan| {
        device_key(&Identity {
            mac,
            vlans: (vlan, vlan),
        })
    };
    key(u16::MIN)..=key(u16::MAX)
}
