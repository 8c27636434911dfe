//! Times of rules, and moments around which they begin and end.

use jiff::{
    Timestamp,
    civil::Date,
    tz::{TimeZone, TimeZoneDatabase},
};
use xiot_agent::model::times::{Interval, Times, Window, stretches};

use super::dice::Dice;
use crate::compare::START;

/// Where the local time of policies is. Clocks are set by half an hour, too.
const ZONES: [&str; 4] = [
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "UTC",
];

/// What the wall clock shows now and then: at first, the ends of weeks, and when Europe's and Lord Howe's clocks are set.
const MOMENTS: [u32; 7] = [
    START,
    START,
    1_790_546_400,
    1_774_746_000,
    1_792_890_000,
    1_775_314_800,
    60,
];

/// Minutes of the day; 14:00 is that of the first moment in Berlin.
const MINUTES: [u16; 13] = [
    0, 60, 90, 120, 150, 180, 360, 480, 839, 840, 841, 1080, 1320,
];

/// A time zone, or none.
pub(super) fn zone(dice: &mut Dice) -> Option<TimeZone> {
    let name = dice.pick(&[ZONES[0], ZONES[0], ZONES[1], ZONES[2], ZONES[3], ""]);
    TimeZoneDatabase::bundled().get(name).ok()
}

/// Days that count as Sundays, around the moments.
pub(super) fn holidays(dice: &mut Dice) -> Vec<Date> {
    let count = dice.pick(&[0, 0, 1, 2, 4, 6]);
    let days = (0..count).map(|_| {
        let near = dice.pick(&[-86_400, 0, 0, 86_400]);
        let second = moment(dice).saturating_add_signed(near);
        let at = Timestamp::from_second(second.into()).unwrap_or(Timestamp::UNIX_EPOCH);
        TimeZone::UTC.to_datetime(at).date()
    });
    let mut days: Vec<Date> = days.collect();
    days.sort_unstable();
    days.dedup();
    days
}

/// Times of a rule: an end, windows, both, or neither.
pub(super) fn times(dice: &mut Dice) -> Times {
    let expires = dice.percent(40).then(|| moment(dice)).filter(|&it| it > 0);
    let mut windows = Vec::new();
    if dice.percent(70) {
        for _ in 0..dice.pick(&[1, 1, 2, 3]) {
            let window = Window {
                days: dice.pick(&[0x7f, 0x7f, 0x1f, 1 << 2, 1 << 6, 1, 0x60, 0x55]),
                from: dice.pick(&MINUTES),
                to: dice.pick(&[0, 61, 120, 180, 480, 840, 841, 1080, 1440]),
            };
            windows.push(window);
            // As the policy language has it: none overlap, and the whole week is no window.
            if stretches(&windows).is_ok_and(|found| found.is_empty() || found.len() > 14)
                || stretches(&windows).is_err()
            {
                windows.pop();
            }
        }
    }
    Times {
        expires,
        windows,
        intervals: intervals(dice),
    }
}

/// Windows that have dates, in order and apart; mostly none.
fn intervals(dice: &mut Dice) -> Vec<Interval> {
    let mut apart: Vec<Interval> = Vec::new();
    if dice.percent(30) {
        let count = dice.pick(&[1, 1, 2, 3]);
        let mut begins: Vec<u32> = (0..count).map(|_| moment(dice)).collect();
        begins.sort_unstable();
        for begins in begins {
            let length = dice.pick(&[1, 60, 61, 600, 3_600, 90_000]);
            let ends = begins.saturating_add(length);
            if apart.last().is_none_or(|last| last.ends < begins) {
                apart.push(Interval { begins, ends });
            }
        }
    }
    apart
}

/// A second near one of the moments.
pub(super) fn moment(dice: &mut Dice) -> u32 {
    let near = dice.pick(&[
        -86_400, -3_600, -60, -1, 0, 0, 1, 2, 30, 60, 600, 3_600, 86_400,
    ]);
    dice.pick(&MOMENTS).saturating_add_signed(near)
}
