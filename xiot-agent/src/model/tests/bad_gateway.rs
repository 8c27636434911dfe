//! Gateways that cannot be, and policies that do not fit one.

use super::{Case, messages};
use crate::{
    diag::{Code, Report},
    model::{check_pair, load_gateway, load_policy},
};

pub(super) const CASES: &[Case] = &[
    (
        "interfaces and names used twice",
        &[
            Code::DuplicateInterface,
            Code::DuplicateName,
            Code::DuplicateInterface,
        ],
        "wires:
  - {name: a, device: eth1, uplink: eth1}
  - {name: b, device: eth2, uplink: eth3}
  - {name: b, device: eth4, uplink: eth2}
",
    ),
    (
        "a router's names and interfaces used twice",
        &[
            Code::DuplicateInterface,
            Code::DuplicateInterface,
            Code::DuplicateName,
            Code::DuplicateName,
            Code::DuplicateInterface,
        ],
        "wires: [{name: a, device: eth1, uplink: eth2}]
router:
  uplinks: [eth3, eth2, eth3]
  segments:
    - {name: a, device: eth4}
    - {name: b, device: eth5}
    - {name: b, device: eth4}
",
    ),
    (
        "a router that lacks everything",
        &[Code::MissingKey, Code::MissingKey],
        "router: {}\n",
    ),
    (
        "a router of empty lists",
        &[Code::EmptyList, Code::EmptyList],
        "router: {uplinks: [], segments: []}\n",
    ),
    (
        "segments and uplinks that are none",
        &[
            Code::BadInterface,
            Code::MissingKey,
            Code::MissingKey,
            Code::UnknownKey,
            Code::UnknownValue,
            Code::BadName,
        ],
        "router:
  uplinks: eth/0
  segments:
    - {name: a}
    - {device: eth2, uplink: eth3}
    - {name: c, device: eth4, guards: often}
    - {name: \"c d\", device: eth5}
",
    ),
    (
        "segments in a map",
        &[Code::WrongType],
        "router: {uplinks: eth0, segments: {ward-7: eth1}}\n",
    ),
    ("no wires", &[Code::EmptyList], "wires: []\n"),
    ("wires left out", &[Code::MissingKey], "xdp: native\n"),
    (
        "wires that lack a port",
        &[Code::MissingKey, Code::UnknownKey],
        "wires:
  - {name: a, device: eth1, uplnk: eth2}
",
    ),
    (
        "names that no interface has",
        &[Code::BadInterface, Code::BadInterface, Code::BadInterface],
        "wires:
  - {name: a, device: enp129s0f0np0v12, uplink: eth2}
  - {name: b, device: eth/3, uplink: \"eth 4\"}
",
    ),
    (
        "values of every key",
        &[
            Code::UnknownValue,
            Code::BadListen,
            Code::BadPath,
            Code::BadName,
            Code::BadPath,
            Code::BadSize,
            Code::BadNumber,
            Code::BadNumber,
            Code::BadSize,
            Code::BadNumber,
            Code::BadNumber,
            Code::BadNumber,
            Code::BadDuration,
            Code::BadDuration,
        ],
        "wires: [{name: a, device: eth1, uplink: eth2}]
xdp: offload
metrics: localhost:9469
control: {socket: run/xiot.sock, group: \"net ops\"}
pins: xiot
capacity: {policy: 16MB, flows: many, devices: 999999999, event-ring: 100KiB}
events: {per-sender: 0}
limits: {new-flows-per-cpu: lots, addresses-per-device: 17}
grace: 2h
bindings-settle: 40d
",
    ),
    (
        "guards and levels that there are not",
        &[
            Code::UnknownValue,
            Code::UnknownKey,
            Code::UnknownValue,
            Code::WrongType,
            Code::WrongType,
        ],
        "wires:
  - {name: a, device: eth1, uplink: eth2, guards: enforced}
  - {name: b, device: eth3, uplink: eth4, guards: {all: enforce, dhcp: off, arp: learn}}
  - {name: c, device: eth5, uplink: eth6, guards: [enforce]}
  - {name: d, device: eth7, uplink: eth8, guards: {nd: {all: off}}}
",
    ),
    (
        "Ethernet types that no wire can allow",
        &[
            Code::BadEthertype,
            Code::BadEthertype,
            Code::BadEthertype,
            Code::BadEthertype,
            Code::BadEthertype,
            Code::WrongType,
            Code::DuplicateName,
            Code::DuplicateName,
            Code::TooLong,
        ],
        "wires:
  - {name: a, device: eth1, uplink: eth2, ethertypes: [lldpp, 1500, 0x0800, 0x8100, 88cc, [lldp]]}
  - {name: b, device: eth3, uplink: eth4, ethertypes: [lldp, eapol, lldp, 0x88cc]}
  - {name: c, device: eth5, uplink: eth6, ethertypes: [1536, 1537, 1538, 1539, 1540, 1541, 1542, 1543, 1544, 1545, 1546,
      1547, 1548, 1549, 1550, 1551, 1552]}
",
    ),
    (
        "sizes out of range",
        &[Code::BadSize, Code::BadSize, Code::BadNumber],
        "wires: [{name: a, device: eth1, uplink: eth2}]
capacity: {policy: 1GiB, event-ring: 4KiB, rules: 0}
",
    ),
    (
        "metrics of devices that cannot be named, and an address that is none",
        &[Code::BadListen, Code::BadName, Code::UnknownKey],
        "wires: [{name: a, device: eth1, uplink: eth2}]
metrics: {listen: 9469, devices: \"all of them\", device: all}
",
    ),
    (
        "metrics in a list",
        &[Code::WrongType],
        "wires: [{name: a, device: eth1, uplink: eth2}]
metrics: [127.0.0.1:9469]
",
    ),
    (
        "listening on a multicast address",
        &[Code::BadListen],
        "wires: [{name: a, device: eth1, uplink: eth2}]
metrics: 224.0.0.1:9469
",
    ),
];

pub(super) const PAIR_CASES: &[Case] = &[(
    "wires that the gateway does not have",
    &[Code::UnknownWire, Code::UnknownWire, Code::UnknownWire],
    "onboarding: learn
defaults: {mode: learn}
profiles: {pump: {services: [arp]}}
devices:
  - {name: a, mac: 00000000000a, profile: pump, wire: ward3}
  - {name: b, mac: 00000000000b, profile: pump, wire: radiology}
  - {name: c, mac: 00000000000c, profile: pump, wire: ward-3}
  - {name: d, mac: 00000000000d, profile: pump}
  - {name: e, mac: 00000000000e, profile: pump, wire: radio-1}
  - {name: f, mac: 00000000000f, profile: pump, wire: radio1}
",
)];

pub(super) fn report(file: &str) -> Report {
    let loaded = load_gateway("gateway.yaml", file);
    assert_eq!(loaded.value.is_none(), loaded.report.errors() > 0);
    loaded.report
}

#[test]
fn each_fault_of_a_gateway_is_told() {
    insta::assert_snapshot!(messages(CASES, report));
}

#[test]
fn a_policy_that_does_not_fit_its_gateway_has_no_value() {
    let gateway = load_gateway(
        "gateway.yaml",
        "wires: [{name: ward-3, device: eth1, uplink: eth2}]
router: {uplinks: eth0, segments: [{name: radio-1, device: eth3}]}
",
    );
    let gateway = gateway.value.unwrap();
    insta::assert_snapshot!(messages(PAIR_CASES, |file| {
        let mut policy = load_policy("policy.yaml", file);
        assert!(policy.value.is_some());
        check_pair(&gateway, &mut policy);
        assert!(policy.value.is_none());
        policy.report
    }));
}

#[test]
fn more_wires_than_a_gateway_has_ports_for() {
    let wires: Vec<_> = (0..33)
        .map(|n| format!("  - {{name: w{n}, device: d{n}, uplink: u{n}}}"))
        .collect();
    let report = report(&format!("wires:\n{}\n", wires.join("\n")));
    insta::assert_snapshot!(report.render(crate::diag::Style::Plain));
}

#[test]
fn what_is_left_out_has_its_default() {
    use crate::model::gateway::{Capacity, DeviceSeries, Events, Limits, Metrics, XdpMode};
    use std::time::Duration;
    let gateway = load_gateway(
        "gateway.yaml",
        "wires: [{name: a, device: eth1, uplink: eth2}]\n",
    )
    .value
    .unwrap();
    assert_eq!(gateway.xdp, XdpMode::Native);
    let metrics = Metrics {
        listen: ([127, 0, 0, 1], 9469).into(),
        devices: DeviceSeries::Off,
    };
    assert_eq!(gateway.metrics, Some(metrics));
    assert_eq!(
        gateway.control.socket.to_str(),
        Some("/run/xiot/control.sock")
    );
    assert_eq!(gateway.control.group, None);
    assert_eq!(gateway.pins.to_str(), Some("/sys/fs/bpf/xiot"));
    assert_eq!(gateway.capacity, Capacity::default());
    assert_eq!(gateway.events, Events::default());
    assert_eq!(gateway.limits, Limits::default());
    assert_eq!(gateway.grace, Duration::from_mins(5));
    assert_eq!(gateway.bindings_settle, Duration::from_hours(24));
}

#[test]
fn guards_have_a_level_each_and_all_may_have_one() {
    use crate::model::guard::{Guards, Level};
    let gateway = load_gateway(
        "gateway.yaml",
        "wires:
  - {name: a, device: eth1, uplink: eth2}
  - {name: b, device: eth3, uplink: eth4, guards: off, ethertypes: lldp}
  - name: c
    device: eth5
    uplink: eth6
    guards: {all: enforce, arp: off, dhcp-server: monitor}
    ethertypes: [profinet, \"0x88b5\", 34958]
  - {name: d, device: eth7, uplink: eth8, guards: {claim: enforce, binding: monitor}}
limits: {group-frames-per-sender: 5, group-frames-per-port: 6}
",
    )
    .value
    .unwrap();
    let [a, b, c, d] = &gateway.wires[..] else {
        panic!("four wires");
    };
    assert_eq!(
        (a.guards, &a.ethertypes[..]),
        (Guards::all(Level::Monitor), &[][..])
    );
    assert_eq!(
        (b.guards, &b.ethertypes[..]),
        (Guards::all(Level::Off), &[0x88cc][..])
    );
    let levels = Guards {
        arp: Level::Off,
        dhcp_server: Level::Monitor,
        ..Guards::all(Level::Enforce)
    };
    assert_eq!(c.guards, levels);
    assert_eq!([a, b, c].map(|wire| wire.guards.binding), [Level::Off; 3]);
    assert_eq!(c.ethertypes, [0x8892, 0x88b5, 0x888e]);
    let levels = Guards {
        claim: Level::Enforce,
        binding: Level::Monitor,
        ..Guards::default()
    };
    assert_eq!(d.guards, levels);
    assert_eq!(
        (
            gateway.limits.group_frames_per_sender,
            gateway.limits.group_frames_per_port
        ),
        (5, 6)
    );
}

#[test]
fn every_key_of_a_gateway_is_read() {
    use crate::model::gateway::{Capacity, Events, Limits, XdpMode};
    use std::time::Duration;
    let gateway = load_gateway(
        "gateway.yaml",
        "wires: [{name: a, device: eth1, uplink: eth2}]
xdp: auto
metrics: off
control: {socket: /tmp/s, group: netops}
pins: /sys/fs/bpf/other
capacity: {policy: 128KiB, flows: 100, half-open: 50, devices: 200, rules: 300, observed: 400, event-ring: 64KiB}
events: {per-sender: 1, per-cpu: 2}
limits: {new-flows-unlisted: 3, new-flows-per-cpu: 4, addresses-per-device: 5}
grace: 0s
bindings-settle: 7d
",
    )
    .value
    .unwrap();
    assert_eq!(gateway.xdp, XdpMode::Auto);
    assert_eq!(gateway.metrics, None);
    assert_eq!(gateway.control.group.as_deref(), Some("netops"));
    assert_eq!(gateway.pins.to_str(), Some("/sys/fs/bpf/other"));
    assert_eq!(
        gateway.capacity,
        Capacity {
            slot_lines: 2048,
            flows: 100,
            half_open: 50,
            devices: 200,
            rules: 300,
            observed: 400,
            event_ring: 65536,
        }
    );
    assert_eq!(
        gateway.events,
        Events {
            per_sender: 1,
            per_cpu: 2
        }
    );
    assert_eq!(
        gateway.limits,
        Limits {
            new_flows_unlisted: 3,
            new_flows_per_cpu: 4,
            addresses_per_device: 5,
            ..Limits::default()
        }
    );
    assert_eq!(gateway.grace, Duration::ZERO);
    assert_eq!(gateway.bindings_settle, Duration::from_hours(7 * 24));
}
