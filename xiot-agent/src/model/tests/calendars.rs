//! Calendars, holidays, baselines and windows that have dates.

use jiff::civil::date;

use super::{Case, messages, policy, report};
use crate::{
    diag::Code,
    model::times::{Interval, Times, Window},
};

pub(super) const CASES: &[Case] = &[
    (
        "windows with dates that are none, overlap, or are over",
        &[
            Code::BadWindow,
            Code::BadWindow,
            Code::BadWindow,
            Code::BadTime,
            Code::OverlappingWindows,
            Code::PastWindow,
        ],
        "onboarding: learn
time_zone: Europe/Berlin
defaults: {profile: p}
profiles:
  p:
    allow:
      - {to: 10.0.0.1, tcp: 80, when: 2100-02-14T22:00}
      - {to: 10.0.0.2, tcp: 80, when: 2100-02-14T22:00/4h}
      - {to: 10.0.0.3, tcp: 80, when: 2100-02-14T22:00/2100-02-14T04:00}
      - {to: 10.0.0.4, tcp: 80, when: 2107-02-14/2107-02-15}
      - {to: 10.0.0.5, tcp: 80, when: [2100-02-14T22:00/2100-02-15T04:00, 2100-02-15]}
      - {to: 10.0.0.6, tcp: 80, when: 2020-02-14T22:00/2020-02-15T04:00}
",
    ),
    (
        "more windows with dates than a rule can have",
        &[Code::TooManyWindows],
        "onboarding: learn
time_zone: UTC
defaults: {profile: p}
profiles:
  p:
    allow:
      - {to: 10.0.0.1, tcp: 80, when: [2100-01-01, 2100-01-03, 2100-01-05, 2100-01-07, 2100-01-09, 2100-01-11, 2100-01-13, 2100-01-15, 2100-01-17, 2100-01-19, 2100-01-21, 2100-01-23, 2100-01-25, 2100-01-27, 2100-01-29]}
",
    ),
    (
        "holidays that are none, and one listed twice",
        &[
            Code::BadTime,
            Code::BadTime,
            Code::BadTime,
            Code::DuplicateName,
        ],
        "onboarding: learn
holidays: [2026-12-25, christmas, 2026-02-30, 1969-12-25, 2026-12-25]
defaults: {profile: p}
profiles: {p: {services: [arp]}}
",
    ),
    (
        "names that no calendar can have, and calendars within calendars",
        &[
            Code::BadName,
            Code::BadName,
            Code::BadName,
            Code::BadWindow,
            Code::EmptyList,
        ],
        "onboarding: learn
time_zone: UTC
calendars:
  mon: mon-fri
  daily: mon-fri
  2027-01-01: 2027-01-01
  weekdays: mon-fri
  both: weekdays
  never: []
defaults: {profile: p}
profiles: {p: {allow: [{to: 10.0.0.1, tcp: 80, when: [weekdays, both, never]}]}}
",
    ),
    (
        "calendars that there are not, that overlap, and that nothing uses",
        &[
            Code::UnknownName,
            Code::OverlappingWindows,
            Code::UnknownName,
        ],
        "onboarding: learn
time_zone: UTC
calendars:
  weekdays: mon-fri
  nights: daily 20:00-06:00
defaults: {profile: p}
profiles:
  p:
    allow:
      - {to: 10.0.0.1, tcp: 80, when: weekday}
      - {to: 10.0.0.2, tcp: 80, when: [weekdays, nights]}
    baselines:
      maintenance: [{to: 10.0.0.3, tcp: 80}, {to: 10.0.0.4, tcp: 80}]
",
    ),
    (
        "a calendar that nothing uses",
        &[Code::UnusedCalendar],
        "onboarding: learn
time_zone: UTC
calendars: {weekdays: mon-fri}
defaults: {profile: p}
profiles: {p: {services: [arp]}}
",
    ),
    (
        "rules of baselines that have times of their own, or are never the first",
        &[Code::UnknownKey, Code::UnreachableRule, Code::EmptyList],
        "onboarding: learn
time_zone: UTC
calendars: {weekdays: mon-fri, weekend: sat-sun}
defaults: {profile: p}
profiles:
  p:
    allow:
      - {to: 10.0.0.1, tcp: 80}
    baselines:
      weekdays:
        - {to: 10.0.0.2, tcp: 80, when: mon}
        - {to: 10.0.0.1, tcp: 80}
      weekend: []
",
    ),
];

#[test]
fn messages_say_what_is_wrong_and_how_to_write_it() {
    insta::assert_snapshot!(messages(CASES, report));
}

