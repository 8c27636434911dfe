//! Devices that are to be enforced: one is ready, one is not.

use crate::{
    learn::{coverage::Gap, gate::Obstacle},
    service::{
        promotion::{Candidate, Lost, Promotion},
        state::{Criticality, Mode, Opener},
    },
    store::Texts,
};

pub(crate) fn promoted() -> Promotion {
    let time = Some("2026-11-09T06:00:00Z".parse().unwrap());
    let ready = Candidate {
        device: "pump-icu-12".to_owned(),
        profile: "infusion-pump".to_owned(),
        criticality: Some(Criticality::LifeSustaining),
        from: Mode::Monitor,
        since: time,
        to: Mode::Enforce,
        obstacles: Vec::new(),
        would_drop: Vec::new(),
        withheld: 1,
    };
    let other = Candidate {
        device: "pump-icu-13".to_owned(),
        obstacles: vec![
            Obstacle::Gap(Gap::Restart),
            Obstacle::WouldDrop(1),
            Obstacle::Quiet(3, 336),
        ],
        would_drop: vec![Lost {
            initiator: Opener::Device,
            protocol: 6,
            port: 8080,
            peer: [10, 20, 8, 12].into(),
            peer_name: Some("alarm-server".to_owned()),
            hours: 2,
            last_seen: time,
        }],
        withheld: 0,
        ..ready.clone()
    };
    Promotion {
        devices: vec![ready, other],
        text: "devices: []\n# enforced\n".to_owned(),
        before: Texts {
            gateway: "".into(),
            policy: "devices: []\n".into(),
        },
        file: "/etc/xiot/policy.yaml".into(),
        revision: 7,
    }
}
