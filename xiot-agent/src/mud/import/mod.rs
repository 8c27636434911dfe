//! From what a MUD file allows to a profile in the policy language, with the peer sets that its words are at the site.

mod rule;
mod sets;
mod text;
mod words;

use std::collections::BTreeSet;

use ipnetwork::IpNetwork;

use self::sets::Sets;
pub use self::{sets::NewSet, words::clean};
use super::meaning::{
    Conversation, DNS, Meaning, NTP, Opener, Peer, Services, dns, everybody, ntp,
};
use crate::{
    model::{mud::Mud, policy::Policy},
    unit::mud_url,
};

/// What a site has already.
#[derive(Clone, Debug, Default)]
pub struct Site {
    /// What words of files are here.
    pub mapping: Mud,
    /// Names of peer sets.
    pub peer_sets: BTreeSet<String>,
    /// Names of profiles.
    pub profiles: BTreeSet<String>,
    /// Whether servers of DNS are listed.
    pub dns: bool,
    /// Whether servers of NTP are.
    pub ntp: bool,
}

impl Site {
    /// That of a policy.
    pub fn of(policy: &Policy) -> Self {
        let sets = policy.peer_sets.iter();
        Self {
            mapping: policy.mud.clone(),
            peer_sets: sets.map(|set| set.name.clone()).collect(),
            profiles: policy.profiles.iter().map(|it| it.name.clone()).collect(),
            dns: !policy.services.dns.is_empty(),
            ntp: !policy.services.ntp.is_empty(),
        }
    }
}

/// A profile out of a file, and what it needs of the rest of the policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// Name of the profile.
    pub profile: String,
    /// The file's MUD URL.
    pub url: String,
    /// Services of the profile.
    pub services: Vec<&'static str>,
    /// Its rules, each in one line of the policy language.
    pub rules: Vec<String>,
    /// Peer sets that the policy has to get, and the site to fill.
    pub sets: Vec<NewSet>,
    /// What the policy's map `mud` lacks.
    pub mapping: Mud,
    /// Services whose servers the policy does not list yet.
    pub missing_servers: Vec<&'static str>,
}

/// The name of a profile may not be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the policy has a profile `{0}` of another MUD URL already: choose a name with --profile")]
pub struct ProfileTaken(pub String);

/// The name that a profile gets by itself: the last part of its URL, or the host.
pub fn profile_name(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let last = path.split('/').rfind(|part| !part.is_empty());
    let last = last.unwrap_or_default();
    words::name(last.strip_suffix(".json").unwrap_or(last))
}

/// Makes a profile of what a file with this URL allows.
pub fn import(
    meaning: &Meaning,
    url: &str,
    profile: &str,
    site: &Site,
) -> Result<Imported, ProfileTaken> {
    let same = site.mapping.urls.get(profile).is_some_and(|own| own == url);
    if site.profiles.contains(profile) && !same {
        return Err(ProfileTaken(profile.to_owned()));
    }
    let maker = mud_url::authority(url).unwrap_or_default();
    let mut sets = Sets::new(&site.mapping, site.peer_sets.clone(), profile, &maker);
    let (services, missing_servers) = services(meaning, site);
    let rules = rules(meaning, &services, &mut sets);
    Ok(Imported {
        profile: profile.to_owned(),
        url: url.to_owned(),
        services,
        rules,
        sets: sets.added,
        mapping: sets.mapping,
        missing_servers,
    })
}

/// Built-in services of the profile. A device that is given its MUD URL's policy has an address already, so that files say nothing of how it
/// got one: ARP, ND and DHCP are always there.
fn services(meaning: &Meaning, site: &Site) -> (Vec<&'static str>, Vec<&'static str>) {
    let allowed = &meaning.conversations;
    let has = |one: &Conversation| {
        allowed
            .with(one.opener, &one.peer)
            .is_some_and(|services| services.contains(one.service))
    };
    let mut services = vec!["arp", "nd", "dhcp"];
    let mut missing = Vec::new();
    if dns().iter().all(has) {
        services.push("dns");
    }
    // What a name stands for is learned from these servers.
    let names = allowed
        .by_peer()
        .any(|(_, peer, _)| matches!(peer, Peer::Dns(_)));
    if (names || services.contains(&"dns")) && !site.dns {
        missing.push("dns");
    }
    if has(&ntp()) {
        services.push("ntp");
        missing.extend((!site.ntp).then_some("ntp"));
    }
    (services, missing)
}

