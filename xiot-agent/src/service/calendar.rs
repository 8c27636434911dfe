//! Which times are in force at a moment, and when that is otherwise next.

use std::collections::BTreeSet;

use jiff::{
    Timestamp,
    civil::{Date, Time},
    tz::TimeZone,
};

use super::state::CalendarState;
use crate::{
    model::{
        policy::Policy,
        times::{DAY, Times},
    },
    oracle,
};

/// Days ahead in which windows of the week are looked for, first in a few of them: holidays may keep one away for long.
const HORIZONS: [i32; 2] = [9, 400];

/// Every calendar of the policy at this moment.
pub(super) fn calendars(policy: &Policy, now: Timestamp) -> Vec<CalendarState> {
    let calendars = policy.calendars.iter();
    let states = calendars.map(|calendar| CalendarState {
        name: calendar.name.clone(),
        in_force: is_in_force(policy, &calendar.times, now),
        changes: next_change(policy, &calendar.times, now),
    });
    states.collect()
}

fn is_in_force(policy: &Policy, times: &Times, at: Timestamp) -> bool {
    oracle::is_in_force(policy, times, at.as_second())
}

/// The next moment at which these times begin or cease to be in force; none if there is none, or none for a year.
pub(super) fn next_change(policy: &Policy, times: &Times, now: Timestamp) -> Option<Timestamp> {
    let before = is_in_force(policy, times, now);
    HORIZONS.into_iter().find_map(|days| {
        let mut edges = edges(policy, times, now, days).into_iter();
        edges.find(|&edge| edge > now && is_in_force(policy, times, edge) != before)
    })
}

/// All moments at which they can begin or cease to be: those with dates, and those of the week in so many days from now on.
fn edges(policy: &Policy, times: &Times, now: Timestamp, days: i32) -> BTreeSet<Timestamp> {
    let second = |second: u32| Timestamp::from_second(second.into()).ok();
    let dated = times.intervals.iter().flat_map(|it| [it.begins, it.ends]);
    let dated = dated.chain(times.expires).filter_map(second);
    let mut edges: BTreeSet<Timestamp> = dated.collect();
    if times.windows.is_empty() {
        return edges;
    }
    let zone = policy
        .time_zone
        .as_ref()
        .unwrap_or(const { &TimeZone::UTC });
    let windows = times.windows.iter();
    // Each day may count as another, from its first minute on.
    let minutes: BTreeSet<u16> = windows
        .flat_map(|window| [window.from, window.to % DAY])
        .chain([0])
        .collect();
    let today = zone.to_datetime(now).date();
    let mut last = now;
    for ahead in -1..days {
        let Ok(day) = today.checked_add(jiff::Span::new().days(ahead)) else {
            break;
        };
        for &minute in &minutes {
            let moments = moments(zone, day, minute);
            last = moments.into_iter().flatten().fold(last, Timestamp::max);
            edges.extend(moments.into_iter().flatten());
        }
    }
    // What the zone skips or repeats.
    let transitions = zone.following(now).map(|it| it.timestamp());
    edges.extend(transitions.take_while(|&at| at <= last));
    edges
}

