//! What a maker discloses, what a pump does, and what is enforced.

use crate::{
    learn::review::Mark,
    service::{
        compare::{Comparison, Disagreement, Extent, OfProfile, Regions, Unobservable, UnusedRule},
        state::{Criticality, Opener, Reason, RuleRef},
    },
};

fn rule(id: u32, label: &str) -> RuleRef {
    RuleRef {
        id,
        label: label.to_owned(),
        file: "policy.yaml".to_owned(),
        line: 10 + id,
    }
}

/// What all of its pumps do, and nobody disclosed.
fn telemetry() -> Disagreement {
    Disagreement {
        initiator: Opener::Device,
        midstream: false,
        protocol: 6,
        port: 443,
        peer: [203, 0, 113, 5].into(),
        peer_name: Some("telemetry.vendor.example".to_owned()),
        disclosed: Some(false),
        allowed: false,
        reason: Reason::NoPeer,
        rule: None,
        devices: ["pump-icu-12", "pump-icu-13", "pump-icu-14"]
            .map(str::to_owned)
            .into(),
        device_count: 14,
        times: 300,
        first_seen: Some("2026-04-02T06:00:00Z".parse().unwrap()),
        last_seen: Some("2026-05-01T11:00:00Z".parse().unwrap()),
        marks: Vec::new(),
    }
}

fn without(other: Option<Extent>) -> UnusedRule {
    UnusedRule {
        rule: rule(3, "from biomed tcp 22"),
        note: None,
        other,
    }
}

fn pump() -> OfProfile {
    let ping = Disagreement {
        initiator: Opener::Peer,
        protocol: 1,
        port: 8 << 8,
        peer: [10, 20, 9, 7].into(),
        peer_name: None,
        allowed: true,
        reason: Reason::AllowedRule,
        rule: Some(rule(2, "from biomed icmp echo-request")),
        devices: vec!["pump-icu-12".to_owned()],
        device_count: 1,
        times: 2,
        marks: vec![Mark::Rare, Mark::NewPeer],
        ..telemetry()
    };
    let update = Disagreement {
        port: 8443,
        peer: [10, 20, 8, 11].into(),
        peer_name: Some("pump-server".to_owned()),
        disclosed: Some(true),
        reason: Reason::NoPort,
        times: 40,
        ..telemetry()
    };
    let service = |service, disclosed, allowed| Unobservable {
        service,
        disclosed: Some(disclosed),
        allowed,
    };
    OfProfile {
        profile: "infusion-pump".to_owned(),
        criticality: Some(Criticality::LifeSustaining),
        disclosed: Some("vendor-pump".to_owned()),
        observed: 14,
        devices: 15,
        regions: Regions {
            disclosed_learned_enforced: 5,
            disclosed_learned: 1,
            learned_enforced: 1,
            learned: 1,
            disclosed_enforced: 0,
            disclosed: 1,
            enforced: 1,
        },
        conversations: vec![telemetry(), update, ping],
        unused: vec![UnusedRule {
            rule: rule(7, "to pump-server tcp 8080"),
            note: Some("drug library".to_owned()),
            other: Some(Extent::Part),
        }],
        without_evidence: vec![without(Some(Extent::None))],
        unobservable: vec![
            service("arp", true, true),
            service("nd", true, false),
            service("dhcp", false, true),
        ],
    }
}

/// Of which no maker says anything.
fn lamp() -> OfProfile {
    OfProfile {
        profile: "lamp".to_owned(),
        criticality: None,
        disclosed: None,
        observed: 1,
        devices: 1,
        regions: Regions {
            learned_enforced: 2,
            learned: 1,
            enforced: 1,
            ..Regions::default()
        },
        conversations: vec![Disagreement {
            disclosed: None,
            devices: vec!["lamp-1".to_owned()],
            device_count: 1,
            ..telemetry()
        }],
        unused: Vec::new(),
        without_evidence: vec![without(None)],
        unobservable: vec![Unobservable {
            service: "arp",
            disclosed: None,
            allowed: true,
        }],
    }
}

pub(crate) fn comparison() -> Comparison {
    Comparison {
        profiles: vec![pump(), lamp()],
        unknown: 1,
    }
}
