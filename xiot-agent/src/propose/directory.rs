//! What an address is called: a peer set, a device, a host name, or nothing.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
    net::IpAddr,
};

use ipnetwork::IpNetwork;

use crate::model::policy::{DnsName, Policy};

/// A set of more addresses than this is no name for one of them: to allow it would be to allow a network.
const LARGEST_SET: u128 = 256;

/// Addresses of the smallest network that is written for several of them (IPv4: /28).
const HOST_BITS: u8 = 4;

/// Addresses that must have been seen for a network to be written, and their share of it, one in so many.
const FEWEST: usize = 3;
const SHARE: usize = 4;

/// The other side as a rule has it.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Peer {
    /// A peer set.
    Set(String),
    /// All devices of a group.
    Group(String),
    /// A device.
    Device(String),
    /// A host name, of which the device was told the address.
    Name(String),
    /// Addresses, or one alone.
    Network(IpNetwork),
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set(name) | Self::Group(name) | Self::Device(name) | Self::Name(name) => {
                f.write_str(name)
            }
            Self::Network(network) if size(network) == 1 => network.ip().fmt(f),
            Self::Network(network) => network.fmt(f),
        }
    }
}

/// Names of addresses.
#[derive(Debug)]
pub struct Directory<'p> {
    devices: HashMap<IpAddr, &'p str>,
    groups: BTreeMap<&'p str, BTreeSet<&'p str>>,
    sets: Vec<(u128, &'p str, &'p [IpNetwork])>,
    /// Whether the policy has DNS servers.
    has_dns: bool,
}

impl<'p> Directory<'p> {
    /// Those of a policy.
    pub fn of(policy: &'p Policy) -> Self {
        let mut devices = HashMap::new();
        let mut groups: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for device in &policy.devices {
            devices.extend(
                device
                    .addresses
                    .iter()
                    .map(|it| (*it, device.name.as_str())),
            );
            for group in &device.groups {
                groups.entry(group).or_default().insert(&device.name);
            }
        }
        // A group with a device that has no address can't be a peer.
        for device in policy.devices.iter().filter(|it| it.addresses.is_empty()) {
            groups.retain(|name, _| device.groups.iter().all(|group| group != name));
        }
        let mut sets: Vec<_> = policy
            .peer_sets
            .iter()
            .map(|set| {
                let size = set.networks.iter().map(size).fold(0, u128::saturating_add);
                (size, set.name.as_str(), set.networks.as_slice())
            })
            // One of names has no size that anybody knows.
            .filter(|(size, ..)| (1..=LARGEST_SET).contains(size))
            .collect();
        sets.sort_unstable_by_key(|(size, name, _)| (*size, *name));
        Self {
            devices,
            groups,
            sets,
            has_dns: !policy.services.dns.is_empty(),
        }
    }

    /// The smallest that has a name: of a peer set, a device, host names (all by which the device knows the address: who asks for one of them is told of no other), else the
    /// address.
    pub fn peers(&self, address: IpAddr, names: &[String]) -> Vec<Peer> {
        let set = self
            .sets
            .iter()
            .find(|(_, _, networks)| networks.iter().any(|network| network.contains(address)));
        let device = self.devices.get(&address);
        let names = if self.is_trusted(names) { names } else { &[] };
        if let Some((size, set, _)) = set
            && (*size == 1 || device.is_none() && names.is_empty())
        {
            return vec![Peer::Set((*set).to_owned())];
        }
        match device {
            Some(device) => vec![Peer::Device((*device).to_owned())],
            None if names.is_empty() => vec![Peer::Network(address.into())],
            None => names.iter().cloned().map(Peer::Name).collect(),
        }
    }

    /// Whether the names of an address may stand for it: where somebody can be asked for them, and they are of one registered domain. Whoever has a device ask
    /// for a name of his own that leads to an honest address would else have that name allowed, and lead it elsewhere later.
    fn is_trusted(&self, names: &[String]) -> bool {
        let mut domains = names
            .iter()
            .map(|name| psl::domain_str(name).unwrap_or(name));
        let first = domains.next();
        self.has_dns
            && domains.all(|domain| Some(domain) == first)
            && names.iter().all(|name| DnsName::parse(name).is_ok())
    }

    /// What an address is called by whoever was told these names of it; none: nothing.
    pub fn name(&self, address: IpAddr, names: &[String]) -> Option<String> {
        match self.peers(address, names).into_iter().next()? {
            Peer::Network(_) => None,
            peer @ (Peer::Set(_) | Peer::Group(_) | Peer::Device(_) | Peer::Name(_)) => {
                Some(peer.to_string())
            }
        }
    }

