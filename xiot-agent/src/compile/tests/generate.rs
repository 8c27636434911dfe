//! Random policies and frames, from pools so small that everything overlaps.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    ops::RangeInclusive,
};

use ipnetwork::IpNetwork;
use jiff::{
    Timestamp,
    civil::Date,
    tz::{TimeZone, TimeZoneDatabase},
};
use proptest::{
    collection::{btree_map, btree_set, vec},
    option,
    prelude::*,
    sample::{select, subsequence},
};

use crate::model::{
    gates::Gates,
    mud::Mud,
    policy::{
        Clause, Device, DnsName, IcmpType, Initiator, Limits, Mode, Policy, Position, Profile,
        Rule, Services, Timeouts,
    },
    times::{DAY, Interval, MAX_STRETCHES, Times, Window, stretches},
};

/// MACs of which some are listed.
pub(crate) fn mac() -> impl Strategy<Value = [u8; 6]> {
    (0..4_u8).prop_map(|last| [0, 3, 0xb1, 0, 0, last])
}

/// VLAN ids, outer and inner.
pub(crate) fn vlans() -> impl Strategy<Value = (u16, u16)> {
    select(vec![(0, 0), (5, 0), (5, 6), (0, 5), (0xfff, 0xfff)])
}

/// Addresses in and around the networks that rules name.
pub(crate) fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        4 => v4().prop_map(IpAddr::V4),
        3 => v6().prop_map(IpAddr::V6),
        1 => any::<Ipv4Addr>().prop_map(IpAddr::V4),
        1 => any::<Ipv6Addr>().prop_map(IpAddr::V6),
    ]
}

fn v4() -> impl Strategy<Value = Ipv4Addr> {
    (
        select(vec![0x0a00_0000, 0x0a00_0100, 0xffff_ff00_u32, 0]),
        0..40_u32,
    )
        .prop_map(|(base, low)| (base | low).into())
}

fn v6() -> impl Strategy<Value = Ipv6Addr> {
    let bases = vec![0xfd00_u128 << 112, 0xfd00_0001_u128 << 96, !0xff, 0];
    (select(bases), 0..40_u128, any::<bool>()).prop_map(|(base, low, upper)| {
        // The same low bits above and below the middle, where the two halves of a key meet.
        (base | if upper { low << 62 } else { low }).into()
    })
}

fn network() -> impl Strategy<Value = IpNetwork> {
    let v4_lengths = select(vec![0, 8, 23, 24, 26, 27, 28, 29, 30, 31, 32, 32, 32]);
    let v6_lengths = select(vec![
        0, 16, 32, 63, 64, 65, 66, 120, 124, 126, 127, 128, 128,
    ]);
    prop_oneof![
        4 => (v4(), v4_lengths).prop_map(|(addr, length)| IpNetwork::new(addr.into(), length)),
        3 => (v6(), v6_lengths).prop_map(|(addr, length)| IpNetwork::new(addr.into(), length)),
    ]
    .prop_map(Result::unwrap)
}

/// Protocols that some rule may name.
pub(crate) fn protocol() -> impl Strategy<Value = u8> {
    select(vec![0, 1, 5, 6, 6, 6, 7, 17, 17, 50, 58, 255])
}

/// Ports at and beside the ends of ranges. As ICMP: types 0 and 255 of a few codes, type 8 once.
pub(crate) fn port() -> impl Strategy<Value = u16> {
    prop_oneof![
        8 => 0..24_u16,
        2 => 65_525..=65_535_u16,
        1 => 0x0800..0x0803_u16,
        1 => any::<u16>(),
    ]
}

fn ranges() -> impl Strategy<Value = Vec<RangeInclusive<u16>>> {
    let one = (port(), port()).prop_map(|(a, b)| a.min(b)..=a.max(b));
    prop_oneof![
        6 => vec(one, 1..5),
        // More than a line.
        1 => (0..3_u16).prop_map(|first| (first..24).step_by(2).map(|port| port..=port).collect()),
    ]
}

fn types() -> impl Strategy<Value = Vec<IcmpType>> {
    let kind = select(vec![0, 8, 9, 255]);
    let one = (kind, option::of(0..3_u8)).prop_map(|(kind, code)| IcmpType { kind, code });
    vec(one, 1..4)
}

