//! Groups of devices spelt out as peers.

use ipnetwork::IpNetwork;

use super::names::Names;
use crate::{
    diag::{Code, Diagnostic, Report, Span, closest},
    model::raw::{RawDevice, RawPolicy},
};

/// A group spelt out.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) networks: Vec<IpNetwork>,
    /// Every device of it has an address.
    pub(super) whole: bool,
}

impl Group {
    /// The addresses of these devices. Done once for each group, so that its faults are reported once.
    pub(super) fn spell(
        name: &str,
        members: &[usize],
        raw: &RawPolicy<'_>,
        span: Span,
        report: &mut Report,
    ) -> Self {
        let members = || members.iter().map(|index| &raw.devices[*index]);
        let mut silent = members().filter(|device| !device.has_ip);
        if let Some(first) = silent.next() {
            report.push(without_addresses(name, first, silent.count(), span));
        }
        Self {
            networks: members().flat_map(addresses).collect(),
            whole: members().all(|device| !device.addresses.is_empty()),
        }
    }
}

/// The addresses of a device as networks.
pub(super) fn addresses(device: &RawDevice<'_>) -> impl Iterator<Item = IpNetwork> {
    device.addresses.iter().map(|ip| IpNetwork::from(ip.value))
}

fn without_addresses(group: &str, first: &RawDevice<'_>, more: usize, span: Span) -> Diagnostic {
    let others = match more {
        0 => "has".to_owned(),
        1 => "and one other have".to_owned(),
        more => format!("and {more} others have"),
    };
    let device = first.name.map_or("?", |name| name.value);
    Diagnostic::new(
        Code::PeerWithoutAddress,
        span,
        format!("group `{group}` is a peer, but its device `{device}` {others} no `ip`"),
    )
    .note(first.span, "has no `ip`")
    .hint("give every device of the group its addresses")
}

/// The complaint about a group that no device is in.
pub(super) fn unknown(group: &str, names: &Names<'_>, span: Span) -> Diagnostic {
    Diagnostic::new(
        Code::UnknownName,
        span,
        format!("no device is in group `{group}`"),
    )
    .suggest(closest(group, names.groups.keys().copied()))
    .hint_if_none(format!("a device joins a group by `groups: [{group}]`"))
}
