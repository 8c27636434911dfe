//! Switches and sizes that are constants to the verifier: read-only data, frozen before the program is
//! loaded, so that code behind a switch that is off is removed.
//!
//! Each is a symbol in the object file; the loader sets it by name.

/// `u32`: write each verdict to the trace map. Only for `explain`, `simulate` and tests, on a private instance.
pub const TRACE: &str = "XIOT_TRACE";

/// `u32`: devices per CPU in the device counter array; the row length of its `[cpu][device]` layout.
pub const DEVICE_STRIDE: &str = "XIOT_DEVICE_STRIDE";

/// `u32`: 64-byte lines in one policy slot.
pub const SLOT_LINES: &str = "XIOT_SLOT_LINES";

/// `u32`: number of rule counters.
pub const RULE_COUNTERS: &str = "XIOT_RULE_COUNTERS";

/// `u32`: events per second and sender before suppression.
pub const EVENTS_PER_SENDER: &str = "XIOT_EVENTS_PER_SENDER";

/// `u32`: flows that devices which are not listed may open together in one second, and as many that peers may open to them.
pub const NEW_FLOWS_UNLISTED: &str = "XIOT_NEW_FLOWS_UNLISTED";

/// `u32`: flows that may be opened in one second on one CPU.
pub const NEW_FLOWS_PER_CPU: &str = "XIOT_NEW_FLOWS_PER_CPU";

/// `u32`: some wire has a guard that is not off, or lets other Ethernet types pass.
pub const GUARDS: &str = "XIOT_GUARDS";

/// `u32`: some port is one of a router.
pub const ROUTED: &str = "XIOT_ROUTED";

/// `u32`: broadcast and multicast frames of one MAC on one device port in one second, beyond which the guard `group` objects.
pub const GROUP_PER_SENDER: &str = "XIOT_GROUP_PER_SENDER";

/// `u32`: the same of all MACs on one device port.
pub const GROUP_PER_PORT: &str = "XIOT_GROUP_PER_PORT";

/// `u32`: IPv6 addresses that one MAC may take on one wire and VLANs, at most [`crate::capacity::PLACES`].
pub const ADDRESSES_PER_DEVICE: &str = "XIOT_ADDRESSES_PER_DEVICE";

/// `u32`: events per second and CPU before suppression.
pub const EVENTS_PER_CPU: &str = "XIOT_EVENTS_PER_CPU";

/// `u32`: flows that both sides spoke in, at most.
pub const FLOWS: &str = "XIOT_FLOWS";

/// `u32`: sets of the flow table.
pub const FLOW_SETS: &str = "XIOT_FLOW_SETS";

/// `u32`: by which number flows move from the table of the program before ([`crate::moves`]); 0: none do.
pub const MOVING: &str = "XIOT_MOVING";

/// `u32`: sets of that table.
pub const BEFORE_SETS: &str = "XIOT_BEFORE_SETS";

/// `[u64; 15]`: the numbers that flow keys are hashed with ([`crate::flow_hash::flow_seeds`]).
pub const FLOW_SEEDS: &str = "XIOT_FLOW_SEEDS";
