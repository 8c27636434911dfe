//! What of the gateway file holds from a start on.

use crate::model::gateway::Gateway;

/// Keys whose values differ and that only a start can change. `grace` is none: it matters at a start only.
pub(super) fn fixed_changes(old: &Gateway, new: &Gateway) -> Vec<&'static str> {
    let Gateway {
        file: _,
        wires,
        xdp,
        metrics,
        control,
        pins,
        capacity,
        events,
        limits,
        grace: _,
    } = new;
    [
        ("wires", *wires != old.wires),
        ("xdp", *xdp != old.xdp),
        ("metrics", *metrics != old.metrics),
        ("control", *control != old.control),
        ("pins", *pins != old.pins),
        ("capacity", *capacity != old.capacity),
        ("events", *events != old.events),
        ("limits", *limits != old.limits),
    ]
    .into_iter()
    .filter_map(|(key, changed)| changed.then_some(key))
    .collect()
}
