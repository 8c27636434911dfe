//! Rules that are not always in force (docs/judgement.md section 10).

use jiff::{Timestamp, tz::TimeZoneDatabase};
use xiot_agent::model::{
    policy::Policy,
    times::{Times, Window},
};
use xiot_common::reason::Reason::{
    AllowedFlow, AllowedGrace, AllowedRelated, AllowedRule, IcmpErrorUnrelated, NoPort, Revoked,
    RuleNotInForce, WrongDirection,
};
use xiot_tests::{
    frame::{Frame, flag::*, frame},
    ward::{self, PUMP, ROUTER, WATCHED},
};

use crate::{
    case::{Case, Event, Step, case, device, uplink},
    errors::{quote, to_pump},
    flows::{call, goes_on, log, opened},
};

const DAILY: u8 = 0x7f;
const SUNDAY: u8 = 1 << 6;

pub(crate) fn second(text: &str) -> u32 {
    let moment: Timestamp = text.parse().expect("a moment");
    u32::try_from(moment.as_second()).expect("from 1970 to 2106")
}

/// The wall clock is set.
pub(crate) fn clock(text: &str) -> Event {
    Event::Clock(second(text))
}

/// The rule for the log server has these times, in Berlin.
pub(crate) fn timed(times: Times) -> Policy {
    let mut policy = ward::policy();
    policy.profiles[0].rules[2].times = times;
    in_zone(policy, "Europe/Berlin")
}

pub(crate) fn in_zone(policy: Policy, zone: &str) -> Policy {
    Policy {
        time_zone: Some(TimeZoneDatabase::bundled().get(zone).expect("a zone")),
        ..policy
    }
}

fn until(text: &str) -> Policy {
    timed(Times {
        expires: Some(second(text)),
        ..Times::default()
    })
}

pub(crate) fn window(days: u8, from: u16, to: u16) -> Policy {
    timed(Times {
        windows: vec![Window { days, from, to }],
        ..Times::default()
    })
}

pub(crate) fn refused(frame: &Frame) -> Step {
    device(frame, RuleNotInForce).of_device(1)
}

pub(crate) fn revoked(frame: &Frame) -> Step {
    device(frame, Revoked).of_device(1)
}

pub(crate) fn on(frame: &Frame) -> Step {
    goes_on(device(frame, AllowedFlow), 3)
}

pub(crate) fn cases() -> Vec<Case> {
    [
        ends(),
        windows(),
        daylight_saving(),
        clocks(),
        rules(),
        consequences(),
    ]
    .concat()
}

fn ends() -> Vec<Case> {
    let noon = || until("2026-09-23T12:00:10Z");
    let mut calls = ward::policy();
    calls.profiles[0].rules[0].times.expires = Some(second("2026-09-23T12:00:10Z"));
    vec![
        case(
            "a rule ends with its second, and with it what it allowed",
            [
                opened(&log(), 3),
                on(&log()).at(9),
                goes_on(uplink(&log().reply(), AllowedFlow), 3).at(9),
                revoked(&log()).at(10),
                refused(&log()).at(10),
                uplink(&log().reply(), WrongDirection).of_device(1).at(10),
            ],
        )
        .under(noon()),
        case(
            "what an ended rule allowed is cut from the other side as well",
            [
                opened(&log(), 3),
                goes_on(uplink(&log().reply(), AllowedFlow), 3).at(9),
                uplink(&log().reply(), Revoked).of_device(1).at(10),
                refused(&log()).at(10),
            ],
        )
        .under(noon()),
        case(
            "a TCP session ends with its rule",
            [
                opened(&call(), 1),
                goes_on(uplink(&call().reply().flags(SYN | ACK), AllowedFlow), 1),
                goes_on(device(&call().flags(ACK), AllowedFlow), 1).at(9),
                revoked(&call().flags(ACK)).at(10),
                refused(&call()).at(10),
            ],
        )
        .under(calls),
        case(
            "rules whose end is far away, or long ago",
            [
                opened(&log(), 3).after(clock("1970-01-01T00:00:01Z")),
                on(&log()).after(clock("2106-02-07T06:28:13Z")),
                revoked(&log()).after(clock("2106-02-07T06:28:14Z")),
            ],
        )
        .under(until("2106-02-07T06:28:14Z")),
    ]
}

