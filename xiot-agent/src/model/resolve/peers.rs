//! Peers spelt out: sets, devices and groups become addresses and DNS names.

use std::collections::{HashMap, HashSet};

use ipnetwork::IpNetwork;

use super::{
    group::{self, Group, addresses},
    names::Names,
    order::order,
};
use crate::{
    diag::{Code, Diagnostic, Report, Span, closest},
    model::{
        decode::Spanned,
        limit::{MAX_DNS_NAMES, MAX_PEERS},
        raw::{Peer, RawDevice, RawPeer, RawPolicy, any_networks},
    },
    unit::dns_name::DnsName,
};

/// Peers spelt out.
#[derive(Clone, Debug, Default)]
pub(super) struct Spelt {
    pub(super) networks: Vec<IpNetwork>,
    pub(super) names: Vec<DnsName>,
}

impl Spelt {
    fn len(&self) -> usize {
        self.networks.len() + self.names.len()
    }
}

/// Spells peers out, and remembers which sets are used.
#[derive(Debug)]
pub(super) struct Expander<'r, 'n> {
    raw: &'r RawPolicy<'n>,
    names: &'r Names<'n>,
    sets: Vec<Spelt>,
    groups: HashMap<&'n str, Group>,
    used: Vec<bool>,
    /// Networks and names handed out so far.
    total: usize,
    /// Every DNS name so far.
    dns_names: HashSet<DnsName>,
    /// Where the first one stands.
    first_dns_name: Option<Span>,
    /// Sets with something missing in them.
    broken: Vec<bool>,
    /// Peers so far that could not be spelt out in full.
    faults: usize,
}

impl<'r, 'n> Expander<'r, 'n> {
    /// Spells all sets out.
    pub(super) fn new(raw: &'r RawPolicy<'n>, names: &'r Names<'n>, report: &mut Report) -> Self {
        let mut expander = Self {
            raw,
            names,
            sets: vec![Spelt::default(); raw.peer_sets.len()],
            groups: HashMap::new(),
            used: vec![false; raw.peer_sets.len()],
            total: 0,
            dns_names: HashSet::new(),
            first_dns_name: None,
            broken: vec![false; raw.peer_sets.len()],
            faults: 0,
        };
        for index in order(raw, names, report) {
            let set = &raw.peer_sets[index];
            let faults = expander.faults;
            expander.sets[index] = expander.expand(&set.peers, report);
            expander.broken[index] = !set.whole || expander.faults > faults;
        }
        expander
    }

    /// Peers so far that could not be spelt out in full.
    pub(super) const fn faults(&self) -> usize {
        self.faults
    }

    /// The peers of the set at this position.
    pub(super) fn set(&self, index: usize) -> &Spelt {
        &self.sets[index]
    }

    /// Where the first DNS name stands; none if there is none.
    pub(super) const fn first_dns_name(&self) -> Option<Span> {
        self.first_dns_name
    }

