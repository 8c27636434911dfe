//! How large the maps of a program are.

use xiot_common::{
    binding::{Binding, BindingKey, Places, PlacesKey},
    budget::Budget,
    capacity::{BINDINGS, MAX_IFINDEX, PLACE_LISTS},
    counter::{DeviceCounter, RuleCounter},
    flow_line::{FlowLine, FlowRest},
    flow_table::{FLOW_SLOTS, FlowHints, FlowMarks, flow_sets},
    image::{Line, SLOTS},
    map,
    observed::{ObservedEntry, ObservedKey},
    port::PortConfig,
};

use super::{
    error::LoadError,
    options::{Capacity, Options},
};

/// Smallest port table: interface indices start low and rise with every interface made.
const MIN_PORTS: u32 = 4096;

/// Device counters in a page: rows of different CPUs don't share one.
const COUNTERS_PER_PAGE: u32 = 64;
const _: () = assert!(COUNTERS_PER_PAGE as usize * size_of::<DeviceCounter>() == 4096);

/// Device counters per CPU for so many devices.
pub(super) const fn device_stride(devices: u32) -> u32 {
    // Number 0 is all devices which are not listed.
    (devices + 1).next_multiple_of(COUNTERS_PER_PAGE)
}

/// Entries per map, as far as the agent decides them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    pub(super) ports: u32,
    pub(super) image: u32,
    pub(super) flow_sets: u32,
    pub(super) budgets: u32,
    pub(super) observed: u32,
    pub(super) device_stride: u32,
    pub(super) device_counters: u32,
    pub(super) rule_counters: u32,
    pub(super) event_ring: u32,
    pub(super) bindings: u32,
    pub(super) places: u32,
}

impl Sizes {
    pub(super) fn new(options: &Options, cpus: u32) -> Result<Self, LoadError> {
        let Capacity {
            slot_lines,
            flows,
            half_open,
            devices,
            rules,
            observed,
            event_ring,
        } = options.capacity;
        let too_large = |what, wanted: u64| LoadError::TooLarge { what, wanted };
        if options.max_ifindex >= MAX_IFINDEX {
            return Err(too_large("interface indices", options.max_ifindex.into()));
        }
        let rows = devices
            .checked_add(1)
            .ok_or_else(|| too_large("devices", devices.into()))?;
        if rows.checked_next_multiple_of(COUNTERS_PER_PAGE).is_none() {
            return Err(too_large("devices", devices.into()));
        }
        let device_stride = device_stride(devices);
        Ok(Self {
            ports: MIN_PORTS.max(options.max_ifindex + 1),
            image: slot_lines
                .checked_mul(SLOTS)
                .ok_or_else(|| too_large("lines per policy", slot_lines.into()))?,
            flow_sets: flow_sets(flows, half_open),
            budgets: rows,
            observed,
            device_stride,
            device_counters: device_stride
                .checked_mul(cpus)
                .ok_or_else(|| too_large("devices", devices.into()))?,
            rule_counters: rules
                .checked_add(1)
                .ok_or_else(|| too_large("rules", rules.into()))?,
            event_ring,
            // Buckets are made in advance.
            bindings: if options.guards.is_some() {
                BINDINGS
            } else {
                1
            },
            places: if options.guards.is_some() {
                PLACE_LISTS
            } else {
                1
            },
        })
    }

    pub(super) fn entries(&self) -> [(&'static str, u32); 13] {
        [
            (map::PORTS, self.ports),
            (map::IMAGE, self.image),
            (map::FLOWS, self.flow_sets * FLOW_SLOTS),
            (map::FLOW_REST, self.flow_sets * FLOW_SLOTS),
            (map::FLOW_MARKS, self.flow_sets),
            (map::FLOW_HINTS, self.flow_sets),
            (map::BUDGETS, self.budgets),
            (map::OBSERVED, self.observed),
            (map::DEVICE_COUNTERS, self.device_counters),
            (map::RULE_COUNTERS, self.rule_counters),
            (map::EVENTS, self.event_ring),
            (map::BINDINGS, self.bindings),
            (map::PLACES, self.places),
        ]
    }

    /// About how much memory a map takes: keys and values, without the kernel's own.
    pub(super) fn bytes(&self, name: &str) -> u64 {
        let size = match name {
            map::PORTS => size_of::<PortConfig>(),
            map::IMAGE => size_of::<Line>(),
            map::FLOWS => size_of::<FlowLine>(),
            map::FLOW_REST => size_of::<FlowRest>(),
            map::FLOW_MARKS => size_of::<FlowMarks>(),
            map::FLOW_HINTS => size_of::<FlowHints>(),
            map::BUDGETS => size_of::<Budget>(),
            map::OBSERVED => size_of::<(ObservedKey, ObservedEntry)>(),
            map::DEVICE_COUNTERS => size_of::<DeviceCounter>(),
            map::RULE_COUNTERS => size_of::<RuleCounter>(),
            map::BINDINGS => size_of::<(BindingKey, Binding)>(),
            map::PLACES => size_of::<(PlacesKey, Places)>(),
            map::EVENTS => 1,
            _ => return 0,
        };
        self.entries()
            .into_iter()
            .find_map(|(map, entries)| (map == name).then_some(u64::from(entries) * size as u64))
            .unwrap_or(0)
    }
}