fn windows() -> Vec<Case> {
    vec![
        case(
            "a window begins and ends with its minute in local time",
            [
                refused(&log()).after(clock("2026-09-23T05:59:59Z")),
                opened(&log(), 3).at(1),
                on(&log()).after(clock("2026-09-23T15:59:59Z")),
                revoked(&log()).at(2),
                refused(&log()).at(2),
            ],
        )
        .under(window(1 << 2, 480, 1080)),
        case(
            "a window is on its days only",
            [
                refused(&log()).after(clock("2026-09-22T12:00:00Z")),
                opened(&log(), 3).after(clock("2026-09-23T12:00:00Z")),
                revoked(&log()).after(clock("2026-09-24T12:00:00Z")),
            ],
        )
        .under(window(1 << 2, 480, 1080)),
        case(
            "a window goes on over midnight and the end of the week",
            [
                refused(&log()).after(clock("2026-09-27T19:59:59Z")),
                opened(&log(), 3).at(1),
                on(&log()).after(clock("2026-09-27T22:00:00Z")),
                on(&log()).after(clock("2026-09-28T03:59:59Z")),
                revoked(&log()).at(2),
                refused(&log()).after(clock("2026-09-28T20:00:00Z")),
            ],
        )
        .under(window(SUNDAY, 1320, 360)),
        case(
            "windows that touch are one",
            [
                opened(&log(), 3).after(clock("2026-09-23T21:59:59Z")),
                on(&log()).at(1),
            ],
        )
        .under(window(0x1f, 0, 1440)),
        case(
            "a rule with end and windows needs both",
            [
                opened(&log(), 3),
                on(&log()).after(clock("2026-09-30T06:59:59Z")),
                revoked(&log()).at(1),
                refused(&log()).after(clock("2026-09-30T12:00:00Z")),
            ],
        )
        .under(timed(Times {
            expires: Some(second("2026-09-30T07:00:00Z")),
            windows: vec![Window {
                days: DAILY,
                from: 480,
                to: 1080,
            }],
            ..Times::default()
        })),
    ]
}

fn daylight_saving() -> Vec<Case> {
    vec![
        case(
            "an hour that is skipped never comes",
            [
                refused(&log()).after(clock("2026-03-29T00:59:59Z")),
                refused(&log()).at(1),
                opened(&log(), 3).after(clock("2026-03-28T01:00:00Z")),
            ],
        )
        .under(window(DAILY, 120, 180)),
        case(
            "a window around a skipped hour is an hour shorter",
            [
                opened(&log(), 3).after(clock("2026-03-29T00:59:59Z")),
                on(&log()).at(1),
                on(&log()).after(clock("2026-03-29T01:59:59Z")),
                revoked(&log()).at(2),
            ],
        )
        .under(window(DAILY, 60, 240)),
        case(
            "an hour that is repeated comes twice",
            [
                opened(&log(), 3).after(clock("2026-10-25T00:30:00Z")),
                on(&log()).after(clock("2026-10-25T00:59:59Z")),
                revoked(&log()).at(1),
                refused(&log()).after(clock("2026-10-25T01:29:59Z")),
                opened(&log(), 3).at(2),
                on(&log()).after(clock("2026-10-25T01:59:59Z")),
                revoked(&log()).at(3),
            ],
        )
        .under(window(DAILY, 150, 180)),
        case(
            "offsets need not be whole hours",
            [
                refused(&log()).after(clock("2026-04-04T14:29:59Z")),
                opened(&log(), 3).at(1),
                on(&log()).after(clock("2026-04-04T14:59:59Z")),
                on(&log()).at(2),
                revoked(&log()).after(clock("2026-04-04T15:30:00Z")),
            ],
        )
        .under(in_zone(window(DAILY, 90, 120), "Australia/Lord_Howe")),
    ]
}

fn clocks() -> Vec<Case> {
    vec![
        case(
            "the next frame sees a clock that is set forward or back",
            [
                opened(&log(), 3),
                revoked(&log()).after(clock("2026-10-01T00:00:00Z")),
                opened(&log(), 3).after(clock("2026-09-23T12:00:00Z")),
                on(&log()).after(clock("1971-01-01T00:00:00Z")),
            ],
        )
        .under(until("2026-09-23T13:00:00Z")),
        case(
            "a clock that is set back to before a window closes it",
            [
                opened(&log(), 3),
                revoked(&log()).after(clock("2026-09-23T05:59:59Z")),
            ],
        )
        .under(window(DAILY, 480, 1080)),
        case(
            "the same hours of another day are another window",
            [
                opened(&log(), 3),
                on(&log()).after(clock("2026-09-24T12:00:00Z")),
                on(&log()).after(clock("2026-09-22T12:00:00Z")),
            ],
        )
        .under(window(DAILY, 480, 1080)),
    ]
}

