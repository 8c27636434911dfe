//! Addresses with DNS names.

use super::vlan;
use crate::{api::wire, service::state, unit};

pub(crate) fn named_filter(query: wire::NamesQuery) -> state::NamedFilter {
    state::NamedFilter {
        device: query.device,
        limit: query.limit,
    }
}

pub(crate) fn named(named: state::Named) -> wire::Named {
    wire::Named {
        device: named.device,
        mac: unit::mac::format(named.mac),
        wire: named.wire,
        vlan: vlan(named.vlans),
        name: named.name,
        address: named.address,
        left_seconds: named.left.as_secs(),
    }
}
