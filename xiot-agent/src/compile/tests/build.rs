//! Policies made by hand, small and large. The benchmark builds its own with this file too.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnetwork::IpNetwork;

use super::model::{
    policy::{Clause, Device, Initiator, Limits, Mode, Policy, Position, Profile, Rule, Timeouts},
    times::Times,
};

pub(crate) fn rule(
    id: u32,
    initiator: Initiator,
    peers: Vec<IpNetwork>,
    clauses: Vec<Clause>,
) -> Rule {
    Rule {
        id,
        initiator,
        peers,
        names: Vec::new(),
        clauses,
        times: Times::default(),
        label: format!("rule number {id}"),
        note: None,
        owner: None,
        at: Position::default(),
    }
}

pub(crate) fn profile(name: &str, rules: Vec<Rule>) -> Profile {
    Profile {
        name: name.to_owned(),
        criticality: None,
        arp: true,
        nd: true,
        dhcp: true,
        timeouts: Timeouts::default(),
        limits: Limits::default(),
        rules: rules.into(),
        at: Position::default(),
    }
}

/// With a MAC and an address of its own.
pub(crate) fn device(number: u32, profile: usize) -> Device {
    let [a, b, c, d] = number.to_be_bytes();
    Device {
        name: format!("device-{number}"),
        mac: [0, 3, a, b, c, d],
        vlan: None,
        wire: None,
        addresses: vec![Ipv4Addr::from_bits(0x0a00_0000 | number).into()],
        profile,
        mode: Mode::Enforce,
        criticality: None,
        location: None,
        groups: Vec::new(),
        at: Position::default(),
    }
}

/// Every rule for a peer of its own: one in ten over IPv6, one in ten thousand for a whole network, one in four
/// from the peer.
pub(crate) fn large(devices: u32, profiles: u32, rules: u32) -> Policy {
    let each = rules / profiles;
    let rules_of = |profile| (1..=each).map(move |n| large_rule(profile * each + n));
    let profiles_of = |n: u32| profile(&format!("profile-{n}"), rules_of(n).collect());
    Policy {
        profiles: (0..profiles).map(profiles_of).collect(),
        devices: (0..devices)
            .map(|n| device(n, (n % profiles) as usize))
            .collect(),
        ..Policy::default()
    }
}

fn large_rule(id: u32) -> Rule {
    // Spread over the whole space: neighbours in the file are none in the tables.
    let spread = id.wrapping_mul(0x9e37_79b1);
    let (addr, prefix): (IpAddr, _) = if id.is_multiple_of(10_000) {
        (Ipv4Addr::from_bits(spread).into(), 24)
    } else if id.is_multiple_of(10) {
        let addr = 0xfd00_u128 << 112 | u128::from(spread) << 40 | 1;
        (Ipv6Addr::from_bits(addr).into(), 128)
    } else {
        (Ipv4Addr::from_bits(spread).into(), 32)
    };
    let initiator = if id.is_multiple_of(4) {
        Initiator::Peer
    } else {
        Initiator::Device
    };
    let [.., high, low] = spread.to_be_bytes();
    let port = u16::from_be_bytes([high, low]);
    let peer = IpNetwork::new(addr, prefix).expect("the prefix length suits the family");
    rule(
        id,
        initiator,
        vec![peer],
        vec![Clause::Tcp(vec![port..=port])],
    )
}