/// When it is this minute of a day: twice where clocks go back, and where they go forward what would have been.
fn moments(zone: &TimeZone, day: Date, minute: u16) -> [Option<Timestamp>; 2] {
    let [hour, minute] = [minute / 60, minute % 60].map(|it| i8::try_from(it).unwrap_or(0));
    let Ok(time) = Time::new(hour, minute, 0, 0) else {
        return [None; 2];
    };
    let local = zone.to_ambiguous_timestamp(day.to_datetime(time));
    [local.earlier().ok(), local.later().ok()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::load_policy_at;

    const WARD: &str = "onboarding: learn
time_zone: Europe/Berlin
holidays: [2026-12-25, 2026-12-26, 2027-01-01]
calendars:
  weekdays: mon-fri
  nights: daily 22:00-06:00
  morning: daily 02:30-02:45
  maintenance: [2027-02-14T22:00/2027-02-15T04:00, 2027-03-01]
defaults: {profile: p}
profiles:
  p:
    allow:
      - {to: any, tcp: 80, when: weekdays}
      - {to: any, tcp: 81, when: nights}
      - {to: any, tcp: 82, when: morning}
      - {to: any, tcp: 83, when: maintenance}
";

    fn policy() -> Policy {
        let now = Timestamp::UNIX_EPOCH;
        load_policy_at("policy.yaml", WARD, now).value.unwrap()
    }

    /// Whether a calendar is in force at a moment, and when that changes.
    fn at(name: &str, now: &str) -> (bool, Option<String>) {
        let all = calendars(&policy(), now.parse().unwrap());
        let state = all.into_iter().find(|it| it.name == name).unwrap();
        (state.in_force, state.changes.map(|at| at.to_string()))
    }

    fn until(moment: &str) -> (bool, Option<String>) {
        (true, Some(moment.to_owned()))
    }

    fn from(moment: &str) -> (bool, Option<String>) {
        (false, Some(moment.to_owned()))
    }

    #[test]
    fn a_calendar_is_in_force_until_it_is_not() {
        // 2026-11-30 is a Monday.
        assert_eq!(
            at("weekdays", "2026-11-30T12:00:00Z"),
            until("2026-12-04T23:00:00Z")
        );
        assert_eq!(
            at("weekdays", "2026-12-04T22:59:59.5Z"),
            until("2026-12-04T23:00:00Z")
        );
        assert_eq!(
            at("weekdays", "2026-12-04T23:00:00Z"),
            from("2026-12-06T23:00:00Z")
        );
        assert_eq!(
            at("nights", "2026-12-01T04:59:59Z"),
            until("2026-12-01T05:00:00Z")
        );
    }

    /// Looked for minute by minute, around two holidays and the days on which clocks are set.
    #[test]
    fn no_change_is_missed_and_none_invented() {
        let policy = policy();
        for (first, last) in [
            ("2026-12-20T00:00:00Z", "2027-01-05T00:00:00Z"),
            ("2027-02-12T00:00:00Z", "2027-03-03T00:00:00Z"),
            ("2027-03-26T00:00:00Z", "2027-03-30T00:00:00Z"),
            ("2027-10-29T00:00:00Z", "2027-11-02T00:00:00Z"),
        ] {
            let [first, last]: [Timestamp; 2] = [first, last].map(|at| at.parse().unwrap());
            for calendar in &policy.calendars {
                let next = |at: &Timestamp| next_change(&policy, &calendar.times, *at);
                let found = std::iter::successors(next(&first), next);
                let found: Vec<_> = found.take_while(|at| *at <= last).collect();
                let minutes = (first.as_second() / 60 + 1..=last.as_second() / 60)
                    .map(|minute| Timestamp::from_second(minute * 60).unwrap());
                let mut before = is_in_force(&policy, &calendar.times, first);
                let changes = minutes.filter(|&at| {
                    let now = is_in_force(&policy, &calendar.times, at);
                    std::mem::replace(&mut before, now) != now
                });
                assert_eq!(found, changes.collect::<Vec<_>>(), "{}", calendar.name);
            }
        }
    }

    #[test]
    fn holidays_are_no_weekdays() {
        assert_eq!(
            at("weekdays", "2026-12-24T12:00:00Z"),
            until("2026-12-24T23:00:00Z")
        );
        assert_eq!(
            at("weekdays", "2026-12-25T12:00:00Z"),
            from("2026-12-27T23:00:00Z")
        );
        assert_eq!(
            at("nights", "2026-12-31T22:00:00Z"),
            until("2027-01-01T05:00:00Z")
        );
    }

    #[test]
    fn what_clocks_skip_and_repeat_changes_too() {
        assert_eq!(
            at("morning", "2027-03-28T00:50:00Z"),
            from("2027-03-29T00:30:00Z")
        );
        assert_eq!(
            at("morning", "2026-10-25T00:40:00Z"),
            until("2026-10-25T00:45:00Z")
        );
        assert_eq!(
            at("morning", "2026-10-25T00:45:00Z"),
            from("2026-10-25T01:30:00Z")
        );
    }

    #[test]
    fn windows_with_dates_come_and_then_no_more() {
        assert_eq!(
            at("maintenance", "2026-11-30T12:00:00Z"),
            from("2027-02-14T21:00:00Z")
        );
        assert_eq!(
            at("maintenance", "2027-02-15T02:59:59Z"),
            until("2027-02-15T03:00:00Z")
        );
        assert_eq!(at("maintenance", "2027-03-01T23:00:00Z"), (false, None));
    }
}