/// The rules, narrow peers first: a rule that an earlier one covers is an error of the policy.
fn rules(meaning: &Meaning, services: &[&'static str], sets: &mut Sets<'_>) -> Vec<String> {
    let mut all: Vec<_> = meaning
        .conversations
        .by_peer()
        .filter(|(opener, peer, allowed)| !is_service(*opener, peer, allowed, services))
        .collect();
    all.sort_by_key(|(opener, peer, _)| (width(peer), (*peer).clone(), *opener));
    let mut rules = Vec::new();
    for (opener, peer, allowed) in all {
        let text = match peer {
            Peer::Network(network) if network.prefix() == 0 => {
                match whole(meaning, opener, *network, allowed) {
                    Whole::Both(both) => {
                        rules.push(rule::rule(opener, "any", &both));
                        continue;
                    }
                    Whole::Told => continue,
                    Whole::One => rule::network(*network),
                }
            }
            Peer::Network(network) => rule::network(*network),
            Peer::Dns(name) => format!("{{dns: {name}}}"),
            Peer::MyController
            | Peer::Controller(_)
            | Peer::Model(_)
            | Peer::Manufacturer(_)
            | Peer::LocalBroadcast
            | Peer::LocalNetworks => match sets.of(peer) {
                Some(set) => set,
                None => continue,
            },
        };
        rules.push(rule::rule(opener, &text, allowed));
    }
    rules
}

/// Whether a service of the profile is all that is spoken with this peer.
fn is_service(opener: Opener, peer: &Peer, allowed: &Services, services: &[&str]) -> bool {
    let exactly = |conversations: &[Conversation]| {
        allowed.iter().count() == conversations.len()
            && conversations
                .iter()
                .all(|one| one.opener == opener && allowed.iter().any(|it| it == one.service))
    };
    let Peer::Controller(class) = peer else {
        return false;
    };
    match class.as_str() {
        DNS => services.contains(&"dns") && exactly(&dns()),
        NTP => services.contains(&"ntp") && exactly(&[ntp()]),
        _ => false,
    }
}

/// How far a peer may reach: longer prefixes first, everybody last.
fn width(peer: &Peer) -> (u8, u8) {
    match peer {
        Peer::Network(network) if network.prefix() == 0 => (9, 0),
        Peer::Network(network) => (0, u8::MAX - network.prefix()),
        Peer::Dns(_) => (1, 0),
        Peer::MyController => (2, 0),
        Peer::Controller(_) => (3, 0),
        Peer::Model(_) => (4, 0),
        Peer::Manufacturer(_) => (5, 0),
        Peer::LocalBroadcast => (6, 0),
        Peer::LocalNetworks => (7, 0),
    }
}

/// What becomes of a conversation with all of IPv4 or all of IPv6.
enum Whole {
    /// The other family has the same: one rule for `any`, of all that both have.
    Both(Services),
    /// That rule is there already.
    Told,
    /// It is of one family alone.
    One,
}

fn whole(meaning: &Meaning, opener: Opener, network: IpNetwork, allowed: &Services) -> Whole {
    let everybody = everybody();
    let [v4, v6] = everybody.map(|network| {
        let services = meaning.conversations.with(opener, &Peer::Network(network));
        services.cloned()
    });
    let (Some(v4), Some(v6)) = (v4, v6) else {
        return Whole::One;
    };
    // Messages of each family are the other's no matter.
    let mut both = allowed.clone();
    both.icmp.clone_from(&v4.icmp);
    both.icmpv6.clone_from(&v6.icmpv6);
    for (number, own) in [(1, &v4), (58, &v6)] {
        if own.protocols.contains(&number) {
            both.protocols.insert(number);
        } else {
            both.protocols.remove(&number);
        }
    }
    let stripped = |services: &Services| {
        let mut rest = services.clone();
        rest.icmp.clear();
        rest.icmpv6.clear();
        rest.protocols.remove(&1);
        rest.protocols.remove(&58);
        rest
    };
    match (stripped(&v4) == stripped(&v6), network.is_ipv4()) {
        (true, true) => Whole::Both(both),
        (true, false) => Whole::Told,
        (false, _) => Whole::One,
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use self::tests::filled;
