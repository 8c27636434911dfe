//! Devices that cannot be, or cannot be told apart.

use super::{Case, messages, policy, report};
use crate::diag::Code;

pub(super) const CASES: &[Case] = &[
    (
        "MAC addresses",
        &[Code::BadMac, Code::BadMac, Code::BadMac, Code::BadMac],
        "onboarding: learn
defaults: {mode: learn}
profiles: {pump: {services: [arp]}}
devices:
  - {name: a, mac: \"00:03:b1:00:00\", profile: pump}
  - {name: b, mac: \"01:00:5e:00:00:01\", profile: pump}
  - {name: c, mac: \"00:00:00:00:00:00\", profile: pump}
  - {name: d, mac: ff-ff-ff-ff-ff-ff, profile: pump}
",
    ),
    (
        "groups that are none, are hosts too, or hear nobody",
        &[
            Code::BadAddress,
            Code::BadAddress,
            Code::DeviceOrGroup,
            Code::DeviceOrGroup,
            Code::DeafGroup,
            Code::DuplicateMac,
        ],
        "onboarding: learn
defaults: {mode: learn}
profiles:
  heard: {allow: [{from: 10.20.8.11, udp: 24105}]}
  deaf: {allow: [{to: 10.20.8.11, udp: 24105}]}
devices:
  - {name: a, multicast: 10.30.1.255, profile: heard}
  - {name: b, multicast: all, profile: heard}
  - {name: c, multicast: 224.0.23.1, mac: 00000000000c, profile: heard}
  - {name: d, multicast: 224.0.23.2, ip: 10.30.1.255, profile: heard}
  - {name: e, multicast: 224.0.23.3, profile: deaf}
  - {name: f, multicast: 224.0.23.4, profile: heard}
  - {name: g, multicast: 225.128.23.4, profile: heard}
",
    ),
    (
        "addresses that no device has",
        &[
            Code::BadAddress,
            Code::BadAddress,
            Code::BadAddress,
            Code::BadAddress,
            Code::BadAddress,
            Code::BadAddress,
        ],
        "onboarding: learn
defaults: {mode: learn}
profiles: {pump: {services: [arp]}}
devices:
  - name: a
    mac: 00000000000a
    profile: pump
    ip: [224.0.0.1, 0.0.0.0, \"::1\", 255.255.255.255, 10.30.1.12/24, pump]
",
    ),
    (
        "VLANs",
        &[Code::BadVlan, Code::BadVlan, Code::BadVlan],
        "onboarding: learn
defaults: {mode: learn}
profiles: {pump: {services: [arp]}}
devices:
  - {name: a, mac: 00000000000a, profile: pump, vlan: 0}
  - {name: b, mac: 00000000000b, profile: pump, vlan: 4095}
  - {name: c, mac: 00000000000c, profile: pump, vlan: 1.2.3}
",
    ),
    (
        "the same MAC and the same address twice",
        &[
            Code::DuplicateMac,
            Code::DuplicateAddress,
            Code::DuplicateMac,
        ],
        "onboarding: learn
defaults: {mode: learn}
profiles: {pump: {services: [arp]}}
devices:
  - {name: a, mac: \"00:03:b1:00:00:12\", ip: 10.30.1.12, profile: pump}
  - {name: b, mac: 0003.b100.0012, ip: 10.30.1.12, profile: pump}
  - {name: c, mac: 0003.b100.0012, ip: 10.30.1.13, profile: pump, vlan: 30}
  - {name: d, mac: 0003.b100.0012, ip: 10.30.1.14, profile: pump, vlan: 30}
",
    ),
    (
        "addresses of the uplink that are no host's, or a device's",
        &[
            Code::BadAddress,
            Code::BadAddress,
            Code::DuplicateAddress,
            Code::DuplicateAddress,
        ],
        "onboarding: learn
defaults: {mode: learn}
uplink_addresses: [10.30.1.1, 10.30.1.0/24, \"ff02::1\", 10.30.1.1]
profiles: {pump: {services: [arp]}}
devices:
  - {name: a, mac: 00000000000a, ip: 10.30.1.1, profile: pump}
",
    ),
    (
        "no uplink addresses",
        &[Code::EmptyList],
        "onboarding: learn
uplink_addresses: []
profiles: {pump: {services: [arp]}}
defaults: {profile: pump}
",
    ),
    (
        "no mode and no default",
        &[Code::MissingMode],
        "onboarding: learn
profiles: {pump: {services: [arp]}}
devices:
  - {name: a, mac: 00000000000a, profile: pump}
  - {name: b, mac: 00000000000b, profile: pump, mode: enforce}
",
    ),
];

#[test]
fn each_points_at_the_device() {
    insta::assert_snapshot!(messages(CASES, report));
}

#[test]
fn networks_that_reuse_addresses_and_macs_are_told_apart_by_vlan_or_wire() {
    let policy = policy(
        "onboarding: learn
defaults: {mode: learn}
profiles: {pump: {services: [arp]}}
devices:
  - {name: a, mac: 0003.b100.0012, ip: 10.30.1.12, profile: pump, vlan: 30}
  - {name: b, mac: 0003.b100.0012, ip: 10.30.1.12, profile: pump, vlan: 31}
  - {name: c, mac: 0003.b100.0013, ip: 10.30.1.13, profile: pump, wire: ward-1}
  - {name: d, mac: 0003.b100.0014, ip: 10.30.1.13, profile: pump, wire: ward-2}
  - {name: e, mac: 0003.b100.0015, profile: pump, vlan: untagged}
",
    );
    assert_eq!(policy.devices.len(), 5);
}

#[test]
fn more_addresses_than_a_device_can_have() {
    let list: Vec<String> = (0..65).map(|n| format!("10.0.0.{n}")).collect();
    let text = format!(
        "onboarding: learn\ndefaults: {{mode: learn}}\nprofiles: {{p: {{services: [arp]}}}}\ndevices:\n  - name: a\n    mac: 00000000000a\n    profile: p\n    ip:\n      - {}\n",
        list.join("\n      - ")
    );
    insta::assert_snapshot!(report(&text).render(crate::diag::Style::Plain));
}