fn clause() -> impl Strategy<Value = Clause> {
    prop_oneof![
        1 => Just(Clause::Any),
        6 => ranges().prop_map(Clause::Tcp),
        3 => ranges().prop_map(Clause::Udp),
        2 => types().prop_map(Clause::Icmp),
        2 => types().prop_map(Clause::Icmpv6),
        3 => protocol().prop_map(Clause::Protocol),
    ]
}

/// Seconds within two weeks around the days on which Europe's clocks were set, in 2026, and any at all.
pub(crate) fn second() -> impl Strategy<Value = u32> {
    prop_oneof![
        4 => select(vec![SPRING, AUTUMN]).prop_flat_map(|day| day - 604_800..day + 604_800),
        4 => (select(vec![SPRING, AUTUMN]), -180..180_i32)
            .prop_map(|(day, minute)| day.wrapping_add_signed(minute * 60)),
        1 => any::<u32>(),
    ]
}

const SPRING: u32 = 1_774_746_000;
const AUTUMN: u32 = 1_792_890_000;

/// Times of rules, most of them always.
fn times() -> impl Strategy<Value = Times> {
    let minute = || select(vec![0, 30, 60, 120, 150, 180, 480, 1_080, 1_439]);
    let window = (1..0x80_u8, minute(), prop_oneof![minute(), Just(DAY)])
        .prop_map(|(days, from, to)| Window { days, from, to });
    let windows = vec(window, 0..3).prop_map(|windows| match stretches(&windows) {
        Ok(found) if !found.is_empty() && found.len() <= MAX_STRETCHES => windows,
        Ok(_) | Err(_) => Vec::new(),
    });
    let times = (option::weighted(0.3, second()), windows, intervals()).prop_map(
        |(expires, windows, intervals)| Times {
            expires: expires.filter(|&second| second != 0),
            windows,
            intervals,
        },
    );
    prop_oneof![Just(Times::default()), times]
}

/// Windows that have dates, in order and apart.
fn intervals() -> impl Strategy<Value = Vec<Interval>> {
    let one =
        (second(), select(vec![1, 60, 3_600, 86_400])).prop_map(|(begins, length)| Interval {
            begins,
            ends: begins.saturating_add(length).max(1),
        });
    option::weighted(0.4, vec(one, 1..4)).prop_map(|listed| {
        let mut apart: Vec<Interval> = Vec::new();
        let mut listed = listed.unwrap_or_default();
        listed.sort_unstable();
        for interval in listed {
            if interval.begins < interval.ends
                && apart.last().is_none_or(|last| last.ends < interval.begins)
            {
                apart.push(interval);
            }
        }
        apart
    })
}

fn zone() -> impl Strategy<Value = Option<TimeZone>> {
    let names = [
        "Europe/Berlin",
        "Australia/Lord_Howe",
        "America/St_Johns",
        "Asia/Tokyo",
    ];
    let zones = names.map(|name| TimeZoneDatabase::bundled().get(name).ok());
    select([zones.to_vec(), vec![None]].concat())
}

/// Days around those of [`second`], some side by side.
pub(crate) fn holidays() -> impl Strategy<Value = Vec<Date>> {
    let around =
        |day: u32| Timestamp::from_second(day.into()).map(|it| TimeZone::UTC.to_datetime(it));
    let day = (select(vec![SPRING, AUTUMN]), -9..9_i32).prop_map(move |(day, days)| {
        around(day.wrapping_add_signed(days * 86_400))
            .unwrap()
            .date()
    });
    btree_set(day, 0..8).prop_map(|days| days.into_iter().collect())
}

/// The longest that there can be, one that needs a second line, and short ones.
pub(crate) fn dns_names() -> Vec<DnsName> {
    let long = "a".repeat(63);
    let longest = format!("{long}.{long}.{long}.{}", "a".repeat(61));
    let names = ["pacs", "cloud.example", "b.cloud.example", &long, &longest];
    names.map(|name| DnsName::parse(name).unwrap()).into()
}

