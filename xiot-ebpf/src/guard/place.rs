//! Places: so many IPv6 addresses may one MAC take on one wire and VLANs (docs/judgement.md, 9.7).

use aya_ebpf::{
    btf_maps::{Array, HashMap},
    macros::btf_map,
};
use xiot_common::{
    binding::{BindingKey, Places, PlacesKey, USE_SECONDS},
    capacity,
};

use super::binding::{self, NO_PREALLOC};
use crate::{
    config,
    packet::mac,
    scratch::{self, Scratch},
};

/// By MAC, wire and VLANs. Places are written where they are: CPUs in the same instant may take one for two addresses, of which
/// one takes another with its next frame.
#[btf_map]
static PLACES: HashMap<PlacesKey, Places, { capacity::PLACE_LISTS as usize }, NO_PREALLOC> =
    HashMap::new();

/// A list without any, which would not fit the stack. Never written.
#[btf_map]
static NO_PLACES: Array<Places, 1> = Array::new();

/// What [`xiot_place`] gives: all are taken by other addresses.
pub(super) const NONE: u32 = 0;
/// There is no list yet.
pub(super) const NO_LIST: u32 = u32::MAX;

/// The place that the MAC (as a word) has for the address that is asked about, or a free one, counted from 1; [`NO_LIST`] where it
/// has none at all yet.
#[unsafe(no_mangle)]
#[inline(never)]
pub(super) extern "C" fn xiot_place(word: u64) -> u32 {
    if config::guards() == 0 {
        return NONE;
    }
    let (Some(scratch), Some(forgetful)) = (scratch::get(), scratch::forgetful()) else {
        return NONE;
    };
    let Some(places) = find(scratch, word) else {
        return NO_LIST;
    };
    let asked = scratch.asked.get();
    let mut free = NONE;
    let mut index = 0;
    while index < capacity::PLACES && index < config::addresses_per_device() {
        let place = &places.0[index as usize];
        let number = index + 1;
        if scratch.packet.now >= place.until {
            free = forgetful.forget(if free == NONE { number } else { free });
        } else if place.addr == asked {
            return number;
        }
        index += 1;
    }
    free
}

/// Gives the address that is asked about a place of the MAC (as a word) for as long as a use lasts. 0: there is none.
#[unsafe(no_mangle)]
#[inline(never)]
pub(super) extern "C" fn xiot_take(word: u64) -> u32 {
    if config::guards() == 0 {
        return 0;
    }
    let (Some(scratch), Some(forgetful)) = (scratch::get(), scratch::forgetful()) else {
        return 0;
    };
    let mut number = xiot_place(word);
    if number == NO_LIST {
        let Some(none) = NO_PLACES.get(0) else {
            return 0;
        };
        if PLACES.insert(key(scratch, word), none, 0).is_err() {
            return 0;
        }
        number = 1;
    }
    let Some(places) = find(scratch, word) else {
        return 0;
    };
    // Forgotten: the compiler knows what numbers there are, the verifier does not.
    let index = forgetful.forget(number).wrapping_sub(1) as usize;
    let Some(place) = places.0.get_mut(index) else {
        return 0;
    };
    let now = scratch.packet.now;
    let asked = scratch.asked.get();
    if place.addr != asked {
        let before = BindingKey {
            addr: place.addr,
            vlans: scratch.packet.vlans,
            wire: scratch.packet.port.wire,
            reserved: 0,
        };
        binding::forget(&before, word, now);
        place.addr = asked;
    }
    place.until = now.saturating_add(USE_SECONDS);
    1
}

#[inline(always)]
fn find(scratch: &Scratch, word: u64) -> Option<&'static mut Places> {
    let places = PLACES.get_ptr_mut(key(scratch, word))?;
    // SAFETY: the element outlives the program run; what races may do is said above.
    Some(unsafe { &mut *places })
}

#[inline(always)]
fn key(scratch: &Scratch, word: u64) -> PlacesKey {
    PlacesKey {
        mac: mac(word),
        wire: scratch.packet.port.wire,
        vlans: scratch.packet.vlans,
    }
}
