//! What the data path is loaded with: plain numbers, so that nothing here knows about YAML.

use std::borrow::Cow;

use xiot_common::{capacity, guard::WireGuards};

/// Sizes of the maps. They hold until the program is loaded anew.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Capacity {
    /// 64-byte lines in each of the two policy slots.
    pub slot_lines: u32,
    /// Flows.
    pub flows: u32,
    /// Flows that only one side spoke in, beside those; as many as `flows` if that is more.
    pub half_open: u32,
    /// Devices with counters, ids 1 to this.
    pub devices: u32,
    /// Rules with counters, ids 1 to this.
    pub rules: u32,
    /// Observed conversations.
    pub observed: u32,
    /// Bytes of the event ring; rounded up to a power of two pages.
    pub event_ring: u32,
}

impl Default for Capacity {
    fn default() -> Self {
        Self {
            slot_lines: capacity::DEFAULT_SLOT_LINES,
            flows: capacity::DEFAULT_FLOWS,
            half_open: capacity::DEFAULT_HALF_OPEN,
            devices: capacity::DEFAULT_DEVICES,
            rules: capacity::DEFAULT_RULES,
            observed: capacity::DEFAULT_OBSERVED,
            event_ring: capacity::DEFAULT_EVENT_RING_BYTES,
        }
    }
}

/// Event budgets, in events per second.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Events {
    /// Of one sender.
    pub per_sender: u32,
    /// Of one CPU.
    pub per_cpu: u32,
}

impl Default for Events {
    fn default() -> Self {
        Self {
            per_sender: 10,
            per_cpu: 1000,
        }
    }
}

/// Flows that may be opened in one second, beside the budgets of devices.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NewFlows {
    /// By all devices together which are not listed, and as many to them.
    pub unlisted: u32,
    /// On one CPU.
    pub per_cpu: u32,
}

impl Default for NewFlows {
    fn default() -> Self {
        Self {
            unlisted: 5_000,
            per_cpu: 50_000,
        }
    }
}

/// Broadcast and multicast frames in one second on a device port, beyond which the guard `group` objects.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct GroupFrames {
    /// Of one MAC.
    pub per_sender: u32,
    /// Of all.
    pub per_port: u32,
}

impl Default for GroupFrames {
    fn default() -> Self {
        Self {
            per_sender: 200,
            per_port: 4_000,
        }
    }
}

/// Everything that is fixed when the program is loaded.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Sizes of the maps.
    pub capacity: Capacity,
    /// Event budgets.
    pub events: Events,
    /// Budgets of new flows.
    pub new_flows: NewFlows,
    /// Limits of the guard `group`.
    pub group_frames: GroupFrames,
    /// IPv6 addresses that one device may take, at most [`capacity::PLACES`]. Default: as many.
    pub addresses_per_device: Option<u32>,
    /// Guards of the first wires, which may be changed later. None: the program is loaded without any.
    pub guards: Option<Vec<WireGuards>>,
    /// Some port will be one of a router.
    pub routed: bool,
    /// Highest interface index that will be a port. The port table is an array indexed by it.
    pub max_ifindex: u32,
    /// Write each verdict to the trace map: for `explain` and tests, on an instance of its own.
    pub trace: bool,
    /// Load this object instead of the one that is built in.
    pub object: Option<Cow<'static, [u8]>>,
}
