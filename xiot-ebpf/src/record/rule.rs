//! Rule counters: touched when a rule allows something new, never on the hot path.

use aya_ebpf::{bindings::BPF_F_MMAPABLE, btf_maps::Array, macros::btf_map};
use xiot_common::counter::RuleCounter;

use crate::config;

/// By rule id. Sized by the loader.
#[btf_map]
static RULE_COUNTERS: Array<RuleCounter, 1, { BPF_F_MMAPABLE as usize }> = Array::new();

/// Counts that the rule allowed something new.
#[inline(always)]
pub fn hit(rule: u32, now: u32) {
    if rule == 0 || rule >= config::rule_counters() {
        return;
    }
    let Some(counter) = RULE_COUNTERS.get_ptr_mut(rule) else {
        return;
    };
    // SAFETY: the field is aligned and lives as long as the map.
    unsafe {
        add(&raw mut (*counter).hits);
    }
    // SAFETY: as above; whichever CPU writes last is right to a second.
    unsafe {
        (*counter).last_hit = u64::from(now);
    }
}

/// Adds 1 atomically: the BPF target of rustc has no atomics, the instruction set has.
///
/// # Safety
/// `counter` must be aligned and point into a map value.
#[cfg(target_arch = "bpf")]
#[inline(always)]
unsafe fn add(counter: *mut u64) {
    // SAFETY: aligned map memory by contract.
    unsafe {
        core::arch::asm!(
            "lock *(u64 *)({counter} + 0) += {one}",
            counter = in(reg) counter,
            one = in(reg) 1u64,
        );
    }
}

/// # Safety
/// `counter` must be valid for writes.
#[cfg(not(target_arch = "bpf"))]
unsafe fn add(counter: *mut u64) {
    // SAFETY: valid by contract.
    unsafe {
        *counter += 1;
    }
}
