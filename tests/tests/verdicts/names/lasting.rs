//! How long an address has a name, and which goes where there are too many.

use std::net::IpAddr;

use xiot_common::reason::Reason::{AllowedRule, NoPeer};
use xiot_tests::{
    frame::{
        Frame,
        dns::{ASKED, address, answer, header, question},
        flag::SYN,
        frame,
    },
    ward::{PUMP, ROUTER},
};

use super::{CLOUD, OWN, THERE, asks, ip, misses, named, reaches, says, tells};
use crate::case::{Case, device};

const DAY: u32 = 86_400;

pub(super) fn cases() -> Vec<Case> {
    [lasting(), replaced()].concat()
}

fn syn_again(port: u16) -> Frame {
    frame(PUMP, ROUTER).ip(OWN, THERE).tcp(port, 443, SYN)
}

fn lasting() -> Vec<Case> {
    let told = |ttl| {
        let record = address(&ASKED, ttl, ip(THERE));
        says(5353, &[header(1, 1), question(CLOUD), record].concat())
    };
    let later = |port, second, reason| device(&syn_again(port), reason).of_device(1).at(second);
    vec![
        named(
            "an address has its name for a day, however short the TTL",
            [
                asks(5353),
                told(0),
                later(40_001, DAY - 2, AllowedRule).by_rule(11),
            ],
        ),
        named(
            "and no longer",
            [asks(5353), told(0), later(40_001, DAY + 2, NoPeer)],
        ),
        named(
            "a TTL is no more than a week",
            [
                asks(5353),
                told(u32::MAX >> 1),
                later(40_001, 7 * DAY + 2, NoPeer),
            ],
        ),
        named(
            "one with the highest bit is none",
            [asks(5353), told(u32::MAX), later(40_001, DAY + 2, NoPeer)],
        ),
        named(
            "each conversation begins its time anew",
            [
                asks(5353),
                told(2 * DAY),
                later(40_001, 2 * DAY - 2, AllowedRule).by_rule(11),
                later(40_002, 4 * DAY - 6, AllowedRule).by_rule(11),
                later(40_003, 6 * DAY, NoPeer),
            ],
        ),
    ]
}

/// 198.51.100.`last`.
fn elsewhere(last: u8) -> IpAddr {
    [198, 51, 100, last].into()
}

fn replaced() -> Vec<Case> {
    let others: Vec<IpAddr> = (1..=31).map(elsewhere).collect();
    let (some, more) = others.split_at(16);
    let full = |one_more: &[IpAddr]| {
        vec![
            asks(5353),
            tells(5353, CLOUD),
            says(5353, &answer(CLOUD, some)).at(1),
            says(5353, &answer(CLOUD, more)).at(1),
            says(5353, &answer(CLOUD, one_more)).at(2),
        ]
    };
    let mut kept = full(&[ip(THERE)]);
    kept.push(reaches(THERE).at(2));
    let mut gone = full(&[elsewhere(99)]);
    gone.push(misses(THERE, 443, NoPeer).at(2));
    gone.push(reaches("198.51.100.99").at(2));
    gone.push(reaches("198.51.100.1").at(2));
    vec![
        named("a device has thirty-two addresses with names", kept),
        named("beyond these the one that ends first goes", gone),
    ]
}
