//! Holidays, and windows that have dates (docs/judgement.md section 10).

use jiff::civil::Date;
use xiot_agent::model::{
    policy::Policy,
    times::{Interval, Times, Window},
};
use xiot_common::reason::Reason::AllowedFlow;
use xiot_tests::frame::frame;
use xiot_tests::ward::{self, PUMP, ROUTER};

use crate::{
    case::{Case, Event, case, device},
    flows::{goes_on, log, opened},
    schedule::{clock, in_zone, on, refused, revoked, second, timed, window},
};

const TUESDAY: u8 = 1 << 1;
const WEDNESDAY: u8 = 1 << 2;
const SATURDAY: u8 = 1 << 5;
const SUNDAY: u8 = 1 << 6;
const WORK: u8 = 0x1f;

fn with(policy: Policy, holidays: &[&str]) -> Policy {
    let days = holidays.iter().map(|day| day.parse().expect("a day"));
    let holidays: Vec<Date> = days.collect();
    Policy { holidays, ..policy }
}

/// A whole Sunday.
fn sundays(holidays: &[&str]) -> Policy {
    with(window(SUNDAY, 0, 1440), holidays)
}

fn between(begins: &str, ends: &str) -> Interval {
    Interval {
        begins: second(begins),
        ends: second(ends),
    }
}

pub(crate) fn cases() -> Vec<Case> {
    [holidays(), nights(), years(), dated(), chained()].concat()
}

fn holidays() -> Vec<Case> {
    vec![
        case(
            "a holiday is a Sunday from midnight to midnight",
            [
                refused(&log()).after(clock("2026-09-22T21:59:59Z")),
                opened(&log(), 3).at(1),
                on(&log()).after(clock("2026-09-23T21:59:59Z")),
                revoked(&log()).at(2),
                refused(&log()).at(2),
            ],
        )
        .under(sundays(&["2026-09-23"])),
        case(
            "windows of its weekday do not hold on a holiday",
            [
                opened(&log(), 3).after(clock("2026-09-22T12:00:00Z")),
                revoked(&log()).after(clock("2026-09-23T12:00:00Z")),
                refused(&log()),
                opened(&log(), 3).after(clock("2026-09-24T12:00:00Z")),
            ],
        )
        .under(with(window(WORK, 480, 1080), &["2026-09-23"])),
        case(
            "a policy with another holiday judges again",
            [
                opened(&log(), 3),
                on(&log()).after(Event::Touch),
                revoked(&log()).after(Event::Swap),
                refused(&log()),
            ],
        )
        .under(window(WORK, 480, 1080))
        .then(with(window(WORK, 480, 1080), &["2026-09-23"])),
        case(
            "a holiday is the day that clocks make it",
            [
                refused(&log()).after(clock("2026-10-28T20:59:59Z")),
                opened(&log(), 3).at(1),
                on(&log()).after(clock("2026-10-29T20:59:59Z")),
                on(&log()).at(2),
                on(&log()).after(clock("2026-10-29T21:59:59Z")),
                revoked(&log()).at(3),
                refused(&log()).after(clock("2026-04-23T21:59:59Z")),
                opened(&log(), 3).at(4),
                on(&log()).after(clock("2026-04-24T20:59:59Z")),
                revoked(&log()).at(5),
            ],
        )
        .under(in_zone(
            sundays(&["2026-04-24", "2026-10-29"]),
            "Africa/Cairo",
        )),
    ]
}

fn nights() -> Vec<Case> {
    vec![
        case(
            "a night that reaches into a holiday ends with the day before",
            [
                opened(&log(), 3).after(clock("2026-09-22T20:00:00Z")),
                on(&log()).after(clock("2026-09-22T21:59:59Z")),
                revoked(&log()).at(1),
                refused(&log()).after(clock("2026-09-23T03:00:00Z")),
            ],
        )
        .under(with(window(TUESDAY, 1320, 360), &["2026-09-23"])),
        case(
            "a holiday begins as a Sunday does, with the end of Saturday's night",
            [
                refused(&log()).after(clock("2026-09-22T21:59:59Z")),
                opened(&log(), 3).at(1),
                on(&log()).after(clock("2026-09-23T03:59:59Z")),
                revoked(&log()).at(2),
            ],
        )
        .under(with(window(SATURDAY, 1320, 360), &["2026-09-23"])),
        case(
            "a night that begins on a holiday ends with it",
            [
                refused(&log()).after(clock("2026-09-23T19:59:59Z")),
                opened(&log(), 3).at(1),
                on(&log()).after(clock("2026-09-23T21:59:59Z")),
                revoked(&log()).at(2),
                // What the night after a Wednesday reaches into is a Thursday as ever.
                refused(&log()).after(clock("2026-09-24T03:00:00Z")),
            ],
        )
        .under(with(window(SUNDAY, 1320, 360), &["2026-09-23"])),
        case(
            "a night of every day goes on through a holiday",
            [
                opened(&log(), 3).after(clock("2026-09-22T20:00:00Z")),
                on(&log()).after(clock("2026-09-22T21:59:59Z")),
                on(&log()).at(1),
                on(&log()).after(clock("2026-09-23T03:59:59Z")),
                revoked(&log()).at(2),
            ],
        )
        .under(with(window(0x7f, 1320, 360), &["2026-09-23"])),
    ]
}

