//! Names that stand for nothing, or for themselves.

use super::{Case, messages, report};
use crate::diag::Code;

pub(super) const CASES: &[Case] = &[
    (
        "names that nothing has",
        &[
            Code::UnknownName,
            Code::UnknownName,
            Code::UnknownName,
            Code::UnknownName,
            Code::UnknownName,
            Code::UnknownName,
            Code::UnknownName,
            Code::UnknownName,
        ],
        "onboarding: learn
defaults: {profile: basic, mode: learn}
services: {dns: {servers: resolver}}
peer_sets:
  resolvers: [10.0.0.53]
  pump-server: [10.0.0.1, {set: resolvers}]
  wards: [{group: pump}, {device: pump-13}]
profiles:
  pump:
    allow:
      - {to: pump-sever, tcp: 3613}
      - {to: [wards, pump-12], tcp: 3613}
      - {to: pumps, tcp: 3613}
devices:
  - {name: pump-12, mac: 000000000012, profile: pum, ip: 10.0.0.12, groups: pumps}
  - {name: pump-14, mac: 000000000014, profile: pump, ip: 10.0.0.14, groups: pumps}
",
    ),
    (
        "a set that contains itself",
        &[Code::PeerCycle],
        "onboarding: learn
defaults: {profile: pump}
peer_sets:
  a: [10.0.0.1, {set: a}]
profiles:
  pump:
    allow:
      - {to: a, tcp: 80}
",
    ),
    (
        "sets that contain each other",
        &[Code::PeerCycle],
        "onboarding: learn
defaults: {profile: pump}
peer_sets:
  a: [10.0.0.1, {set: b}]
  b: [10.0.0.2, c]
  c: [{set: a}]
profiles:
  pump:
    allow:
      - {to: a, tcp: 80}
",
    ),
    (
        "devices without addresses as peers",
        &[Code::PeerWithoutAddress, Code::PeerWithoutAddress],
        "onboarding: learn
defaults: {mode: learn}
profiles:
  pump:
    allow:
      - {to: [{device: a}], tcp: 80}
      - {to: [{group: pumps}], tcp: 81}
      - {from: [{group: pumps}], tcp: 81}
devices:
  - {name: a, mac: 00000000000a, profile: pump, groups: pumps}
  - {name: b, mac: 00000000000b, profile: pump, groups: pumps}
  - {name: c, mac: 00000000000c, profile: pump, groups: pumps, ip: 10.0.0.3}
",
    ),
    (
        "one name for two things",
        &[
            Code::DuplicateName,
            Code::DuplicateName,
            Code::DuplicateName,
            Code::DuplicateName,
            Code::DuplicateName,
        ],
        "onboarding: learn
defaults: {mode: learn}
peer_sets:
  pacs: [10.0.0.1]
  pacs: [10.0.0.2]
profiles:
  pump:
    services: [arp, arp]
    allow:
      - {to: pacs, tcp: 104}
  pump:
    allow:
      - {to: pacs, tcp: 105}
devices:
  - {name: a, mac: 00000000000a, profile: pump}
  - {name: a, mac: 00000000000b, profile: pump, groups: [x, y, x]}
",
    ),
    (
        "networks within each other",
        &[
            Code::OverlappingNetworks,
            Code::OverlappingNetworks,
            Code::OverlappingNetworks,
            Code::OverlappingNetworks,
            Code::OverlappingNetworks,
        ],
        "onboarding: learn
defaults: {profile: pump}
peer_sets:
  pacs: [10.20.4.7, 10.20.0.0/16, 10.20.4.0/28, \"fd00::/16\", 10.21.0.0/16, 10.21.0.0/16]
profiles:
  pump:
    allow:
      - {to: [pacs, any, 192.0.2.1, {set: pacs}], tcp: 104}
",
    ),
    (
        "a peer that is two things",
        &[Code::WrongType],
        "onboarding: learn
defaults: {profile: pump, mode: learn}
profiles:
  pump:
    allow:
      - {to: [{device: a, group: b}], tcp: 80}
devices:
  - {name: a, mac: 00000000000a, profile: pump, groups: b, ip: 10.0.0.1}
",
    ),
    (
        "DNS names that stand where only addresses can",
        &[
            Code::MisplacedDnsName,
            Code::MisplacedDnsName,
            Code::WrongType,
            Code::WrongType,
        ],
        "onboarding: learn
defaults: {profile: pump}
services:
  dns: {servers: [10.0.0.53, {dns: resolver.example}]}
  ntp: {servers: clocks}
  dhcp: {servers: [{dns: dhcp.example}]}
uplink_addresses: [{dns: router.example}]
peer_sets:
  clocks: [10.0.0.123, {dns: ntp.example}]
profiles:
  pump:
    services: [dns, ntp]
",
    ),
    (
        "DNS names in a policy without DNS servers",
        &[Code::MissingServers],
        "onboarding: learn
defaults: {profile: pump}
peer_sets:
  cloud: [10.0.0.1, {dns: cloud.vendor.com}]
profiles:
  pump:
    allow:
      - {to: cloud, tcp: 443}
",
    ),
    (
        "a DNS name that is listed twice, in whatever case",
        &[Code::OverlappingNetworks],
        "onboarding: learn
defaults: {profile: pump}
services: {dns: {servers: 10.0.0.53}}
profiles:
  pump:
    services: [dns]
    allow:
      - {to: [{dns: cloud.vendor.com}, 10.0.0.0/8, {dns: Cloud.Vendor.Com.}], tcp: 443}
",
    ),
    (
        "a DNS name taken for a peer set",
        &[Code::UnknownName],
        "onboarding: learn
defaults: {profile: pump}
profiles:
  pump:
    allow:
      - {to: cloud.vendor.com, tcp: 443}
",
    ),
    (
        "what nothing uses",
        &[Code::UnusedPeerSet, Code::UnusedProfile],
        "onboarding: learn
defaults: {profile: pump}
peer_sets:
  pacs: [10.0.0.1]
  spare: [10.0.0.2]
profiles:
  pump:
    allow:
      - {to: pacs, tcp: 104}
  spare:
    allow:
      - {to: pacs, tcp: 104}
",
    ),
];

#[test]
fn each_names_the_nearest_right_one_or_the_other_place() {
    insta::assert_snapshot!(messages(CASES, report));
}
