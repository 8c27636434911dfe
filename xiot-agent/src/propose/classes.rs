//! What devices of a profile do, put together: one class for each initiator, service and peer.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use super::{
    Group,
    allowed::Allowed,
    directory::{Directory, Peer},
};
use crate::{
    learn::{
        conversation::{Conversation, Initiator, Seen},
        review::Mark,
    },
    model::policy::Policy,
};

/// A service of every site, which rules need not name.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Infrastructure {
    /// DHCP and DHCPv6.
    Dhcp,
    /// DNS.
    Dns,
    /// NTP.
    Ntp,
    /// IPv6 neighbour discovery.
    Nd,
}

impl Infrastructure {
    /// As a profile has it among its services.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dhcp => "dhcp",
            Self::Dns => "dns",
            Self::Ntp => "ntp",
            Self::Nd => "nd",
        }
    }
}

/// Why a class is no rule unless a person makes it one.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Why {
    /// A mark of its conversations.
    Mark(Mark),
    /// DNS, NTP or DHCP with a server that is none of the site's.
    ForeignServer,
    /// One of many ports with the same peer, each seen in one hour: ports that are given out as they are needed.
    Scattered,
}

/// More ports than this with one peer, each seen in one hour alone, are scattered.
const SCATTERED: usize = 8;

/// What some devices do with one peer.
#[derive(Clone, Debug)]
pub(super) struct Class {
    pub(super) initiator: Initiator,
    /// Protocol, and port of the side that is called.
    pub(super) service: (u8, u16),
    pub(super) peer: Peer,
    /// Who does it, by name.
    pub(super) devices: BTreeSet<String>,
    /// Addresses that the peer had.
    pub(super) addresses: BTreeSet<IpAddr>,
    /// How often each device did it with each address. An address with several names is in as many classes.
    pub(super) opened: BTreeMap<(String, IpAddr), u64>,
    /// Hours in which it was seen, of that device that did it in most.
    pub(super) hours: u32,
    pub(super) first: u64,
    pub(super) last: u64,
    /// In few hours, of all devices.
    pub(super) is_rare: bool,
    /// Why a person has to decide; none: it is proposed.
    pub(super) why: BTreeSet<Why>,
}

impl Class {
    const fn new(initiator: Initiator, service: (u8, u16), peer: Peer) -> Self {
        Self {
            initiator,
            service,
            peer,
            devices: BTreeSet::new(),
            addresses: BTreeSet::new(),
            opened: BTreeMap::new(),
            hours: 0,
            first: u64::MAX,
            last: 0,
            is_rare: true,
            why: BTreeSet::new(),
        }
    }

    pub(super) fn is_proposed(&self) -> bool {
        self.why.is_empty()
    }

    /// Whether rules that were drafted since allow it.
    pub(super) fn is_in(&self, allowed: &Allowed<'_>) -> bool {
        allowed.names(self.initiator, self.service, &self.peer)
            || self.addresses.iter().all(|peer| {
                allowed.allows(&Conversation {
                    initiator: self.initiator,
                    midstream: false,
                    protocol: self.service.0,
                    port: self.service.1,
                    peer: *peer,
                })
            })
    }

    fn add(&mut self, device: &str, peer: IpAddr, seen: &Seen, marks: &[Mark]) {
        self.devices.insert(device.to_owned());
        self.addresses.insert(peer);
        *self.opened.entry((device.to_owned(), peer)).or_default() += seen.opened;
        self.hours = self.hours.max(seen.hours.count());
        self.first = self.first.min(seen.first);
        self.last = self.last.max(seen.last);
        self.is_rare &= marks.contains(&Mark::Rare);
        self.why.extend(
            marks
                .iter()
                .filter(|mark| mark.withholds())
                .map(|mark| Why::Mark(*mark)),
        );
    }
}

/// All of a profile.
#[derive(Debug)]
pub(super) struct Classes {
    all: Vec<Class>,
    /// Services that the profile has not, and its devices use.
    pub(super) infrastructure: BTreeSet<Infrastructure>,
    /// Conversations that are allowed already.
    pub(super) allowed: usize,
}

type Key = (Initiator, (u8, u16), Peer);

