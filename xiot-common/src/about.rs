//! What an agent notes beside the program that it loads, so that the agent after it can tell whether it understands the maps.

use crate::flow_hash::FLOW_SEEDS;

/// First word of a note: `XNOT` in ASCII.
pub const ABOUT_MAGIC: u32 = 0x584e_4f54;

/// Guards of some wire are in the program.
pub const ABOUT_GUARDS: u32 = 1;
/// Some port is one of a router.
pub const ABOUT_ROUTED: u32 = 2;

/// One program and its maps. Maps can be gone on with where everything from `abi` to `wires` is the same.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct About {
    /// [`ABOUT_MAGIC`].
    pub magic: u32,
    /// [`crate::abi::ABI_VERSION`].
    pub abi: u32,
    /// CPUs that may ever be online.
    pub cpus: u32,
    /// `ABOUT_*` bits.
    pub flags: u32,
    /// 64-byte lines in each policy slot.
    pub slot_lines: u32,
    /// Flows.
    pub flows: u32,
    /// Half-open flows.
    pub half_open: u32,
    /// Devices with counters.
    pub devices: u32,
    /// Rules with counters.
    pub rules: u32,
    /// Observed conversations.
    pub observed: u32,
    /// Bytes of the event ring, as they were asked for.
    pub event_ring: u32,
    /// Zero.
    pub reserved: u32,
    /// SHA-256 of what has a wire index, in its order: its name, its device port and its uplink port, each followed by a zero
    /// byte, and empty where there is none.
    pub wires: [u8; 32],
    /// What flow keys are hashed with. Who knows them can fill the sets of another's flow: for nobody but the agent.
    pub flow_seeds: [u64; FLOW_SEEDS],
    /// Nanoseconds since the Unix epoch when the program was attached.
    pub since: u64,
    /// Version of the agent, in ASCII, filled up with zeros.
    pub agent: [u8; 32],
}

crate::layout!(About, size 240, align 8);
