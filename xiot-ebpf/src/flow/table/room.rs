//! How many flows there may be that both sides spoke in, and room for more where some are over.

use core::ffi::c_void;

use aya_ebpf::{
    bindings::BPF_F_MMAPABLE, btf_maps::Array, helpers::generated::bpf_for_each_map_elem,
    macros::btf_map,
};
use xiot_common::flow_table::{FLOW_SLOTS, FlowLevel, FlowMarks};

use super::{FLOW_MARKS, Marks, at, number};
use crate::{atomic, config};

/// One element. In a map, not on the stack: a walk that counts there is a different walk to the verifier for every count.
#[btf_map]
static FLOW_LEVEL: Array<FlowLevel, 1, { BPF_F_MMAPABLE as usize }> = Array::new();

/// Flows removed in one walk: room for a while, found within half a millisecond where much is over.
const ENOUGH: u32 = 1024;

/// Seconds between two walks.
const PAUSE: u32 = 1;

/// Seconds after a walk that found little: all the others are live.
const LONG_PAUSE: u32 = 10;

/// Takes one more into account; false if there is no room, even where flows that are over are removed.
#[inline(always)]
pub(super) fn enter(now: u32) -> bool {
    take() || (xiot_reclaim(now) != 0 && take())
}

#[inline(always)]
fn take() -> bool {
    let Some(level) = FLOW_LEVEL.get_ptr_mut(0) else {
        return false;
    };
    // SAFETY: aligned map memory.
    let before = unsafe { atomic::fetch_add(&raw mut (*level).confirmed, 1) };
    if before < u64::from(config::flows()) {
        return true;
    }
    leave();
    false
}

/// Takes one less into account.
#[inline(always)]
pub(super) fn leave() {
    if let Some(level) = FLOW_LEVEL.get_ptr_mut(0) {
        // SAFETY: aligned map memory.
        unsafe {
            atomic::fetch_add(&raw mut (*level).confirmed, u64::MAX);
        }
    }
}

#[inline(always)]
fn level() -> Option<&'static mut FlowLevel> {
    let level = FLOW_LEVEL.get_ptr_mut(0)?;
    // SAFETY: the element outlives the program run. Two CPUs in the same instant both walk the table, and may count
    // each other's flows.
    Some(unsafe { &mut *level })
}

/// Removes flows that both sides spoke in and that are over, and tells how many. One frame and those behind it wait for a walk
/// through a table of flows that are all live: hence the pauses (none in a traced instance, whose verdicts shall not
/// depend on the clock).
#[unsafe(no_mangle)]
#[inline(never)]
pub(crate) extern "C" fn xiot_reclaim(now: u32) -> u32 {
    let Some(level) = level() else {
        return 0;
    };
    if now < level.reclaim_at && config::trace() == 0 {
        return 0;
    }
    level.reclaim_at = now + PAUSE;
    level.reclaimed = 0;
    let mut pass = Pass { now };
    // SAFETY: the callback has the form that the helper calls for an array, and only uses what it is given.
    unsafe {
        bpf_for_each_map_elem(
            (&raw const FLOW_MARKS).cast_mut().cast(),
            remove_what_is_over as *mut c_void,
            (&raw mut pass).cast(),
            0,
        );
    }
    if level.reclaimed < ENOUGH {
        level.reclaim_at = now + LONG_PAUSE;
    }
    level.reclaimed
}

/// What a walk through the table carries.
#[repr(C)]
struct Pass {
    now: u32,
}

/// Called for each set; 0: go on, 1: enough.
///
/// # Safety
/// The pointers must be those that `bpf_for_each_map_elem` gives, `pass` the one it was given.
unsafe extern "C" fn remove_what_is_over(
    _map: *mut c_void,
    set: *const u32,
    marks: *mut FlowMarks,
    pass: *mut Pass,
) -> i64 {
    // SAFETY: valid by contract, as long as the call lasts.
    let (now, set) = unsafe { ((*pass).now, *set) };
    let Some(level) = level() else {
        return 1;
    };
    let mut slot = 0;
    while slot < FLOW_SLOTS {
        let mark = Marks(marks).get(slot);
        if mark.is_confirmed()
            && let Some(place) = at(number(set, slot))
            && place.line().is_over(now)
            && place.free(mark)
        {
            level.reclaimed += 1;
        }
        slot += 1;
    }
    i64::from(level.reclaimed >= ENOUGH)
}
