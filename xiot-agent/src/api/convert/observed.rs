//! Observed conversations.

use super::{icmp, opener, protocol, rule, verdict, vlan};
use crate::{api::wire, service::state, unit};

pub(crate) fn observed_filter(query: wire::ObservedQuery) -> state::ObservedFilter {
    state::ObservedFilter {
        device: query.device,
        would_drop: query.would_drop,
        limit: query.limit,
    }
}

pub(crate) fn observed(observed: state::Observed) -> wire::Observed {
    wire::Observed {
        wire: observed.wire,
        vlan: vlan(observed.vlans),
        device: observed.device,
        mac: unit::mac::format(observed.mac),
        device_address: observed.device_address,
        initiator: opener(observed.initiator),
        midstream: observed.midstream,
        protocol: protocol(observed.protocol),
        port: matches!(observed.protocol, 6 | 17).then_some(observed.port),
        icmp: icmp(observed.protocol, observed.device_address, observed.port),
        peer_address: observed.peer_address,
        conversations: observed.conversations,
        frames: observed.frames,
        bytes: observed.bytes,
        first_seen: observed.first_seen,
        last_seen: observed.last_seen,
        verdict: verdict(observed.verdict),
        reason: observed.reason.name().to_owned(),
        meaning: observed.reason.doc().to_owned(),
        rule: observed.rule.map(rule),
    }
}
