//! What program and oracle know of who has which address, written the same way.

use std::collections::BTreeSet;

use xiot_agent::oracle::{BindingView, Hold, Oracle};
use xiot_common::binding::{Binding, BindingKey, NO_END, Place, Places, PlacesKey};

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
