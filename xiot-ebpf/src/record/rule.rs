//! Rule counters: touched when a rule allows something new, never on the hot path.

use aya_ebpf::{bindings::BPF_F_MMAPABLE, btf_maps::Array, macros::btf_map};
use xiot_common::counter::RuleCounter;

use crate::{atomic, config};

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
        atomic::fetch_add(&raw mut (*counter).hits, 1);
    }
    // SAFETY: as above; whichever CPU writes last is right to a second.
    unsafe {
        (*counter).last_hit = u64::from(now);
    }
}
