//! What makes a device or a rule the same one in another revision of the policy: names and content, never a place.

use std::ops::Range;

use ipnetwork::IpNetwork;
use jiff::{
    civil::{Date, date},
    tz::TimeZone,
};

use crate::model::{
    policy::{Clause, IcmpType, Initiator, Profile, Rule},
    times::Times,
};

use super::{address::Address as _, fingerprint::Fingerprint};

/// Salt of the keys of devices and profiles.
const NAME: u64 = 0x4e41_4d45;

/// Begins a DNS name of a rule.
const DNS_NAME: u64 = 0x444e_5321;

/// Begins the times of a rule.
const TIMES: u64 = 0x5449_4d45;

/// Salt of holidays.
const HOLIDAYS: u64 = 0x484f_4c49;

/// Stands before a window that has dates, where others have their days.
const DATES: u64 = 0x4441_5445;

/// Of a name.
pub(super) fn name(name: &str) -> Fingerprint {
    text(Fingerprint::new(NAME), name)
}

fn text(hash: Fingerprint, text: &str) -> Fingerprint {
    let start = hash.add(0, text.len() as u64);
    text.as_bytes().chunks(16).fold(start, |hash, chunk| {
        let mut bytes = [0; 16];
        bytes[..chunk.len()].copy_from_slice(chunk);
        let (high, low) = u128::from_be_bytes(bytes).halves();
        hash.add(high, low)
    })
}

/// Of a time zone: its name and what it adds to UTC.
pub(super) fn zone(zone: Option<&TimeZone>) -> Fingerprint {
    let zone = zone.unwrap_or(const { &TimeZone::UTC });
    super::zone::changes(zone, &[])
        .iter()
        .fold(name(zone.iana_name().unwrap_or("")), |hash, change| {
            hash.add(change.at.into(), change.shift.into())
        })
}

/// Of the days that count as Sundays; they make no rule another one, but judge its windows.
/// None for none.
pub(super) fn holidays(days: &[Date]) -> Option<Fingerprint> {
    let start = Fingerprint::new(HOLIDAYS).add(days.len() as u64, 0);
    let hash = days.iter().fold(start, |hash, day| {
        let number = day.duration_since(date(1970, 1, 1)).as_hours();
        hash.add(number.cast_unsigned(), 0)
    });
    (!days.is_empty()).then_some(hash)
}

/// Of every rule of the profile, in file order, where local time is that of this zone.
pub(super) fn rules(profile: &Profile, zone: Fingerprint) -> impl Iterator<Item = Fingerprint> {
    rules_of(profile, 0..profile.rules.len(), zone)
}

/// Of the rules at these places of the profile.
pub(super) fn rules_of(
    profile: &Profile,
    places: Range<usize>,
    zone: Fingerprint,
) -> impl Iterator<Item = Fingerprint> {
    let start = name(&profile.name);
    let rules = profile.rules.range(places);
    rules.map(move |content| times(rule(start, content), &content.times, zone))
}

/// Of what the rule allows. What people say about it (label, note, owner, line) is no part of it.
fn rule(profile: Fingerprint, rule: &Rule) -> Fingerprint {
    let initiator = match rule.initiator {
        Initiator::Device => 0,
        Initiator::Peer => 1,
    };
    let counts = (rule.peers.len() as u64) << 32 | rule.clauses.len() as u64;
    let hash = rule
        .peers
        .iter()
        .fold(profile.add(initiator, counts), |hash, &peer| {
            network(hash, peer)
        });
    let hash = rule.names.iter().fold(hash, |hash, peer| {
        text(hash.add(DNS_NAME, 0), peer.as_str())
    });
    rule.clauses.iter().fold(hash, clause)
}

/// With the times of the rule, where it has some.
fn times(rule: Fingerprint, times: &Times, zone: Fingerprint) -> Fingerprint {
    if times.is_always() {
        return rule;
    }
    let counts = (times.windows.len() as u64) << 32 | u64::from(times.expires.unwrap_or(0));
    let mut hash = rule.add(TIMES, counts);
    if !times.windows.is_empty() {
        hash = hash.add(zone.get(), 0);
    }
    for window in &times.windows {
        let hours = u64::from(window.from) << 32 | u64::from(window.to);
        hash = hash.add(window.days.into(), hours);
    }
    for interval in &times.intervals {
        hash = hash.add(
            DATES,
            u64::from(interval.begins) << 32 | u64::from(interval.ends),
        );
    }
    hash
}

fn network(hash: Fingerprint, network: IpNetwork) -> Fingerprint {
    let prefix = u64::from(network.prefix());
    match network {
        IpNetwork::V4(v4) => hash.add(4 << 8 | prefix, v4.ip().to_bits().into()),
        IpNetwork::V6(v6) => {
            let (high, low) = v6.ip().to_bits().halves();
            hash.add(6 << 8 | prefix, high).add(low, 0)
        }
    }
}

fn clause(hash: Fingerprint, clause: &Clause) -> Fingerprint {
    let list = |kind, length: usize| hash.add(kind, length as u64);
    let range = |hash: Fingerprint, range: &std::ops::RangeInclusive<u16>| {
        hash.add((*range.start()).into(), (*range.end()).into())
    };
    let icmp = |hash: Fingerprint, icmp: &IcmpType| {
        hash.add(icmp.kind.into(), icmp.code.map_or(u64::MAX, u64::from))
    };
    match clause {
        Clause::Any => list(0, 0),
        Clause::Tcp(ports) => ports.iter().fold(list(1, ports.len()), range),
        Clause::Udp(ports) => ports.iter().fold(list(2, ports.len()), range),
        Clause::Icmp(types) => types.iter().fold(list(3, types.len()), icmp),
        Clause::Icmpv6(types) => types.iter().fold(list(4, types.len()), icmp),
        Clause::Protocol(protocol) => list(5, (*protocol).into()),
    }
}
