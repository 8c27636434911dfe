//! Maps that are of another size than those of the program before. Flows move as frames come ([`crate::datapath::moving`]); the rest is
//! copied before any does, so that of counters and of what was observed what comes in between is missing.

use aya::{Pod, maps::Map};
use xiot_common::{
    about::About,
    counter::{DeviceCounter, RuleCounter},
    flow_table::{FlowLevel, flow_sets},
    map,
    observed::{ObservedEntry, ObservedKey},
};

use super::{data, memory};
use crate::datapath::{
    error::MapAccessError, gateway::BringUpError, instance::Datapath, kept::Anew, pin::Pins,
    shared::Shared, sizes::device_stride, table::Table,
};

/// The flow table, but for who ever had a flow.
const FLOW_TABLE: [&str; 5] = [
    map::FLOWS,
    map::FLOW_MARKS,
    map::FLOW_HINTS,
    map::FLOW_REST,
    map::FLOW_LEVEL,
];

/// What is of another size.
#[derive(Clone, Debug, Default)]
pub(in crate::datapath) struct Resized {
    names: Vec<&'static str>,
    /// Sets of the flow table before.
    flow_sets: u32,
    /// Devices with counters before.
    devices: u32,
    /// Conversations that both sides spoke in, and how many there is to be room for.
    flows: (u64, u32),
}

impl Resized {
    /// Of maps that are noted so, for who would make such ones.
    pub(super) fn of(noted: &About, wanted: &About, pins: &Pins) -> Result<Self, BringUpError> {
        let sets = |about: &About| flow_sets(about.flows, about.half_open);
        let mut names = Vec::new();
        if sets(noted) != sets(wanted) {
            names.extend(FLOW_TABLE);
        }
        let mut add = |differs: bool, maps: &[&'static str]| {
            if differs {
                names.extend(maps);
            }
        };
        add(
            noted.slot_lines != wanted.slot_lines,
            &[map::IMAGE, map::SLOTS, map::ACTIVE],
        );
        add(
            noted.devices != wanted.devices,
            &[map::BUDGETS, map::DEVICE_COUNTERS],
        );
        add(noted.rules != wanted.rules, &[map::RULE_COUNTERS]);
        add(
            noted.devices != wanted.devices || noted.rules != wanted.rules,
            &[map::DEVICE_KEYS, map::RULE_KEYS],
        );
        add(noted.observed != wanted.observed, &[map::OBSERVED]);
        add(noted.event_ring != wanted.event_ring, &[map::EVENTS]);
        if !names.is_empty() {
            names.push(map::ABOUT);
        }
        let flows = match data(pins, map::FLOW_LEVEL)? {
            Some(level) => memory::<FlowLevel>(map::FLOW_LEVEL, &level)?.get(0),
            None => None,
        };
        Ok(Self {
            names,
            flow_sets: sets(noted),
            devices: noted.devices,
            flows: (flows.unwrap_or_default().confirmed, wanted.flows),
        })
    }

    /// Whether there is any such map.
    pub(in crate::datapath) fn is_any(&self) -> bool {
        !self.names.is_empty()
    }

    /// Whether this map is one.
    pub(in crate::datapath) fn has(&self, name: &str) -> bool {
        self.names.contains(&name)
    }

    /// Whether a map goes on: it is one that can, and is of the same size.
    pub(in crate::datapath) fn goes_on(&self, name: &str) -> bool {
        super::goes_on(name) && !self.has(name)
    }

    /// Sets of the flow table from which flows have to move; none where it stays.
    pub(in crate::datapath) fn flow_sets(&self) -> Option<u32> {
        self.has(map::FLOWS).then_some(self.flow_sets)
    }

    /// Why not all flows go on, if they do not.
    pub(in crate::datapath) fn leaves_out(&self) -> Option<Anew> {
        let (flows, room) = self.flows;
        (self.is_any() && flows > u64::from(room)).then_some(Anew::Crowded { flows, room })
    }

    /// Copies what is copied.
    pub(in crate::datapath) fn copy(
        &self,
        pins: &Pins,
        datapath: &Datapath,
    ) -> Result<(), BringUpError> {
        if self.has(map::DEVICE_COUNTERS)
            && let Some(old) = data(pins, map::DEVICE_COUNTERS)?
        {
            let old: Shared<DeviceCounter> = memory(map::DEVICE_COUNTERS, &old)?;
            let new = datapath.map_memory(map::DEVICE_COUNTERS)?;
            let (stride, other) = (device_stride(self.devices), datapath.device_stride());
            let rows = self.devices.min(datapath.capacity().devices) + 1;
            for cpu in 0..datapath.cpus() {
                copy(&old, cpu * stride, &new, cpu * other, rows);
            }
        }
        if self.has(map::RULE_COUNTERS)
            && let Some(old) = data(pins, map::RULE_COUNTERS)?
        {
            let old: Shared<RuleCounter> = memory(map::RULE_COUNTERS, &old)?;
            let new = datapath.map_memory(map::RULE_COUNTERS)?;
            copy(&old, 0, &new, 0, old.len().min(new.len()));
        }
        if self.has(map::OBSERVED) {
            copy_observed(pins, datapath)?;
        }
        Ok(())
    }
}

fn copy<T: Pod + Default>(
    from: &Shared<T>,
    first: u32,
    to: &Shared<T>,
    first_there: u32,
    entries: u32,
) {
    for n in 0..entries {
        if let Some(entry) = from.get(first + n) {
            let there = to.set(first_there + n, &entry);
            debug_assert!(there, "it has as many");
        }
    }
}

/// What was seen last comes last: of a smaller map it is what stays.
fn copy_observed(pins: &Pins, datapath: &Datapath) -> Result<(), BringUpError> {
    let Some(old) = data(pins, map::OBSERVED)? else {
        return Ok(());
    };
    let access = |source| MapAccessError {
        map: map::OBSERVED,
        source,
    };
    let old = Map::from_map_data(old).map_err(access)?;
    let old: Table<ObservedKey, ObservedEntry> = Table::new(map::OBSERVED, old)?;
    let mut entries = old.entries()?;
    entries.sort_by_key(|(_, entry)| entry.last_seen);
    let mut new = datapath.table::<ObservedKey, ObservedEntry>(map::OBSERVED)?;
    for (key, entry) in &entries {
        new.insert(key, entry)?;
    }
    Ok(())
}
