//! Addresses that have names, for each device by itself.

use aya_ebpf::{
    btf_maps::{Array, HashMap, LruHashMap},
    macros::btf_map,
};
use xiot_common::{
    addr::Addr,
    capacity,
    name::{NamePlace, NameSet, NamesKey, lasts},
};

use crate::{atomic, packet::Packet, scratch};

/// Memory is taken as it is needed.
const NO_PREALLOC: usize = aya_ebpf::bindings::BPF_F_NO_PREALLOC as usize;

/// Of listed devices. The agent removes what is over.
#[btf_map]
static NAMES: HashMap<NamesKey, NameSet, { capacity::NAMED_DEVICES as usize }, NO_PREALLOC> =
    HashMap::new();

/// Of others: who makes MACs up pushes out others of these, and no listed device.
#[btf_map]
static STRANGERS_NAMES: LruHashMap<NamesKey, NameSet, { capacity::STRANGERS_NAMES as usize }> =
    LruHashMap::new();

/// What a device is told first. On no stack: it is larger than that.
#[btf_map]
static NOTHING_TOLD: Array<NameSet, 1> = Array::new();

/// How often some address got a name that it had not. What was denied before may be allowed since.
#[btf_map]
static NAMES_CHANGED: Array<u32, 1> = Array::new();

/// A number that is another whenever some address got a name.
#[inline(always)]
pub(crate) fn changes() -> u32 {
    // The one element is always there.
    NAMES_CHANGED.get(0).map_or(0, |count| *count)
}

#[inline(always)]
fn key(packet: &Packet) -> NamesKey {
    NamesKey {
        mac: packet.key.mac,
        wire: packet.key.wire.into(),
        vlans: packet.key.vlans,
    }
}

#[inline(always)]
fn set(packet: &Packet, listed: bool) -> Option<*mut NameSet> {
    let key = key(packet);
    if listed {
        NAMES.get_ptr_mut(key)
    } else {
        STRANGERS_NAMES.get_ptr_mut(key)
    }
}

/// A place of the frame's device.
#[inline(always)]
fn place(set: *mut NameSet, index: u32) -> *mut NamePlace {
    let index = (index & (capacity::NAME_PLACES - 1)) as usize;
    // SAFETY: within the set, by the mask.
    unsafe { set.cast::<NamePlace>().add(index) }
}

const _: () = assert!(capacity::NAME_PLACES == 32, "a place is a bit of a word");

#[inline(always)]
fn life(place: *mut NamePlace) -> u64 {
    // SAFETY: the place outlives the program run. Volatile: other CPUs write it.
    unsafe { (&raw const (*place).life).read_volatile() }
}

/// Whether the place is for this address, and by when it was read: it may be another's meanwhile.
#[inline(always)]
fn is_of(place: *mut NamePlace, addr: &Addr) -> bool {
    // SAFETY: the place outlives the program run.
    unsafe { (*place).addr == *addr }
}

/// Places of the frame's device in which its peer has a name, a bit each. `listed`: 1 if the device is.
#[unsafe(no_mangle)]
#[inline(never)]
pub(crate) extern "C" fn xiot_names_of(listed: u32) -> u32 {
    let (Some(scratch), Some(forgetful)) = (scratch::get(), scratch::forgetful()) else {
        return 0;
    };
    let packet = &scratch.packet;
    let Some(set) = set(packet, listed != 0) else {
        return 0;
    };
    let mut found = 0;
    let mut index = 0;
    while index < capacity::NAME_PLACES {
        found = forgetful.forget(found);
        let place = place(set, index);
        if packet.now < NamePlace::until(life(place)) && is_of(place, &packet.key.peer) {
            found |= 1 << index;
        }
        index += 1;
    }
    found
}

/// The name in this place, by its hash, if the frame's peer still has it.
#[inline(always)]
pub(crate) fn name(packet: &Packet, listed: bool, index: u32) -> Option<u64> {
    let place = place(set(packet, listed)?, index);
    let before = life(place);
    // SAFETY: the place outlives the program run.
    let name = unsafe { (&raw const (*place).name).read_volatile() };
    let is_of = is_of(place, &packet.key.peer);
    // Who takes a place for another makes it nobody's first: what was read in between is not looked at.
    // SAFETY: aligned, and within the map's element.
    let after = unsafe { atomic::fetch_add(&raw mut (*place).life, 0) };
    (is_of && before == after && packet.now < NamePlace::until(before)).then_some(name)
}

