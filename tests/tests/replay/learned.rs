//! Policies made of what a capture shows.

use std::collections::BTreeSet;

use ipnetwork::IpNetwork;
use xiot_agent::model::{
    policy::{
        Clause, Device, IcmpType, Initiator, Limits, Mode, Policy, Position, Profile, Rule,
        Timeouts,
    },
    times::Times,
};
use xiot_tests::{
    capture::{self, Opening},
    frame::Mac,
    ward,
};

use crate::SHORTEST;

/// Devices made of one capture's MACs.
const DEVICES: usize = 8;

/// Rules learned for one device.
const RULES: usize = 40;

pub(crate) fn source(frame: &[u8]) -> Mac {
    mac_at(frame, 6)
}

fn mac_at(frame: &[u8], at: usize) -> Mac {
    frame[at..at + 6].try_into().expect("six bytes")
}

/// A policy that makes every second MAC of the capture a device, and allows what the first third of the frames
/// shows of it.
pub(crate) fn learned(number: usize, capture: &[Vec<u8>]) -> Policy {
    let mut macs: Vec<Mac> = Vec::new();
    for frame in capture.iter().filter(|frame| frame.len() >= SHORTEST) {
        let mac = source(frame);
        if mac[0] & 1 == 0 && !macs.contains(&mac) {
            macs.push(mac);
        }
    }
    let part = &capture[..capture.len().div_ceil(3)];
    let mut policy = Policy {
        onboarding: [Mode::Enforce, Mode::Monitor, Mode::Learn][number % 3],
        ..ward::policy()
    };
    policy.profiles.clear();
    policy.devices.clear();
    policy.services.dhcp.clear();
    let mut next_rule = 1;
    for (position, mac) in macs.into_iter().step_by(2).take(DEVICES).enumerate() {
        let (rules, own) = rules(part, mac, &mut next_rule);
        policy.profiles.push(Profile {
            name: format!("profile-{position}"),
            criticality: None,
            arp: true,
            nd: true,
            dhcp: true,
            timeouts: Timeouts::default(),
            limits: Limits::default(),
            rules: rules.into(),
            at: Position::default(),
        });
        policy.devices.push(Device {
            name: format!("device-{position}"),
            mac,
            vlan: None,
            wire: None,
            addresses: if position % 3 == 2 { own } else { Vec::new() },
            profile: position,
            mode: if position % 4 == 3 {
                Mode::Monitor
            } else {
                Mode::Enforce
            },
            criticality: None,
            location: None,
            groups: Vec::new(),
            at: Position::default(),
        });
    }
    policy.default_profile = (number % 5 == 4 && !policy.profiles.is_empty()).then_some(0);
    policy
}

/// What a device opened and was opened with, as rules, and the addresses that it used.
fn rules(part: &[Vec<u8>], mac: Mac, next: &mut u32) -> (Vec<Rule>, Vec<std::net::IpAddr>) {
    let (mut rules, mut own): (Vec<Rule>, BTreeSet<_>) = (Vec::new(), BTreeSet::new());
    for frame in part.iter().filter(|frame| frame.len() >= SHORTEST) {
        let Some(opening) = capture::opening(frame) else {
            continue;
        };
        let (initiator, peer) = if source(frame) == mac {
            own.insert(opening.source);
            (Initiator::Device, opening.destination)
        } else if mac_at(frame, 0) == mac {
            (Initiator::Peer, opening.source)
        } else {
            continue;
        };
        let peers = vec![IpNetwork::from(peer)];
        let clauses = vec![clause(&opening)];
        let is_known = rules.iter().any(|rule| {
            rule.initiator == initiator && rule.peers == peers && rule.clauses == clauses
        });
        if !is_known && rules.len() < RULES {
            rules.push(Rule {
                id: *next,
                initiator,
                peers,
                names: Vec::new(),
                clauses,
                times: Times::default(),
                label: String::new(),
                note: None,
                owner: None,
                at: Position::default(),
            });
            *next += 1;
        }
    }
    (
        rules,
        own.into_iter()
            .filter(|address| !address.is_unspecified())
            .collect(),
    )
}

fn clause(opening: &Opening) -> Clause {
    let ports = vec![opening.service..=opening.service];
    let types = || {
        vec![IcmpType {
            kind: u8::try_from(opening.service).expect("an ICMP type"),
            code: None,
        }]
    };
    match opening.protocol {
        6 => Clause::Tcp(ports),
        17 => Clause::Udp(ports),
        1 if opening.source.is_ipv4() => Clause::Icmp(types()),
        58 if opening.source.is_ipv6() => Clause::Icmpv6(types()),
        number => Clause::Protocol(number),
    }
}
