//! A small ward: the policy that the cases written by hand are about.

use std::{collections::BTreeMap, ops::RangeInclusive};

use xiot_agent::model::{
    gates::Gates,
    gateway::Wire,
    mud::Mud,
    policy::{
        Clause, Device, IcmpType, Initiator, Limits, Mode, Policy, Position, Profile, Rule,
        Services, Timeouts,
    },
    times::Times,
};

use crate::frame::Mac;

/// Device 1: enforced, bound to 10.0.0.11 and `fd00::11`.
pub const PUMP: Mac = [2, 0, 0, 0, 0, 1];
/// Device 2: the same profile in mode monitor, bound to nothing.
pub const WATCHED: Mac = [2, 0, 0, 0, 0, 2];
/// Device 3 on VLAN 30, device 4 on any other.
pub const TWICE: Mac = [2, 0, 0, 0, 0, 3];
/// Device 5: belongs on the other wire.
pub const MOVED: Mac = [2, 0, 0, 0, 0, 5];
/// Device 6: a profile that allows nothing at all.
pub const MUTE: Mac = [2, 0, 0, 0, 0, 6];
/// Not listed.
pub const STRANGER: Mac = [2, 0, 0, 0, 0, 0x99];
/// The router on the uplink side.
pub const ROUTER: Mac = [2, 0, 0, 0, 0xff, 1];
/// Everybody.
pub const BROADCAST: Mac = [0xff; 6];
/// 224.0.23.63.
pub const GROUP: Mac = [0x01, 0, 0x5e, 0, 0x17, 0x3f];
/// All IPv6 nodes.
pub const ALL_NODES: Mac = [0x33, 0x33, 0, 0, 0, 1];

/// The wires by index, without guards.
pub fn wires() -> Vec<Wire> {
    crate::generate::wires()
}

/// The policy.
pub fn policy() -> Policy {
    Policy {
        file: "ward.yaml".to_owned(),
        onboarding: Mode::Enforce,
        time_zone: None,
        holidays: Vec::new(),
        calendars: Vec::new(),
        default_profile: None,
        services: Services {
            dhcp: vec![ip("10.0.0.5"), ip("fd00::5")],
            ..Services::default()
        },
        uplink_addresses: Vec::new(),
        mud: Mud::default(),
        disclosed: BTreeMap::new(),
        gates: Gates::default(),
        peer_sets: Vec::new(),
        profiles: vec![
            profile("infusion-pump", true, rules()),
            profile("mute", false, Vec::new()),
        ]
        .into(),
        devices: vec![
            bound(device("pump", PUMP, 0), &["10.0.0.11", "fd00::11"]),
            Device {
                mode: Mode::Monitor,
                ..device("watched", WATCHED, 0)
            },
            Device {
                vlan: Some((30, 0)),
                ..device("on-vlan-30", TWICE, 0)
            },
            device("on-other-vlans", TWICE, 1),
            Device {
                wire: Some("ward-4".to_owned()),
                ..device("moved", MOVED, 0)
            },
            device("mute", MUTE, 1),
        ]
        .into(),
    }
}

/// The same with another mode for what is not listed.
pub fn onboarding(mode: Mode) -> Policy {
    Policy {
        onboarding: mode,
        time_zone: None,
        holidays: Vec::new(),
        calendars: Vec::new(),
        ..policy()
    }
}

/// The same with groups: device 7, to which 10.0.8.0/24 may speak by rule 10, device 8, everybody, in mode monitor, and device 9 on the
/// other wire.
pub fn with_groups() -> Policy {
    let mut policy = policy();
    let rules = vec![rule(
        10,
        Initiator::Peer,
        &["10.0.8.0/24"],
        vec![Clause::Udp(vec![24105..=24105])],
    )];
    policy.profiles.push(profile("discovery", false, rules));
    policy.devices.extend([
        bound(device("discovery", GROUP, 2), &["224.0.23.63"]),
        Device {
            mode: Mode::Monitor,
            ..bound(
                device("everybody", BROADCAST, 2),
                &["255.255.255.255", "10.0.0.255"],
            )
        },
        Device {
            wire: Some("ward-4".to_owned()),
            ..bound(device("all-nodes", ALL_NODES, 2), &["ff02::1"])
        },
    ]);
    policy
}

/// The same with a profile for what is not listed.
pub fn with_default_profile() -> Policy {
    Policy {
        default_profile: Some(0),
        ..policy()
    }
}

/// The same with all listed devices in mode monitor.
pub fn monitored() -> Policy {
    let mut policy = policy();
    for device in &mut policy.devices {
        device.mode = Mode::Monitor;
    }
    policy
}

fn rules() -> Vec<Rule> {
    let device = Initiator::Device;
    let icmp = |kind| vec![IcmpType { kind, code: None }];
    vec![
        rule(
            1,
            device,
            &["10.0.8.11/32", "fd00:8::11/128"],
            vec![tcp(&[3613..=3613])],
        ),
        rule(
            2,
            Initiator::Peer,
            &["10.0.9.0/24"],
            vec![tcp(&[22..=22, 8000..=8009])],
        ),
        rule(
            3,
            device,
            &["10.0.4.0/28"],
            vec![Clause::Udp(vec![514..=514])],
        ),
        rule(
            4,
            device,
            &["10.0.0.1/32", "fd00::1/128"],
            vec![
                Clause::Icmp(icmp(8)),
                Clause::Icmpv6(icmp(128)),
                Clause::Icmp(icmp(13)),
            ],
        ),
        rule(5, device, &["10.0.7.1/32"], vec![Clause::Protocol(50)]),
        rule(
            6,
            device,
            &["10.0.0.0/8"],
            vec![Clause::Udp(vec![123..=123])],
        ),
        rule(
            7,
            Initiator::Peer,
            &["10.0.0.1/32"],
            vec![Clause::Icmp(icmp(8))],
        ),
        rule(8, device, &["10.0.9.9/32"], vec![tcp(&[22..=22])]),
        rule(9, device, &["10.0.4.7/32"], vec![Clause::Any]),
    ]
}

fn rule(id: u32, initiator: Initiator, peers: &[&str], clauses: Vec<Clause>) -> Rule {
    Rule {
        id,
        initiator,
        peers: peers
            .iter()
            .map(|text| text.parse().expect("a network"))
            .collect(),
        names: Vec::new(),
        clauses,
        times: Times::default(),
        label: format!("rule {id}"),
        note: None,
        owner: None,
        at: Position::default(),
    }
}

fn tcp(ranges: &[RangeInclusive<u16>]) -> Clause {
    Clause::Tcp(ranges.to_vec())
}

fn profile(name: &str, services: bool, rules: Vec<Rule>) -> Profile {
    Profile {
        name: name.to_owned(),
        criticality: None,
        arp: services,
        nd: services,
        dhcp: services,
        timeouts: Timeouts::default(),
        limits: Limits::default(),
        rules: rules.into(),
        at: Position::default(),
    }
}

fn device(name: &str, mac: Mac, profile: usize) -> Device {
    Device {
        name: name.to_owned(),
        mac,
        vlan: None,
        wire: None,
        addresses: Vec::new(),
        profile,
        mode: Mode::Enforce,
        criticality: None,
        location: None,
        groups: Vec::new(),
        at: Position::default(),
    }
}

fn bound(device: Device, addresses: &[&str]) -> Device {
    Device {
        addresses: addresses.iter().map(|text| ip(text)).collect(),
        ..device
    }
}

fn ip(text: &str) -> std::net::IpAddr {
    text.parse().expect("an address")
}