impl Classes {
    pub(super) fn of(
        group: &Group,
        directory: &Directory<'_>,
        policy: &Policy,
        allowed: &Allowed<'_>,
    ) -> Self {
        let mut found = Self {
            all: Vec::new(),
            infrastructure: BTreeSet::new(),
            allowed: 0,
        };
        let mut clean: BTreeMap<Key, Class> = BTreeMap::new();
        let mut doubtful: BTreeMap<Key, Class> = BTreeMap::new();
        for member in &group.members {
            for (conversation, seen) in member.learned.conversations() {
                let names = member.names.get(&conversation.peer);
                let names = names.map_or(&[][..], Vec::as_slice);
                let peers = missing(conversation, names, directory, allowed);
                if peers.is_empty() {
                    found.allowed += 1;
                    continue;
                }
                let mut foreign = None;
                match infrastructure(conversation, policy) {
                    Some((service, true)) => {
                        found.infrastructure.insert(service);
                        continue;
                    }
                    Some((_, false)) => foreign = Some(Why::ForeignServer),
                    None => {}
                }
                let marks = member
                    .marks
                    .get(conversation)
                    .map_or(&[][..], Vec::as_slice);
                let is_doubtful = foreign.is_some() || marks.iter().any(|mark| mark.withholds());
                let classes = if is_doubtful {
                    &mut doubtful
                } else {
                    &mut clean
                };
                let service = (conversation.protocol, conversation.port);
                for peer in peers {
                    let key = (conversation.initiator, service, peer.clone());
                    let class = classes
                        .entry(key)
                        .or_insert_with(|| Class::new(conversation.initiator, service, peer));
                    class.why.extend(foreign);
                    class.add(&member.device, conversation.peer, seen, marks);
                }
            }
        }
        // What another device does without any doubt needs no look at those that do it with one.
        doubtful.retain(|key, _| !clean.contains_key(key));
        found.all = clean.into_values().chain(doubtful.into_values()).collect();
        found.mark_scattered();
        found
    }

    fn mark_scattered(&mut self) {
        let mut ports: BTreeMap<(Initiator, u8, Peer), usize> = BTreeMap::new();
        let key = |class: &Class| (class.initiator, class.service.0, class.peer.clone());
        for class in self.all.iter().filter(|class| class.hours <= 1) {
            *ports.entry(key(class)).or_default() += 1;
        }
        for class in self.all.iter_mut().filter(|class| class.hours <= 1) {
            if ports
                .get(&key(class))
                .is_some_and(|ports| *ports > SCATTERED)
            {
                class.why.insert(Why::Scattered);
            }
        }
    }

    /// What devices share, and what one of them does alone. Of a single device everything is shared.
    pub(super) fn shared_and_alone(&self, members: usize) -> (Vec<&Class>, Vec<&Class>) {
        self.all
            .iter()
            .partition(|class| members < 2 || class.devices.len() > 1)
    }
}

/// What rules have to name that this conversation is allowed whatever the device asked for before; nothing: they allow it.
fn missing(
    conversation: &Conversation,
    names: &[String],
    directory: &Directory<'_>,
    allowed: &Allowed<'_>,
) -> Vec<Peer> {
    let mut peers = directory.peers(conversation.peer, names);
    peers.retain(|peer| match peer {
        Peer::Name(name) => !allowed.allows_as(conversation, std::slice::from_ref(name)),
        Peer::Set(_) | Peer::Group(_) | Peer::Device(_) | Peer::Network(_) => {
            !allowed.allows_as(conversation, names)
        }
    });
    peers
}

/// Conversations of devices that these classes are made of.
pub(super) fn conversations(classes: &[&Class]) -> usize {
    let each = classes.iter().flat_map(|class| {
        let seen = class.opened.keys();
        seen.map(|(device, peer)| (class.initiator, class.service, device, peer))
    });
    each.collect::<BTreeSet<_>>().len()
}

/// Which service of the site this is, and whether it is with a server of the site.
fn infrastructure(conversation: &Conversation, policy: &Policy) -> Option<(Infrastructure, bool)> {
    let Conversation {
        initiator,
        protocol,
        port,
        peer,
        midstream: _,
    } = *conversation;
    let servers = &policy.services;
    let by_device = initiator == Initiator::Device;
    let is_of = |networks: &[ipnetwork::IpNetwork]| networks.iter().any(|it| it.contains(peer));
    match (protocol, port, by_device) {
        (6 | 17, 53, true) => Some((Infrastructure::Dns, is_of(&servers.dns))),
        (17, 123, true) => Some((Infrastructure::Ntp, is_of(&servers.ntp))),
        (17, 67 | 547, true) | (17, 68 | 546, false) => {
            // Where no server is listed any may answer, but devices may speak to none alone.
            let is_any = is_group(peer) || servers.dhcp.is_empty() && !by_device;
            Some((Infrastructure::Dhcp, is_any || servers.dhcp.contains(&peer)))
        }
        (58, port, _) if matches!(port >> 8, 130..=136 | 143) => Some((Infrastructure::Nd, true)),
        _ => None,
    }
}

fn is_group(peer: IpAddr) -> bool {
    peer.is_multicast() || matches!(peer, IpAddr::V4(peer) if peer.is_broadcast())
}
