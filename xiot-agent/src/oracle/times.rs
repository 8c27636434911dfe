//! When rules are in force (docs/judgement.md section 10), by the calendar of the policy's time zone.

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};

use super::Oracle;
use crate::model::{
    policy::{Policy, Rule},
    times::{Interval, Times, Window},
};

/// A second of the wall clock (UTC, since the Unix epoch).
pub(super) type Wall = i64;

const MINUTE: Wall = 60;

const SUNDAY: u16 = 6;

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

/// What a rule is in force by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum By {
    /// Nothing says when.
    Always,
    /// Windows of the week.
    Week,
    /// The window that has dates at this position.
    Dates(usize),
}

/// What a rule of these times is in force by at a moment; windows of the week come first.
pub(super) fn in_force_by(policy: &Policy, times: &Times, at: Wall) -> Option<By> {
    if times.expires.is_some_and(|end| at >= end.into()) {
        return None;
    }
    if times.windows.is_empty() && times.intervals.is_empty() {
        return Some(By::Always);
    }
    if is_in_week(policy, &times.windows, at) {
        return Some(By::Week);
    }
    let mut dated = times.intervals.iter();
    dated.position(|it| contains(*it, at)).map(By::Dates)
}

/// Whether a rule was in force from one moment to the other without a break, by what it was in force by when it was judged.
pub(super) fn is_same_span(policy: &Policy, rule: &Rule, judged: Wall, now: Wall) -> bool {
    let times = &rule.times;
    let has_ended = times.expires.is_some_and(|end| now >= end.into());
    match in_force_by(policy, times, judged) {
        _ if has_ended => false,
        None => false,
        Some(By::Always) => true,
        Some(By::Dates(position)) => contains(times.intervals[position], now),
        Some(By::Week) => is_same_window(policy, &times.windows, judged, now),
    }
}

fn contains(interval: Interval, at: Wall) -> bool {
    (interval.begins.into()..interval.ends.into()).contains(&at)
}

/// Whether windows of the week hold from one moment to the other without a break.
fn is_same_window(policy: &Policy, windows: &[Window], judged: Wall, now: Wall) -> bool {
    let (first, last) = (judged.min(now), judged.max(now));
    let holds = |at| is_in_week(policy, windows, at);
    // Windows and days begin and end with minutes, and so does what the zone adds to UTC.
    let mut between = (first / MINUTE..last / MINUTE).map(|minute| (minute + 1) * MINUTE);
    last - first < LONGEST_SPAN
        && holds(first)
        && holds(last)
        && between.all(|at| holds(at) && ahead(policy, at) == ahead(policy, first))
}

fn is_in_week(policy: &Policy, windows: &[Window], at: Wall) -> bool {
    let local = local(policy, at);
    let day = day_of_week(policy, local.date());
    windows.iter().any(|window| holds(*window, day, local))
}

/// The day of the week that a date counts as; Monday is 0.
fn day_of_week(policy: &Policy, date: Date) -> u16 {
    if policy.holidays.contains(&date) {
        SUNDAY
    } else {
        of_calendar(date)
    }
}

/// The day of the week that it is.
fn of_calendar(date: Date) -> u16 {
    date.weekday().to_monday_zero_offset().unsigned_abs().into()
}

fn holds(window: Window, day: u16, local: DateTime) -> bool {
    let [hour, minute] =
        [local.hour(), local.minute()].map(|number| u16::from(number.unsigned_abs()));
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

/// What local time is ahead of UTC: seconds, and the days that a holiday is before its next Sunday.
fn ahead(policy: &Policy, at: Wall) -> (i32, u16) {
    let moment = Timestamp::from_second(at).unwrap_or(Timestamp::UNIX_EPOCH);
    let zone = policy.time_zone.as_ref();
    let seconds = zone.map_or(0, |zone| zone.to_offset(moment).seconds());
    let date = local(policy, at).date();
    (seconds, day_of_week(policy, date) - of_calendar(date))
}
