//! What makes a device or a rule the same one in another revision of the policy: names and content, never a place.

use ipnetwork::IpNetwork;

use crate::model::policy::{Clause, IcmpType, Initiator, Profile, Rule};

use super::{address::Address as _, fingerprint::Fingerprint};

/// Salt of the keys of devices and profiles.
const NAME: u64 = 0x4e41_4d45;

/// Of a name.
pub(super) fn name(name: &str) -> Fingerprint {
    let start = Fingerprint::new(NAME).add(0, name.len() as u64);
    name.as_bytes().chunks(16).fold(start, |hash, chunk| {
        let mut bytes = [0; 16];
        bytes[..chunk.len()].copy_from_slice(chunk);
        let (high, low) = u128::from_be_bytes(bytes).halves();
        hash.add(high, low)
    })
}

/// Of every rule of the profile, in file order.
pub(super) fn rules(profile: &Profile) -> impl Iterator<Item = Fingerprint> {
    let start = name(&profile.name);
    profile
        .rules
        .iter()
        .map(move |content| rule(start, content))
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
    rule.clauses.iter().fold(hash, clause)
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
