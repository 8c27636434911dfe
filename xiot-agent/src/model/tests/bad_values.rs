//! Values that are not what their key wants.

use super::{Case, messages, report};
use crate::diag::Code;

pub(super) const CASES: &[Case] = &[
    (
        "words that are none of the possible ones",
        &[
            Code::UnknownValue,
            Code::UnknownValue,
            Code::UnknownValue,
            Code::UnknownValue,
        ],
        "onboarding: lern
defaults: {mode: block, profile: pump}
profiles:
  pump:
    criticality: life-sustainin
    services: [arp, snmp]
    allow:
      - {to: any, tcp: 80}
",
    ),
    (
        "ports",
        &[
            Code::BadPort,
            Code::BadPort,
            Code::ReversedRange,
            Code::OverlappingRange,
            Code::OverlappingRange,
            Code::BadPort,
            Code::BadPort,
            Code::BadPort,
        ],
        "onboarding: learn
defaults: {profile: pump}
profiles:
  pump:
    allow:
      - {to: 10.0.0.1, tcp: 0}
      - {to: 10.0.0.2, tcp: [22, 65536]}
      - {to: 10.0.0.3, udp: 8009-8000}
      - {to: 10.0.0.4, tcp: [22, 20-30, 443, 443]}
      - {to: 10.0.0.5, tcp: https}
      - {to: 10.0.0.6, tcp: 1e3}
      - {to: 10.0.0.7, tcp: 0x50}
",
    ),
    (
        "DNS names",
        &[
            Code::BadDnsName,
            Code::BadDnsName,
            Code::BadDnsName,
            Code::BadDnsName,
            Code::BadDnsName,
            Code::BadDnsName,
            Code::BadDnsName,
            Code::WrongType,
        ],
        "onboarding: learn
defaults: {profile: pump}
services: {dns: {servers: 10.0.0.53}}
profiles:
  pump:
    services: [dns]
    allow:
      - {to: {dns: \"*.vendor.com\"}, tcp: 443}
      - {to: {dns: 10.0.0.1}, tcp: 443}
      - {to: {dns: \"https://vendor.com/\"}, tcp: 443}
      - {to: {dns: bücher.example}, tcp: 443}
      - {to: {dns: vendor..com}, tcp: 443}
      - {to: {dns: -cloud.com}, tcp: 443}
      - {to: {dns: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.com}, tcp: 443}
      - {to: {dns: [a.com, b.com]}, tcp: 443}
",
    ),
    (
        "ICMP types and protocols",
        &[
            Code::BadIcmp,
            Code::BadIcmp,
            Code::BadIcmp,
            Code::OverlappingRange,
            Code::IneffectiveRule,
            Code::BadProtocol,
            Code::BadProtocol,
        ],
        "onboarding: learn
defaults: {profile: pump}
profiles:
  pump:
    allow:
      - {to: 10.0.0.1, icmp: echo-requst}
      - {to: 10.0.0.2, icmp: 256}
      - {to: 10.0.0.3, icmp: 3/x}
      - {to: 10.0.0.4, icmp: [destination-unreachable, 3/4]}
      - {to: 10.0.0.5, icmp: echo-reply}
      - {to: 10.0.0.6, protocol: http}
      - {to: 10.0.0.7, protocol: 256}
",
    ),
    (
        "durations",
        &[
            Code::BadDuration,
            Code::BadDuration,
            Code::BadDuration,
            Code::BadDuration,
        ],
        "onboarding: learn
defaults: {profile: pump}
profiles:
  pump:
    timeouts:
      tcp-established: 12
      udp-replied: 500ms
      icmp: 0s
      other: 400d
    allow:
      - {to: any, tcp: 80}
",
    ),
    (
        "limits",
        &[Code::BadNumber, Code::BadNumber, Code::UnknownKey],
        "onboarding: learn
defaults: {profile: pump}
profiles:
  pump:
    limits: {new-flows: 0, fragments: 1000001, flows: 3}
    allow:
      - {to: any, tcp: 80}
",
    ),
    (
        "addresses and networks",
        &[
            Code::BadAddress,
            Code::HostBits,
            Code::BadAddress,
            Code::BadAddress,
            Code::BadAddress,
            Code::HostBits,
            Code::BadAddress,
            Code::BadAddress,
        ],
        "onboarding: learn
defaults: {profile: pump}
services: {dhcp: {servers: 10.0.0.0/24}}
peer_sets:
  four: [10.0.0.1/24, 10.0.0.300, 10.0.0.0/33, 10.0.0.0/255.255.255.0]
  six:  [\"fd00::1/64\", \"fd00::12345\", \"::ffff:10.0.0.1\"]
profiles:
  pump:
    allow:
      - {to: [four, six], tcp: 80}
",
    ),
    (
        "names",
        &[Code::BadName, Code::BadName, Code::BadName, Code::BadName],
        "onboarding: learn
defaults: {profile: pump}
peer_sets:
  any: [10.0.0.1]
  10.0.0.1: [10.0.0.2]
  \"my set\": [10.0.0.3]
profiles:
  pump:
    allow:
      - {to: any, tcp: 80}
  a-name-that-is-much-longer-than-any-label-of-a-metric-should-ever-be:
    allow:
      - {to: any, tcp: 80}
",
    ),
    (
        "free text that would garble a terminal",
        &[Code::NotText],
        "onboarding: learn
defaults: {profile: pump}
profiles:
  pump:
    allow:
      - {to: any, tcp: 80, note: \"\\e[2J all is well\"}
",
    ),
];

#[test]
fn each_says_what_would_be_right() {
    insta::assert_snapshot!(messages(CASES, report));
}

#[test]
fn text_beyond_its_limit_is_refused() {
    let note = "x".repeat(1_025);
    let text = format!(
        "onboarding: learn\ndefaults: {{profile: p}}\nprofiles:\n  p:\n    allow:\n      - {{to: any, tcp: 80, note: {note}}}\n"
    );
    insta::assert_snapshot!(report(&text).render(crate::diag::Style::Plain));
}
