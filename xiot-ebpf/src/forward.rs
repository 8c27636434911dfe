//! Forwarding: out by a port.

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

/// Sends the frame out by the other end of this port's wire, unchanged.
#[inline(always)]
pub fn wire(frame: &Frame, port: &PortConfig) -> Result<u32, Reason> {
    if !fits(frame, port) {
        return Err(Reason::EgressTooLong);
    }
    redirect(port)
}

/// The same of a frame that is known to fit.
#[inline(always)]
pub fn redirect(port: &PortConfig) -> Result<u32, Reason> {
    match EGRESS.redirect(u32::from(port.egress), u64::from(xdp_action::XDP_DROP)) {
        Ok(action) => Ok(action),
        Err(_) => Err(Reason::NoEgress),
    }
}

/// Sends the frame out by this port of the router: `XDP_REDIRECT`, or `XDP_DROP` where it is gone.
#[inline(always)]
pub fn out(port: &PortConfig) -> u32 {
    match EGRESS.redirect(u32::from(port.egress), u64::from(xdp_action::XDP_DROP)) {
        Ok(action) | Err(action) => action,
    }
}

/// Whether the port's egress takes a frame this long.
#[inline(always)]
pub fn fits(frame: &Frame, port: &PortConfig) -> bool {
    frame.length() <= port.egress_length
        || (!is_in_too_many_buffers(frame, port) && is_within_mtu(frame, port.egress_ifindex))
}

#[inline(always)]
fn is_in_too_many_buffers(frame: &Frame, port: &PortConfig) -> bool {
    port.egress_one_buffer != 0 && frame.whole_length() > frame.length()
}

/// Whether the interface takes the frame by the MTU that it has now. One that is gone has none: the redirect says so.
#[inline(always)]
fn is_within_mtu(frame: &Frame, ifindex: u32) -> bool {
    const TOO_LONG: i64 = 1;
    let mut length = frame.whole_length().saturating_sub(ETHERNET);
    // SAFETY: the context is the kernel's, and the length is ours to read and to write.
    let answer = unsafe { bpf_check_mtu(frame.ctx().cast(), ifindex, &raw mut length, -TAG, 0) };
    answer != TOO_LONG
}
