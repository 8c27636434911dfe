//! Peers spelt out: sets, devices and groups become addresses.

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
        limit::MAX_PEERS,
        raw::{Peer, RawDevice, RawPeer, RawPolicy, any_networks},
    },
};

/// Spells peers out, and remembers which sets are used.
#[derive(Debug)]
pub(super) struct Expander<'r, 'n> {
    raw: &'r RawPolicy<'n>,
    names: &'r Names<'n>,
    sets: Vec<Vec<IpNetwork>>,
    groups: HashMap<&'n str, Group>,
    used: Vec<bool>,
    /// Networks handed out so far.
    total: usize,
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
            sets: vec![Vec::new(); raw.peer_sets.len()],
            groups: HashMap::new(),
            used: vec![false; raw.peer_sets.len()],
            total: 0,
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

    /// The networks of the set at this position.
    pub(super) fn set(&self, index: usize) -> &[IpNetwork] {
        &self.sets[index]
    }

    /// The networks of peers that may not be written at all.
    pub(super) fn expand_optional(
        &mut self,
        peers: Option<&[RawPeer<'n>]>,
        report: &mut Report,
    ) -> Vec<IpNetwork> {
        peers.map_or_else(Vec::new, |peers| self.expand(peers, report))
    }

    /// The networks of all these peers, each once, in the order written.
    pub(super) fn expand(&mut self, peers: &[RawPeer<'n>], report: &mut Report) -> Vec<IpNetwork> {
        let mut networks = Vec::new();
        for raw in peers {
            if !self.add(raw.peer, raw.span, &mut networks, report) {
                return Vec::new();
            }
        }
        let only_networks = peers
            .iter()
            .all(|raw| matches!(raw.peer, Peer::Any | Peer::Network(_)));
        if peers.len() > 1 && !only_networks {
            let mut seen = HashSet::new();
            networks.retain(|network| seen.insert(*network));
        }
        networks
    }

    /// Adds the networks of one peer. False if there are too many.
    fn add(
        &mut self,
        peer: Peer<'n>,
        span: Span,
        networks: &mut Vec<IpNetwork>,
        report: &mut Report,
    ) -> bool {
        let (before, errors) = (networks.len(), report.errors());
        match peer {
            Peer::Any => networks.extend(any_networks()),
            Peer::Network(network) => networks.push(network),
            Peer::Set(name) => match self.names.sets.get(name) {
                Some(index) => {
                    self.used[*index] = true;
                    self.faults += usize::from(self.broken[*index]);
                    networks.extend_from_slice(&self.sets[*index]);
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
                        .entry(name)
                        .or_insert_with(|| Group::spell(name, members, self.raw, span, report));
                    self.faults += usize::from(!group.whole);
                    networks.extend_from_slice(&group.networks);
                }
                None => report.push(group::unknown(name, self.names, span)),
            },
        }
        self.faults += usize::from(report.errors() > errors);
        self.total += networks.len() - before;
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

fn without_address(name: &str, device: &RawDevice<'_>, span: Span) -> Diagnostic {
    Diagnostic::new(
        Code::PeerWithoutAddress,
        span,
        format!("device `{name}` is a peer, but has no `ip`"),
    )
    .note(device.span, "has no `ip`")
    .hint("give the device its addresses")
}
