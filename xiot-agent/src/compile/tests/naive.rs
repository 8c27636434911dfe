//! What docs/judgement.md says, word by word, on the policy itself: linear scans, nothing shared with the compiler.

use std::net::IpAddr;

use ipnetwork::IpNetwork;
use jiff::{Timestamp, tz::TimeZone};
use xiot_common::reason::Reason;

use crate::{
    compile::read::{Opening, Ruling},
    model::{
        policy::{Clause, Device, DnsName, Initiator, Policy, Profile, Rule},
        times::Times,
    },
};

/// The device listed with this MAC and these VLANs, else the one with this MAC and no VLAN.
pub(super) fn device(policy: &Policy, mac: [u8; 6], vlans: (u16, u16)) -> Option<usize> {
    let find = |vlan| {
        policy
            .devices
            .iter()
            .position(|device| device.mac == mac && device.vlan == vlan)
    };
    find(Some(vlans)).or_else(|| find(None))
}

pub(super) fn is_bound(device: &Device, addr: IpAddr) -> bool {
    device.addresses.contains(&addr)
}

/// Whether the address is somebody else's for a MAC on a wire and VLANs (9.3).
pub(super) fn is_others(
    policy: &Policy,
    addr: IpAddr,
    mac: [u8; 6],
    wire: &str,
    vlans: (u16, u16),
) -> bool {
    let there = |device: &&Device| {
        device.wire.as_deref().is_none_or(|it| it == wire)
            && device.vlan.is_none_or(|it| it == vlans)
    };
    let mut owners = policy
        .devices
        .iter()
        .filter(there)
        .filter(|device| device.addresses.contains(&addr))
        .peekable();
    owners.peek().is_some() && owners.all(|device| device.mac != mac)
}

pub(in crate::compile) fn judge(
    policy: &Policy,
    profile: &Profile,
    frame: &Opening,
    at: u32,
) -> Ruling {
    let other = match frame.initiator {
        Initiator::Device => Initiator::Peer,
        Initiator::Peer => Initiator::Device,
    };
    let own_rules = rules(profile, frame.initiator, frame.peer);
    let other_rules = rules(profile, other, frame.peer);
    by_rules(policy, &own_rules, &other_rules, frame, at)
}

/// The same where the peer is asked about as this name.
pub(super) fn judge_named(
    policy: &Policy,
    profile: &Profile,
    frame: &Opening,
    name: &DnsName,
    at: u32,
) -> Ruling {
    let (own, other): (Vec<&Rule>, Vec<&Rule>) = profile
        .rules
        .iter()
        .filter(|rule| rule.names.contains(name))
        .partition(|rule| rule.initiator == frame.initiator);
    by_rules(policy, &own, &other, frame, at)
}

fn by_rules(
    policy: &Policy,
    own_rules: &[&Rule],
    other_rules: &[&Rule],
    frame: &Opening,
    at: u32,
) -> Ruling {
    for rule in own_rules {
        if matches(rule, frame, frame.port) && is_in_force(policy, rule, at) {
            return Ruling {
                reason: Reason::AllowedRule,
                rule: rule.id,
            };
        }
    }
    if own_rules
        .iter()
        .any(|rule| matches(rule, frame, frame.port))
    {
        return Ruling {
            reason: Reason::RuleNotInForce,
            rule: 0,
        };
    }
    let ports = frame.protocol == 6 || frame.protocol == 17;
    let reason = if other_rules.iter().any(|rule| {
        matches(rule, frame, frame.port) || (ports && matches(rule, frame, frame.source_port))
    }) {
        Reason::WrongDirection
    } else if own_rules.iter().any(|rule| has_protocol(rule, frame)) {
        Reason::NoPort
    } else if own_rules.is_empty() {
        Reason::NoPeer
    } else {
        Reason::NoProtocol
    };
    Ruling { reason, rule: 0 }
}

/// Whether the rule is in force at this second.
pub(super) fn is_in_force(policy: &Policy, rule: &Rule, at: u32) -> bool {
    if rule.times.expires.is_some_and(|end| at >= end) {
        return false;
    }
    let zone = policy.time_zone.clone().unwrap_or(TimeZone::UTC);
    let local = zone.to_datetime(Timestamp::from_second(at.into()).unwrap());
    let today = if policy.holidays.contains(&local.date()) {
        6
    } else {
        u16::try_from(local.weekday().to_monday_zero_offset()).unwrap()
    };
    let yesterday = (today + 6) % 7;
    let minute = u16::try_from(i32::from(local.hour()) * 60 + i32::from(local.minute())).unwrap();
    let Times {
        windows, intervals, ..
    } = &rule.times;
    (windows.is_empty() && intervals.is_empty())
        || intervals
            .iter()
            .any(|interval| interval.begins <= at && at < interval.ends)
        || windows.iter().any(|window| {
            let over_midnight = window.to <= window.from;
            let begun = minute >= window.from && (over_midnight || minute < window.to);
            (window.begins_on(today) && begun)
                || (window.begins_on(yesterday) && over_midnight && minute < window.to)
        })
}

fn rules(profile: &Profile, initiator: Initiator, peer: IpAddr) -> Vec<&Rule> {
    let holds = |network: &IpNetwork| match (network, peer) {
        (IpNetwork::V4(network), IpAddr::V4(addr)) => network.contains(addr),
        (IpNetwork::V6(network), IpAddr::V6(addr)) => network.contains(addr),
        (IpNetwork::V4(_), IpAddr::V6(_)) | (IpNetwork::V6(_), IpAddr::V4(_)) => false,
    };
    profile
        .rules
        .iter()
        .filter(|rule| rule.initiator == initiator && rule.peers.iter().any(holds))
        .collect()
}

fn matches(rule: &Rule, frame: &Opening, port: u16) -> bool {
    let [kind, code] = port.to_be_bytes();
    rule.clauses.iter().any(|clause| match clause {
        Clause::Any => true,
        Clause::Tcp(ranges) => frame.protocol == 6 && ranges.iter().any(|r| r.contains(&port)),
        Clause::Udp(ranges) => frame.protocol == 17 && ranges.iter().any(|r| r.contains(&port)),
        Clause::Icmp(types) => {
            frame.protocol == 1
                && frame.peer.is_ipv4()
                && types
                    .iter()
                    .any(|it| it.kind == kind && it.code.is_none_or(|it| it == code))
        }
        Clause::Icmpv6(types) => {
            frame.protocol == 58
                && frame.peer.is_ipv6()
                && types
                    .iter()
                    .any(|it| it.kind == kind && it.code.is_none_or(|it| it == code))
        }
        Clause::Protocol(_) => has_clause_of(clause, frame),
    })
}

fn has_protocol(rule: &Rule, frame: &Opening) -> bool {
    rule.clauses
        .iter()
        .any(|clause| has_clause_of(clause, frame))
}

/// Whether the clause names the frame's protocol, in the frame's family.
fn has_clause_of(clause: &Clause, frame: &Opening) -> bool {
    let v4 = frame.peer.is_ipv4();
    let named = match clause {
        Clause::Any => return false,
        Clause::Tcp(_) => 6,
        Clause::Udp(_) => 17,
        Clause::Icmp(_) => 1,
        Clause::Icmpv6(_) => 58,
        Clause::Protocol(number) => *number,
    };
    named == frame.protocol && (named != 1 || v4) && (named != 58 || !v4)
}
