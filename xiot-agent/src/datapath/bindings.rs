//! What programs learn of addresses: to which MACs they are bound, and which names they have. What an earlier agent's program has
//! learned is taken over, and when wires are settled.

use std::{collections::HashMap, fmt, hash::Hash, os::fd::OwnedFd};

use aya::{
    Pod,
    maps::{Array, Map, MapData, MapError},
};
use xiot_common::{
    binding::{Binding, BindingKey, Places, PlacesKey},
    guard::WireGuards,
    map,
    name::{NameSet, NamesKey},
    port::{PortConfig, Side},
};

use super::{error::MapAccessError, instance::Datapath, table::Table};

/// How often an address became somebody else's otherwise than by time. Lives on its own.
pub struct MovedBindings(Array<MapData, u32>);

impl fmt::Debug for MovedBindings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MovedBindings").finish_non_exhaustive()
    }
}

impl MovedBindings {
    /// The number now; it wraps.
    pub fn read(&self) -> Result<u32, MapAccessError> {
        self.0.get(&0, 0).map_err(|source| MapAccessError {
            map: map::BINDINGS_MOVED,
            source,
        })
    }
}

/// When wires are settled. Lives on its own.
pub struct SettledWires(Array<MapData, WireGuards>);

impl fmt::Debug for SettledWires {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SettledWires").finish_non_exhaustive()
    }
}

impl SettledWires {
    /// The second from which on this wire is settled; 0 of one that there is not.
    pub fn of(&self, wire: u32) -> Result<u32, MapAccessError> {
        Ok(get(map::GUARDS, &self.0, wire)?.unwrap_or_default().settled)
    }
}

impl Datapath {
    /// When its wires are settled.
    pub fn settled_wires(&self) -> Result<SettledWires, MapAccessError> {
        Array::try_from(self.duplicate(map::GUARDS)?)
            .map(SettledWires)
            .map_err(|source| MapAccessError {
                map: map::GUARDS,
                source,
            })
    }

    /// The counter of addresses that became somebody else's.
    pub fn moved_bindings(&self) -> Result<MovedBindings, MapAccessError> {
        Array::try_from(self.duplicate(map::BINDINGS_MOVED)?)
            .map(MovedBindings)
            .map_err(|source| MapAccessError {
                map: map::BINDINGS_MOVED,
                source,
            })
    }
}

/// All that a program has learned.
#[derive(Clone, Debug, Default)]
pub struct KnownBindings {
    /// To whom addresses are bound.
    pub bindings: Vec<(BindingKey, Binding)>,
    /// Places of those in use.
    pub places: Vec<(PlacesKey, Places)>,
    /// Which addresses listed devices were told that names have.
    pub names: Vec<(NamesKey, NameSet)>,
    /// The same of others.
    pub strangers_names: Vec<(NamesKey, NameSet)>,
}

impl Datapath {
    /// What its program has learned, over or not.
    pub fn known_bindings(&self) -> Result<KnownBindings, MapAccessError> {
        Ok(KnownBindings {
            bindings: self.table(map::BINDINGS)?.entries()?,
            places: self.table(map::PLACES)?.entries()?,
            names: self.table(map::NAMES)?.entries()?,
            strangers_names: self.table(map::STRANGERS_NAMES)?.entries()?,
        })
    }

    /// Has its program know this, and nothing else.
    pub fn know_bindings(&self, known: &KnownBindings) -> Result<(), MapAccessError> {
        replace(&mut self.table(map::BINDINGS)?, &known.bindings)?;
        replace(&mut self.table(map::PLACES)?, &known.places)?;
        replace(&mut self.table(map::NAMES)?, &known.names)?;
        replace(
            &mut self.table(map::STRANGERS_NAMES)?,
            &known.strangers_names,
        )
    }
}

/// Makes these the table's entries; those that are there stay.
fn replace<K: Pod + Eq + Hash, V: Pod + Eq>(
    table: &mut Table<K, V>,
    entries: &[(K, V)],
) -> Result<(), MapAccessError> {
    let mut there: HashMap<_, _> = table.entries()?.into_iter().collect();
    for (key, value) in entries {
        if there.remove(key).as_ref() != Some(value) {
            table.insert(key, value)?;
        }
    }
    for key in there.keys() {
        table.remove(key)?;
    }
    Ok(())
}

/// Maps that an earlier agent left.
#[derive(Debug)]
pub(super) struct OldMaps {
    pub(super) bindings: OwnedFd,
    pub(super) places: OwnedFd,
    /// None: it knew no names.
    pub(super) names: Option<OwnedFd>,
    pub(super) strangers_names: Option<OwnedFd>,
    pub(super) ports: OwnedFd,
    pub(super) guards: OwnedFd,
}

/// A wire: its number in the earlier agent's maps, and its own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Renumbered {
    before: u16,
    now: u16,
}

/// What an earlier agent's program has learned, and goes on learning until it is replaced.
#[derive(Debug)]
pub(super) struct OldBindings {
    bindings: Table<BindingKey, Binding>,
    places: Table<PlacesKey, Places>,
    names: Option<Table<NamesKey, NameSet>>,
    strangers_names: Option<Table<NamesKey, NameSet>>,
    wires: Vec<Renumbered>,
    /// When those are settled, by the number that they have now.
    settled: Vec<(u16, u32)>,
    /// What was taken over so far.
    copied: Copied,
}

