//! Conversations as MUD files mean them: who opens, with whom, over what; in a form in which the same is always written the same.

use std::collections::{BTreeMap, BTreeSet};

use ipnetwork::IpNetwork;

use crate::unit::dns_name::DnsName;

/// Who sends the first frame.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Opener {
    /// The device.
    Device,
    /// The other side.
    Peer,
}

/// The other side, as a maker can know it. Every address there is is the two networks of prefix length 0.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Peer {
    /// Addresses.
    Network(IpNetwork),
    /// A host of this name.
    Dns(DnsName),
    /// What controls devices of this one's kind (RFC 8520, 4.7).
    MyController,
    /// What serves a class of services, by URI (4.6).
    Controller(String),
    /// Devices with this MUD URL (4.4).
    Model(String),
    /// Devices whose MUD URLs have this host (4.1), `same-manufacturer` (4.2) too.
    Manufacturer(String),
    /// Broadcast addresses of the site's own networks.
    LocalBroadcast,
    /// The site's own networks (4.5).
    LocalNetworks,
}

/// Ports from one to another, both included.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Ports {
    /// The first.
    pub low: u16,
    /// The last.
    pub high: u16,
}

impl Ports {
    /// Every port.
    pub const ANY: Self = Self {
        low: 0,
        high: u16::MAX,
    };

    /// A single one.
    pub const fn one(port: u16) -> Self {
        Self {
            low: port,
            high: port,
        }
    }
}

/// Type of an ICMP message, and its code; none: every code.
pub type Message = (u8, Option<u8>);

/// What is spoken: ports are those of the side that is called.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Service {
    /// Every protocol.
    Any,
    /// TCP.
    Tcp(Ports),
    /// UDP.
    Udp(Ports),
    /// ICMP of IPv4.
    Icmp(Message),
    /// ICMPv6.
    Icmpv6(Message),
    /// Another IP protocol, or all of ICMP.
    Protocol(u8),
}

/// One allowed conversation.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Conversation {
    /// Who may open it.
    pub opener: Opener,
    /// The other side.
    pub peer: Peer,
    /// What is spoken.
    pub service: Service,
}

/// Services with one peer. What another of them covers is not there.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Services {
    /// Every protocol; everything else is empty then.
    pub any: bool,
    /// TCP ports, in order, without overlap and without neighbours that touch.
    pub tcp: Vec<Ports>,
    /// The same of UDP.
    pub udp: Vec<Ports>,
    /// Messages of ICMP.
    pub icmp: BTreeSet<Message>,
    /// Messages of ICMPv6.
    pub icmpv6: BTreeSet<Message>,
    /// Other protocols; 1 and 58 are all of ICMP.
    pub protocols: BTreeSet<u8>,
}

impl Services {
    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = Service> {
        let any = self.any.then_some(Service::Any);
        any.into_iter()
            .chain(self.tcp.iter().map(|ports| Service::Tcp(*ports)))
            .chain(self.udp.iter().map(|ports| Service::Udp(*ports)))
            .chain(self.icmp.iter().map(|it| Service::Icmp(*it)))
            .chain(self.icmpv6.iter().map(|it| Service::Icmpv6(*it)))
            .chain(self.protocols.iter().map(|it| Service::Protocol(*it)))
    }

    /// Whether this is among them.
    pub fn contains(&self, service: Service) -> bool {
        let within = |own: &[Ports], ports: Ports| {
            own.iter()
                .any(|own| own.low <= ports.low && ports.high <= own.high)
        };
        self.any
            || match service {
                Service::Any => false,
                Service::Tcp(ports) => within(&self.tcp, ports),
                Service::Udp(ports) => within(&self.udp, ports),
                Service::Icmp(message) => self.protocols.contains(&1) || has(&self.icmp, message),
                Service::Icmpv6(message) => {
                    self.protocols.contains(&58) || has(&self.icmpv6, message)
                }
                Service::Protocol(6) => within(&self.tcp, Ports::ANY),
                Service::Protocol(17) => within(&self.udp, Ports::ANY),
                Service::Protocol(number) => self.protocols.contains(&number),
            }
    }

    fn add(&mut self, service: Service) {
        if self.contains(service) {
            return;
        }
        match service {
            Service::Any => {
                *self = Self {
                    any: true,
                    ..Self::default()
                }
            }
            Service::Tcp(ports) => insert(&mut self.tcp, ports),
            Service::Protocol(6) => insert(&mut self.tcp, Ports::ANY),
            Service::Udp(ports) => insert(&mut self.udp, ports),
            Service::Protocol(17) => insert(&mut self.udp, Ports::ANY),
            Service::Icmp(message) => note(&mut self.icmp, message),
            Service::Icmpv6(message) => note(&mut self.icmpv6, message),
            Service::Protocol(number) => {
                match number {
                    1 => self.icmp.clear(),
                    58 => self.icmpv6.clear(),
                    _ => {}
                }
                self.protocols.insert(number);
            }
        }
    }
}

