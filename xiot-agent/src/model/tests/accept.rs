//! What is accepted, and what it means.

use std::time::Duration;

use super::policy;
use crate::{
    diag::Style,
    model::{
        check_pair, load_gateway, load_policy,
        policy::{Clause, Criticality, IcmpType, Initiator, Mode, Position},
    },
};

#[test]
fn the_examples_are_clean_and_fit_each_other() {
    let gateway = load_gateway(
        "gateway.yaml",
        include_str!("../../../../deploy/examples/gateway.yaml"),
    );
    assert!(
        gateway.report.is_clean(),
        "{}",
        gateway.report.render(Style::Plain)
    );
    let mut policy = load_policy(
        "policy.yaml",
        include_str!("../../../../deploy/examples/policy.yaml"),
    );
    check_pair(&gateway.value.unwrap(), &mut policy);
    assert!(
        policy.report.is_clean(),
        "{}",
        policy.report.render(Style::Plain)
    );
    assert_eq!(policy.value.unwrap().devices.len(), 5);
}

#[test]
fn a_group_is_a_device_with_the_mac_of_its_address() {
    let policy = policy(
        "onboarding: enforce
defaults: {mode: enforce}
profiles:
  heard: {allow: [{from: 10.20.8.11, udp: 24105}]}
devices:
  - {name: discovery, multicast: 224.0.23.63, profile: heard, vlan: 30}
  - {name: everybody, multicast: broadcast, ip: [10.30.1.255, 10.30.2.255], profile: heard}
  - {name: mdns, multicast: \"ff02::fb\", profile: heard}
",
    );
    let devices: Vec<_> = policy
        .devices
        .iter()
        .map(|device| {
            (
                device.mac,
                device
                    .addresses
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>(),
            )
        })
        .collect();
    let addresses = |list: &[&str]| list.iter().map(|&it| it.to_owned()).collect::<Vec<_>>();
    assert_eq!(
        devices,
        [
            ([0x01, 0, 0x5e, 0, 0x17, 0x3f], addresses(&["224.0.23.63"])),
            (
                [0xff; 6],
                addresses(&["255.255.255.255", "10.30.1.255", "10.30.2.255"])
            ),
            ([0x33, 0x33, 0, 0, 0, 0xfb], addresses(&["ff02::fb"])),
        ]
    );
}

/// The sketch of the policy language that the agent was designed by.
const SKETCH: &str = r#"
onboarding: learn
defaults: {profile: basic, mode: enforce}
services:
  dns:  {servers: resolvers}
  ntp:  {servers: [10.20.0.123]}
  dhcp: {servers: [10.20.0.5]}
peer_sets:
  resolvers:   [10.20.0.53, "fd00:20::53"]
  pacs:        [10.20.4.0/28]
  pump-server: [10.20.8.11, "fd00:20:8::11"]
  all-pumps:   [{group: pumps}]
  biomed:      [{set: pacs}, {device: pump-icu-13}]
  gw:          10.30.1.1
  vpn:         192.0.2.1
profiles:
  basic: {services: [arp, dhcp]}
  infusion-pump:
    criticality: life-sustaining
    services: [arp, nd, dhcp, dns, ntp]
    timeouts: {tcp-established: 12h, udp-replied: 3m}
    allow:
      - {to: pump-server, tcp: 3613, note: "vendor disclosure 2023-07"}
      - {from: biomed, tcp: [22, 8000-8009], owner: biomed}
      - {to: [pacs, 10.9.0.1], udp: 514}
      - {to: gw, icmp: echo-request}
      - {to: vpn, protocol: esp, udp: 500, icmp: [3/4, time-exceeded]}
      - {to: all-pumps, protocol: any}
devices:
  - {name: pump-icu-12, mac: "00:03:b1:00:00:12", ip: 10.30.1.12, profile: infusion-pump, location: ICU-3, mode: monitor, groups: [pumps], vlan: 30, wire: ward-3}
  - {name: pump-icu-13, mac: 0003.b100.0013, ip: [10.30.1.13, "fd00:30::13"], profile: infusion-pump, groups: pumps, vlan: 100.30, criticality: high}
"#;

#[test]
fn dns_names_are_peers_beside_addresses() {
    let policy = policy(
        "onboarding: enforce
defaults: {profile: imaging}
services: {dns: {servers: 10.20.0.53}}
peer_sets:
  vendor: [192.0.2.0/24, {dns: Cloud.Vendor.com.}]
  clouds: [vendor, {dns: backup.example}]
profiles:
  imaging:
    services: [dns]
    allow:
      - {to: [clouds, {dns: cloud.vendor.com}], tcp: 443}
      - {from: {dns: support.example}, icmp: echo-request}
",
    );
    let names = |names: &[crate::unit::dns_name::DnsName]| {
        names.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(names(&policy.peer_sets[0].names), ["cloud.vendor.com"]);
    let rules = &policy.profiles[0].rules;
    assert_eq!(addresses(&rules[0].peers), "192.0.2.0/24");
    assert_eq!(
        names(&rules[0].names),
        ["cloud.vendor.com", "backup.example"]
    );
    assert_eq!(rules[0].label, "to clouds, dns cloud.vendor.com tcp 443");
    assert_eq!(
        (names(&rules[1].names), rules[1].peers.len()),
        (vec!["support.example".to_owned()], 0)
    );
    assert_eq!(rules[1].label, "from dns support.example icmp echo-request");
}

fn addresses(networks: &[ipnetwork::IpNetwork]) -> String {
    networks
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn every_part_of_the_sketch_means_what_it_says() {
    let policy = policy(SKETCH);
    assert_eq!(policy.onboarding, Mode::Learn);
    assert_eq!(policy.default_profile, Some(0));
    assert_eq!(
        addresses(&policy.services.dns),
        "10.20.0.53/32 fd00:20::53/128"
    );
    assert_eq!(
        policy.services.dhcp,
        ["10.20.0.5".parse::<std::net::IpAddr>().unwrap()]
    );
    let biomed = policy
        .peer_sets
        .iter()
        .find(|set| set.name == "biomed")
        .unwrap();
    assert_eq!(
        addresses(&biomed.networks),
        "10.20.4.0/28 10.30.1.13/32 fd00:30::13/128"
    );

    let [basic, pump] = policy.profiles.iter().collect::<Vec<_>>()[..] else {
        panic!("two profiles")
    };
    assert!(basic.arp && basic.dhcp && !basic.nd && basic.rules.is_empty());
    assert_eq!(pump.criticality, Some(Criticality::LifeSustaining));
    assert_eq!(pump.timeouts.tcp_established, Duration::from_hours(12));
    assert_eq!(pump.timeouts.udp_replied, Duration::from_mins(3));
    assert_eq!(pump.timeouts.tcp_handshake, Duration::from_mins(1));
    let labels: Vec<_> = pump
        .rules
        .iter()
        .map(|rule| format!("{} {}", rule.id, rule.label))
        .collect();
    assert_eq!(
        labels,
        [
            "1 to pump-server tcp 3613",
            "2 from biomed tcp 22,8000-8009",
            "3 to pacs, 10.9.0.1 udp 514",
            "4 to gw icmp echo-request",
            "5 to vpn protocol esp udp 500 icmp fragmentation-needed,time-exceeded",
            "6 to all-pumps protocol any",
            "7 to dns servers udp 53 tcp 53",
            "8 to ntp servers udp 123",
        ]
    );
    let vpn = &pump.rules[4];
    let kind = |kind, code| IcmpType { kind, code };
    assert_eq!(
        vpn.clauses,
        [
            Clause::Protocol(50),
            Clause::Udp(vec![500..=500]),
            Clause::Icmp(vec![kind(3, Some(4)), kind(11, None)]),
        ]
    );
    assert_eq!(pump.rules[1].initiator, Initiator::Peer);
    assert_eq!(pump.rules[1].owner.as_deref(), Some("biomed"));
    assert_eq!(
        pump.rules[0].note.as_deref(),
        Some("vendor disclosure 2023-07")
    );
    assert_eq!(
        addresses(&pump.rules[5].peers),
        "10.30.1.12/32 10.30.1.13/32 fd00:30::13/128"
    );

    let [first, second] = policy.devices.iter().collect::<Vec<_>>()[..] else {
        panic!("two devices")
    };
    assert_eq!(first.mac, [0, 3, 0xb1, 0, 0, 0x12]);
    assert_eq!(second.mac, [0, 3, 0xb1, 0, 0, 0x13]);
    assert_eq!((first.mode, second.mode), (Mode::Monitor, Mode::Enforce));
    assert_eq!((first.vlan, second.vlan), (Some((30, 0)), Some((100, 30))));
    assert_eq!(first.criticality, Some(Criticality::LifeSustaining));
    assert_eq!(second.criticality, Some(Criticality::High));
    assert_eq!(
        (first.wire.as_deref(), second.wire.as_deref()),
        (Some("ward-3"), None)
    );
    assert_eq!(second.groups, ["pumps"]);
}

#[test]
fn positions_are_those_of_the_text() {
    let policy = policy(SKETCH);
    let at = |line, column| Position { line, column };
    let pump = &policy.profiles[1];
    assert_eq!(pump.at, at(18, 3));
    assert_eq!(pump.rules[0].at, at(23, 9));
    // A rule from a service stands where the profile names the service.
    assert_eq!(pump.rules[6].at, at(20, 31));
    assert_eq!(policy.peer_sets[1].at, at(10, 3));
    assert_eq!(policy.devices[1].at, at(31, 5));
}
