//! What an instance that only judges knows of addresses: it is told all of that once, and what a frame may have taught it is taken back after the frame. To make
//! all of it anew for each frame takes a walk through tables that are as large as the site.

use std::{collections::HashMap, fmt};

use aya::Pod;
use xiot_common::{
    addr::Addr,
    binding::{Binding, BindingKey, Places, PlacesKey},
    map,
    name::{NameSet, NamesKey},
};

use super::{bindings::KnownBindings, error::MapAccessError, instance::Datapath, table::Table};

/// The memory of such an instance.
pub struct Memory {
    bindings: Table<BindingKey, Binding>,
    places: Table<PlacesKey, Places>,
    names: [Table<NamesKey, NameSet>; 2],
    /// What it knows of bindings before and after each frame.
    bound: HashMap<BindingKey, Binding>,
    taken: HashMap<PlacesKey, Places>,
    /// The device that it knows names of.
    told: Option<NamesKey>,
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}

impl Datapath {
    /// Has its program know these bindings, and no names.
    pub fn memorize(&self, known: &KnownBindings) -> Result<Memory, MapAccessError> {
        let known = KnownBindings {
            bindings: known.bindings.clone(),
            places: known.places.clone(),
            ..KnownBindings::default()
        };
        self.know_bindings(&known)?;
        Ok(Memory {
            bindings: self.table(map::BINDINGS)?,
            places: self.table(map::PLACES)?,
            names: [self.table(map::NAMES)?, self.table(map::STRANGERS_NAMES)?],
            bound: known.bindings.into_iter().collect(),
            taken: known.places.into_iter().collect(),
            told: None,
        })
    }
}

impl Memory {
    /// Of all names the program knows those of this device from now on, whether the policy lists it or not.
    pub fn tell(&mut self, device: NamesKey, set: &NameSet) -> Result<(), MapAccessError> {
        if let Some(before) = self
            .told
            .take_if(|it| *it != device || *set == NameSet::NONE)
        {
            for names in &mut self.names {
                names.remove(&before)?;
            }
        }
        if *set != NameSet::NONE {
            // Anew for each frame: a name that is used lasts longer.
            for names in &mut self.names {
                names.insert(&device, set)?;
            }
            self.told = Some(device);
        }
        Ok(())
    }

    /// Takes back what a frame of this device, which has this address, may have taught of bindings: that the address is its own, that there is a place for it,
    /// and that another has none any more.
    pub fn take_back(&mut self, device: PlacesKey, own: Addr) -> Result<(), MapAccessError> {
        let before = self.taken.get(&device);
        put_back(&mut self.places, &device, before)?;
        let others = before.into_iter().flat_map(|places| &places.0);
        let others = others.map(|place| place.addr);
        for addr in others.filter(|addr| *addr != Addr::default()).chain([own]) {
            let key = BindingKey {
                addr,
                vlans: device.vlans,
                wire: device.wire,
                reserved: 0,
            };
            put_back(&mut self.bindings, &key, self.bound.get(&key))?;
        }
        Ok(())
    }
}

/// Makes this the value of a key; none: it has none.
fn put_back<K: Pod, V: Pod + PartialEq>(
    table: &mut Table<K, V>,
    key: &K,
    before: Option<&V>,
) -> Result<(), MapAccessError> {
    let now = table.get(key)?;
    match before {
        Some(before) if now.as_ref() != Some(before) => table.insert(key, before),
        None if now.is_some() => table.remove(key).map(drop),
        Some(_) | None => Ok(()),
    }
}
