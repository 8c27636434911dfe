//! Time: the coarse monotonic clock, which ticks a few hundred times a second and costs half of the exact one.

use aya_ebpf::helpers::generated::{bpf_ktime_get_coarse_ns, bpf_ktime_get_ns};

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
