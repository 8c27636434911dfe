//! What MUD abstractions are at the site: read, looked up, and refused where two of them are one set.

use super::{Case, messages, policy, report};
use crate::diag::Code;

#[test]
fn each_abstraction_is_a_set() {
    let policy = policy(
        r#"onboarding: learn
defaults: {profile: pump}
mud:
  local-networks: site
  local-broadcast: broadcasts
  controllers: {"urn:ietf:params:mud:dns": resolvers, "http://vendor.example.com/fleet": fleet}
  my-controllers: {pump: pump-server, pump-2: pump-server}
  manufacturers: {vendor.example.com: vendor-devices}
  models: {"https://vendor.example.com/pump": pumps}
peer_sets:
  site: [10.0.0.0/8]
  broadcasts: [10.0.0.255]
  resolvers: [10.0.0.53]
  fleet: [192.0.2.1]
  pump-server: [10.0.0.1]
  vendor-devices: [10.0.1.0/24]
  pumps: [10.0.2.0/24]
profiles:
  pump: {mud-url: "https://vendor.example.com/pump", allow: [{to: site, tcp: 1}]}
  pump-2: {allow: [{to: site, tcp: 2}]}
devices:
  - {name: p, mac: 000000000001, profile: pump-2, mode: learn}
"#,
    );
    let mud = policy.mud;
    assert_eq!(mud.local_networks.as_deref(), Some("site"));
    assert_eq!(mud.local_broadcast.as_deref(), Some("broadcasts"));
    assert_eq!(mud.controllers["urn:ietf:params:mud:dns"], "resolvers");
    assert_eq!(mud.controllers["http://vendor.example.com/fleet"], "fleet");
    assert_eq!(mud.my_controllers["pump"], "pump-server");
    assert_eq!(mud.my_controllers["pump-2"], "pump-server");
    assert_eq!(mud.manufacturers["vendor.example.com"], "vendor-devices");
    assert_eq!(mud.models["https://vendor.example.com/pump"], "pumps");
    assert_eq!(mud.urls["pump"], "https://vendor.example.com/pump");
    assert_eq!(mud.urls.len(), 1);
}

#[test]
fn what_a_maker_discloses_is_a_profile_that_no_device_has() {
    let policy = policy(
        "onboarding: learn
profiles:
  pump: {disclosed: vendor, allow: [{to: 10.0.0.1, tcp: 1}]}
  icu: {include: pump, allow: [{to: 10.0.0.2, tcp: 1}]}
  other: {include: [lamp, pump], disclosed: vendor-2}
  lamp: {allow: [{to: 10.0.0.3, tcp: 1}]}
  vendor: {allow: [{to: 10.0.0.4, tcp: 1}]}
  vendor-2: {include: pump, allow: [{to: 10.0.0.5, tcp: 1}]}
devices:
  - {name: p, mac: 000000000001, profile: icu, mode: learn}
  - {name: q, mac: 000000000002, profile: other, mode: learn}
",
    );
    let disclosed = |name| policy.disclosed.get(name).map(String::as_str);
    assert_eq!(disclosed("pump"), Some("vendor"));
    // By what it includes.
    assert_eq!(disclosed("icu"), Some("vendor"));
    assert_eq!(disclosed("other"), Some("vendor-2"));
    assert_eq!((disclosed("lamp"), disclosed("vendor")), (None, None));
}

pub(super) const CASES: &[Case] = &[
    (
        "MUD names that nothing has",
        &[Code::UnknownName, Code::UnknownName, Code::UnknownName],
        "onboarding: learn
mud:
  local-networks: sites
  my-controllers: {pomp: fleet}
  manufacturers: {vendor.example.com: fleat}
peer_sets:
  site: [10.0.0.0/8]
  fleet: [10.0.0.1]
defaults: {profile: pump}
profiles:
  pump: {allow: [{to: [site, fleet], tcp: 1}]}
",
    ),
    (
        "a set for two things of MUD files",
        &[Code::DuplicateName, Code::DuplicateName],
        "onboarding: learn
mud:
  local-networks: site
  controllers: {\"https://a.example/\": fleet, \"https://b.example/\": fleet}
  models: {\"https://a.example/x\": site}
peer_sets:
  site: [10.0.0.0/8]
  fleet: [192.0.2.1]
defaults: {profile: pump}
profiles:
  pump: {allow: [{to: [site, fleet], tcp: 1}]}
",
    ),
    (
        "disclosed profiles that are not there, themselves, or themselves disclosed",
        &[
            Code::UnknownName,
            Code::DisclosedChain,
            Code::DisclosedChain,
            Code::WrongType,
        ],
        "onboarding: learn
defaults: {profile: pump}
profiles:
  pump: {disclosed: vender, allow: [{to: 10.0.0.1, tcp: 1}]}
  self: {disclosed: self, allow: [{to: 10.0.0.1, tcp: 1}]}
  lamp: {disclosed: pump, allow: [{to: 10.0.0.1, tcp: 1}]}
  many: {disclosed: [vendor], allow: [{to: 10.0.0.1, tcp: 1}]}
  vendor: {allow: [{to: 10.0.0.1, tcp: 1}]}
",
    ),
    (
        "what is no MUD URL",
        &[
            Code::BadUrl,
            Code::BadUrl,
            Code::BadUrl,
            Code::BadUrl,
            Code::BadUrl,
            Code::UnknownKey,
            Code::WrongType,
        ],
        "onboarding: learn
mud:
  controllers: {fleet: fleet}
  manufacturers: {\"https://vendor.example.com\": fleet, Vendor.example.com: fleet}
  models: {\"http://vendor.example.com/pump\": fleet}
peer_sets:
  fleet: [192.0.2.1]
defaults: {profile: pump}
profiles:
  pump: {mud-url: \"https:///pump\", allow: [{to: fleet, tcp: 1}]}
  pump-2: {mud_url: \"https://vendor.example.com/pump\", allow: [{to: fleet, tcp: 1}]}
  pump-3: {mud-url: [\"https://vendor.example.com/pump\"], allow: [{to: fleet, tcp: 1}]}
",
    ),
];

#[test]
fn mud_keys_say_what_would_be_right() {
    insta::assert_snapshot!(messages(CASES, report));
}
