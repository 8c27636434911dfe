//! What takes a restart is named.

use super::{ReloadError, gateway::fixed_changes};
use crate::model::{
    gateway::Gateway,
    guard::{Guards, Level},
    load_gateway,
};

fn gateway(more: &str) -> Gateway {
    let file = format!("wires: [{{name: a, device: eth1, uplink: eth2}}]\n{more}");
    load_gateway("gateway.yaml", file).value.unwrap()
}

#[test]
fn what_only_a_start_can_change_is_named() {
    let old = gateway("");
    for (more, keys) in [
        ("", vec![]),
        ("grace: 1m\nbindings-settle: 1h\n", vec![]),
        ("capacity: {flows: 100}\n", vec!["capacity"]),
        (
            "events: {per-cpu: 5}\nlimits: {new-flows-per-cpu: 7}\n",
            vec!["events", "limits"],
        ),
        (
            "metrics: off\npins: /sys/fs/bpf/other\n",
            vec!["metrics", "pins"],
        ),
        ("metrics: {devices: all}\n", vec!["metrics"]),
        ("metrics: {listen: 127.0.0.1:9469}\n", vec![]),
        (
            "xdp: auto\ncontrol: {socket: /tmp/s}\n",
            vec!["xdp", "control"],
        ),
    ] {
        assert_eq!(fixed_changes(&old, &gateway(more)), keys, "{more}");
    }
    let mut other = gateway("");
    other.wires[0].uplink = Some("eth3".to_owned());
    assert_eq!(fixed_changes(&old, &other), ["wires"]);
    let router = |text: &str| gateway(&format!("router: {text}\n"));
    let old_router = router("{uplinks: eth5, segments: [{name: s, device: eth6}]}");
    for text in [
        "{uplinks: eth7, segments: [{name: s, device: eth6}]}",
        "{uplinks: eth5, segments: [{name: s, device: eth7}]}",
        "{uplinks: eth5, segments: [{name: s, device: eth6}, {name: t, device: eth7}]}",
    ] {
        assert_eq!(fixed_changes(&old_router, &router(text)), ["router"]);
        assert_eq!(fixed_changes(&old, &router(text)), ["router"]);
    }
    let mut other = gateway("");
    other.wires[0].guards = Guards::all(Level::Enforce);
    other.wires[0].ethertypes = vec![0x88cc];
    assert_eq!(fixed_changes(&old, &other), [""; 0]);
}

#[test]
fn the_refusal_says_what_to_do() {
    let error = ReloadError::Gateway {
        file: "gateway.yaml".to_owned(),
        keys: vec!["events", "limits"],
    };
    assert_eq!(
        error.to_string(),
        "gateway.yaml: `events`, `limits` changed, which takes a restart: start the agent anew (with --keep-attached no \
         frame goes unjudged meanwhile), or undo the change"
    );
}