#[derive(Debug, Default)]
struct Copied {
    bindings: HashMap<BindingKey, Binding>,
    places: HashMap<PlacesKey, Places>,
    names: HashMap<NamesKey, NameSet>,
    strangers_names: HashMap<NamesKey, NameSet>,
}

impl OldBindings {
    /// Of these maps. A wire is the same if its port towards the devices is: interface index and number of the wire.
    ///
    /// # Errors
    /// The maps are of another layout, or can't be read.
    pub(super) fn open(
        maps: OldMaps,
        device_ports: impl Iterator<Item = (u32, u16)>,
    ) -> Result<Self, MapAccessError> {
        let ports: Array<_, PortConfig> = array(map::PORTS, maps.ports)?;
        let guards: Array<_, WireGuards> = array(map::GUARDS, maps.guards)?;
        let mut wires = Vec::new();
        let mut settled = Vec::new();
        for (ifindex, now) in device_ports {
            let Some(port) = get(map::PORTS, &ports, ifindex)? else {
                continue;
            };
            if port.side != Side::Device as u8 {
                continue;
            }
            wires.push(Renumbered {
                before: port.wire,
                now,
            });
            // Where no guard was on, nothing was learned.
            if let Some(guards) = get(map::GUARDS, &guards, port.wire.into())?
                && guards.levels != 0
            {
                settled.push((now, guards.settled));
            }
        }
        Ok(Self {
            bindings: Table::new(map::BINDINGS, into_map(map::BINDINGS, maps.bindings)?)?,
            places: Table::new(map::PLACES, into_map(map::PLACES, maps.places)?)?,
            names: names(map::NAMES, maps.names)?,
            strangers_names: names(map::STRANGERS_NAMES, maps.strangers_names)?,
            wires,
            settled,
            copied: Copied::default(),
        })
    }

    /// When this wire is settled; none if it was not there, or learned nothing.
    pub(super) fn settled(&self, wire: u16) -> Option<u32> {
        self.settled
            .iter()
            .find_map(|(known, settled)| (*known == wire).then_some(*settled))
    }

    /// Copies to the new program what it does not have yet.
    pub(super) fn copy(&mut self, datapath: &Datapath) -> Result<(), MapAccessError> {
        let wires = &self.wires;
        let renumber = |before: u16| {
            let mut known = wires.iter();
            known.find_map(|wire| (wire.before == before).then_some(wire.now))
        };
        let bindings = self.bindings.entries()?.into_iter();
        let bindings = bindings.filter_map(|(key, binding)| {
            let wire = renumber(key.wire)?;
            Some((BindingKey { wire, ..key }, binding))
        });
        let places = self.places.entries()?.into_iter();
        let places = places.filter_map(|(key, places)| {
            let wire = renumber(key.wire)?;
            Some((PlacesKey { wire, ..key }, places))
        });
        follow(
            &mut datapath.table(map::BINDINGS)?,
            &mut self.copied.bindings,
            bindings.collect(),
        )?;
        follow(
            &mut datapath.table(map::PLACES)?,
            &mut self.copied.places,
            places.collect(),
        )?;
        for (name, old, copied) in [
            (map::NAMES, &self.names, &mut self.copied.names),
            (
                map::STRANGERS_NAMES,
                &self.strangers_names,
                &mut self.copied.strangers_names,
            ),
        ] {
            let Some(old) = old else {
                continue;
            };
            let names = old.entries()?.into_iter();
            let names = names.filter_map(|(key, names)| {
                let wire = renumber(key.wire)?;
                Some((NamesKey { wire, ..key }, names))
            });
            follow(&mut datapath.table(name)?, copied, names.collect())?;
        }
        Ok(())
    }
}

fn names(
    name: &'static str,
    map: Option<OwnedFd>,
) -> Result<Option<Table<NamesKey, NameSet>>, MapAccessError> {
    map.map(|map| Table::new(name, into_map(name, map)?))
        .transpose()
}

/// Changes the table by what changed since it was copied from.
fn follow<K: Pod + Eq + Hash, V: Pod + Eq>(
    table: &mut Table<K, V>,
    copied: &mut HashMap<K, V>,
    entries: HashMap<K, V>,
) -> Result<(), MapAccessError> {
    for key in copied.keys() {
        if !entries.contains_key(key) {
            table.remove(key)?;
        }
    }
    for (key, value) in &entries {
        if copied.get(key) != Some(value) {
            table.insert(key, value)?;
        }
    }
    *copied = entries;
    Ok(())
}

fn into_map(name: &'static str, map: OwnedFd) -> Result<Map, MapAccessError> {
    MapData::from_fd(map)
        .and_then(Map::from_map_data)
        .map_err(|source| MapAccessError { map: name, source })
}

fn array<V: Pod>(name: &'static str, map: OwnedFd) -> Result<Array<MapData, V>, MapAccessError> {
    Array::try_from(into_map(name, map)?).map_err(|source| MapAccessError { map: name, source })
}

/// An element; none beyond the last.
fn get<V: Pod>(
    name: &'static str,
    array: &Array<MapData, V>,
    index: u32,
) -> Result<Option<V>, MapAccessError> {
    match array.get(&index, 0) {
        Ok(value) => Ok(Some(value)),
        Err(MapError::OutOfBounds { .. } | MapError::KeyNotFound) => Ok(None),
        Err(source) => Err(MapAccessError { map: name, source }),
    }
}
