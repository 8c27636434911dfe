//! The router of a gateway.

use super::bad_gateway::report;
use crate::model::load_gateway;

#[test]
fn more_segments_and_uplinks_than_a_gateway_has_ports_for() {
    let segments: Vec<_> = (0..29)
        .map(|n| format!("    - {{name: s{n}, device: d{n}}}"))
        .collect();
    let file = |wires| {
        format!(
            "wires: [{wires}]\nrouter:\n  uplinks: [u1, u2]\n  segments:\n{}\n",
            segments.join("\n")
        )
    };
    assert!(report(&file("{name: a, device: eth1, uplink: eth2}")).is_clean());
    let report = report(&file(
        "{name: a, device: eth1, uplink: eth2}, {name: b, device: eth3, uplink: eth4}",
    ));
    insta::assert_snapshot!(report.render(crate::diag::Style::Plain));
}

#[test]
fn segments_are_numbered_after_the_wires() {
    use crate::model::guard::{Guards, Level};
    let gateway = load_gateway(
        "gateway.yaml",
        "router:
  uplinks: [eth0, eth9]
  segments:
    - {name: b, device: eth3, guards: enforce, ethertypes: lldp}
    - {name: c, device: eth4}
wires: [{name: a, device: eth1, uplink: eth2}]
",
    )
    .value
    .unwrap();
    let wires: Vec<_> = gateway
        .wires
        .iter()
        .map(|wire| (wire.name.as_str(), wire.device.as_str(), wire.is_segment()))
        .collect();
    assert_eq!(
        wires,
        [
            ("a", "eth1", false),
            ("b", "eth3", true),
            ("c", "eth4", true)
        ]
    );
    assert_eq!(gateway.uplinks, ["eth0", "eth9"]);
    let b = &gateway.wires[1];
    assert_eq!(
        (b.guards, &b.ethertypes[..]),
        (Guards::all(Level::Enforce), &[0x88cc][..])
    );

    let alone = "router: {uplinks: eth0, segments: [{name: a, device: eth1}]}\n";
    let gateway = load_gateway("gateway.yaml", alone).value.unwrap();
    assert_eq!((gateway.wires.len(), gateway.uplinks.len()), (1, 1));
}
