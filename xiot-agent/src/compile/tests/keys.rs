//! What makes a rule the same one in another revision.

use std::collections::HashSet;

use jiff::tz::TimeZoneDatabase;

use super::build;
use crate::{
    compile::key::{name, rules, zone},
    model::{
        policy::{Clause, DnsName, Initiator, Rule},
        times::{Interval, Times, Window},
    },
};

fn key(profile: &str, change: impl FnOnce(&mut Rule)) -> u64 {
    let peers = ["10.0.0.0/8", "fd00::/64"].map(|peer| peer.parse().unwrap());
    let clauses = vec![Clause::Tcp(vec![80..=81]), Clause::Protocol(50)];
    let mut rule = build::rule(7, Initiator::Device, peers.into(), clauses);
    change(&mut rule);
    let profile = build::profile(profile, vec![rule]);
    let keys: Vec<_> = rules(&profile, zone(None)).collect();
    keys[0].get()
}

const fn window(days: u8) -> Window {
    Window {
        days,
        from: 60,
        to: 120,
    }
}

fn dated(begins: u32, ends: u32) -> Vec<Interval> {
    vec![Interval { begins, ends }]
}

#[test]
fn windows_are_others_in_another_time_zone_and_ends_are_not() {
    let keys = |times: Times| {
        let mut rule = build::rule(7, Initiator::Device, Vec::new(), Vec::new());
        rule.times = times;
        let profile = build::profile("pump", vec![rule]);
        let zones = ["UTC", "Europe/Berlin", "Europe/Vienna"];
        zones.map(|name| {
            let zone = zone(TimeZoneDatabase::bundled().get(name).ok().as_ref());
            rules(&profile, zone).next().unwrap().get()
        })
    };
    let [utc, berlin, vienna] = keys(Times {
        windows: vec![window(1)],
        ..Times::default()
    });
    assert!(utc != berlin && berlin != vienna);
    let [utc, berlin, _] = keys(Times {
        expires: Some(1),
        ..Times::default()
    });
    assert_eq!(utc, berlin);
}

#[test]
fn a_rule_is_the_same_wherever_it_stands_and_whatever_is_said_about_it() {
    let unchanged = key("pump", |_| ());
    let same: [fn(&mut Rule); 4] = [
        |rule| rule.id = 8,
        |rule| rule.label = "another".to_owned(),
        |rule| rule.note = Some("why".to_owned()),
        |rule| rule.at.line = 99,
    ];
    for change in same {
        assert_eq!(key("pump", change), unchanged);
    }
}

#[test]
fn a_rule_is_another_one_with_any_part_of_its_content() {
    let changes: [fn(&mut Rule); 20] = [
        |_| (),
        |rule| rule.times.expires = Some(1),
        |rule| rule.times.expires = Some(2),
        |rule| rule.times.windows = vec![window(1)],
        |rule| rule.times.windows = vec![window(2)],
        |rule| rule.times.intervals = dated(1, 3),
        |rule| rule.times.intervals = dated(2, 3),
        |rule| rule.initiator = Initiator::Peer,
        |rule| rule.peers.truncate(1),
        |rule| rule.peers.reverse(),
        |rule| rule.peers[0] = "10.0.0.0/9".parse().unwrap(),
        |rule| rule.peers[1] = "fd00::1:0:0:0:0/80".parse().unwrap(),
        |rule| rule.names = vec![dns("cloud.example")],
        |rule| rule.names = vec![dns("backup.example")],
        |rule| rule.names = vec![dns("cloud.example"), dns("backup.example")],
        |rule| rule.clauses[0] = Clause::Udp(vec![80..=81]),
        |rule| rule.clauses[0] = Clause::Tcp(vec![80..=80, 81..=81]),
        |rule| rule.clauses[1] = Clause::Protocol(51),
        |rule| rule.clauses.truncate(1),
        |rule| rule.clauses.push(Clause::Any),
    ];
    let mut seen: HashSet<_> = changes.map(|change| key("pump", change)).into();
    assert!(seen.insert(key("monitor", |_| ())));
    assert_eq!(seen.len(), 21);
}

fn dns(name: &str) -> DnsName {
    DnsName::parse(name).unwrap()
}

#[test]
fn names_differ_beyond_their_first_words() {
    let names = [
        "a-name-of-more-than-sixteen-letters",
        "a-name-of-more-than-sixteen-lett",
        "a-name-of-more-t",
        "",
        "a",
    ];
    let keys: HashSet<_> = names.map(|it| name(it).get()).into();
    assert_eq!(keys.len(), names.len());
}
