//! Observed conversations: snapshots for learning and inventory.

use xiot_common::{
    map,
    observed::{ObservedEntry, ObservedKey},
};

use crate::datapath::{Datapath, MapAccessError, Table};

/// One conversation of a device.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Observed {
    /// Which one.
    pub key: ObservedKey,
    /// What was seen of it.
    pub entry: ObservedEntry,
}

/// A handle to the observed map. Lives on its own.
#[derive(Debug)]
pub struct ObservedTable(Table<ObservedKey, ObservedEntry>);

impl ObservedTable {
    /// The observed map of this instance.
    pub fn open(datapath: &Datapath) -> Result<Self, MapAccessError> {
        datapath.table(map::OBSERVED).map(Self)
    }

    /// Everything that was observed. Order means nothing.
    pub fn snapshot(&self) -> Result<Vec<Observed>, MapAccessError> {
        let entries = self.0.entries()?;
        Ok(entries
            .into_iter()
            .map(|(key, entry)| Observed { key, entry })
            .collect())
    }
}
