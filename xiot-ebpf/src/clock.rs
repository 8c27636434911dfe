//! Time: the coarse monotonic clock, which ticks a few hundred times a second and costs half of the exact one. It is asked once
//! a tick: ticks are counted where they can be read without a call.

use aya_ebpf::{
    btf_maps::PerCpuArray,
    helpers::generated::{
        bpf_jiffies64, bpf_ktime_get_coarse_ns, bpf_ktime_get_ns, bpf_ktime_get_tai_ns,
    },
    macros::btf_map,
};

use crate::policy::slot;

const NANOSECONDS: u64 = 1_000_000_000;

/// What the clock said in this CPU's last tick.
#[repr(C)]
struct Reading {
    tick: u64,
    second: u32,
    reserved: u32,
}

#[btf_map]
static CLOCK: PerCpuArray<Reading, 1> = PerCpuArray::new();

/// Whole seconds of the monotonic clock. May be a tick late.
#[inline(always)]
pub fn seconds() -> u32 {
    // SAFETY: the helper takes nothing and always succeeds. The verifier puts a load in its place.
    let tick = unsafe { bpf_jiffies64() };
    let Some(reading) = CLOCK.get_ptr_mut(0) else {
        return read();
    };
    // SAFETY: the element belongs to this CPU, and the program is not interrupted by itself.
    let reading = unsafe { &mut *reading };
    if reading.tick != tick {
        reading.tick = tick;
        reading.second = read();
    }
    reading.second
}

#[inline(always)]
fn read() -> u32 {
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
