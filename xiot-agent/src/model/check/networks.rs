//! Lists of peers in which one entry covers another.

use std::{
    cmp::Reverse,
    collections::HashMap,
    net::{Ipv4Addr, Ipv6Addr},
};

use ipnetwork::IpNetwork;

use crate::{
    diag::{Code, Diagnostic, Report, Span},
    model::raw::{Peer, RawPeer, RawPolicy, any_networks, network_label},
};

pub(super) fn check(raw: &RawPolicy<'_>, report: &mut Report) {
    for set in &raw.peer_sets {
        check_list(&set.peers, report);
    }
    for servers in [&raw.services.dns, &raw.services.ntp].into_iter().flatten() {
        check_list(servers, report);
    }
    for rule in raw.profiles.iter().flat_map(|profile| &profile.rules) {
        check_list(&rule.peers, report);
    }
}

fn check_list(peers: &[RawPeer<'_>], report: &mut Report) {
    if peers.len() < 2 {
        return;
    }
    check_names(peers, report);
    check_networks(peers, report);
}

fn check_names(peers: &[RawPeer<'_>], report: &mut Report) {
    let mut seen = HashMap::new();
    for raw in peers {
        match &raw.peer {
            Peer::Any | Peer::Network(_) => {}
            Peer::Dns(_) | Peer::Set(_) | Peer::Device(_) | Peer::Group(_) => {
                if let Some(first) = seen.insert(&raw.peer, raw.span) {
                    report.push(
                        Diagnostic::new(
                            Code::OverlappingNetworks,
                            raw.span,
                            format!("`{}` is listed twice", raw.peer.label()),
                        )
                        .note(first, "first listed here"),
                    );
                }
            }
        }
    }
}

/// A network and the bits that order it: containers come right before what they contain.
struct Entry {
    family: u8,
    first: u128,
    last: u128,
    label: String,
    span: Span,
}

fn check_networks(peers: &[RawPeer<'_>], report: &mut Report) {
    let mut entries: Vec<Entry> = peers.iter().flat_map(entries).collect();
    entries.sort_by_key(|entry| {
        (
            entry.family,
            entry.first,
            Reverse(entry.last),
            entry.span.start,
        )
    });
    let mut container: Option<&Entry> = None;
    for entry in &entries {
        match container {
            Some(outer) if outer.family == entry.family && entry.last <= outer.last => {
                if outer.span != entry.span {
                    report.push(contained(outer, entry));
                }
            }
            Some(_) | None => container = Some(entry),
        }
    }
}

fn contained(outer: &Entry, inner: &Entry) -> Diagnostic {
    let same = (outer.first, outer.last) == (inner.first, inner.last);
    let message = if same {
        format!("`{}` is listed twice", inner.label)
    } else {
        format!(
            "`{}` lies within `{}` of the same list",
            inner.label, outer.label
        )
    };
    let hint = if same || outer.first == 0 {
        "remove one of the two".to_owned()
    } else {
        format!("remove `{}`, or narrow `{}`", inner.label, outer.label)
    };
    Diagnostic::new(Code::OverlappingNetworks, inner.span, message)
        .note(outer.span, "listed here")
        .hint(hint)
}

fn entries(raw: &RawPeer<'_>) -> Vec<Entry> {
    match &raw.peer {
        Peer::Network(network) => vec![entry(*network, network_label(*network), raw.span)],
        Peer::Any => any_networks()
            .map(|network| entry(network, "any".to_owned(), raw.span))
            .into(),
        Peer::Dns(_) | Peer::Set(_) | Peer::Device(_) | Peer::Group(_) => Vec::new(),
    }
}

fn entry(network: IpNetwork, label: String, span: Span) -> Entry {
    let (family, first, last) = match network {
        IpNetwork::V4(v4) => (
            4,
            u128::from(Ipv4Addr::to_bits(v4.network())),
            u128::from(Ipv4Addr::to_bits(v4.broadcast())),
        ),
        IpNetwork::V6(v6) => (
            6,
            Ipv6Addr::to_bits(v6.network()),
            Ipv6Addr::to_bits(v6.broadcast()),
        ),
    };
    Entry {
        family,
        first,
        last,
        label,
        span,
    }
}
