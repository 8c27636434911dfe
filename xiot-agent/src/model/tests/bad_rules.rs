//! Rules that say too little, too much or nothing new.

use super::{Case, messages, report};
use crate::diag::Code;

pub(super) const CASES: &[Case] = &[
    (
        "profiles that allow nothing",
        &[
            Code::EmptyAllowList,
            Code::EmptyAllowList,
            Code::EmptyAllowList,
            Code::EmptyAllowList,
        ],
        "onboarding: learn
defaults: {mode: learn}
profiles:
  a: {}
  b: {allow: []}
  c: {criticality: low, services: []}
  d:
  fine: {services: [arp], allow: []}
devices:
  - {name: a, mac: 00000000000a, profile: a}
  - {name: b, mac: 00000000000b, profile: b}
  - {name: c, mac: 00000000000c, profile: c}
  - {name: d, mac: 00000000000d, profile: d}
  - {name: e, mac: 00000000000e, profile: fine}
",
    ),
    (
        "rules that are incomplete or contradict themselves",
        &[
            Code::RuleDirection,
            Code::RuleDirection,
            Code::MissingProtocol,
            Code::RedundantClause,
            Code::RedundantClause,
            Code::RedundantClause,
        ],
        "onboarding: learn
defaults: {profile: pump}
profiles:
  pump:
    allow:
      - {tcp: 80}
      - {to: 10.0.0.1, from: 10.0.0.2, tcp: 80}
      - {to: 10.0.0.3, note: \"everything?\"}
      - {to: 10.0.0.4, tcp: 80, protocol: any}
      - {to: 10.0.0.5, udp: 53, protocol: [udp, esp, 50]}
",
    ),
    (
        "services without servers",
        &[Code::MissingServers, Code::MissingServers],
        "onboarding: learn
defaults: {profile: pump}
profiles:
  pump:
    services: [arp, dns, ntp]
",
    ),
    (
        "rules that an earlier one covers",
        &[
            Code::UnreachableRule,
            Code::UnreachableRule,
            Code::UnreachableRule,
            Code::UnreachableRule,
        ],
        "onboarding: learn
defaults: {profile: pump}
peer_sets:
  servers: [10.20.8.0/24]
profiles:
  pump:
    allow:
      - {to: servers, tcp: [3000-3999, 80]}
      - {to: 10.20.8.11, tcp: 3613}
      - {to: [10.20.8.12, 10.20.8.64/26], tcp: [3000-3010, 80], owner: biomed}
      - {from: servers, tcp: 80}
      - {to: 10.20.9.1, tcp: 80}
      - {to: 10.20.8.11, tcp: 4000}
      - {to: any, protocol: icmp}
      - {to: servers, icmp: echo-request}
      - {from: servers, tcp: 80}
",
    ),
    (
        "ICMP of a family that the peers do not speak",
        &[Code::IneffectiveRule, Code::IneffectiveRule],
        "onboarding: learn
defaults: {profile: pump}
profiles:
  pump:
    allow:
      - {to: 10.0.0.1, icmpv6: echo-request}
      - {to: \"fd00::1\", icmp: echo-request}
",
    ),
    (
        "DNS names that the devices may not ask for",
        &[Code::UnaskedDnsName, Code::UnaskedDnsName],
        "onboarding: learn
defaults: {mode: learn}
services: {dns: {servers: [10.0.0.53, 10.0.1.0/24]}}
profiles:
  mute:
    allow:
      - {to: 10.0.0.1, tcp: 80}
      - {to: {dns: cloud.vendor.com}, tcp: 443}
  asked:
    allow:
      - {from: 10.0.0.53, udp: 53}
      - {to: 10.0.0.53, tcp: 53}
      - {to: 10.0.2.53, udp: 53}
      - {from: {dns: cloud.vendor.com}, tcp: 443}
  asks-by-rule:
    allow:
      - {to: 10.0.1.7, udp: 50-60}
      - {to: {dns: cloud.vendor.com}, tcp: 443}
  asks-by-service:
    services: [dns]
    allow:
      - {to: {dns: cloud.vendor.com}, tcp: 443, icmp: echo-request, icmpv6: echo-request}
devices:
  - {name: a, mac: 00000000000a, profile: mute}
  - {name: b, mac: 00000000000b, profile: asked}
  - {name: c, mac: 00000000000c, profile: asks-by-rule}
  - {name: d, mac: 00000000000d, profile: asks-by-service}
",
    ),
    (
        "rules for DNS names that another one covers",
        &[Code::UnreachableRule, Code::UnreachableRule],
        "onboarding: learn
defaults: {profile: pump}
services: {dns: {servers: 10.0.0.53}}
peer_sets:
  cloud: [{dns: cloud.vendor.com}, {dns: backup.vendor.com}]
profiles:
  pump:
    services: [dns]
    allow:
      - {to: cloud, tcp: [443, 8443]}
      - {to: {dns: CLOUD.vendor.com}, tcp: 443}
      - {to: {dns: cloud.vendor.com}, tcp: 80}
      - {to: {dns: other.vendor.com}, tcp: 443}
      - {to: [10.0.0.1, {dns: cloud.vendor.com}], tcp: 443}
      - {to: [10.0.0.1, {dns: backup.vendor.com}], tcp: 443}
      - {to: {dns: time.vendor.com}, udp: 123}
      - {to: any, udp: 123}
      - {from: any, udp: 124}
      - {to: {dns: time.vendor.com}, udp: 124}
",
    ),
    (
        "a faulty rule is not called unreachable for what is left of it",
        &[Code::BadPort, Code::UnknownName],
        "onboarding: learn
defaults: {profile: pump}
profiles:
  pump:
    allow:
      - {to: 10.0.0.1, tcp: 80}
      - {to: 10.0.0.1, tcp: [80, 70000]}
      - {to: [10.0.0.1, pacs], tcp: 80}
",
    ),
];

#[test]
fn each_is_told_with_the_rule_it_collides_with() {
    insta::assert_snapshot!(messages(CASES, report));
}
