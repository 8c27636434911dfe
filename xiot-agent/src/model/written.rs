//! Profiles and peer sets as people wrote them, by name: what a resolved policy has spelt out as addresses is here what it is called.

use std::collections::BTreeMap;

use ipnetwork::IpNetwork;

use super::{
    policy::{Clause, DnsName, Initiator},
    raw::{self, RawPeer, RawPolicy, RawProfile, RawRule, Service},
    resolve::{Whole, with_included},
    yaml,
};
use crate::diag::Report;

/// A policy as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Written {
    /// Peers of each set.
    pub peer_sets: BTreeMap<String, Vec<Peer>>,
    /// Profiles in file order.
    pub profiles: Vec<Profile>,
}

impl Written {
    /// The profile of this name.
    pub fn profile(&self, name: &str) -> Option<&Profile> {
        self.profiles.iter().find(|profile| profile.name == name)
    }
}

/// A profile as written.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// Its services and those of profiles that it includes, or those that a profile has which names none.
    pub services: Vec<&'static str>,
    /// Its rules and those of profiles that it includes, without those of services.
    pub rules: Vec<Rule>,
}

/// A rule as written.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Who may open the conversation.
    pub initiator: Initiator,
    /// The other side.
    pub peers: Vec<Peer>,
    /// What is allowed, any of these.
    pub clauses: Vec<Clause>,
    /// Whether it has an end or windows.
    pub timed: bool,
    /// The rule in one line.
    pub label: String,
}

/// A peer as written.
#[derive(Clone, Debug, PartialEq)]
pub enum Peer {
    /// Every address of both families.
    Any,
    /// An address or a network.
    Network(IpNetwork),
    /// A peer set.
    Set(String),
    /// The addresses of a device.
    Device(String),
    /// Those of the devices of a group.
    Group(String),
    /// What a name stands for.
    Dns(DnsName),
}

/// Reads a policy again that was found to be right; none where it is not.
pub fn written(text: &[u8]) -> Option<Written> {
    let (text, fault) = yaml::check_text(text.to_vec());
    if fault.is_some() {
        return None;
    }
    let root = yaml::parse(&text).ok()?;
    let mut report = Report::new("policy", "");
    let raw = raw::read_policy(&root, &mut report);
    (report.errors() == 0).then(|| of_policy(&raw))
}

fn of_policy(raw: &RawPolicy<'_>) -> Written {
    let sets = raw.peer_sets.iter();
    Written {
        peer_sets: sets
            .map(|set| (set.name.value.to_owned(), of_peers(&set.peers)))
            .collect(),
        profiles: with_included(raw)
            .iter()
            .zip(&raw.profiles)
            .map(|(whole, profile)| of_profile(raw, profile, whole))
            .collect(),
    }
}

/// A profile with what it includes.
fn of_profile(raw: &RawPolicy<'_>, profile: &RawProfile<'_>, whole: &Whole) -> Profile {
    let parts = whole
        .parts
        .iter()
        .filter_map(|part| raw.profiles.get(*part));
    let services = whole.services.iter().map(|service| match service.value {
        Service::Arp => "arp",
        Service::Nd => "nd",
        Service::Dhcp => "dhcp",
        Service::Dns => "dns",
        Service::Ntp => "ntp",
    });
    Profile {
        name: profile.name.value.to_owned(),
        services: services.collect(),
        rules: parts.flat_map(|part| &part.rules).map(of_rule).collect(),
    }
}

fn of_rule(raw: &RawRule<'_>) -> Rule {
    Rule {
        initiator: raw.initiator,
        peers: of_peers(&raw.peers),
        clauses: raw.clauses.clone(),
        timed: raw.times.expires.is_some() || raw.times.when.is_some(),
        label: raw.label.clone(),
    }
}

fn of_peers(raw: &[RawPeer<'_>]) -> Vec<Peer> {
    let one = |raw: &RawPeer<'_>| match &raw.peer {
        raw::Peer::Any => Peer::Any,
        raw::Peer::Network(network) => Peer::Network(*network),
        raw::Peer::Set(name) => Peer::Set((*name).to_owned()),
        raw::Peer::Device(name) => Peer::Device((*name).to_owned()),
        raw::Peer::Group(name) => Peer::Group((*name).to_owned()),
        raw::Peer::Dns(name) => Peer::Dns(name.clone()),
    };
    raw.iter().map(one).collect()
}
