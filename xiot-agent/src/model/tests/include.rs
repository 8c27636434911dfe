//! Profiles that include others.

use std::{fmt::Write as _, time::Duration};

use super::{Case, messages, policy, report};
use crate::{
    diag::Code,
    model::policy::{Criticality, Policy},
};

pub(super) const CASES: &[Case] = &[
    (
        "profiles that include themselves, others that are not there, or one twice",
        &[
            Code::IncludeCycle,
            Code::IncludeCycle,
            Code::UnknownName,
            Code::DuplicateName,
            Code::EmptyList,
        ],
        "onboarding: learn
defaults: {profile: a}
profiles:
  self: {include: self}
  a: {include: b}
  b: {include: [c]}
  c: {include: [a, pumps]}
  pump: {include: [d, d]}
  d: {include: [], services: [arp]}
",
    ),
    (
        "a rule that an included one covers, each told once where it is written",
        &[Code::UnreachableRule, Code::UnreachableRule],
        "onboarding: learn
defaults: {profile: icu-12}
profiles:
  icu-12:
    include: [pump, monitor]
    allow:
      - {to: 10.0.0.1, tcp: 81}
      - {to: 10.0.0.1, tcp: 80}
  pump:
    allow:
      - {to: 10.0.0.0/24, tcp: 80}
      - {to: 10.0.0.2, tcp: 80}
  monitor:
    allow:
      - {to: 10.0.0.3, tcp: 80}
",
    ),
    (
        "what is wrong with a rule is not said again where it is included",
        &[Code::MissingServers, Code::UnknownName],
        "onboarding: learn
defaults: {profile: a}
profiles:
  a: {include: [b]}
  b:
    services: [dns]
    allow: [{to: nobody, tcp: 80}]
",
    ),
    (
        "a group whose profile lets nobody speak, not even by what it includes",
        &[Code::DeafGroup],
        "onboarding: learn
profiles:
  heard: {include: hears}
  hears: {allow: [{from: 10.0.0.1, udp: 1}]}
  deaf: {include: speaks}
  speaks: {allow: [{to: 10.0.0.1, udp: 1}]}
devices:
  - {name: g1, multicast: 224.0.23.63, profile: heard, mode: enforce}
  - {name: g2, multicast: 224.0.23.64, profile: deaf, mode: enforce}
",
    ),
];

#[test]
fn messages_say_what_is_wrong_and_how_to_write_it() {
    insta::assert_snapshot!(messages(CASES, report));
}

/// Labels and lines of the rules of a profile.
fn rules(policy: &Policy, name: &str) -> Vec<(String, u32)> {
    let profile = policy.profiles.iter().find(|it| it.name == name).unwrap();
    let rules = profile.rules.iter();
    rules.map(|it| (it.label.clone(), it.at.line)).collect()
}

const WARD: &str = "onboarding: learn
services: {dns: {servers: [10.0.0.53]}}
profiles:
  icu-12:
    include: [pump, traced]
    allow:
      - {to: 10.0.0.1, tcp: 81}
    limits: {fragments: 7}
  pump:
    include: base
    criticality: high
    timeouts: {udp-replied: 5m}
    allow: [{to: 10.0.0.2, tcp: 82}]
  traced:
    include: [base]
    services: [arp, dns]
    timeouts: {udp-replied: 9m}
    allow: [{to: 10.0.0.3, tcp: 83}]
  base:
    services: [nd]
    limits: {new-flows: 9}
    allow: [{to: 10.0.0.4, tcp: 84}]
devices:
  - {name: one, mac: \"00:03:b1:00:00:01\", profile: icu-12, mode: enforce}
";

#[test]
fn a_profile_has_the_rules_of_those_that_it_includes_and_then_its_own() {
    let policy = policy(WARD);
    let rule = |host: u32, line| (format!("to 10.0.0.{host} tcp 8{host}"), line);
    let dns = ("to dns servers udp 53 tcp 53".to_owned(), 16);
    assert_eq!(
        rules(&policy, "icu-12"),
        [
            rule(4, 22),
            rule(2, 13),
            rule(3, 18),
            rule(1, 7),
            dns.clone()
        ]
    );
    assert_eq!(rules(&policy, "pump"), [rule(4, 22), rule(2, 13)]);
    assert_eq!(rules(&policy, "traced"), [rule(4, 22), rule(3, 18), dns]);
    let ids = policy.profiles.iter().flat_map(|it| &it.rules);
    assert!(ids.map(|it| it.id).eq(1..=11));
}

#[test]
fn what_a_profile_does_not_say_is_what_the_first_that_it_includes_says() {
    let policy = policy(WARD);
    let one = &policy.profiles[0];
    assert_eq!((one.arp, one.nd, one.dhcp), (true, true, false));
    assert_eq!(one.criticality, Some(Criticality::High));
    assert_eq!(policy.devices[0].criticality, Some(Criticality::High));
    assert_eq!(one.timeouts.udp_replied, Duration::from_mins(5));
    assert_eq!((one.limits.new_flows, one.limits.fragments), (9, 7));
    let pump = &policy.profiles[1];
    assert_eq!(
        (pump.arp, pump.nd, pump.limits.fragments),
        (false, true, 512)
    );
}

#[test]
fn profiles_are_included_through_others_up_to_a_limit() {
    let chain = |length: usize| {
        let mut text = "onboarding: learn\ndefaults: {profile: p0}\nprofiles:\n".to_owned();
        for n in 0..length {
            writeln!(text, "  p{n}: {{include: p{}}}", n + 1).unwrap();
        }
        writeln!(text, "  p{length}: {{allow: [{{to: any, tcp: 80}}]}}").unwrap();
        text
    };
    let policy = policy(&chain(64));
    assert_eq!(policy.profiles[0].rules.len(), 1);
    let codes = |text: &str| -> Vec<Code> {
        let found = report(text);
        found.diagnostics().iter().map(|one| one.code).collect()
    };
    assert_eq!(codes(&chain(65)), [Code::TooLong]);
    // However long it is: one complaint for each place, and soon.
    assert!(codes(&chain(20_000)).len() > 100);
}

#[test]
fn rules_that_are_included_over_and_over_are_too_many() {
    let hosts: Vec<String> = (0..4_000)
        .map(|n| format!("10.0.{}.{}", n / 250, n % 250))
        .collect();
    let mut text = format!(
        "onboarding: learn\npeer_sets: {{hosts: [{}]}}\nprofiles:\n  base: {{allow: [{{to: hosts, tcp: 80}}]}}\n",
        hosts.join(", ")
    );
    for n in 0..1_100 {
        writeln!(text, "  p{n}: {{include: base}}").unwrap();
    }
    let found = report(&text);
    let found = found.diagnostics();
    assert!(found.iter().any(|one| one.code == Code::TooManyPeers));
}
