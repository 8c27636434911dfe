//! The storage of flows, behind a few functions so that it can change.
//!
//! Flows that both sides spoke in are in a preallocated hash: when it is full it refuses what is new and never evicts what
//! is live. Flows that are over are removed by the agent, with a margin, and by the program itself when it finds no room:
//! enforcement must not starve while there is no agent. Half-open flows are in an LRU: a flood of them pushes itself out.

use core::ffi::c_void;

use aya_ebpf::{
    btf_maps::{Array, HashMap, LruHashMap},
    helpers::generated::bpf_for_each_map_elem,
    macros::btf_map,
};
use xiot_common::{
    capacity::{DEFAULT_FLOWS, DEFAULT_HALF_OPEN},
    flow::{FlowEntry, FlowKey},
};

use crate::config;

#[btf_map]
static FLOWS: HashMap<FlowKey, FlowEntry, { DEFAULT_FLOWS as usize }> = HashMap::new();

#[btf_map]
static HALF_OPEN: LruHashMap<FlowKey, FlowEntry, { DEFAULT_HALF_OPEN as usize }> =
    LruHashMap::new();

/// One element.
#[btf_map]
static RECLAIM: Array<Reclaim, 1> = Array::new();

/// How looking for room stands. In a map, not on the stack: a walk that counts there is a different walk to the
/// verifier for every count.
#[repr(C)]
struct Reclaim {
    /// The second in which it may be done again.
    at: u32,
    /// Flows removed by the last walk.
    removed: u32,
}

/// Flows removed in one walk: room for a while, found within half a millisecond where much is over.
const ENOUGH: u32 = 1024;

/// Seconds between two walks.
const PAUSE: u32 = 1;

/// Seconds after a walk that found little: all the others are live.
const LONG_PAUSE: u32 = 10;

/// Which table a flow is in. A number, since it is handed to functions that are checked alone.
pub(crate) type Table = u32;
/// The table of flows that both sides spoke in.
pub(crate) const CONFIRMED: Table = 0;
/// That of the others.
pub(crate) const HALF: Table = 1;

/// The flow of this key in one of the tables, live or not.
#[inline(always)]
pub(crate) fn find_in(table: Table, key: &FlowKey) -> Option<&'static mut FlowEntry> {
    if table == CONFIRMED {
        find(key)
    } else {
        find_half_open(key)
    }
}

/// The half-open flow of this key, live or not.
#[inline(always)]
pub(crate) fn find_half_open(key: &FlowKey) -> Option<&'static mut FlowEntry> {
    let entry = HALF_OPEN.get_ptr_mut(key)?;
    // SAFETY: as in `find`. An LRU may also give the element to another key: only to one that comes when the table is full
    // and this flow has been silent for longest, which it has not, since its frame is here.
    Some(unsafe { &mut *entry })
}

/// The flow of this key that both sides spoke in, live or not.
#[inline(always)]
pub(crate) fn find(key: &FlowKey) -> Option<&'static mut FlowEntry> {
    let entry = FLOWS.get_ptr_mut(key)?;
    // SAFETY: the element outlives the program run. Another CPU may write the same entry, or file another flow in its
    // place: counters may lose a count or gain a stranger's, and a state that is written in that instant may reach a
    // flow that was opened in the same instant.
    Some(unsafe { &mut *entry })
}

/// Files a half-open flow, over an older one of the same key; false if there is no room. `filed`: there is one among the
/// others, which it takes the place of.
#[inline(always)]
pub(super) fn insert_half_open(key: &FlowKey, entry: &FlowEntry, filed: bool) -> bool {
    if HALF_OPEN.insert(key, entry, 0).is_err() {
        return false;
    }
    if filed {
        remove(CONFIRMED, key);
    }
    true
}

/// Moves a half-open flow to the others; false if there is no room.
#[inline(always)]
pub(super) fn confirm(key: &FlowKey, entry: &FlowEntry, now: u32) -> bool {
    if FLOWS.insert(key, entry, 0).is_err()
        && (xiot_reclaim(now) == 0 || FLOWS.insert(key, entry, 0).is_err())
    {
        return false;
    }
    remove(HALF, key);
    true
}

/// Removes a flow.
#[inline(always)]
pub(super) fn remove(table: Table, key: &FlowKey) {
    // One that is gone already is as good as removed.
    match if table == CONFIRMED {
        FLOWS.remove(key)
    } else {
        HALF_OPEN.remove(key)
    } {
        Ok(()) | Err(_) => {}
    }
}

/// Removes flows that are over and tells how many. A walk through 131,072 flows that are all live takes some 20 ms, for
/// which one frame and those behind it wait: hence the pauses (none in a traced instance, whose verdicts shall not
/// depend on the clock).
#[unsafe(no_mangle)]
#[inline(never)]
pub(crate) extern "C" fn xiot_reclaim(now: u32) -> u32 {
    let Some(reclaim) = reclaim() else {
        return 0;
    };
    if now < reclaim.at && config::trace() == 0 {
        return 0;
    }
    reclaim.at = now + PAUSE;
    reclaim.removed = 0;
    let mut pass = Pass { now };
    // SAFETY: the callback has the form that the helper calls for a hash map, and only uses what it is given.
    unsafe {
        bpf_for_each_map_elem(
            (&raw const FLOWS).cast_mut().cast(),
            remove_if_over as *mut c_void,
            (&raw mut pass).cast(),
            0,
        );
    }
    if reclaim.removed < ENOUGH {
        reclaim.at = now + LONG_PAUSE;
    }
    reclaim.removed
}

#[inline(always)]
fn reclaim() -> Option<&'static mut Reclaim> {
    let reclaim = RECLAIM.get_ptr_mut(0)?;
    // SAFETY: the element outlives the program run. Two CPUs in the same instant both walk the table, and may count
    // each other's flows.
    Some(unsafe { &mut *reclaim })
}

/// What a walk through the table carries.
#[repr(C)]
struct Pass {
    now: u32,
}

/// Called for each flow; 0: go on, 1: enough.
///
/// # Safety
/// The pointers must be those that `bpf_for_each_map_elem` gives, `pass` the one it was given.
unsafe extern "C" fn remove_if_over(
    _map: *mut c_void,
    key: *const FlowKey,
    entry: *const FlowEntry,
    pass: *mut Pass,
) -> i64 {
    // SAFETY: valid by contract, as long as the call lasts.
    let (key, entry, pass) = unsafe { (&*key, &*entry, &*pass) };
    if !entry.is_over(pass.now) || FLOWS.remove(key).is_err() {
        return 0;
    }
    let Some(reclaim) = reclaim() else {
        return 1;
    };
    reclaim.removed += 1;
    i64::from(reclaim.removed >= ENOUGH)
}
