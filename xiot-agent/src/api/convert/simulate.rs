//! What a policy would drop.

use super::{icmp, opener, protocol, rule};
use crate::{
    api::wire,
    service::{
        simulate::{Apart, Simulation, Wanted, WouldDrop},
        state::words,
    },
    unit,
};

pub(crate) fn simulate_wanted(query: &wire::SimulateQuery) -> Wanted {
    Wanted {
        profile: query.profile.clone(),
        device: query.device.clone(),
        since: query
            .since
            .map(|since| u64::try_from(since.as_second()).unwrap_or_default()),
    }
}

/// As clients are told.
pub fn simulation(simulation: Simulation) -> wire::Simulation {
    wire::Simulation {
        until: simulation.until,
        devices: simulation.devices,
        judged: simulation.judged,
        unknown: simulation.unknown,
        would_drop: simulation.would_drop.into_iter().map(would_drop).collect(),
        malformed: Vec::new(),
        not_ip: Vec::new(),
    }
}

/// What a policy would do to the frames of a capture, those that are no conversation included.
pub fn replayed((simulation, apart): (Simulation, Apart)) -> wire::Simulation {
    let malformed = apart.malformed.into_iter();
    let not_ip = apart.not_ip.into_iter();
    wire::Simulation {
        malformed: malformed
            .map(|(reason, frames)| wire::Malformed {
                reason: reason.name().to_owned(),
                frames,
            })
            .collect(),
        not_ip: not_ip
            .map(|((device, ethertype, reason), frames)| wire::NotIp {
                device,
                ethertype,
                reason: reason.name().to_owned(),
                frames,
            })
            .collect(),
        ..self::simulation(simulation)
    }
}

fn would_drop(it: WouldDrop) -> wire::WouldDrop {
    wire::WouldDrop {
        device: it.device,
        mac: unit::mac::format(it.mac),
        profile: it.profile,
        criticality: it.criticality.map(|it| words::criticality(it).to_owned()),
        initiator: opener(it.initiator),
        protocol: protocol(it.protocol),
        port: matches!(it.protocol, 6 | 17).then_some(it.port),
        icmp: icmp(it.protocol, it.peer, it.port),
        peer: it.peer,
        peer_name: it.peer_name,
        scan: it.scan,
        reason: it.reason.name().to_owned(),
        meaning: it.reason.doc().to_owned(),
        rule_in_force: it.before.map(rule),
        times: it.times,
        first_seen: it.first_seen,
        last_seen: it.last_seen,
    }
}