    /// Addresses of a peer set.
    pub(super) fn size_of(&self, set: &str) -> u128 {
        let found = self.sets.iter().find(|(_, name, _)| *name == set);
        found.map_or(0, |(size, ..)| *size)
    }

    /// The networks that a peer stands for, as far as that is known without an answer of DNS.
    pub(super) fn networks(&self, peer: &Peer) -> Vec<IpNetwork> {
        match peer {
            Peer::Set(set) => self
                .sets
                .iter()
                .filter(|(_, name, _)| name == set)
                .flat_map(|(.., networks)| networks.iter().copied())
                .collect(),
            Peer::Device(device) => self.addresses_of(|it| it == device),
            Peer::Group(group) => {
                let members = self.groups.get(group.as_str());
                self.addresses_of(|it| members.is_some_and(|members| members.contains(it)))
            }
            Peer::Network(network) => vec![*network],
            Peer::Name(_) => Vec::new(),
        }
    }

    fn addresses_of(&self, wanted: impl Fn(&str) -> bool) -> Vec<IpNetwork> {
        let devices = self.devices.iter().filter(|(_, device)| wanted(device));
        devices.map(|(address, _)| (*address).into()).collect()
    }

    /// These peers with as few words: devices that are most of a group are the group, addresses that are a good part of a small network are the network.
    /// With each, how many addresses or devices of how many were seen, where that is not all.
    pub(super) fn condense(&self, peers: &BTreeSet<Peer>) -> Vec<(Peer, Option<(usize, u128)>)> {
        let mut left = peers.clone();
        let mut found = Vec::new();
        for (group, members) in &self.groups {
            let is_member =
                |peer: &&Peer| matches!(peer, Peer::Device(it) if members.contains(it.as_str()));
            let seen = left.iter().filter(is_member).count();
            if seen >= FEWEST && seen * SHARE >= members.len() {
                left.retain(|peer| !is_member(&peer));
                let all = members.len() as u128;
                let partly = (seen as u128) < all;
                found.push((
                    Peer::Group((*group).to_owned()),
                    partly.then_some((seen, all)),
                ));
            }
        }
        let addresses: BTreeSet<IpAddr> = left
            .iter()
            .filter_map(|peer| match peer {
                Peer::Network(network) => Some(network.ip()),
                Peer::Set(_) | Peer::Group(_) | Peer::Device(_) | Peer::Name(_) => None,
            })
            .collect();
        for (network, seen) in networks(&addresses) {
            left.retain(|peer| !matches!(peer, Peer::Network(it) if network.contains(it.ip())));
            let all = size(&network);
            let partly = (seen as u128) < all;
            found.push((Peer::Network(network), partly.then_some((seen, all))));
        }
        found.extend(left.into_iter().map(|peer| (peer, None)));
        found
    }
}

/// Addresses of a network.
pub(super) fn size(network: &IpNetwork) -> u128 {
    let bits = match network {
        IpNetwork::V4(_) => 32,
        IpNetwork::V6(_) => 128,
    };
    1_u128
        .checked_shl(u32::from(bits - network.prefix()))
        .unwrap_or(u128::MAX)
}

/// Small networks of which a good part was seen, each the smallest around its addresses, with their number.
fn networks(addresses: &BTreeSet<IpAddr>) -> Vec<(IpNetwork, usize)> {
    let mut blocks: BTreeMap<IpNetwork, Vec<IpAddr>> = BTreeMap::new();
    for address in addresses {
        if let Some(block) = around(*address, HOST_BITS) {
            blocks.entry(block).or_default().push(*address);
        }
    }
    let smallest = |addresses: &[IpAddr]| {
        (0..=HOST_BITS).find_map(|bits| {
            let network = around(*addresses.first()?, bits)?;
            addresses
                .iter()
                .all(|it| network.contains(*it))
                .then_some(network)
        })
    };
    blocks
        .values()
        .filter(|seen| seen.len() >= FEWEST)
        .filter_map(|seen| Some((smallest(seen)?, seen.len())))
        .filter(|(network, seen)| (*seen * SHARE) as u128 >= size(network))
        .collect()
}

/// The network of an address with so many bits of host.
fn around(address: IpAddr, bits: u8) -> Option<IpNetwork> {
    let prefix = match address {
        IpAddr::V4(_) => 32 - bits,
        IpAddr::V6(_) => 128 - bits,
    };
    let network = IpNetwork::new(address, prefix).ok()?;
    IpNetwork::new(network.network(), prefix).ok()
}
