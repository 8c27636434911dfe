//! What makers disclose beside what was learned and what is allowed.

use super::{icmp, opener, protocol, rule};
use crate::{
    api::wire,
    service::{
        compare::{
            Comparison, Disagreement, Extent, OfProfile, Regions, Unobservable, UnusedRule, Wanted,
        },
        state::words,
    },
};

pub(crate) fn compare_wanted(query: &wire::CompareQuery) -> Wanted {
    Wanted {
        profile: query.profile.clone(),
        device: query.device.clone(),
        disclosed: query.disclosed.clone(),
    }
}

pub(crate) fn comparison(comparison: Comparison) -> wire::Comparison {
    wire::Comparison {
        profiles: comparison.profiles.into_iter().map(profile).collect(),
        unknown: comparison.unknown,
    }
}

fn profile(of: OfProfile) -> wire::ComparedProfile {
    wire::ComparedProfile {
        profile: of.profile,
        criticality: of.criticality.map(|it| words::criticality(it).to_owned()),
        disclosed: of.disclosed,
        devices: of.devices,
        devices_observed: of.observed,
        regions: regions(of.regions),
        conversations: of.conversations.into_iter().map(disagreement).collect(),
        unused: of.unused.into_iter().map(unused).collect(),
        without_evidence: of.without_evidence.into_iter().map(unused).collect(),
        not_observable: of.unobservable.into_iter().map(not_observable).collect(),
    }
}

const fn regions(regions: Regions) -> wire::Regions {
    wire::Regions {
        disclosed_learned_enforced: regions.disclosed_learned_enforced,
        disclosed_learned: regions.disclosed_learned,
        learned_enforced: regions.learned_enforced,
        learned: regions.learned,
        disclosed_enforced: regions.disclosed_enforced,
        disclosed: regions.disclosed,
        enforced: regions.enforced,
    }
}

fn disagreement(it: Disagreement) -> wire::Disagreement {
    wire::Disagreement {
        initiator: opener(it.initiator),
        midstream: it.midstream,
        protocol: protocol(it.protocol),
        port: matches!(it.protocol, 6 | 17).then_some(it.port),
        icmp: icmp(it.protocol, it.peer, it.port),
        peer: it.peer,
        peer_name: it.peer_name,
        disclosed: it.disclosed,
        allowed: it.allowed,
        reason: it.reason.name().to_owned(),
        meaning: it.reason.doc().to_owned(),
        rule: it.rule.map(rule),
        devices: it.devices,
        device_count: it.device_count,
        times: it.times,
        first_seen: it.first_seen,
        last_seen: it.last_seen,
        marks: it.marks.iter().map(|mark| mark.name().to_owned()).collect(),
    }
}

fn unused(it: UnusedRule) -> wire::UnusedRule {
    let extent = |extent| match extent {
        Extent::None => "none",
        Extent::Part => "part",
        Extent::All => "all",
    };
    wire::UnusedRule {
        rule: rule(it.rule),
        note: it.note,
        other: it.other.map(|it| extent(it).to_owned()),
    }
}

fn not_observable(it: Unobservable) -> wire::NotObservable {
    wire::NotObservable {
        service: it.service.to_owned(),
        disclosed: it.disclosed,
        allowed: it.allowed,
    }
}