fn has(messages: &BTreeSet<Message>, (kind, code): Message) -> bool {
    messages.contains(&(kind, None)) || messages.contains(&(kind, code))
}

fn note(messages: &mut BTreeSet<Message>, (kind, code): Message) {
    if code.is_none() {
        messages.retain(|(other, _)| *other != kind);
    }
    messages.insert((kind, code));
}

/// Puts a range in its place among ranges, and makes one of all that overlap or touch.
fn insert(ranges: &mut Vec<Ports>, range: Ports) {
    ranges.push(range);
    ranges.sort_unstable();
    let mut merged: Vec<Ports> = Vec::with_capacity(ranges.len());
    for range in ranges.drain(..) {
        match merged.last_mut() {
            Some(last) if range.low <= last.high.saturating_add(1) => {
                last.high = last.high.max(range.high);
            }
            Some(_) | None => merged.push(range),
        }
    }
    // Port 0 is no service's: with all others in it, it is every port.
    if let Some(first) = merged.first_mut()
        && *first
            == (Ports {
                low: 1,
                ..Ports::ANY
            })
    {
        *first = Ports::ANY;
    }
    *ranges = merged;
}

/// Conversations, each once, what others cover left out.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Conversations(BTreeMap<(Opener, Peer), Services>);

impl Conversations {
    /// Adds one.
    pub fn add(&mut self, conversation: Conversation) {
        let key = (conversation.opener, conversation.peer);
        self.0.entry(key).or_default().add(conversation.service);
    }

    /// Who opens, with whom, and all that is spoken there.
    pub fn by_peer(&self) -> impl Iterator<Item = (Opener, &Peer, &Services)> {
        self.0
            .iter()
            .map(|((opener, peer), services)| (*opener, peer, services))
    }

    /// What is spoken with this peer.
    pub fn with(&self, opener: Opener, peer: &Peer) -> Option<&Services> {
        self.0.get(&(opener, peer.clone()))
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = Conversation> {
        self.by_peer().flat_map(|(opener, peer, services)| {
            services.iter().map(move |service| Conversation {
                opener,
                peer: peer.clone(),
                service,
            })
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0
            .values()
            .map(|services| services.iter().count())
            .sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Conversation> for Conversations {
    fn from_iter<I: IntoIterator<Item = Conversation>>(iter: I) -> Self {
        let mut all = Self::default();
        for conversation in iter {
            all.add(conversation);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn services(list: &[Service]) -> Services {
        let mut all = Services::default();
        for service in list {
            all.add(*service);
        }
        all
    }

    fn some_service() -> impl Strategy<Value = Service> {
        let ports = || {
            prop_oneof![
                (0..12u16, 0..4u16).prop_map(|(low, more)| Ports {
                    low,
                    high: low + more
                }),
                Just(Ports::ANY),
                Just(Ports {
                    low: 1,
                    high: u16::MAX
                }),
            ]
        };
        let message = || (0..3u8, proptest::option::of(0..2u8));
        prop_oneof![
            1 => Just(Service::Any),
            8 => ports().prop_map(Service::Tcp),
            8 => ports().prop_map(Service::Udp),
            4 => message().prop_map(Service::Icmp),
            4 => message().prop_map(Service::Icmpv6),
            4 => prop_oneof![Just(1u8), Just(6), Just(17), Just(58), Just(47)].prop_map(Service::Protocol),
        ]
    }

    proptest! {
        #[test]
        fn the_order_in_which_they_come_has_no_influence(
            (list, shuffled) in proptest::collection::vec(some_service(), 0..10)
                .prop_flat_map(|list| (Just(list.clone()), Just(list).prop_shuffle()))
        ) {
            let all = services(&list);
            prop_assert_eq!(&services(&shuffled), &all);
            for service in list {
                prop_assert!(all.contains(service), "{:?} in {:?}", service, all);
            }
            let again: Vec<_> = all.iter().collect();
            prop_assert_eq!(services(&again), all);
        }
    }

    #[test]
    fn what_is_covered_is_left_out() {
        let all = services(&[
            Service::Tcp(Ports::one(81)),
            Service::Tcp(Ports::one(80)),
            Service::Icmp((3, Some(4))),
            Service::Icmp((3, None)),
            Service::Icmpv6((128, None)),
            Service::Protocol(58),
        ]);
        assert_eq!(all.tcp, [Ports { low: 80, high: 81 }]);
        assert_eq!(all.icmp, BTreeSet::from([(3, None)]));
        assert!(all.icmpv6.is_empty());
        assert_eq!(all.iter().count(), 3);
    }
}
