//! Times that were never watched: what a device does then nobody can know, however much is known of the rest.

use std::{collections::BTreeSet, fmt};

use jiff::{
    Timestamp,
    civil::{DateTime, Weekday},
    tz::TimeZone,
};

use super::hours::Hours;

/// Hours that are looked at, the latest: eight weeks around the clock.
const LOOKED_AT: usize = 8 * 7 * 24;

/// Days that a baseline takes at least: a week shows what each day of the week is like.
pub const DAYS: u32 = 7;

/// Local hours of the night.
const NIGHT: std::ops::Range<i8> = 0..5;

/// A time that was not watched.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Gap {
    /// Fewer than [`DAYS`] days: so many.
    Days(u32),
    /// No Monday to Friday.
    Weekday,
    /// Not both days of a weekend.
    Weekend,
    /// No night.
    Night,
    /// Not the hour before and the hour after this local hour, at which people change shifts.
    Shift(i8),
    /// It was never silent for an hour and heard of again: how it starts was perhaps not seen.
    Restart,
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Days(days) => write!(f, "a whole week ({days} days)"),
            Self::Weekday => f.write_str("a weekday"),
            Self::Weekend => f.write_str("a weekend"),
            Self::Night => f.write_str("a night"),
            Self::Shift(hour) => write!(f, "the shift change at {hour}:00"),
            Self::Restart => f.write_str("a restart"),
        }
    }
}

/// What is missing: `watched` are the hours in which the gateway watched the device, `heard` those in which anything was seen of it.
pub fn gaps(watched: &Hours, heard: &Hours, zone: &TimeZone, shifts: &[i8]) -> Vec<Gap> {
    let times: Vec<DateTime> = latest(watched)
        .filter_map(|hour| Timestamp::from_second(i64::from(hour) * 3600).ok())
        .map(|time| zone.to_datetime(time))
        .collect();
    let days: BTreeSet<_> = times.iter().map(|time| time.date()).collect();
    let on = |weekday| days.iter().any(|day| day.weekday() == weekday);
    let at = |hour: i8| times.iter().any(|time| time.hour() == hour);
    let mut gaps = Vec::new();
    let number = u32::try_from(days.len()).unwrap_or(u32::MAX);
    if number < DAYS {
        gaps.push(Gap::Days(number));
    }
    let week = [
        Weekday::Monday,
        Weekday::Tuesday,
        Weekday::Wednesday,
        Weekday::Thursday,
        Weekday::Friday,
    ];
    if !week.into_iter().any(on) {
        gaps.push(Gap::Weekday);
    }
    if !(on(Weekday::Saturday) && on(Weekday::Sunday)) {
        gaps.push(Gap::Weekend);
    }
    if !NIGHT.into_iter().any(at) {
        gaps.push(Gap::Night);
    }
    let missed = shifts.iter().filter(|shift| {
        let before = (**shift + 23) % 24;
        !(at(before) && at(**shift))
    });
    gaps.extend(missed.map(|shift| Gap::Shift(*shift)));
    if !restarted(watched, heard) {
        gaps.push(Gap::Restart);
    }
    gaps
}

/// The latest hours of a set, the last first.
fn latest(hours: &Hours) -> impl Iterator<Item = u32> {
    let runs = hours.runs().iter().rev();
    let hours = runs.flat_map(|run| (run.start..run.start + run.length).rev());
    hours.take(LOOKED_AT)
}

/// Whether there is a watched hour of silence between two hours in which it was heard of.
fn restarted(watched: &Hours, heard: &Hours) -> bool {
    heard.runs().array_windows::<2>().any(|[before, after]| {
        let mut silence = before.start + before.length..after.start;
        silence.any(|hour| watched.contains(hour))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIFTS: [i8; 3] = [7, 15, 23];

    /// Monday 2026-11-30, 0:00 in Berlin (23:00 UTC of the day before).
    const MONDAY: u32 = 1_795_996_800 / 3600 - 1;

    fn hours(all: impl IntoIterator<Item = u32>) -> Hours {
        let mut hours = Hours::default();
        for hour in all {
            hours.mark(MONDAY + hour);
        }
        hours
    }

    fn found(watched: &Hours, heard: &Hours) -> Vec<Gap> {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        gaps(watched, heard, &zone, &SHIFTS)
    }

    #[test]
    fn a_week_with_a_silent_hour_lacks_nothing() {
        let watched = hours(0..168);
        assert_eq!(found(&watched, &hours((0..40).chain(42..168))), []);
    }

    #[test]
    fn what_was_not_watched_is_missing() {
        let days =
            |range: std::ops::Range<u32>| hours(range.flat_map(|day| 24 * day..24 * day + 24));
        let restart = |watched: &Hours| found(watched, &hours([0, 2]));
        assert_eq!(restart(&days(0..5)), [Gap::Days(5), Gap::Weekend]);
        assert_eq!(
            restart(&days(5..7)),
            [Gap::Days(2), Gap::Weekday, Gap::Restart]
        );
        let office = hours((0..7).flat_map(|day| 24 * day + 9..24 * day + 17));
        assert_eq!(
            found(&office, &office),
            [Gap::Night, Gap::Shift(7), Gap::Shift(23), Gap::Restart]
        );
        assert_eq!(
            found(&hours([]), &hours([])),
            [
                Gap::Days(0),
                Gap::Weekday,
                Gap::Weekend,
                Gap::Night,
                Gap::Shift(7),
                Gap::Shift(15),
                Gap::Shift(23),
                Gap::Restart
            ]
        );
    }

    #[test]
    fn silence_counts_only_where_somebody_listened() {
        let heard = hours([0, 1, 5, 6]);
        assert!(found(&hours(0..168), &heard).is_empty());
        let deaf = hours((0..2).chain(5..168));
        assert_eq!(found(&deaf, &heard), [Gap::Restart]);
        // Before it was heard of first, and after it was last, is no silence in between.
        assert_eq!(found(&hours(0..168), &hours(10..20)), [Gap::Restart]);
    }
}