#[test]
fn too_many_calendars_and_holidays() {
    let calendars: Vec<String> = (0..65).map(|n| format!("  c{n}: mon\n")).collect();
    let days = (0..257).map(|n| date(2027, 1, 1).checked_add(jiff::Span::new().days(n)));
    let days: Vec<String> = days.map(|day| day.unwrap().to_string()).collect();
    let found = report(&format!(
        "onboarding: learn\ntime_zone: UTC\nholidays: [{}]\ncalendars:\n{}",
        days.join(", "),
        calendars.concat()
    ));
    let codes: Vec<Code> = found.diagnostics().iter().map(|one| one.code).collect();
    assert_eq!(codes, [Code::TooLong, Code::TooLong]);
}

const WARD: &str = "onboarding: learn
time_zone: Europe/Berlin
holidays: [2027-01-01, 2026-12-25]
calendars:
  weekdays: mon-fri
  weekend: sat-sun
  maintenance: [2100-02-14T22:00/2100-02-15T04:00, 2100-03-01T22:00Z/2100-03-02T04:00Z]
defaults: {profile: ct-scanner}
profiles:
  ct-scanner:
    allow:
      - {to: 10.0.0.1, udp: 514, when: [weekend, mon 08:00-12:00]}
    baselines:
      weekdays:
        - {to: 10.0.0.1, tcp: 104}
      maintenance:
        - {from: 10.0.0.9, tcp: 443, expires: 2100-03-02T01:00Z, note: vendor}
";

#[test]
fn baselines_are_rules_in_force_in_their_calendars() {
    let policy = policy(WARD);
    assert_eq!(policy.holidays, [date(2026, 12, 25), date(2027, 1, 1)]);
    let week = |days, from, to| Window { days, from, to };
    let weekdays = week(0x1f, 0, 1440);
    let maintenance = [
        Interval {
            begins: 4_106_322_000,
            ends: 4_106_343_600,
        },
        Interval {
            begins: 4_107_621_600,
            ends: 4_107_643_200,
        },
    ];
    let calendars = policy.calendars.iter();
    let calendars: Vec<_> = calendars.map(|it| (it.name.as_str(), &it.times)).collect();
    assert_eq!(calendars.len(), 3);
    assert_eq!(calendars[0].0, "weekdays");
    assert_eq!(calendars[0].1.windows, [weekdays]);
    assert_eq!(calendars[2].1.intervals, maintenance);

    let rules = &policy.profiles[0].rules;
    let labels: Vec<_> = rules.iter().map(|it| it.label.as_str()).collect();
    assert_eq!(
        labels,
        [
            "to 10.0.0.1 udp 514 when weekend, mon 08:00-12:00",
            "to 10.0.0.1 tcp 104 when weekdays",
            "from 10.0.0.9 tcp 443 when maintenance until 2100-03-02T01:00Z",
        ]
    );
    assert_eq!(
        rules[0].times.windows,
        [week(0x60, 0, 1440), week(1, 480, 720)]
    );
    assert_eq!(
        rules[1].times,
        Times {
            windows: vec![weekdays],
            ..Times::default()
        }
    );
    assert_eq!(
        rules[2].times,
        Times {
            expires: Some(4_107_632_400),
            windows: Vec::new(),
            intervals: maintenance.into(),
        }
    );
    assert_eq!(
        (rules[2].at.line, rules[2].note.as_deref()),
        (17, Some("vendor"))
    );
}

/// The times of the only rule.
fn when(text: &str) -> Times {
    let policy = policy(&format!(
        "onboarding: learn\ntime_zone: Europe/Berlin\ncalendars: {{all: daily}}\ndefaults: {{profile: p}}\nprofiles:\n  p:\n    allow:\n      - {{to: any, tcp: 80, when: {text}}}\n      - {{to: any, udp: 80, when: all}}\n"
    ));
    policy.profiles[0].rules[0].times.clone()
}

#[test]
fn windows_with_dates_are_moments_or_days_and_one_where_they_touch() {
    let hours = |times: Times| {
        let intervals = times.intervals.into_iter();
        let hours = intervals.map(|it| (it.ends - it.begins) / 3600);
        hours.collect::<Vec<_>>()
    };
    assert_eq!(hours(when("2100-02-14")), [24]);
    // Clocks go forward and back.
    assert_eq!(hours(when("2090-03-26")), [23]);
    assert_eq!(hours(when("2090-10-29")), [25]);
    assert_eq!(hours(when("[2100-02-16, 2100-02-14/2100-02-15]")), [72]);
    assert_eq!(
        hours(when("[2100-02-16T10:00/2100-02-16T12:00, 2100-02-14]")),
        [24, 2]
    );
    // What is always in force has no windows.
    assert_eq!(when("[all, 2100-02-14]"), Times::default());
    let mixed = when("[mon, 2100-02-14]");
    assert_eq!((mixed.windows.len(), mixed.intervals.len()), (1, 1));
}
