//! What was learned, and what is proposed by that.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    learn::{coverage::Gap, message::Described, review::Mark, unseen::Unseen},
    propose::{Completeness, Part, Proposal},
    service::{
        simulate::{Simulation, WouldDrop},
        state::{
            Criticality, Learned, LearnedConversation, LearnedDevice, Mode, Opener, Reason,
            RuleRef, Vlans,
        },
    },
};

const MAC: [u8; 6] = [0x00, 0x03, 0xb1, 0, 0, 0x12];

pub(crate) fn learned(device: Option<&str>) -> Learned {
    let first_seen = Some("2026-11-02T06:00:00Z".parse().unwrap());
    let last_seen = Some("2026-11-23T05:00:00Z".parse().unwrap());
    let conversation = LearnedConversation {
        device: Some("pump-icu-12".to_owned()),
        mac: MAC,
        initiator: Opener::Device,
        midstream: false,
        protocol: 6,
        port: 3613,
        peer: [10, 20, 8, 11].into(),
        peer_name: Some("pump-server".to_owned()),
        told: Vec::new(),
        opened: 1920,
        frames: 40_000,
        bytes: 5_000_000,
        hours: 480,
        first_seen,
        last_seen,
        marks: Vec::new(),
    };
    let alarm = LearnedConversation {
        initiator: Opener::Peer,
        protocol: 1,
        port: 8 << 8,
        peer: [192, 0, 2, 7].into(),
        peer_name: None,
        told: vec!["cloud.vendor.com".to_owned(), "evil.test".to_owned()],
        opened: 2,
        frames: 4,
        bytes: 400,
        hours: 2,
        marks: vec![Mark::Rare, Mark::NewPeer],
        ..conversation.clone()
    };
    Learned {
        devices: vec![
            LearnedDevice {
                device: Some("pump-icu-12".to_owned()),
                mac: MAC,
                vlans: Vlans::default(),
                profile: Some("infusion-pump".to_owned()),
                mode: Mode::Learn,
                criticality: Some(Criticality::LifeSustaining),
                conversations: 2,
                left_out: 0,
                heard: 490,
                watched: 504,
                first_seen,
                last_seen,
                unseen: Unseen {
                    share: 0.0,
                    low: 0.0,
                    high: 0.0062,
                },
                gaps: vec![Gap::Weekend, Gap::Restart],
                described: Described {
                    mud_url: Some("https://vendor.com/pump.json".to_owned()),
                    host: Some("pump-12".to_owned()),
                    class: Some("Vendor Pump".to_owned()),
                },
            },
            LearnedDevice {
                device: None,
                mac: [2, 0, 0, 0, 0, 9],
                vlans: Vlans {
                    outer: 30,
                    inner: 0,
                },
                profile: None,
                mode: Mode::Learn,
                criticality: None,
                conversations: 2048,
                left_out: 7000,
                heard: 1,
                watched: 504,
                first_seen,
                last_seen: first_seen,
                unseen: Unseen {
                    share: 1.0,
                    low: 0.0,
                    high: 1.0,
                },
                gaps: vec![Gap::Days(1)],
                described: Described {
                    mud_url: Some("https://tv.example/".to_owned()),
                    ..Described::default()
                },
            },
        ],
        conversations: device.map_or_else(Vec::new, |_| vec![conversation, alarm]),
    }
}

pub(crate) fn proposal() -> Proposal {
    Proposal {
        text: "devices: []\n# more\n".to_owned(),
        profiles: vec![Part {
            profile: "infusion-pump".to_owned(),
            completeness: Completeness {
                devices: (14, 15),
                watched: 504,
                unseen: (0, 7),
                gaps: BTreeSet::from([Gap::Weekend]),
            },
            rules: 3,
            exceptions: BTreeMap::from([("pump-icu-12".to_owned(), 1)]),
            withheld: 2,
            allowed: 40,
        }],
    }
}

pub(crate) fn simulation() -> Simulation {
    let last_seen = Some("2026-11-23T05:00:00Z".parse().unwrap());
    let dropped = WouldDrop {
        device: Some("pump-icu-12".to_owned()),
        mac: MAC,
        profile: Some("infusion-pump".to_owned()),
        criticality: Some(Criticality::LifeSustaining),
        initiator: Opener::Device,
        protocol: 6,
        port: 3613,
        peer: [10, 20, 8, 11].into(),
        peer_name: Some("pump-server".to_owned()),
        scan: false,
        reason: Reason::NoPort,
        before: Some(RuleRef {
            id: 1,
            label: "to pump-server tcp 3613".to_owned(),
            file: "policy.yaml".to_owned(),
            line: 14,
        }),
        times: 1920,
        first_seen: last_seen,
        last_seen,
    };
    let stranger = WouldDrop {
        device: None,
        mac: [2, 0, 0, 0, 0, 9],
        profile: None,
        criticality: None,
        initiator: Opener::Peer,
        protocol: 1,
        port: 8 << 8,
        peer_name: None,
        scan: true,
        reason: Reason::UnknownDevice,
        before: None,
        times: 1,
        ..dropped
    };
    Simulation {
        until: None,
        devices: 2,
        judged: 40,
        unknown: 1,
        would_drop: vec![dropped, stranger],
    }
}