fn years() -> Vec<Case> {
    vec![
        case(
            "holidays side by side and beside a weekend are Sundays all",
            [
                refused(&log()).after(clock("2026-12-24T22:59:59Z")),
                opened(&log(), 3).at(1),
                on(&log()).after(clock("2026-12-25T22:59:59Z")),
                on(&log()).at(2),
                on(&log()).after(clock("2026-12-26T22:59:59Z")),
                on(&log()).at(3),
                on(&log()).after(clock("2026-12-27T22:59:59Z")),
                revoked(&log()).at(4),
            ],
        )
        .under(sundays(&["2026-12-25", "2026-12-26", "2026-12-27"])),
        case(
            "the last day of a year and the first of the next",
            [
                refused(&log()).after(clock("2026-12-30T22:59:59Z")),
                opened(&log(), 3).at(1),
                on(&log()).after(clock("2026-12-31T22:59:59Z")),
                on(&log()).at(2),
                on(&log()).after(clock("2027-01-01T22:59:59Z")),
                revoked(&log()).at(3),
            ],
        )
        .under(sundays(&["2026-12-31", "2027-01-01"])),
    ]
}

fn dated() -> Vec<Case> {
    let ten = || between("2026-09-23T12:00:10Z", "2026-09-23T12:00:20Z");
    let night = || Times {
        intervals: vec![ten()],
        ..Times::default()
    };
    vec![
        case(
            "a window with dates begins and ends with its second",
            [
                refused(&log()).at(9),
                opened(&log(), 3).at(10),
                on(&log()).at(19),
                revoked(&log()).at(20),
                refused(&log()).at(20),
            ],
        )
        .under(timed(night())),
        case(
            "a clock that is set back to before it begins closes it",
            [
                opened(&log(), 3).at(10),
                revoked(&log()).after(clock("2026-09-23T12:00:09Z")),
            ],
        )
        .under(timed(night())),
        case(
            "the end of the rule is the end of its windows",
            [
                opened(&log(), 3).at(10),
                on(&log()).at(14),
                revoked(&log()).at(15),
            ],
        )
        .under(timed(Times {
            expires: Some(second("2026-09-23T12:00:15Z")),
            ..night()
        })),
        case(
            "windows with dates reach over the last second that there is",
            [
                refused(&log()).after(clock("2106-02-07T06:28:03Z")),
                opened(&log(), 3).at(1),
                on(&log()).after(clock("2106-02-07T06:28:13Z")),
            ],
        )
        .under(timed(Times {
            intervals: vec![between("2106-02-07T06:28:04Z", "2106-02-07T06:28:15Z")],
            ..Times::default()
        })),
        case(
            "windows of both kinds each have their span",
            [
                opened(&log(), 3).after(clock("2026-09-23T15:59:00Z")),
                on(&log()).after(clock("2026-09-23T16:00:00Z")),
                on(&log()).after(clock("2026-09-23T16:29:59Z")),
                revoked(&log()).at(1),
                opened(&log(), 3).after(clock("2026-10-01T12:00:00Z")),
                revoked(&log()).after(clock("2026-10-01T12:00:01Z")),
            ],
        )
        .under(timed(Times {
            windows: vec![Window {
                days: WEDNESDAY,
                from: 480,
                to: 1080,
            }],
            intervals: vec![
                between("2026-09-23T15:30:00Z", "2026-09-23T16:30:00Z"),
                between("2026-10-01T12:00:00Z", "2026-10-01T12:00:01Z"),
            ],
            ..Times::default()
        })),
    ]
}

fn chained() -> Vec<Case> {
    let seventh = || {
        frame(PUMP, ROUTER)
            .ip("10.0.0.11", "10.0.4.7")
            .udp(50000, 514)
    };
    let goes_on = |rule| goes_on(device(&seventh(), AllowedFlow), rule);
    let mut policy = timed(Times {
        intervals: vec![
            between("2026-09-23T12:00:10Z", "2026-09-23T12:00:15Z"),
            between("2026-09-23T12:00:20Z", "2026-09-23T12:00:25Z"),
        ],
        ..Times::default()
    });
    policy.profiles[0].rules[8].times.intervals =
        vec![between("2026-09-23T12:00:12Z", "2026-09-23T12:00:22Z")];
    assert_eq!(ward::policy().profiles[0].rules[8].id, 9);
    vec![
        case(
            "rules with several windows are asked in the order of the file",
            [
                opened(&seventh(), 3).at(10),
                goes_on(3).at(14),
                // Its own window is over: the next rule takes it, and keeps it for its time.
                goes_on(9).at(15),
                goes_on(9).at(21),
                goes_on(3).at(22),
                revoked(&seventh()).at(25),
                refused(&seventh()).at(25),
            ],
        )
        .under(policy),
    ]
}
