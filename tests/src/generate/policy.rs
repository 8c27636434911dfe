//! Policies of every feature, as a proptest strategy: they shrink by losing devices, rules, clauses and services.

use std::{collections::BTreeMap, net::IpAddr, ops::RangeInclusive, time::Duration};

use ipnetwork::IpNetwork;
use proptest::{collection::vec, option, prelude::*, sample::select};
use xiot_agent::model::{
    gates::Gates,
    mud::Mud,
    policy::{
        Clause, Device, IcmpType, Initiator, Limits, Mode, Policy, Position, Profile, Rule,
        Services, Timeouts,
    },
    times::Times,
};

use super::{
    dice::Dice,
    name, times,
    world::{
        GROUP_ADDRESSES, GROUPS, HOSTS, ICMP_TYPES, LISTABLE, PORTS, PROTOCOLS, SPECIAL, VLANS,
        WIRES, device_mac,
    },
};

/// Any policy that compiles.
pub fn policies() -> impl Strategy<Value = Policy> {
    (
        modes(),
        option::weighted(0.6, any::<prop::sample::Index>()),
        vec(select(HOSTS.to_vec()), 0..3),
        vec(profiles(), 1..4),
        vec(devices(), 0..12),
        any::<u64>().prop_map(|seed| {
            let mut dice = Dice::new(seed);
            (times::zone(&mut dice), times::holidays(&mut dice))
        }),
        vec(select(HOSTS.to_vec()), 0..4),
        option::weighted(0.4, any::<u64>()),
    )
        .prop_map(
            |(
                onboarding,
                default_profile,
                dhcp,
                profiles,
                devices,
                (time_zone, holidays),
                uplink,
                named,
            )| {
                let mut profiles = profiles;
                let dns = named.map_or_else(Vec::new, |seed| {
                    name::give(&mut Dice::new(seed), &mut profiles)
                });
                let mut policy = Policy {
                    time_zone,
                    holidays,
                    uplink_addresses: uplink,
                    mud: Mud::default(),
                    ..assemble(onboarding, default_profile, dhcp, profiles, devices)
                };
                policy.services.dns = dns;
                part_uplink(&mut policy);
                policy
            },
        )
}

/// Leaves to the uplink what is no device's, once, and what is somebody's at all.
pub(super) fn part_uplink(policy: &mut Policy) {
    let devices = &policy.devices;
    let uplink = &mut policy.uplink_addresses;
    uplink.sort();
    uplink.dedup();
    uplink.retain(|address| {
        let is_listed = devices
            .iter()
            .any(|device| device.addresses.contains(address));
        !is_listed && !address.is_loopback()
    });
}

/// A device whose profile is still a number of any size.
type DeviceDraft = (Device, prop::sample::Index);

fn assemble(
    onboarding: Mode,
    default_profile: Option<prop::sample::Index>,
    dhcp: Vec<IpAddr>,
    mut profiles: Vec<Profile>,
    drafts: Vec<DeviceDraft>,
) -> Policy {
    let mut id = 0;
    for (position, profile) in profiles.iter_mut().enumerate() {
        profile.name = format!("profile-{position}");
        for rule in &mut profile.rules {
            id += 1;
            rule.id = id;
        }
    }
    let mut devices: Vec<Device> = Vec::new();
    for (mut device, profile) in drafts {
        let is_new = !devices
            .iter()
            .any(|other| other.mac == device.mac && other.vlan == device.vlan);
        if is_new {
            device.name = format!("device-{}", devices.len() + 1);
            device.profile = profile.index(profiles.len());
            devices.push(device);
        }
    }
    Policy {
        file: "generated.yaml".to_owned(),
        onboarding,
        time_zone: None,
        holidays: Vec::new(),
        calendars: Vec::new(),
        default_profile: default_profile.map(|index| index.index(profiles.len())),
        services: Services {
            dhcp,
            ..Services::default()
        },
        uplink_addresses: Vec::new(),
        mud: Mud::default(),
        disclosed: BTreeMap::new(),
        gates: Gates::default(),
        peer_sets: Vec::new(),
        profiles: profiles.into(),
        devices: devices.into(),
    }
}

fn modes() -> impl Strategy<Value = Mode> + Clone {
    prop_oneof![
        3 => Just(Mode::Enforce),
        1 => Just(Mode::Monitor),
        1 => Just(Mode::Learn),
    ]
}

fn profiles() -> impl Strategy<Value = Profile> {
    (
        any::<[bool; 3]>(),
        timeouts(),
        limits(),
        vec(rules(), 0..10),
    )
        .prop_map(|([arp, nd, dhcp], timeouts, limits, rules)| Profile {
            name: String::new(),
            criticality: None,
            arp,
            nd,
            dhcp,
            timeouts,
            limits,
            rules: rules.into(),
            at: Position::default(),
        })
}

/// Timeouts that silences of the traffic just reach, and others.
fn timeouts() -> impl Strategy<Value = Timeouts> {
    let one = || select(vec![30, 60, 300, 1045, 3025, 100_045]).prop_map(Duration::from_secs);
    (one(), one(), one(), one(), one(), one(), one()).prop_map(
        |(tcp_handshake, tcp_established, tcp_closing, udp_unreplied, udp_replied, icmp, other)| {
            Timeouts {
                tcp_handshake,
                tcp_established,
                tcp_closing,
                udp_unreplied,
                udp_replied,
                icmp,
                other,
            }
        },
    )
}