    /// The networks of servers, which may not be written at all, and which no DNS name can be.
    pub(super) fn expand_servers(
        &mut self,
        peers: Option<&[RawPeer<'n>]>,
        report: &mut Report,
    ) -> Vec<IpNetwork> {
        let peers = peers.unwrap_or_default();
        for raw in peers {
            let named = match &raw.peer {
                Peer::Dns(_) => true,
                Peer::Set(name) => {
                    let index = self.names.sets.get(name);
                    index.is_some_and(|index| !self.sets[*index].names.is_empty())
                }
                Peer::Any | Peer::Network(_) | Peer::Device(_) | Peer::Group(_) => false,
            };
            if named {
                report.push(misplaced(raw));
            }
        }
        self.expand(peers, report).networks
    }

    /// The networks and names of all these peers, each once, in the order written.
    pub(super) fn expand(&mut self, peers: &[RawPeer<'n>], report: &mut Report) -> Spelt {
        let mut spelt = Spelt::default();
        for raw in peers {
            if !self.add(&raw.peer, raw.span, &mut spelt, report) {
                return Spelt::default();
            }
        }
        let only_networks = peers
            .iter()
            .all(|raw| matches!(raw.peer, Peer::Any | Peer::Network(_)));
        if peers.len() > 1 && !only_networks {
            let mut seen = HashSet::new();
            spelt.networks.retain(|network| seen.insert(*network));
            let mut seen = HashSet::new();
            spelt.names.retain(|name| seen.insert(name.clone()));
        }
        spelt
    }

    /// Adds the networks and names of one peer. False if there are too many.
    fn add(&mut self, peer: &Peer<'n>, span: Span, spelt: &mut Spelt, report: &mut Report) -> bool {
        let (before, errors) = (spelt.len(), report.errors());
        let networks = &mut spelt.networks;
        match peer {
            Peer::Any => networks.extend(any_networks()),
            Peer::Network(network) => networks.push(*network),
            Peer::Dns(name) => {
                self.first_dns_name.get_or_insert(span);
                self.dns_names.insert(name.clone());
                spelt.names.push(name.clone());
            }
            Peer::Set(name) => match self.names.sets.get(name) {
                Some(index) => {
                    self.used[*index] = true;
                    self.faults += usize::from(self.broken[*index]);
                    let set = &self.sets[*index];
                    networks.extend_from_slice(&set.networks);
                    spelt.names.extend_from_slice(&set.names);
                }
                None => report.push(self.unknown_set(name, span)),
            },
            Peer::Device(name) => match self.names.devices.get(name) {
                Some(index) => {
                    let device = &self.raw.devices[*index];
                    if !device.has_ip {
                        report.push(without_address(name, device, span));
                    }
                    networks.extend(addresses(device));
                }
                None => report.push(self.unknown_device(name, span)),
            },
            Peer::Group(name) => match self.names.groups.get(name) {
                Some(members) => {
                    let group = self
                        .groups
                        .entry(*name)
                        .or_insert_with(|| Group::spell(name, members, self.raw, span, report));
                    self.faults += usize::from(!group.whole);
                    networks.extend_from_slice(&group.networks);
                }
                None => report.push(group::unknown(name, self.names, span)),
            },
        }
        self.faults += usize::from(report.errors() > errors);
        self.total += spelt.len() - before;
        if self.dns_names.len() > MAX_DNS_NAMES {
            report.push(
                Diagnostic::new(
                    Code::TooManyPeers,
                    span,
                    format!("the policy has more than {MAX_DNS_NAMES} DNS names up to here"),
                )
                .hint("names that nothing uses can be removed"),
            );
            self.faults += 1;
            return false;
        }
        if self.total > MAX_PEERS {
            report.push(
                Diagnostic::new(
                    Code::TooManyPeers,
                    span,
                    format!("the policy has more than {MAX_PEERS} peers up to here"),
                )
                .hint("use networks instead of long lists of addresses"),
            );
            self.faults += 1;
            return false;
        }
        true
    }

    /// Reports a set that does not exist; one that does counts as used.
    pub(super) fn mention(&mut self, set: Spanned<&str>, report: &mut Report) {
        match self.names.sets.get(set.value) {
            Some(index) => self.used[*index] = true,
            None => report.push(self.unknown_set(set.value, set.span)),
        }
    }

    fn unknown_set(&self, name: &str, span: Span) -> Diagnostic {
        let diagnostic = Diagnostic::new(
            Code::UnknownName,
            span,
            format!("there is no peer set `{name}`"),
        );
        if self.names.devices.contains_key(name) {
            return diagnostic.hint(format!(
                "for the device of this name write `{{device: {name}}}`"
            ));
        }
        if self.names.groups.contains_key(name) {
            return diagnostic.hint(format!(
                "for the group of this name write `{{group: {name}}}`"
            ));
        }
        if name.contains('.') && DnsName::parse(name).is_ok() {
            return diagnostic.hint(format!("for a DNS name write `{{dns: {name}}}`"));
        }
        diagnostic
            .suggest(closest(name, self.names.sets.keys().copied()))
            .hint_if_none("define it under `peer_sets`, or write an address")
    }

    fn unknown_device(&self, name: &str, span: Span) -> Diagnostic {
        Diagnostic::new(
            Code::UnknownName,
            span,
            format!("there is no device `{name}`"),
        )
        .suggest(closest(name, self.names.devices.keys().copied()))
        .hint_if_none("list it under `devices`, or write its address")
    }

    /// Warns of sets that nothing uses.
    pub(super) fn report_unused(&self, report: &mut Report) {
        for (set, _) in self
            .raw
            .peer_sets
            .iter()
            .zip(&self.used)
            .filter(|(_, used)| !**used)
        {
            report.push(
                Diagnostic::new(
                    Code::UnusedPeerSet,
                    set.name.span,
                    format!("nothing uses peer set `{}`", set.name.value),
                )
                .hint("use it in a rule, or remove it"),
            );
        }
    }
}

fn misplaced(raw: &RawPeer<'_>) -> Diagnostic {
    let label = raw.peer.label();
    let message = match raw.peer {
        Peer::Dns(_) => format!("servers have addresses: `{label}` cannot stand here"),
        Peer::Any | Peer::Network(_) | Peer::Set(_) | Peer::Device(_) | Peer::Group(_) => {
            format!("servers have addresses: `{label}` has DNS names")
        }
    };
    Diagnostic::new(Code::MisplacedDnsName, raw.span, message)
        .hint("list the addresses of the servers")
}

fn without_address(name: &str, device: &RawDevice<'_>, span: Span) -> Diagnostic {
    Diagnostic::new(
        Code::PeerWithoutAddress,
        span,
        format!("device `{name}` is a peer, but has no `ip`"),
    )
    .note(device.span, "has no `ip`")
    .hint("give the device its addresses")
}
