//! Observed conversations.

use super::{protocol, rule, verdict, vlan};
use crate::{
    api::wire,
    service::state::{self, Opener},
    unit,
};

pub(crate) fn observed_filter(query: wire::ObservedQuery) -> state::ObservedFilter {
    state::ObservedFilter {
        device: query.device,
        would_drop: query.would_drop,
        limit: query.limit,
    }
}

pub(crate) fn observed(observed: state::Observed) -> wire::Observed {
    // ICMP in IPv6 and ICMPv6 in IPv4 are protocols without ports.
    let icmp = match observed.protocol {
        1 => observed.device_address.is_ipv4(),
        58 => observed.device_address.is_ipv6(),
        _ => false,
    };
    let [kind, code] = observed.port.to_be_bytes();
    wire::Observed {
        wire: observed.wire,
        vlan: vlan(observed.vlans),
        device: observed.device,
        mac: unit::mac::format(observed.mac),
        device_address: observed.device_address,
        initiator: match observed.initiator {
            Opener::Device => "device".to_owned(),
            Opener::Peer => "peer".to_owned(),
        },
        midstream: observed.midstream,
        protocol: protocol(observed.protocol),
        port: matches!(observed.protocol, 6 | 17).then_some(observed.port),
        icmp: icmp.then_some((kind, code)),
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