/// Limits that traffic stays below, and limits that it meets.
fn limits() -> impl Strategy<Value = Limits> {
    let one = || prop_oneof![3 => Just(500u32), 1 => 1..4u32, 1 => 4..12u32];
    (one(), one()).prop_map(|(new_flows, fragments)| Limits {
        new_flows,
        fragments,
    })
}

fn rules() -> impl Strategy<Value = Rule> {
    let initiators = prop_oneof![2 => Just(Initiator::Device), 1 => Just(Initiator::Peer)];
    let times = prop_oneof![
        6 => Just(Times::default()),
        1 => any::<u64>().prop_map(|seed| times::times(&mut Dice::new(seed))),
    ];
    (
        initiators,
        vec(networks(), 1..4),
        vec(clauses(), 1..4),
        times,
    )
        .prop_map(|(initiator, peers, clauses, times)| Rule {
            id: 0,
            initiator,
            peers,
            names: Vec::new(),
            clauses,
            times,
            label: String::new(),
            note: None,
            owner: None,
            at: Position::default(),
        })
}

fn networks() -> impl Strategy<Value = IpNetwork> {
    let addresses = prop_oneof![
        9 => select(HOSTS.to_vec()),
        1 => select(SPECIAL.to_vec()),
    ];
    let prefixes_v4 = select(vec![32u8, 0, 1, 8, 12, 16, 20, 24, 28, 30, 31]);
    let prefixes_v6 = select(vec![128u8, 0, 1, 10, 32, 48, 63, 64, 65, 96, 112, 127]);
    (addresses, any::<bool>(), prefixes_v4, prefixes_v6)
        .prop_map(|(address, is_host, v4, v6)| {
            let prefix = match (address, is_host) {
                (IpAddr::V4(_), true) => 32,
                (IpAddr::V6(_), true) => 128,
                (IpAddr::V4(_), false) => v4,
                (IpAddr::V6(_), false) => v6,
            };
            let network = IpNetwork::new(address, prefix).expect("a prefix of the family");
            IpNetwork::new(network.network(), prefix).expect("the same prefix")
        })
        .prop_filter("a mapped address is in no policy", |network| {
            !is_mapped(network.ip())
        })
}

fn is_mapped(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some())
}

fn clauses() -> impl Strategy<Value = Clause> {
    prop_oneof![
        4 => vec(ranges(), 1..4).prop_map(Clause::Tcp),
        4 => vec(ranges(), 1..4).prop_map(Clause::Udp),
        2 => vec(icmp_types(), 1..4).prop_map(Clause::Icmp),
        2 => vec(icmp_types(), 1..4).prop_map(Clause::Icmpv6),
        2 => select(PROTOCOLS.to_vec()).prop_map(Clause::Protocol),
        1 => Just(Clause::Any),
    ]
}

fn ranges() -> impl Strategy<Value = RangeInclusive<u16>> {
    let ports = || select(PORTS.to_vec());
    prop_oneof![
        4 => ports().prop_map(|port| port..=port),
        2 => (ports(), ports()).prop_map(|(a, b)| a.min(b)..=a.max(b)),
        1 => (any::<u16>(), any::<u16>()).prop_map(|(a, b)| a.min(b)..=a.max(b)),
        1 => Just(0..=65535),
    ]
}

fn icmp_types() -> impl Strategy<Value = IcmpType> {
    let codes = prop_oneof![2 => Just(None), 1 => Just(Some(0)), 1 => any::<u8>().prop_map(Some)];
    (select(ICMP_TYPES.to_vec()), codes).prop_map(|(kind, code)| IcmpType { kind, code })
}

fn devices() -> impl Strategy<Value = DeviceDraft> {
    let macs = prop_oneof![
        11 => (0..LISTABLE).prop_map(device_mac),
        1 => select(GROUPS[..3].to_vec()),
    ];
    let of_groups = prop_oneof![3 => select(GROUP_ADDRESSES.to_vec()), 1 => select(HOSTS.to_vec())];
    (
        macs,
        option::weighted(0.3, select(VLANS.to_vec())),
        prop_oneof![14 => Just(None), 2 => Just(Some(WIRES[0].to_owned())), 1 => Just(Some(WIRES[1].to_owned()))],
        prop_oneof![1 => Just(Vec::new()), 1 => vec(select(HOSTS.to_vec()), 1..5)],
        vec(of_groups, 1..3),
        modes(),
        any::<prop::sample::Index>(),
    )
        .prop_map(|(mac, vlan, wire, own, of_group, mode, profile)| {
            let mut addresses = if GROUPS.contains(&mac) { of_group } else { own };
            addresses.sort();
            addresses.dedup();
            let device = Device {
                name: String::new(),
                mac,
                vlan,
                wire,
                addresses,
                profile: 0,
                mode,
                criticality: None,
                location: None,
                groups: Vec::new(),
                at: Position::default(),
            };
            (device, profile)
        })
}
