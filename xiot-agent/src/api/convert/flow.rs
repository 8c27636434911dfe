//! Flows.

use super::{protocol, rule, vlan};
use crate::{api::wire, service::state, unit};

pub(crate) fn filter(query: wire::FlowsQuery) -> state::FlowFilter {
    state::FlowFilter {
        device: query.device,
        peer: query.peer,
        protocol: query.protocol,
        port: query.port,
        would_drop: query.would_drop,
        limit: query.limit,
    }
}

pub(crate) fn flow(flow: state::Flow) -> wire::Flow {
    wire::Flow {
        wire: flow.wire,
        vlan: vlan(flow.vlans),
        device: flow.device,
        mac: unit::mac::format(flow.mac),
        protocol: protocol(flow.protocol),
        device_address: flow.device_address,
        device_port: flow.device_port,
        peer_address: flow.peer_address,
        peer_port: flow.peer_port,
        initiator: match flow.opener {
            state::Opener::Device => "device".to_owned(),
            state::Opener::Peer => "peer".to_owned(),
        },
        midstream: flow.midstream,
        state: flow.stage.name().to_owned(),
        half_open: flow.half_open,
        reason: flow.reason.name().to_owned(),
        would_drop: flow.would_drop,
        rule: flow.rule.map(rule),
        opened: flow.opened,
        idle_seconds: flow.idle.as_secs(),
        timeout_seconds: flow.timeout.as_secs(),
        from_frames: flow.from_frames,
        from_bytes: flow.from_bytes,
        to_frames: flow.to_frames,
        to_bytes: flow.to_bytes,
    }
}
