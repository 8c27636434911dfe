//! What of the gateway file holds from a start on.

use crate::model::gateway::{FailMode, Gateway, Wire};

/// Keys whose values differ and that only a start can change. `grace` and `bindings-settle` are none: they matter at a start only. Of wires only what they are
/// made of takes one.
pub(super) fn fixed_changes(old: &Gateway, new: &Gateway) -> Vec<&'static str> {
    let Gateway {
        file: _,
        wires,
        uplinks,
        xdp,
        metrics,
        control,
        pins,
        capacity,
        events,
        limits,
        grace: _,
        bindings_settle: _,
        reload,
    } = new;
    let differ = |segments| {
        let [old, new] = [&old.wires, wires].map(|wires| {
            let chosen = wires
                .iter()
                .filter(move |wire| wire.is_segment() == segments);
            chosen.map(ports)
        });
        old.ne(new)
    };
    [
        ("wires", differ(false)),
        ("router", *uplinks != old.uplinks || differ(true)),
        ("xdp", *xdp != old.xdp),
        ("metrics", *metrics != old.metrics),
        ("control", *control != old.control),
        ("pins", *pins != old.pins),
        ("capacity", *capacity != old.capacity),
        ("events", *events != old.events),
        ("limits", *limits != old.limits),
        ("reload", *reload != old.reload),
    ]
    .into_iter()
    .filter_map(|(key, changed)| changed.then_some(key))
    .collect()
}

/// What a wire is made of.
fn ports(wire: &Wire) -> (&str, &str, Option<&str>, FailMode) {
    let Wire {
        name,
        device,
        uplink,
        fail,
        guards: _,
        ethertypes: _,
    } = wire;
    (name, device, uplink.as_deref(), *fail)
}
