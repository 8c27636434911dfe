//! Forwarding in the wire shape: out by the other port, unchanged.

use aya_ebpf::{
    bindings::xdp_action, btf_maps::DevMap, helpers::generated::bpf_check_mtu, macros::btf_map,
};
use xiot_common::{capacity::MAX_PORTS, port::PortConfig, reason::Reason};

use crate::frame::Frame;

/// By port index. Written by the agent.
#[btf_map]
static EGRESS: DevMap<MAX_PORTS> = DevMap::new();

/// Bytes before the MTU of an Ethernet interface.
const ETHERNET: u32 = 14;

/// What a driver takes beyond its MTU: one VLAN tag (`xdp_ok_fwd_dev` of Linux).
const TAG: i32 = 4;

/// Sends the frame out by the other end of this port's wire.
#[inline(always)]
pub fn wire(frame: &Frame, port: &PortConfig) -> Result<u32, Reason> {
    if frame.length() > port.egress_length && !fits(frame, port.egress_ifindex) {
        return Err(Reason::EgressTooLong);
    }
    match EGRESS.redirect(u32::from(port.egress), u64::from(xdp_action::XDP_DROP)) {
        Ok(action) => Ok(action),
        Err(_) => Err(Reason::NoEgress),
    }
}

/// Whether the interface takes the frame by the MTU that it has now. One that is gone has none: the redirect says so.
#[inline(always)]
fn fits(frame: &Frame, ifindex: u32) -> bool {
    const TOO_LONG: i64 = 1;
    let mut length = frame.whole_length().saturating_sub(ETHERNET);
    // SAFETY: the context is the kernel's, and the length is ours to read and to write.
    let answer = unsafe { bpf_check_mtu(frame.ctx().cast(), ifindex, &raw mut length, -TAG, 0) };
    answer != TOO_LONG
}