/// The name in this place lasts anew: it was used.
#[inline(always)]
pub(crate) fn renew(packet: &Packet, listed: bool, index: u32) {
    let Some(set) = set(packet, listed) else {
        return;
    };
    let place = place(set, index);
    let before = life(place);
    let lasts = NamePlace::lasting(before);
    let after = NamePlace::life(packet.now.saturating_add(lasts), lasts);
    if NamePlace::until(before) != 0 && before != after {
        // SAFETY: aligned, and within the map's element. Whoever changed it meanwhile knows better.
        unsafe {
            atomic::compare_swap(&raw mut (*place).life, before, after);
        }
    }
}

/// Tells the frame's device that the address in the scratch has the name with this hash. `listed`: 1 if the device is.
#[unsafe(no_mangle)]
#[inline(never)]
pub(crate) extern "C" fn xiot_tell(listed: u32, name: u64, ttl: u32) -> u32 {
    let Some(scratch) = scratch::get() else {
        return 0;
    };
    let packet = &scratch.packet;
    if set(packet, listed != 0).is_none() {
        add(packet, listed != 0);
    }
    let lasts = lasts(ttl);
    let life = NamePlace::life(packet.now.saturating_add(lasts), lasts);
    // Another CPU may have taken the place that was chosen. Twice is enough: one device is told by few at once.
    if xiot_tell_place(listed, name, life) == 0 {
        xiot_tell_place(listed, name, life);
    }
    0
}

/// Only where there is none.
const NOT_THERE: u64 = aya_ebpf::bindings::BPF_NOEXIST as u64;

#[inline(always)]
fn add(packet: &Packet, listed: bool) {
    let Some(nothing) = NOTHING_TOLD.get(0) else {
        return;
    };
    let key = key(packet);
    let added = if listed {
        NAMES.insert(key, nothing, NOT_THERE)
    } else {
        STRANGERS_NAMES.insert(key, nothing, NOT_THERE)
    };
    // Another CPU may have been faster, or there is no room.
    match added {
        Ok(()) | Err(_) => {}
    }
}

/// A place that is being written: over for everybody, and not free.
const BUSY: u64 = 0;

/// Writes the name into its place, the first that is over, or the one that ends first. 0: it was taken meanwhile.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn xiot_tell_place(listed: u32, name: u64, lives: u64) -> u32 {
    let (Some(scratch), Some(forgetful)) = (scratch::get(), scratch::forgetful()) else {
        return 1;
    };
    // Full: the device was told nothing.
    let Some(set) = set(&scratch.packet, listed != 0) else {
        return 1;
    };
    let addr = &scratch.asked.get();
    let now = scratch.packet.now;
    // Both in one word, the place below: it is forgotten which of two was less.
    let (mut best, mut same) = (u64::MAX, false);
    let mut index = 0;
    while index < capacity::NAME_PLACES {
        best = forgetful.forget_long(best);
        let place = place(set, index);
        let until = NamePlace::until(life(place));
        // SAFETY: the place outlives the program run.
        let is_named = unsafe { (&raw const (*place).name).read_volatile() } == name;
        if until != 0 && is_named && is_of(place, addr) {
            best = index.into();
            same = true;
            break;
        }
        let ends = if now < until { until } else { 0 };
        let rank = u64::from(ends) << 32 | u64::from(index);
        if rank < best {
            best = rank;
        }
        index += 1;
    }
    #[expect(clippy::cast_possible_truncation, reason = "the word holds two halves")]
    let place = place(set, best as u32);
    let before = life(place);
    if !same || now >= NamePlace::until(before) {
        count();
    }
    // SAFETY: the place outlives the program run, and its words are aligned.
    unsafe {
        let life = &raw mut (*place).life;
        if same {
            return u32::from(atomic::compare_swap(life, before, lives) == before);
        }
        if atomic::compare_swap(life, before, BUSY) != before {
            return 0;
        }
        (&raw mut (*place).addr).write_volatile(*addr);
        (&raw mut (*place).name).write_volatile(name);
        atomic::swap(life, lives);
    }
    1
}

#[inline(always)]
fn count() {
    if let Some(count) = NAMES_CHANGED.get_ptr_mut(0) {
        // SAFETY: the element outlives the program run, and is a word. CPUs in the same instant may count as one.
        unsafe {
            *count = (*count).wrapping_add(1);
        }
    }
}
