//! YAML that has not the shape of a policy.

use super::{Case, messages, report};
use crate::diag::Code;

pub(super) const CASES: &[Case] = &[
    (
        "unknown keys at every level",
        &[
            Code::UnknownKey,
            Code::UnknownKey,
            Code::UnknownKey,
            Code::UnknownKey,
            Code::UnknownKey,
            Code::UnknownKey,
            Code::UnknownKey,
            Code::UnknownKey,
        ],
        "onboarding: learn
peer-sets: {}
defaults: {profile: pump, modus: learn}
services: {syslog: {servers: 10.0.0.1}, dns: {server: 10.0.0.1, servers: 10.0.0.1}}
profiles:
  pump:
    critical: low
    timeouts: {tcp_established: 1h}
    allow:
      - {to: any, tcp: 80, ends: 2027-01-31}
devices:
  - {name: a, mac: 000000000001, profile: pump, mode: learn, IP: 10.0.0.1}
",
    ),
    (
        "a merge key",
        &[Code::UnknownKey],
        "onboarding: learn
defaults: &common {mode: learn}
services: {<<: *common}
",
    ),
    (
        "keys given twice",
        &[Code::DuplicateKey, Code::DuplicateKey],
        "onboarding: learn
defaults: {profile: pump}
profiles:
  pump:
    allow:
      - {to: any, tcp: 80, tcp: 443}
onboarding: enforce
",
    ),
    (
        "missing keys",
        &[
            Code::MissingKey,
            Code::MissingKey,
            Code::MissingKey,
            Code::MissingKey,
            Code::MissingKey,
        ],
        "services: {dns: {}}
devices:
  - {ip: 10.0.0.1, mode: learn}
",
    ),
    (
        "a key without a value counts as missing",
        &[Code::MissingKey],
        "onboarding:
profiles: {}
",
    ),
    (
        "values of the wrong type",
        &[
            Code::WrongType,
            Code::WrongType,
            Code::WrongType,
            Code::WrongType,
            Code::WrongType,
            Code::WrongType,
        ],
        "onboarding: [learn]
defaults: enforce
peer_sets: [10.0.0.1]
profiles: pump
devices:
  pump-1: {mac: 000000000001}
services:
  - dns
",
    ),
    (
        "values of the wrong type within a profile",
        &[
            Code::WrongType,
            Code::WrongType,
            Code::WrongType,
            Code::WrongType,
            Code::WrongType,
        ],
        "onboarding: learn
defaults: {profile: pump}
profiles:
  pump:
    criticality: {level: low}
    services: {arp: true}
    timeouts: 30s
    allow:
      - to any tcp 80
      - {to: any, tcp: {port: 80}}
",
    ),
    (
        "a list that is a single value",
        &[Code::WrongType],
        "onboarding: learn
defaults: {profile: pump}
profiles:
  pump:
    allow: {to: any, tcp: 80}
",
    ),
    (
        "a key that is a list",
        &[Code::WrongType],
        "onboarding: learn
[a, b]: c
",
    ),
    (
        "empty lists",
        &[
            Code::EmptyList,
            Code::EmptyList,
            Code::EmptyList,
            Code::EmptyList,
            Code::EmptyList,
            Code::EmptyList,
        ],
        "onboarding: learn
defaults: {profile: pump, mode: learn}
services: {ntp: {servers: []}}
peer_sets:
  pacs: []
  gone:
profiles:
  pump:
    allow:
      - {to: [], tcp: 80}
      - {to: any, udp: []}
devices:
  - {name: a, mac: 000000000001, profile: pump, ip: []}
",
    ),
];

#[test]
fn every_fault_of_a_file_is_told_at_once() {
    insta::assert_snapshot!(messages(CASES, report));
}
