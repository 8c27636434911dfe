//! What a profile allows, in the words that MUD files have for it.

use std::collections::BTreeSet;

use ipnetwork::IpNetwork;

use super::Unwritten;
use crate::{
    model::{
        mud::Mud,
        policy::{Clause, IcmpType, Initiator, Policy},
        written::{Peer as Named, Profile, Rule, Written},
    },
    mud::meaning::{
        Conversation, Conversations, Opener, Peer, Ports, Service, dns, everybody, ntp,
    },
    unit::mud_url,
};

/// Why part of a profile is not in its file, or not as it was written.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Reason {
    /// It has an end or windows.
    #[error("files know no times: the rule is left out")]
    Timed,
    /// A device of the site.
    #[error("the addresses that device `{0}` has at this site are written")]
    Device(String),
    /// Devices of the site.
    #[error("the addresses that devices of group `{0}` have at this site are written")]
    Group(String),
    /// A set that is no word of files.
    #[error("what is in peer set `{0}` is written: `mud` of the policy has no word for it")]
    Set(String),
    /// Broadcast from the other side.
    #[error("nobody sends from a broadcast address: left out")]
    Broadcast,
    /// A service that files suppose.
    #[error("files can't say that a device does without {0}")]
    Without(&'static str),
}

/// The conversations of a profile.
pub(super) fn conversations(
    policy: &Policy,
    written: &Written,
    profile: &Profile,
    url: &str,
) -> (Conversations, Vec<Unwritten>) {
    let mut words = Words {
        policy,
        written,
        profile: &profile.name,
        maker: mud_url::authority(url).unwrap_or_default(),
        lost: Vec::new(),
    };
    let mut found = Conversations::default();
    for rule in &profile.rules {
        words.rule(rule, &mut found);
    }
    for service in &profile.services {
        match *service {
            "dns" => dns().into_iter().for_each(|one| found.add(one)),
            "ntp" => found.add(ntp()),
            _ => {}
        }
    }
    let mut lost = words.lost;
    for service in ["arp", "nd", "dhcp"] {
        if !profile.services.contains(&service) {
            lost.push(Unwritten {
                rule: None,
                reason: Reason::Without(service),
            });
        }
    }
    (found, lost)
}

/// Peers of one profile in words of files.
struct Words<'p> {
    policy: &'p Policy,
    written: &'p Written,
    profile: &'p str,
    maker: String,
    lost: Vec<Unwritten>,
}

impl Words<'_> {
    fn rule(&mut self, rule: &Rule, found: &mut Conversations) {
        if rule.timed {
            self.lose(rule, Reason::Timed);
            return;
        }
        let opener = match rule.initiator {
            Initiator::Device => Opener::Device,
            Initiator::Peer => Opener::Peer,
        };
        let mut peers = BTreeSet::new();
        for peer in &rule.peers {
            self.spell(peer, rule, &mut peers);
        }
        for peer in peers {
            if peer == Peer::LocalBroadcast && opener == Opener::Peer {
                self.lose(rule, Reason::Broadcast);
                continue;
            }
            for service in rule.clauses.iter().flat_map(services) {
                if speaks(&peer, service) {
                    found.add(Conversation {
                        opener,
                        peer: peer.clone(),
                        service,
                    });
                }
            }
        }
    }

    fn lose(&mut self, rule: &Rule, reason: Reason) {
        let unwritten = Unwritten {
            rule: Some(rule.label.clone()),
            reason,
        };
        if !self.lost.contains(&unwritten) {
            self.lost.push(unwritten);
        }
    }

    /// What a peer is in a file: sets that have a word are that word, all others what is in them.
    fn spell(&mut self, peer: &Named, rule: &Rule, into: &mut BTreeSet<Peer>) {
        match peer {
            Named::Any => into.extend(everybody().map(Peer::Network)),
            Named::Network(network) => {
                into.insert(Peer::Network(*network));
            }
            Named::Set(set) => {
                if let Some(word) = word(&self.policy.mud, self.profile, &self.maker, set) {
                    into.insert(word);
                    return;
                }
                self.lose(rule, Reason::Set(set.clone()));
                // Sets do not contain themselves: the policy was found to be right.
                for peer in self.written.peer_sets.get(set).into_iter().flatten() {
                    self.spell(peer, rule, into);
                }
            }
            Named::Dns(name) => {
                into.insert(Peer::Dns(name.clone()));
            }
            Named::Device(name) => {
                self.lose(rule, Reason::Device(name.clone()));
                let devices = self.policy.devices.iter();
                let device = devices.filter(|device| device.name == *name);
                into.extend(device.flat_map(|it| &it.addresses).map(|ip| host(*ip)));
            }
            Named::Group(name) => {
                self.lose(rule, Reason::Group(name.clone()));
                let devices = self.policy.devices.iter();
                let members = devices.filter(|device| device.groups.contains(name));
                into.extend(members.flat_map(|it| &it.addresses).map(|ip| host(*ip)));
            }
        }
    }
}

