//! Rules out of classes: peers with which the same is done share one.

use std::collections::{BTreeMap, BTreeSet};

use ipnetwork::IpNetwork;

use super::{
    classes::{Class, Why},
    directory::{Directory, Peer, size},
};
use crate::learn::conversation::Initiator;

/// A rule that may be written.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) initiator: Initiator,
    /// Protocols and ports, all of them with each peer.
    pub(super) services: BTreeSet<(u8, u16)>,
    pub(super) peers: Vec<Peer>,
    /// Of a network, group or set how many addresses or devices were seen, and how many there are.
    pub(super) wider: Vec<(Peer, usize, u128)>,
    /// All that it allows, without what only DNS can tell.
    pub(super) networks: Vec<IpNetwork>,
    pub(super) devices: BTreeSet<String>,
    pub(super) opened: u64,
    pub(super) hours: u32,
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) is_rare: bool,
    pub(super) why: BTreeSet<Why>,
}

/// What must be alike for peers to share a rule.
type Alike = (Initiator, bool, BTreeSet<Why>, BTreeSet<(u8, u16)>);

/// The rules for these classes, those that allow least first.
pub(super) fn drafts<'c, I: Iterator<Item = &'c Class>>(
    classes: I,
    directory: &Directory<'_>,
) -> Vec<Draft> {
    let mut peers: BTreeMap<(Initiator, bool, BTreeSet<Why>, Peer), Vec<&Class>> = BTreeMap::new();
    for class in classes {
        let key = (
            class.initiator,
            class.is_rare,
            class.why.clone(),
            class.peer.clone(),
        );
        peers.entry(key).or_default().push(class);
    }
    let mut alike: BTreeMap<Alike, Vec<&Class>> = BTreeMap::new();
    for ((initiator, is_rare, why, _), classes) in peers {
        let services = classes.iter().map(|class| class.service).collect();
        let key = (initiator, is_rare, why, services);
        alike.entry(key).or_default().extend(classes);
    }
    let mut drafts: Vec<_> = alike
        .into_iter()
        .map(|(key, classes)| draft(key, &classes, directory))
        .collect();
    // An error of policies is a rule that another before it leaves nothing: the narrow ones come first.
    drafts.sort_by_key(|draft| {
        let sizes = draft.networks.iter().map(size);
        (draft.is_rare, sizes.fold(0, u128::saturating_add))
    });
    drafts
}

fn draft(
    (initiator, is_rare, why, services): Alike,
    classes: &[&Class],
    directory: &Directory<'_>,
) -> Draft {
    let all: BTreeSet<Peer> = classes.iter().map(|class| class.peer.clone()).collect();
    let condensed = directory.condense(&all);
    let mut wider: Vec<_> = condensed
        .iter()
        .filter_map(|(peer, partly)| partly.map(|(seen, of)| (peer.clone(), seen, of)))
        .collect();
    for peer in &all {
        if let Peer::Set(set) = peer {
            let of_it = classes.iter().filter(|class| class.peer == *peer);
            let seen: BTreeSet<_> = of_it.flat_map(|class| &class.addresses).collect();
            let size = directory.size_of(set);
            if (seen.len() as u128) < size {
                wider.push((peer.clone(), seen.len(), size));
            }
        }
    }
    let peers: Vec<_> = condensed.into_iter().map(|(peer, _)| peer).collect();
    Draft {
        initiator,
        services,
        networks: peers.iter().flat_map(|it| directory.networks(it)).collect(),
        peers,
        wider,
        devices: classes
            .iter()
            .flat_map(|it| it.devices.iter().cloned())
            .collect(),
        opened: opened(classes),
        hours: classes.iter().map(|class| class.hours).max().unwrap_or(0),
        first: classes.iter().map(|class| class.first).min().unwrap_or(0),
        last: classes.iter().map(|class| class.last).max().unwrap_or(0),
        is_rare,
        why,
    }
}

/// How often these were opened, each once whatever names its peer has.
fn opened(classes: &[&Class]) -> u64 {
    let each = classes.iter().flat_map(|class| {
        let seen = class.opened.iter();
        seen.map(|((device, peer), opened)| ((class.service, device, peer), *opened))
    });
    each.collect::<BTreeMap<_, _>>().into_values().sum()
}
