//! When rules are in force (docs/judgement.md section 10), by the calendar of the policy's time zone.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use super::Oracle;
use crate::model::{
    policy::{Policy, Rule},
    times::Window,
};

/// A second of the wall clock (UTC, since the Unix epoch).
pub(super) type Wall = i64;

const MINUTE: Wall = 60;

/// No span is longer: windows that are the whole week are none.
const LONGEST_SPAN: Wall = 7 * 24 * 60 * MINUTE;

impl Oracle<'_> {
    /// Sets the wall clock, as seconds that it is ahead of the second that frames are judged at.
    pub fn set_clock(&mut self, ahead: i64) {
        self.clock = ahead;
    }

    /// What the wall clock shows.
    pub(super) fn wall(&self, now: u64) -> Wall {
        now.cast_signed() + self.clock
    }
}

/// Whether a rule is in force.
pub(super) fn is_in_force(policy: &Policy, rule: &Rule, at: Wall) -> bool {
    if rule.times.expires.is_some_and(|end| at >= end.into()) {
        return false;
    }
    let windows = &rule.times.windows;
    if windows.is_empty() {
        return true;
    }
    let local = local(policy, at);
    windows.iter().any(|window| holds(*window, local))
}

/// Whether a rule was in force from one moment to the other without a break.
pub(super) fn is_same_span(policy: &Policy, rule: &Rule, judged: Wall, now: Wall) -> bool {
    let (first, last) = (judged.min(now), judged.max(now));
    if !is_in_force(policy, rule, first) || !is_in_force(policy, rule, last) {
        return false;
    }
    if rule.times.windows.is_empty() {
        return true;
    }
    // Windows begin and end with minutes, and so does what the zone adds to UTC.
    let between = || (first / MINUTE..last / MINUTE).map(|minute| (minute + 1) * MINUTE);
    last - first < LONGEST_SPAN
        && between()
            .all(|at| is_in_force(policy, rule, at) && ahead(policy, at) == ahead(policy, first))
}

fn holds(window: Window, local: DateTime) -> bool {
    let [day, hour, minute] = [
        local.weekday().to_monday_zero_offset(),
        local.hour(),
        local.minute(),
    ]
    .map(|number| u16::from(number.unsigned_abs()));
    let minute = hour * 60 + minute;
    let yesterday = (day + 6) % 7;
    if window.to > window.from {
        return window.begins_on(day) && (window.from..window.to).contains(&minute);
    }
    (window.begins_on(day) && minute >= window.from)
        || (window.begins_on(yesterday) && minute < window.to)
}

fn local(policy: &Policy, at: Wall) -> DateTime {
    let moment = Timestamp::from_second(at).unwrap_or(Timestamp::UNIX_EPOCH);
    match &policy.time_zone {
        Some(zone) => zone.to_datetime(moment),
        None => TimeZone::UTC.to_datetime(moment),
    }
}

/// Seconds that local time is ahead of UTC.
fn ahead(policy: &Policy, at: Wall) -> i32 {
    let moment = Timestamp::from_second(at).unwrap_or(Timestamp::UNIX_EPOCH);
    let zone = policy.time_zone.as_ref();
    zone.map_or(0, |zone| zone.to_offset(moment).seconds())
}