fn host(address: std::net::IpAddr) -> Peer {
    Peer::Network(IpNetwork::from(address))
}

/// The word that a set is.
fn word(mud: &Mud, profile: &str, maker: &str, set: &str) -> Option<Peer> {
    let is = |other: &String| other == set;
    let key = |map: &std::collections::BTreeMap<String, String>| {
        let mut entries = map.iter();
        entries
            .find(|(_, other)| is(other))
            .map(|(key, _)| key.clone())
    };
    if mud.local_networks.as_ref().is_some_and(is) {
        return Some(Peer::LocalNetworks);
    }
    if mud.local_broadcast.as_ref().is_some_and(is) {
        return Some(Peer::LocalBroadcast);
    }
    if mud.my_controllers.get(profile).is_some_and(is) {
        return Some(Peer::MyController);
    }
    let own = mud.manufacturers.get(maker).filter(|other| is(other));
    if own.is_some() {
        return Some(Peer::Manufacturer(maker.to_owned()));
    }
    key(&mud.controllers)
        .map(Peer::Controller)
        .or_else(|| key(&mud.manufacturers).map(Peer::Manufacturer))
        .or_else(|| key(&mud.models).map(Peer::Model))
}

fn services(clause: &Clause) -> Vec<Service> {
    let ports = |ranges: &[std::ops::RangeInclusive<u16>], of: fn(Ports) -> Service| {
        let one = |range: &std::ops::RangeInclusive<u16>| {
            of(Ports {
                low: *range.start(),
                high: *range.end(),
            })
        };
        ranges.iter().map(one).collect()
    };
    let message = |icmp: &IcmpType| (icmp.kind, icmp.code);
    match clause {
        Clause::Any => vec![Service::Any],
        Clause::Tcp(ranges) => ports(ranges, Service::Tcp),
        Clause::Udp(ranges) => ports(ranges, Service::Udp),
        Clause::Icmp(types) => types.iter().map(|it| Service::Icmp(message(it))).collect(),
        Clause::Icmpv6(types) => types
            .iter()
            .map(|it| Service::Icmpv6(message(it)))
            .collect(),
        Clause::Protocol(number) => vec![Service::Protocol(*number)],
    }
}

/// Whether a service has a meaning with this peer: messages of ICMP go with their family alone.
pub(super) fn speaks(peer: &Peer, service: Service) -> bool {
    let (v4, v6) = match peer {
        Peer::Network(network) => (network.is_ipv4(), network.is_ipv6()),
        Peer::LocalBroadcast => (true, false),
        Peer::Dns(_)
        | Peer::MyController
        | Peer::Controller(_)
        | Peer::Model(_)
        | Peer::Manufacturer(_)
        | Peer::LocalNetworks => (true, true),
    };
    match service {
        // The others are extension headers in IPv6: no packet has them as its protocol.
        Service::Icmp(_) | Service::Protocol(0 | 1 | 43 | 44 | 60 | 135) => v4,
        Service::Icmpv6(_) | Service::Protocol(58) => v6,
        Service::Any | Service::Tcp(_) | Service::Udp(_) | Service::Protocol(_) => true,
    }
}
