//! Frozen switches and sizes: constants to the verifier (see `xiot_common::config`).

use aya_ebpf::Global;
use xiot_common::{capacity, flow_hash::FLOW_SEEDS};

macro_rules! globals {
    ($($(#[doc = $doc:literal])+ $function:ident $symbol:ident = $default:expr;)+) => {
        $(
            #[unsafe(no_mangle)]
            static $symbol: Global<u32> = Global::new($default);

            $(#[doc = $doc])+
            #[inline(always)]
            pub fn $function() -> u32 {
                $symbol.load()
            }
        )+
    };
}

globals! {
    /// Whether each verdict goes to the trace map.
    trace XIOT_TRACE = 0;
    /// Row length of the device counters.
    device_stride XIOT_DEVICE_STRIDE = 0;
    /// Lines of one policy slot.
    slot_lines XIOT_SLOT_LINES = capacity::DEFAULT_SLOT_LINES;
    /// Number of rule counters.
    rule_counters XIOT_RULE_COUNTERS = 0;
    /// Events per second and sender.
    events_per_sender XIOT_EVENTS_PER_SENDER = 10;
    /// Flows opened in one second by and to all devices that are not listed.
    new_flows_unlisted XIOT_NEW_FLOWS_UNLISTED = 5000;
    /// Flows opened in one second on this CPU.
    new_flows_per_cpu XIOT_NEW_FLOWS_PER_CPU = 50_000;
    /// Whether some wire has guards or lets other Ethernet types pass.
    guards XIOT_GUARDS = 0;
    /// Whether some port is one of a router.
    routed XIOT_ROUTED = 0;
    /// Broadcast and multicast frames in one second of one MAC on one device port.
    group_per_sender XIOT_GROUP_PER_SENDER = 200;
    /// The same of all MACs on one device port.
    group_per_port XIOT_GROUP_PER_PORT = 4000;
    /// IPv6 addresses that one MAC may take on one wire and VLANs.
    addresses_per_device XIOT_ADDRESSES_PER_DEVICE = 16;
    /// Events per second and CPU.
    events_per_cpu XIOT_EVENTS_PER_CPU = 1000;
    /// Flows that both sides spoke in, at most.
    flows XIOT_FLOWS = capacity::DEFAULT_FLOWS;
    /// Sets of the flow table.
    flow_sets XIOT_FLOW_SETS = 1;
    /// By which number flows move from the table before; 0: none do.
    moving XIOT_MOVING = 0;
    /// Sets of that table.
    before_sets XIOT_BEFORE_SETS = 1;
}

#[unsafe(no_mangle)]
static XIOT_FLOW_SEEDS: Global<[u64; FLOW_SEEDS]> = Global::new([0; FLOW_SEEDS]);

/// One of the numbers that flow keys are hashed with.
#[inline(always)]
pub fn flow_seed(n: usize) -> u64 {
    let seeds = (&raw const XIOT_FLOW_SEEDS).cast::<u64>();
    // SAFETY: one of them. Volatile, as the loader writes them; one by one, as all would go over the stack.
    unsafe { seeds.add(n % FLOW_SEEDS).read_volatile() }
}
