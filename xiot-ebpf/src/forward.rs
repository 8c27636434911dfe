//! Forwarding in the wire shape: out by the other port, unchanged.

use aya_ebpf::{bindings::xdp_action, btf_maps::DevMap, macros::btf_map};
use xiot_common::capacity::MAX_PORTS;

/// By port index. Written by the agent.
#[btf_map]
static EGRESS: DevMap<MAX_PORTS> = DevMap::new();

/// Sends the frame out by this port; nothing if the port is gone.
#[inline(always)]
pub fn wire(egress: u16) -> Option<u32> {
    EGRESS
        .redirect(u32::from(egress), u64::from(xdp_action::XDP_DROP))
        .ok()
}
