//! Rules that are not always in force.

use super::{Case, messages, policy, report};
use crate::{
    diag::Code,
    model::times::{Times, Window},
};

pub(super) const CASES: &[Case] = &[
    (
        "times that are none",
        &[
            Code::BadTime,
            Code::BadTime,
            Code::BadTime,
            Code::UnknownName,
            Code::BadWindow,
            Code::BadWindow,
            Code::EmptyList,
        ],
        "onboarding: learn
time_zone: Europe/Berlin
defaults: {profile: p}
profiles:
  p:
    allow:
      - {to: 10.0.0.1, tcp: 80, expires: soon}
      - {to: 10.0.0.2, tcp: 80, expires: 2027-02-30}
      - {to: 10.0.0.3, tcp: 80, expires: 2107-01-01T00:00Z}
      - {to: 10.0.0.4, tcp: 80, when: always}
      - {to: 10.0.0.5, tcp: 80, when: [mon 08:00-24:30, \"tue,wed 8-18\"]}
      - {to: 10.0.0.6, tcp: 80, when: []}
",
    ),
    (
        "windows that overlap, and more than a rule can have",
        &[
            Code::OverlappingWindows,
            Code::OverlappingWindows,
            Code::TooManyWindows,
        ],
        "onboarding: learn
time_zone: Europe/Berlin
defaults: {profile: p}
profiles:
  p:
    allow:
      - {to: 10.0.0.1, tcp: 80, when: [mon-fri 08:00-18:00, fri 17:00-20:00]}
      - {to: 10.0.0.2, tcp: 80, when: [mon 00:00-06:00, sun 22:00-02:00]}
      - {to: 10.0.0.3, tcp: 80, when: [daily 08:00-12:00, daily 13:00-17:00, sat 19:00-20:00]}
",
    ),
    (
        "a time zone that is misspelled",
        &[Code::UnknownTimeZone],
        "onboarding: learn
time_zone: Europe/Berln
defaults: {profile: p}
profiles:
  p:
    allow:
      - {to: 10.0.0.1, tcp: 80, when: mon}
",
    ),
    (
        "a time zone by its city",
        &[Code::UnknownTimeZone],
        "onboarding: learn
time_zone: berlin
defaults: {profile: p}
profiles: {p: {services: [arp]}}
",
    ),
    (
        "local time without a time zone, told once",
        &[Code::MissingTimeZone],
        "onboarding: learn
defaults: {profile: p}
profiles:
  p:
    allow:
      - {to: 10.0.0.1, tcp: 80, expires: 2100-01-31}
      - {to: 10.0.0.2, tcp: 80, when: mon}
",
    ),
    (
        "a rule that has expired",
        &[Code::ExpiredRule],
        "onboarding: learn
defaults: {profile: p}
profiles:
  p:
    allow:
      - {to: 10.0.0.1, tcp: 80, expires: 2020-01-31T18:00Z}
",
    ),
    (
        "rules that a rule for the same times covers, or one for all times",
        &[Code::UnreachableRule, Code::UnreachableRule],
        "onboarding: learn
time_zone: UTC
defaults: {profile: p}
profiles:
  p:
    allow:
      - {to: 10.0.0.1, tcp: 80, when: mon}
      - {to: 10.0.0.1, tcp: 80, when: mon}
      - {to: 10.0.0.1, tcp: 80, when: tue}
      - {to: 10.0.0.1, tcp: 80}
      - {to: 10.0.0.1, tcp: 80, when: wed}
",
    ),
];

#[test]
fn messages_say_what_is_wrong_and_how_to_write_it() {
    insta::assert_snapshot!(messages(CASES, report));
}

/// The times and the label of the only rule, which has these keys.
fn rule(zone: &str, keys: &str) -> (Times, String) {
    let policy = policy(&format!(
        "onboarding: learn\ntime_zone: {zone}\ndefaults: {{profile: p}}\nprofiles:\n  p:\n    allow:\n      - {{to: any, tcp: 80, {keys}}}\n"
    ));
    assert_eq!(policy.time_zone.unwrap().iana_name(), Some(zone));
    let rule = policy.profiles[0].rules[0].clone();
    (rule.times, rule.label)
}

fn expires(zone: &str, at: &str) -> Option<u32> {
    rule(zone, &format!("expires: {at}")).0.expires
}

#[test]
fn ends_are_moments_local_times_or_days() {
    let noon = Some(4_128_840_000);
    assert_eq!(expires("UTC", "2100-11-02T12:00Z"), noon);
    assert_eq!(expires("UTC", "2100-11-02T12:00:00"), noon);
    assert_eq!(expires("UTC", "2100-11-02T13:00+01:00"), noon);
    assert_eq!(expires("Europe/Berlin", "2100-11-02T13:00"), noon);
    let midnight = Some(4_128_840_000 + 11 * 3600);
    assert_eq!(expires("Europe/Berlin", "2100-11-02"), midnight);
    // What comes twice ends with the first.
    assert_eq!(
        expires("Europe/Berlin", "2090-10-29T02:30"),
        expires("UTC", "2090-10-29T00:30")
    );
}

#[test]
fn times_stand_in_the_label() {
    let (times, label) = rule(
        "Europe/Berlin",
        "when: [mon-fri  08:00-18:00, sat], expires: 2100-01-31",
    );
    assert_eq!(
        label,
        "to any tcp 80 when mon-fri 08:00-18:00, sat until 2100-01-31"
    );
    let window = |days, from, to| Window { days, from, to };
    assert_eq!(
        times.windows,
        [window(0x1f, 480, 1080), window(0x20, 0, 1440)]
    );
}

#[test]
fn a_rule_for_the_whole_week_is_always_in_force() {
    assert_eq!(rule("UTC", "when: [mon-fri, sat-sun]").0, Times::default());
}
