//! What program and oracle know of who has which address, and which address has which name, written the same way.

use std::collections::{BTreeMap, BTreeSet};

use xiot_agent::{
    model::policy::Policy,
    oracle::{BindingView, Hold, NameView, Oracle},
};
use xiot_common::{
    binding::{Binding, BindingKey, NO_END, Place, Places, PlacesKey},
    name::{self, NAME_WORDS, NamePlace, NameSet, NamesKey},
};

use crate::audit;

/// The program's bindings and places that are live at this second of its clock. `passed` is how far its past was moved.
pub(crate) fn of_program(
    bindings: &[(BindingKey, Binding)],
    places: &[(PlacesKey, Places)],
    now: u32,
    passed: u64,
) -> BTreeSet<String> {
    let until = |second: u32| (second != NO_END).then(|| u64::from(second) + passed);
    let bound = bindings
        .iter()
        .filter(|(_, binding)| binding.is_live(now))
        .map(|(key, binding)| BindingView {
            wire: usize::from(key.wire),
            vlans: (key.vlans.outer, key.vlans.inner),
            address: audit::address(key.addr),
            mac: binding.mac.0,
            holds: if binding.is_lease() {
                Hold::Lease
            } else {
                Hold::Use
            },
            until: until(binding.until),
        });
    let placed = places.iter().flat_map(|(key, places)| {
        let taken = |place: &&Place| place.until > now;
        places.0.iter().filter(taken).map(|place| BindingView {
            wire: usize::from(key.wire),
            vlans: (key.vlans.outer, key.vlans.inner),
            address: audit::address(place.addr),
            mac: key.mac.0,
            holds: Hold::Place,
            until: until(place.until),
        })
    });
    bound
        .chain(placed)
        .map(|view| format!("{view:?}"))
        .collect()
}

/// The oracle's likewise, at the same second of its own clock.
pub(crate) fn of_oracle(oracle: &Oracle<'_>, now: u64) -> BTreeSet<String> {
    oracle
        .bindings(now)
        .map(|view| format!("{view:?}"))
        .collect()
}

/// The names of these policies by their hash.
pub(crate) fn dns_names(policies: &[Policy]) -> BTreeMap<u64, String> {
    let profiles = policies.iter().flat_map(|policy| &policy.profiles);
    let names = profiles
        .flat_map(|profile| &profile.rules)
        .flat_map(|rule| &rule.names);
    let hash = |wire: &[u8]| {
        let mut bytes = [0; NAME_WORDS * 8];
        bytes[..wire.len()].copy_from_slice(wire);
        let words = bytes.as_chunks::<8>().0;
        let words = std::array::from_fn(|n| u64::from_ne_bytes(words[n]));
        name::hash(&words, wire.len())
    };
    names
        .map(|name| (hash(&name.wire()), name.to_string()))
        .collect()
}

/// Names that the program knows addresses to have at this second of its clock.
pub(crate) fn names_of_program(
    sets: &[(NamesKey, NameSet)],
    names: &BTreeMap<u64, String>,
    now: u32,
    passed: u64,
) -> BTreeSet<String> {
    let all = sets
        .iter()
        .flat_map(|(key, set)| set.0.iter().map(move |place| (key, place)));
    let live = all.filter(|(_, place)| now < NamePlace::until(place.life));
    live.map(|(key, place)| NameView {
        wire: usize::from(key.wire),
        vlans: (key.vlans.outer, key.vlans.inner),
        mac: key.mac.0,
        address: audit::address(place.addr),
        name: names.get(&place.name).cloned().unwrap_or_default(),
        until: u64::from(NamePlace::until(place.life)) + passed,
    })
    .map(|view| format!("{view:?}"))
    .collect()
}

/// The oracle's likewise, at the same second of its own clock.
pub(crate) fn names_of_oracle(oracle: &Oracle<'_>, now: u64) -> BTreeSet<String> {
    oracle.names(now).map(|view| format!("{view:?}")).collect()
}
