//! Bindings of addresses to MACs, as far as the policy does not make them (docs/judgement.md, 9.7).

use aya_ebpf::{
    btf_maps::{Array, HashMap},
    macros::btf_map,
};
use xiot_common::{
    addr::Mac,
    binding::{Binding, BindingKey, BindingKind},
    capacity,
};

use super::owner;
use crate::{
    config,
    packet::{self, mac},
    scratch::{self, Scratch},
};

/// Memory is taken as it is needed: most gateways have few bindings.
pub(super) const NO_PREALLOC: usize = aya_ebpf::bindings::BPF_F_NO_PREALLOC as usize;

/// By address, wire and VLANs. The agent removes what is over; without it that stays until another takes its place. Values are
/// replaced as a whole, but for the end of one by use, which whichever CPU writes last is right about to a second.
#[btf_map]
static BINDINGS: HashMap<BindingKey, Binding, { capacity::BINDINGS as usize }, NO_PREALLOC> =
    HashMap::new();

/// How often an address became somebody else's otherwise than by time: what others opened with it must not go on. A reader sees that
/// it changed; CPUs in the same instant may count as one.
#[btf_map]
static BINDINGS_MOVED: Array<u32, 1> = Array::new();

/// How often it changed who has an address. What was kept of the time before is no longer so.
#[btf_map]
static BINDINGS_CHANGED: Array<u32, 1> = Array::new();

/// What [`xiot_bound`] gives: the address is bound to nobody who counts.
pub(super) const NOBODYS: u32 = 0;
/// To the MAC, by lease.
pub(super) const LEASED: u32 = BindingKind::Lease as u32;
/// To the MAC, by use.
pub(super) const USED: u32 = BindingKind::Use as u32;
/// To another MAC.
pub(super) const OTHERS: u32 = 3;

/// To whom the address that is asked about is bound, for this MAC (as a word).
#[unsafe(no_mangle)]
#[inline(never)]
pub(super) extern "C" fn xiot_bound(word: u64) -> u32 {
    if config::guards() == 0 {
        return NOBODYS;
    }
    let Some(scratch) = scratch::get() else {
        return NOBODYS;
    };
    let Some(binding) = BINDINGS.get_ptr_mut(key(scratch)) else {
        return NOBODYS;
    };
    // SAFETY: the element outlives the program run, and all that changes in it is a word.
    let binding = unsafe { &*binding };
    if !binding.is_live(scratch.packet.now) {
        NOBODYS
    } else if is_same(binding.mac, word) {
        if binding.is_lease() { LEASED } else { USED }
    } else if owner::xiot_there(packet::word(binding.mac)) != 0 {
        OTHERS
    } else {
        NOBODYS
    }
}

/// Binds the address that is asked about to this MAC until this second.
#[unsafe(no_mangle)]
#[inline(never)]
pub(super) extern "C" fn xiot_bind(word: u64, until: u32, kind: u32) -> u32 {
    if config::guards() == 0 {
        return 0;
    }
    let Some(scratch) = scratch::get() else {
        return 0;
    };
    let key = key(scratch);
    let now = scratch.packet.now;
    let kind = if kind == LEASED {
        BindingKind::Lease as u8
    } else {
        BindingKind::Use as u8
    };
    if let Some(before) = BINDINGS.get_ptr_mut(key) {
        // SAFETY: as above.
        let before = unsafe { &mut *before };
        if !is_same(before.mac, word) {
            count(&BINDINGS_MOVED);
            count(&BINDINGS_CHANGED);
        } else if !before.is_live(now) || until <= now {
            count(&BINDINGS_CHANGED);
        } else if before.kind == kind && kind == BindingKind::Use as u8 {
            before.until = until;
            return 0;
        }
    } else {
        if kind == BindingKind::Lease as u8 {
            // Whoever used it had it for nobody's. That a device takes one moves nothing: it could make news at will.
            count(&BINDINGS_MOVED);
        }
        count(&BINDINGS_CHANGED);
    }
    let binding = Binding {
        until,
        mac: mac(word),
        kind,
        reserved: 0,
    };
    // Full: the address stays with whom it was.
    match BINDINGS.insert(key, binding, 0) {
        Ok(()) | Err(_) => 0,
    }
}

/// Ends the binding of the address that is asked about, if it is this MAC's.
#[unsafe(no_mangle)]
#[inline(never)]
pub(super) extern "C" fn xiot_unbind(word: u64) -> u32 {
    if config::guards() == 0 {
        return 0;
    }
    let Some(scratch) = scratch::get() else {
        return 0;
    };
    let key = key(scratch);
    if is_of(&key, word).is_some() {
        remove(&key);
        count(&BINDINGS_MOVED);
        count(&BINDINGS_CHANGED);
    }
    0
}

/// Forgets what was bound to the MAC (as a word) by use, unless it is bound anew.
#[inline(always)]
pub(super) fn forget(key: &BindingKey, word: u64, now: u32) {
    if let Some(binding) = is_of(key, word)
        && !binding.is_lease()
        && !binding.is_live(now)
    {
        remove(key);
    }
}

#[inline(always)]
fn is_of(key: &BindingKey, word: u64) -> Option<&'static Binding> {
    let binding = BINDINGS.get_ptr_mut(key)?;
    // SAFETY: as above.
    let binding = unsafe { &*binding };
    is_same(binding.mac, word).then_some(binding)
}

/// Compared as words: of bytes the compiler makes a call.
#[inline(always)]
const fn is_same(mac: Mac, word: u64) -> bool {
    packet::word(mac) == word
}

#[inline(always)]
fn remove(key: &BindingKey) {
    // One that is gone already is as good as removed.
    match BINDINGS.remove(key) {
        Ok(()) | Err(_) => {}
    }
}

#[inline(always)]
fn count(changes: &Array<u32, 1>) {
    if let Some(count) = changes.get_ptr_mut(0) {
        // SAFETY: the element outlives the program run, and is a word.
        unsafe {
            *count = (*count).wrapping_add(1);
        }
    }
}

/// A number that is another whenever it changed who has an address.
#[inline(always)]
pub(crate) fn changes() -> u32 {
    if config::guards() == 0 {
        return 0;
    }
    // The one element is always there.
    BINDINGS_CHANGED.get(0).map_or(0, |count| *count)
}

#[inline(always)]
fn key(scratch: &Scratch) -> BindingKey {
    let packet = &scratch.packet;
    BindingKey {
        addr: scratch.asked.get(),
        vlans: packet.vlans,
        wire: packet.port.wire,
        reserved: 0,
    }
}
