//! Time: the coarse monotonic clock, which ticks a few hundred times a second and costs half of the exact one.

use aya_ebpf::helpers::generated::{
    bpf_ktime_get_coarse_ns, bpf_ktime_get_ns, bpf_ktime_get_tai_ns,
};

use crate::policy::slot;

const NANOSECONDS: u64 = 1_000_000_000;

/// Whole seconds of the monotonic clock.
#[inline(always)]
pub fn seconds() -> u32 {
    // SAFETY: the helper takes nothing and always succeeds.
    xiot_common::abi::seconds(unsafe { bpf_ktime_get_coarse_ns() })
}

/// Nanoseconds of the monotonic clock, for events.
#[inline(always)]
pub fn nanoseconds() -> u64 {
    // SAFETY: the helper takes nothing and always succeeds.
    unsafe { bpf_ktime_get_ns() }
}

/// Whole seconds of the wall clock (UTC): the kernel's own, which goes on without the agent.
#[inline(always)]
#[expect(
    clippy::cast_possible_truncation,
    reason = "it wraps with the wall clock, in 2106"
)]
pub fn wall() -> u32 {
    // SAFETY: the helper takes nothing and always succeeds.
    let tai = unsafe { bpf_ktime_get_tai_ns() };
    // Divided: since 1970, [`xiot_common::abi::seconds`] would be far off.
    ((tai / NANOSECONDS) as u32).wrapping_sub(slot::tai_offset())
}
