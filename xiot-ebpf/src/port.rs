//! Ports: which interface is which end of which wire.

use aya_ebpf::{btf_maps::Array, macros::btf_map};
use xiot_common::port::PortConfig;

/// By interface index; sized by the loader. Written by the agent before it attaches the program.
#[btf_map]
static PORTS: Array<PortConfig, 4096> = Array::new();

/// The port of an interface, or nothing if it is none.
#[inline(always)]
#[expect(
    clippy::cast_possible_truncation,
    reason = "interface indices are 31 bits"
)]
pub fn ingress(ifindex: usize) -> Option<&'static PortConfig> {
    of(ifindex as u32)
}

/// The same of an interface that the kernel names.
#[inline(always)]
pub fn of(ifindex: u32) -> Option<&'static PortConfig> {
    let port = PORTS.get(ifindex)?;
    (port.side != 0).then_some(port)
}
