//! Proposals that a person can read, that allow what was learned, and nothing that was not.

mod exceptions;
mod names;
mod sound;

use super::*;
use crate::learn::{
    conversation::{Initiator, News},
    review::{self, Class, Peers, Thresholds},
};

/// Monday, 2026-11-02, 0:00 UTC.
pub(super) const START: u64 = 1_793_577_600;

pub(super) const POLICY: &str = "\
onboarding: learn
services:
  dns: {servers: 10.0.0.53}
  ntp: {servers: 10.0.0.123}
peer_sets:
  pump-server: [10.20.8.11]
  pacs: [10.20.4.0/28]
  campus: [10.0.0.0/8]
profiles:
  pump:
    services: [arp, dhcp]
    allow:
      - {to: pump-server, tcp: 3613}
      - {to: pacs, tcp: 104}
      - {to: campus, tcp: 9}
devices:
  - {name: pump-1, mac: \"00:03:b1:00:00:01\", ip: 10.30.1.1, profile: pump, mode: learn, groups: pumps}
  - {name: pump-2, mac: \"00:03:b1:00:00:02\", ip: 10.30.1.2, profile: pump, mode: learn, groups: pumps}
  - {name: pump-3, mac: \"00:03:b1:00:00:03\", ip: 10.30.1.3, profile: pump, mode: learn, groups: pumps}
";

/// A conversation, how often a day in how many days from which.
pub(super) type Habit = (Conversation, u64, std::ops::Range<u64>);

pub(super) fn to(peer: &str, protocol: u8, port: u16) -> Conversation {
    Conversation {
        initiator: Initiator::Device,
        midstream: false,
        protocol,
        port,
        peer: peer.parse().unwrap(),
    }
}

pub(super) fn from(peer: &str, protocol: u8, port: u16) -> Conversation {
    Conversation {
        initiator: Initiator::Peer,
        ..to(peer, protocol, port)
    }
}

pub(super) fn learned(habits: &[Habit]) -> Learned {
    let mut learned = Learned::default();
    for (conversation, daily, days) in habits {
        for hour in days
            .clone()
            .flat_map(|day| (0..*daily).map(move |n| 24 * day + n))
        {
            let at = START + 3600 * hour;
            learned.take(
                *conversation,
                &News {
                    opened: 1,
                    frames: 10,
                    bytes: 1000,
                    first: at,
                    last: at,
                },
            );
        }
    }
    learned
}

/// What is proposed for the pumps of this policy, which do this.
pub(super) fn proposed(
    text: &str,
    devices: &[Learned],
    names: &[(&str, &str)],
) -> Result<Proposal, ProposeError> {
    let members: Vec<_> = (1..=devices.len()).map(|it| format!("pump-{it}")).collect();
    let members: Vec<_> = members.iter().map(String::as_str).collect();
    proposed_for(text, "pump", &members, devices, names)
}

/// The same for these devices of a profile.
fn proposed_for(
    text: &str,
    profile: &str,
    members: &[&str],
    devices: &[Learned],
    names: &[(&str, &str)],
) -> Result<Proposal, ProposeError> {
    let loaded = model::load_policy_at("policy.yaml", text, Timestamp::UNIX_EPOCH);
    let policy = loaded
        .value
        .unwrap_or_else(|| panic!("{:?}", loaded.report));
    let peers = Peers::of(devices);
    let thresholds = Thresholds {
        classes: vec![Class {
            protocol: 6,
            ports: (23, 23),
        }],
        ..Thresholds::default()
    };
    let members = members
        .iter()
        .zip(devices)
        .map(|(&device, learned)| Member {
            device: device.to_owned(),
            learned: learned.clone(),
            marks: review::marks(learned, false, &peers, &thresholds),
            names: names
                .iter()
                .fold(HashMap::new(), |mut all, (address, name)| {
                    let of_it: &mut Vec<String> = all.entry(address.parse().unwrap()).or_default();
                    of_it.push((*name).to_owned());
                    all
                }),
        });
    let group = Group {
        profile: profile.to_owned(),
        members: members.collect(),
        listed: 3,
    };
    let mut watched = Hours::default();
    (0..21 * 24).for_each(|hour| {
        watched.mark(u32::try_from(START / 3600).unwrap() + hour);
    });
    let zone = TimeZone::UTC;
    let site = Site {
        policy: &policy,
        text,
        watched: &watched,
        zone: &zone,
        shifts: &[7, 15, 23],
        now: Timestamp::from_second(i64::try_from(START).unwrap() + 21 * 86_400).unwrap(),
    };
    propose(&site, [Ok::<_, ProposeError>(group)])
}

/// The lines that a proposal adds, without their indentation.
pub(super) fn added(before: &str, proposal: &Proposal) -> Vec<String> {
    let changes = similar::TextDiff::from_lines(before, &proposal.text);
    changes
        .iter_all_changes()
        .filter(|change| change.tag() != similar::ChangeTag::Equal)
        .map(|change| format!("{}{}", change.tag(), change.value().trim()))
        .collect()
}

#[test]
fn what_devices_share_becomes_rules_with_its_evidence() {
    let habits = [
        (to("10.20.8.11", 6, 3613), 24, 0..20),
        (to("10.20.8.11", 6, 3614), 24, 0..20),
        (to("10.20.8.11", 17, 3613), 24, 0..20),
        (to("10.20.9.1", 6, 443), 2, 0..20),
        (from("10.20.9.7", 6, 22), 1, 3..9),
        (to("10.0.0.53", 17, 53), 24, 0..20),
        // The profile has that.
        (to("255.255.255.255", 17, 67), 1, 0..20),
        (to("10.20.9.9", 1, 8 << 8), 1, 0..20),
        (to("224.0.0.22", 2, 0), 1, 0..20),
    ];
    let proposal = proposed(POLICY, &[learned(&habits), learned(&habits)], &[]).unwrap();
    assert_eq!(
        added(POLICY, &proposal),
        [
            "-services: [arp, dhcp]",
            "+services: [arp, dhcp, dns]",
            "+# Proposed 2026-11-23 from 2 of 3 devices in 504 hours; not seen yet: 0.0 % (at most 0.2 %); never watched: a restart",
            "+# 40 times in 20 hours, 2026-11-02 to 2026-11-21, by pump-1, pump-2",
            "+- {to: 10.20.9.9, icmp: echo-request}",
            "+# 40 times in 20 hours, 2026-11-02 to 2026-11-21, by pump-1, pump-2",
            "+- {to: 224.0.0.22, protocol: igmp}",
            "+# 80 times in 40 hours, 2026-11-02 to 2026-11-21, by pump-1, pump-2",
            "+- {to: 10.20.9.1, tcp: 443}",
            "+# 1920 times in 480 hours, 2026-11-02 to 2026-11-21, by pump-1, pump-2",
            "+- {to: pump-server, tcp: 3614, udp: 3613}",
            "+# 12 times in 6 hours, 2026-11-05 to 2026-11-10, by pump-1, pump-2",
            "+- {from: 10.20.9.7, tcp: 22}",
        ]
    );
    let part = &proposal.profiles[0];
    assert_eq!((part.rules, part.withheld, part.allowed), (5, 0, 2));
    // Proposed once more, there is nothing left to say.
    let again = proposed(&proposal.text, &[learned(&habits), learned(&habits)], &[]).unwrap();
    assert_eq!(again.text, proposal.text);
}

#[test]
fn what_is_rare_is_a_rule_that_says_so() {
    let habits = [
        (to("10.20.8.11", 6, 3613), 24, 0..20),
        (to("10.20.7.7", 6, 8080), 1, 2..4),
    ];
    let proposal = proposed(POLICY, &[learned(&habits)], &[]).unwrap();
    assert_eq!(
        added(POLICY, &proposal)[1..],
        [
            "+# RARE, look at it: 2 times in 2 hours, 2026-11-04 to 2026-11-05, by pump-1",
            "+- {to: 10.20.7.7, tcp: 8080}"
        ]
    );
}

#[test]
fn what_may_be_an_attackers_waits_for_a_person() {
    let mut habits = vec![
        (to("10.20.8.11", 6, 3613), 24, 0..20),
        // Telnet, a peer of an afternoon, somebody else's resolver.
        (to("10.20.9.2", 6, 23), 2, 0..20),
        (to("192.0.2.66", 6, 443), 3, 19..20),
        (to("192.0.2.53", 17, 53), 3, 1..20),
    ];
    // Ports as they are given out, one an hour.
    habits.extend((0..10).map(|n| {
        (
            to("10.20.9.3", 6, 50_000 + 7 * n),
            1,
            n.into()..u64::from(n) + 1,
        )
    }));
    let proposal = proposed(POLICY, &[learned(&habits)], &[]).unwrap();
    let lines = added(POLICY, &proposal);
    assert_eq!(
        lines[1..],
        [
            "+# WITHHELD, nobody here has known this peer for a day: 3 times in 3 hours, on 2026-11-21, by pump-1",
            "+#- {to: 192.0.2.66, tcp: 443}",
            "+# WITHHELD, a kind of access that nobody gets without being asked for: 40 times in 40 hours, 2026-11-02 to 2026-11-21, by pump-1",
            "+#- {to: 10.20.9.2, tcp: 23}",
            "+# WITHHELD, not a server of this site: 57 times in 57 hours, 2026-11-03 to 2026-11-21, by pump-1",
            "+#- {to: 192.0.2.53, udp: 53}",
            "+# WITHHELD, one of many ports that are used once each; a range needs the maker's word: 10 times in 1 hour, 2026-11-02 to 2026-11-11, by pump-1",
            "+#- {to: 10.20.9.3, tcp: [50000, 50007, 50014, 50021, 50028, 50035, 50042, 50049, 50056, 50063]}",
        ]
    );
    let part = &proposal.profiles[0];
    assert_eq!((part.rules, part.withheld), (0, 13));
    let again = proposed(&proposal.text, &[learned(&habits)], &[]).unwrap();
    assert_eq!(added(&proposal.text, &again).len(), 0);
    // A person takes the mark away.
    let text = proposal
        .text
        .replace("#- {to: 192.0.2.66", "- {to: 192.0.2.66");
    let policy = model::load_policy_at("policy.yaml", text, Timestamp::UNIX_EPOCH)
        .value
        .unwrap();
    assert!(Allowed::of(&policy.profiles[0]).allows(&to("192.0.2.66", 6, 443)));
}

#[test]
fn nothing_is_widened_but_with_a_word_about_it() {
    let days = || 0..20;
    let mut habits = Vec::new();
    // Four of sixteen, three of sixteen, two neighbours; of two families.
    habits.extend([1, 4, 9, 14].map(|last| (to(&format!("192.0.2.{last}"), 6, 443), 2, days())));
    habits.extend([33, 40, 47].map(|last| (to(&format!("192.0.2.{last}"), 6, 443), 2, days())));
    habits.extend([64, 65].map(|last| (to(&format!("192.0.2.{last}"), 6, 443), 2, days())));
    habits.extend([1, 2, 3].map(|last| (to(&format!("2001:db8::{last}"), 6, 443), 2, days())));
    habits.extend([1, 5, 6].map(|last| (to(&format!("10.20.4.{last}"), 6, 11112), 2, days())));
    habits.extend([2, 3].map(|last| (to(&format!("10.30.1.{last}"), 17, 2005), 2, days())));
    let proposal = proposed(POLICY, &[learned(&habits)], &[]).unwrap();
    let lines: Vec<_> = added(POLICY, &proposal)
        .into_iter()
        .filter(|line| !line.contains(" hours"))
        .collect();
    assert_eq!(
        lines,
        [
            "+- {to: [{device: pump-2}, {device: pump-3}], udp: 2005}",
            "+# WIDER than seen: 3 of 16 addresses of pacs",
            "+- {to: pacs, tcp: 11112}",
            "+# WIDER than seen: 4 of 16 addresses of 192.0.2.0/28",
            "+# WIDER than seen: 3 of 4 addresses of 2001:db8::/126",
            "+- {to: [192.0.2.0/28, \"2001:db8::/126\", 192.0.2.33, 192.0.2.40, 192.0.2.47, 192.0.2.64, 192.0.2.65], tcp: 443}",
        ]
    );
}

#[test]
fn what_another_profile_has_as_a_comment_is_said_of_this_one_too() {
    let text = POLICY.replace(
        "devices:\n",
        "  scanner:\n    allow:\n      - {to: pacs, tcp: 105}\n      #- {to: 192.0.2.66, tcp: 23}\ndevices:\n",
    );
    let devices = [learned(&[(to("192.0.2.66", 6, 23), 1, 0..20)])];
    let proposal = proposed(&text, &devices, &[]).unwrap();
    let count = |text: &str| text.matches("#- {to: 192.0.2.66, tcp: 23}").count();
    assert_eq!((count(&text), count(&proposal.text)), (1, 2));
    // Said once, it is not said again.
    let again = proposed(&proposal.text, &devices, &[]).unwrap();
    assert_eq!(again.text, proposal.text);
}