/// Networks and names, not both none.
fn peers() -> impl Strategy<Value = (Vec<IpNetwork>, Vec<DnsName>)> {
    let names = |few| subsequence(dns_names(), few);
    prop_oneof![
        12 => vec(network(), 1..6).prop_map(|networks| (networks, Vec::new())),
        1 => (vec(network(), 0..3), names(1..=3)),
    ]
}

fn rule() -> impl Strategy<Value = Rule> {
    let initiator = select(vec![Initiator::Device, Initiator::Device, Initiator::Peer]);
    (initiator, peers(), vec(clause(), 1..4), times()).prop_map(
        |(initiator, (peers, names), clauses, times)| Rule {
            id: 0,
            initiator,
            peers,
            names,
            clauses,
            times,
            label: String::new(),
            note: None,
            owner: None,
            at: Position::default(),
        },
    )
}

fn profile() -> impl Strategy<Value = Profile> {
    let services = (any::<bool>(), any::<bool>(), any::<bool>());
    (services, vec(rule(), 0..9)).prop_map(|((arp, nd, dhcp), rules)| Profile {
        name: "profile".to_owned(),
        criticality: None,
        arp,
        nd,
        dhcp,
        timeouts: Timeouts::default(),
        limits: Limits::default(),
        rules: rules.into(),
        at: Position::default(),
    })
}

/// A rule that is always in force.
pub(crate) fn steady_rule() -> impl Strategy<Value = Rule> {
    rule().prop_map(|rule| Rule {
        times: Times::default(),
        ..rule
    })
}

/// One of a dozen devices, with a profile that there may be or not.
pub(crate) fn device() -> impl Strategy<Value = Device> {
    (devices(6), 0..12_u8).prop_filter_map("one at least", |(devices, name)| {
        let device = devices.into_iter().next()?;
        Some(Device {
            name: format!("device-{name}"),
            ..device
        })
    })
}

fn devices(profiles: usize) -> impl Strategy<Value = Vec<Device>> {
    let key = (mac(), option::of(vlans()));
    let mode = select(vec![Mode::Learn, Mode::Monitor, Mode::Enforce]);
    let wire = option::of(select(vec!["w0".to_owned(), "w1".to_owned()]));
    let content = (0..profiles, mode, wire, vec(address(), 0..4));
    btree_map(key, content, 0..10).prop_map(|devices| {
        devices
            .into_iter()
            .map(|((mac, vlan), (profile, mode, wire, addresses))| Device {
                name: "device".to_owned(),
                mac,
                vlan,
                wire,
                addresses,
                profile,
                mode,
                criticality: None,
                location: None,
                groups: Vec::new(),
                at: Position::default(),
            })
            .collect()
    })
}

/// Policies that fit everywhere.
pub(crate) fn policy() -> impl Strategy<Value = Policy> {
    vec(profile(), 1..5)
        .prop_flat_map(|profiles| {
            let devices = devices(profiles.len());
            let default = option::of(0..profiles.len());
            let onboarding = select(vec![Mode::Learn, Mode::Monitor, Mode::Enforce]);
            let dns = vec(network(), 0..4);
            let servers = (vec(address(), 0..3), vec(address(), 0..3), dns);
            let modes = (onboarding, zone(), holidays());
            (Just(profiles), devices, default, modes, servers)
        })
        .prop_map(
            |(
                mut profiles,
                devices,
                default_profile,
                (onboarding, time_zone, holidays),
                (dhcp, uplink_addresses, dns),
            )| {
                let rules = profiles.iter_mut().flat_map(|profile| &mut profile.rules);
                for (rule, id) in rules.zip(1..) {
                    rule.id = id;
                }
                Policy {
                    file: "policy.yaml".to_owned(),
                    onboarding,
                    time_zone,
                    holidays,
                    calendars: Vec::new(),
                    default_profile,
                    services: Services {
                        dns,
                        dhcp,
                        ..Services::default()
                    },
                    uplink_addresses,
                    mud: Mud::default(),
                    disclosed: BTreeMap::new(),
                    gates: Gates::default(),
                    peer_sets: Vec::new(),
                    profiles: profiles.into(),
                    devices: devices.into(),
                }
            },
        )
}