fn rules() -> Vec<Case> {
    let noon = || until("2026-09-23T12:00:10Z");
    let seventh = || {
        frame(PUMP, ROUTER)
            .ip("10.0.0.11", "10.0.4.7")
            .udp(50000, 514)
    };
    let mut always_first = noon();
    always_first.profiles[0].rules.swap(2, 8);
    for (rule, id) in always_first.profiles[0].rules.iter_mut().zip(1..) {
        rule.id = id;
    }
    vec![
        case(
            "a conversation goes on under the next rule that allows it",
            [
                opened(&seventh(), 3),
                goes_on(device(&seventh(), AllowedFlow), 3).at(9),
                goes_on(device(&seventh(), AllowedFlow), 9).at(10),
                goes_on(uplink(&seventh().reply(), AllowedFlow), 9)
                    .after(clock("2026-09-23T12:00:00Z")),
            ],
        )
        .under(noon()),
        case(
            "a rule that is always in force and comes first is the rule",
            [
                opened(&seventh(), 3),
                goes_on(device(&seventh(), AllowedFlow), 3).at(10),
            ],
        )
        .under(always_first),
        case(
            "where a rule is not in force the others are asked in the order of the file",
            [
                opened(&seventh(), 9).after(clock("2026-09-23T12:00:10Z")),
                refused(&log()).at(0),
                device(
                    &frame(PUMP, ROUTER)
                        .ip("10.0.0.11", "10.0.4.1")
                        .udp(50000, 515),
                    NoPort,
                )
                .of_device(1),
            ],
        )
        .under(noon()),
    ]
}

fn consequences() -> Vec<Case> {
    let noon = || until("2026-09-23T12:00:10Z");
    let watched = || {
        frame(WATCHED, ROUTER)
            .ip("10.0.0.12", "10.0.4.1")
            .udp(1, 514)
    };
    let would_drop = |step: Step| step.of_device(2).forwarded();
    let error = || to_pump(3, 3, &quote(&log(), 20));
    vec![
        case(
            "what only the mode lets through stays a would-drop, whatever comes into force",
            [
                device(&watched(), AllowedRule).by_rule(3).of_device(2),
                would_drop(device(&watched(), RuleNotInForce))
                    .by_flow()
                    .at(10),
                would_drop(device(&watched(), RuleNotInForce))
                    .by_flow()
                    .after(clock("2026-09-23T12:00:00Z")),
                would_drop(uplink(&watched().reply(), RuleNotInForce)).by_flow(),
            ],
        )
        .under(noon()),
        case(
            "a conversation that begins as a would-drop is one, too",
            [
                would_drop(device(&watched(), RuleNotInForce)).after(clock("2026-09-23T13:00:00Z")),
                would_drop(device(&watched(), RuleNotInForce)).by_flow(),
            ],
        )
        .under(noon()),
        case(
            "an ICMP error is about a conversation as long as its rule is in force",
            [
                opened(&log(), 3),
                uplink(&error(), AllowedRelated)
                    .by_rule(3)
                    .of_device(1)
                    .at(9),
                uplink(&error(), IcmpErrorUnrelated).of_device(1).at(10),
            ],
        )
        .under(noon()),
        case(
            "what a rule of another time would have picked up is not remembered as denied",
            [
                refused(&log()).after(clock("2026-09-23T13:00:00Z")),
                uplink(&log().reply(), WrongDirection)
                    .of_device(1)
                    .after(Event::Grace(60)),
                uplink(&log().reply(), AllowedGrace)
                    .by_rule(3)
                    .of_device(1)
                    .after(clock("2026-09-23T12:00:00Z")),
            ],
        )
        .under(noon()),
        case(
            "another time zone judges again",
            [
                opened(&log(), 3).after(clock("2026-09-23T15:59:00Z")),
                on(&log()).after(Event::Touch),
                revoked(&log()).after(Event::Swap),
            ],
        )
        .under(window(DAILY, 480, 1080))
        .then(in_zone(window(DAILY, 480, 1080), "Asia/Tokyo")),
    ]
}
