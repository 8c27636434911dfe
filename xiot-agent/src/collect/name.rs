//! Addresses that have names: snapshots, and the sweep that removes what is over.

use xiot_common::{
    addr::{Addr, Mac, Vlans},
    map,
    name::{NamePlace, NameSet, NamesKey},
};

use crate::datapath::{Datapath, MapAccessError, Table};

/// A handle to the tables of names. Lives on its own.
#[derive(Debug)]
pub struct NameTable {
    listed: Table<NamesKey, NameSet>,
    strangers: Table<NamesKey, NameSet>,
}

/// What is live, at a sweep.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct NameCount {
    /// Listed devices that have addresses with names.
    pub listed: u64,
    /// Other devices.
    pub strangers: u64,
    /// Addresses with names, of all of them.
    pub addresses: u64,
}

/// An address that a device was told a name has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NamedAddress {
    /// The device's MAC.
    pub mac: Mac,
    /// Its wire index.
    pub wire: u16,
    /// Its VLANs.
    pub vlans: Vlans,
    /// The address.
    pub address: Addr,
    /// Hash of the name ([`xiot_common::name::hash`]).
    pub name: u64,
    /// Second (monotonic clock) before which the address has it.
    pub until: u32,
}

impl NameTable {
    /// The tables of this instance.
    pub fn open(datapath: &Datapath) -> Result<Self, MapAccessError> {
        Ok(Self {
            listed: datapath.table(map::NAMES)?,
            strangers: datapath.table(map::STRANGERS_NAMES)?,
        })
    }

    /// All that are live at this second, of listed devices and others. Order means nothing.
    pub fn snapshot(&self, now: u32) -> Result<Vec<NamedAddress>, MapAccessError> {
        let mut sets = self.listed.entries()?;
        sets.extend(self.strangers.entries()?);
        Ok(sets.iter().flat_map(|set| live(set, now)).collect())
    }

    /// Tells a device this, too, at this second. What the program tells the same device meanwhile may be lost: whoever hears of that tells it once more.
    pub fn tell(
        &mut self,
        device: &NamesKey,
        set: &NameSet,
        now: u32,
    ) -> Result<(), MapAccessError> {
        self.listed.insert_new(device, set)?;
        let known = self.listed.get(device)?;
        match known.and_then(|known| known.with(set, now)) {
            Some(both) => self.listed.insert(device, &both),
            None => Ok(()),
        }
    }

    /// Removes devices of which nothing is live, and counts the others.
    pub fn sweep(&mut self, now: u32) -> Result<NameCount, MapAccessError> {
        let mut count = NameCount::default();
        for (table, devices) in [
            (&mut self.listed, &mut count.listed),
            (&mut self.strangers, &mut count.strangers),
        ] {
            for (key, set) in table.entries()? {
                if set.is_over(now) {
                    table.remove_over(&key, |set| set.is_over(now))?;
                } else {
                    *devices += 1;
                    count.addresses += live(&(key, set), now).count() as u64;
                }
            }
        }
        Ok(count)
    }
}

fn live((key, set): &(NamesKey, NameSet), now: u32) -> impl Iterator<Item = NamedAddress> {
    let live = set
        .0
        .iter()
        .filter(move |place| now < NamePlace::until(place.life));
    live.map(|place| NamedAddress {
        mac: key.mac,
        wire: key.wire,
        vlans: key.vlans,
        address: place.addr,
        name: place.name,
        until: NamePlace::until(place.life),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_is_left_out() {
        let mut set = NameSet::NONE;
        set.0[3] = NamePlace {
            addr: Addr::v4([192, 0, 2, 7]),
            name: 9,
            life: NamePlace::life(5, 3),
        };
        let all = |now| live(&(NamesKey::default(), set), now).collect::<Vec<_>>();
        assert_eq!(all(4).len(), 1);
        assert_eq!((all(4)[0].name, all(4)[0].until), (9, 5));
        assert!(all(5).is_empty() && set.is_over(5) && !set.is_over(4));
    }
}
