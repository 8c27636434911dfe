//! What local time is ahead of UTC, as windows of the week mean it: by the time zone, and by holidays.

use jiff::{
    Timestamp,
    civil::{Date, date},
    tz::TimeZone,
};
use xiot_common::schedule::{EPOCH_OF_WEEK, ZoneChange};

/// Seconds of a day.
const DAY: i64 = 24 * 3600;
/// Second after the last that a change can have.
const END: i64 = 1 << 32;

/// What the zone adds to UTC, from 1970 on as far as seconds go, and on holidays as many days more as make them Sundays. `holidays`
/// ascend.
pub(super) fn changes(zone: &TimeZone, holidays: &[Date]) -> Vec<ZoneChange> {
    let offsets = offsets(zone);
    let ends = offsets.iter().skip(1).map(|&(start, _)| start);
    let ends: Vec<i64> = ends.chain([END]).collect();
    let mut shifts = Shifts::default();
    for (&(start, offset), end) in offsets.iter().zip(ends) {
        let midnight = |day: Date| seconds(day) - i64::from(offset);
        shifts.push(start, offset, 0);
        let first = holidays.partition_point(|&day| midnight(day) + DAY <= start);
        for &day in holidays.iter().skip(first) {
            let begin = midnight(day);
            if begin >= end {
                break;
            }
            shifts.push(begin.max(start), offset, days_to_sunday(day));
            if begin + DAY < end {
                shifts.push(begin + DAY, offset, 0);
            }
        }
    }
    shifts.changes
}

/// From which second on the zone has which offset.
fn offsets(zone: &TimeZone) -> Vec<(i64, i32)> {
    let first = (0, zone.to_offset(Timestamp::UNIX_EPOCH).seconds());
    let transitions = zone.following(Timestamp::UNIX_EPOCH);
    let transitions = transitions.map(|it| (it.timestamp().as_second(), it.offset().seconds()));
    let rest = transitions.take_while(|&(second, _)| second < END);
    std::iter::once(first).chain(rest).collect()
}

/// Seconds from the Unix epoch to the midnight that this day begins with, in a zone that is UTC.
fn seconds(day: Date) -> i64 {
    day.duration_since(date(1970, 1, 1)).as_secs()
}

fn days_to_sunday(day: Date) -> u32 {
    u32::from(6 - day.weekday().to_monday_zero_offset().unsigned_abs())
}

#[derive(Debug, Default)]
struct Shifts {
    changes: Vec<ZoneChange>,
}

impl Shifts {
    /// From this second on, which is not before the last one's.
    fn push(&mut self, second: i64, offset: i32, days: u32) {
        let Ok(at) = u32::try_from(second) else {
            return;
        };
        let shift = EPOCH_OF_WEEK.wrapping_add_signed(offset) + days * 24 * 3600;
        self.changes.pop_if(|last| last.at == at);
        if self.changes.last().is_none_or(|last| last.shift != shift) {
            self.changes.push(ZoneChange { at, shift });
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZoneDatabase;
    use xiot_common::schedule::CHANGE_STEPS;

    use super::*;
    use crate::model::times::MAX_HOLIDAYS;

    /// Days that are as far from Sundays and from each other as there are.
    fn scattered(count: usize) -> Vec<Date> {
        let days = (0..).map(|n| date(1971, 1, 5).checked_add(jiff::Span::new().weeks(n)));
        days.take(count).map(Result::unwrap).collect()
    }

    #[test]
    fn every_zone_has_room_for_as_many_holidays_as_a_policy_can_list() {
        let zones = TimeZoneDatabase::bundled();
        let holidays = scattered(MAX_HOLIDAYS);
        for name in zones.available() {
            let zone = zones.get(name.as_str()).unwrap();
            let found = changes(&zone, &holidays).len();
            let plain = changes(&zone, &[]).len();
            assert!(
                found > plain + 2 * MAX_HOLIDAYS - 8,
                "{name}: {plain}, {found}"
            );
            assert!(found < 1 << CHANGE_STEPS, "{name}: {plain}, {found}");
        }
    }

    #[test]
    fn holidays_side_by_side_and_on_sundays() {
        let shifts = |days: &[Date]| {
            let changes = changes(&TimeZone::UTC, days);
            let of = |it: &ZoneChange| (i64::from(it.at) / DAY, it.shift / (24 * 3600));
            changes.iter().map(of).collect::<Vec<_>>()
        };
        // 1970-01-02 was a Friday, 1970-01-04 a Sunday. A day of nothing more is a Thursday's, three days into the week.
        assert_eq!(shifts(&[date(1970, 1, 4)]), [(0, 3)]);
        assert_eq!(
            shifts(&[date(1970, 1, 2), date(1970, 1, 3)]),
            [(0, 3), (1, 5), (2, 4), (3, 3)]
        );
        assert_eq!(shifts(&[date(1970, 1, 1)]), [(0, 6), (1, 3)]);
        assert_eq!(shifts(&[date(1969, 12, 31)]), [(0, 3)]);
        // The last day that seconds reach is a Sunday.
        let last = [date(2106, 2, 6), date(2106, 2, 7), date(2106, 2, 8)];
        assert_eq!(shifts(&last), [(0, 3), (49_709, 4), (49_710, 3)]);
    }

    /// Minutes of the three days around this one in which it makes local time another.
    fn minutes(zone: &str, day: Date) -> usize {
        let zone = TimeZoneDatabase::bundled().get(zone).unwrap();
        let (with, without) = (changes(&zone, &[day]), changes(&zone, &[]));
        let shift = |changes: &[ZoneChange], at: i64| {
            let next = changes.partition_point(|it| i64::from(it.at) <= at);
            changes[next - 1].shift
        };
        let start = seconds(day) - DAY;
        let all = (0..3 * DAY / 60).map(|minute| start + minute * 60);
        all.filter(|&at| shift(&with, at) != shift(&without, at))
            .count()
    }

    #[test]
    fn a_day_is_as_long_as_its_clock_makes_it() {
        assert_eq!(minutes("Europe/Berlin", date(2027, 3, 29)), 24 * 60);
        assert_eq!(minutes("Europe/Berlin", date(2027, 3, 28)), 0);
        // Cairo's clocks are set at midnight: this Friday has no first hour, and this Thursday its last one twice.
        assert_eq!(minutes("Africa/Cairo", date(2027, 4, 30)), 23 * 60);
        assert_eq!(minutes("Africa/Cairo", date(2027, 10, 28)), 25 * 60);
    }
}
