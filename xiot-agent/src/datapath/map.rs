//! Typed views of the maps in a loaded object.

use std::os::fd::AsFd as _;

use aya::{
    Ebpf,
    maps::{Map, MapData, MapError},
};
use xiot_common::map;

use super::error::MapAccessError;

/// Every map that the agent uses. The program array is last: the kernel empties one that has no pin left, and until all else of a
/// takeover has gone well the program of the agent before may have to go on with its own.
pub(super) const ALL: [&str; 34] = [
    map::PORTS,
    map::EGRESS,
    map::IMAGE,
    map::SLOTS,
    map::ACTIVE,
    map::FLOWS,
    map::FLOW_MARKS,
    map::FLOW_HINTS,
    map::FLOW_OWNERS,
    map::FLOW_REST,
    map::FLOW_LEVEL,
    map::FRAGMENTS,
    map::BUDGETS,
    map::GUARDS,
    map::GROUP_SENDERS,
    map::GROUP_PORTS,
    map::OBSERVED,
    map::OVERRIDES,
    map::BINDINGS,
    map::PLACES,
    map::BINDINGS_MOVED,
    map::NAMES,
    map::STRANGERS_NAMES,
    map::REASONS,
    map::DEVICE_COUNTERS,
    map::RULE_COUNTERS,
    map::EVENTS,
    map::EVENT_COUNTERS,
    map::EVENT_BUDGETS,
    map::COPIES,
    map::COPY_COUNTERS,
    map::COPY_BUDGETS,
    map::TRACE,
    map::STAGES,
];

/// Maps that the agent pins beside those, and the program does not know.
pub(super) const NOTES: [&str; 3] = [map::ABOUT, map::DEVICE_KEYS, map::RULE_KEYS];

/// The map data behind any kind of map that the program uses.
pub(super) fn data(map: &Map) -> Option<&MapData> {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the other kinds are not in use here"
    )]
    match map {
        Map::Array(data)
        | Map::DevMap(data)
        | Map::HashMap(data)
        | Map::LruHashMap(data)
        | Map::PerCpuArray(data)
        | Map::ProgramArray(data)
        | Map::RingBuf(data) => Some(data),
        _ => None,
    }
}

/// A second handle to a map: it lives on its own.
pub(super) fn duplicate(ebpf: &Ebpf, name: &'static str) -> Result<Map, MapAccessError> {
    let access = |source| MapAccessError { map: name, source };
    let data = ebpf
        .map(name)
        .and_then(data)
        .ok_or_else(|| access(MapError::ElementNotFound))?;
    let fd = data
        .fd()
        .as_fd()
        .try_clone_to_owned()
        .map_err(|error| access(error.into()))?;
    MapData::from_fd(fd)
        .and_then(Map::from_map_data)
        .map_err(access)
}
