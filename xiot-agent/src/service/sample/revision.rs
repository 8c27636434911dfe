//! A revision, a look at the next one, and what became of it.

use std::time::Duration;

use crate::{
    service::{
        plan::{Cut, CutFlow, DeviceChange, Kind, Plan, RuleChange},
        state::{Changes, Criticality, Mark, Reason, Reloaded, RuleChanges},
    },
    store::{Author, Cause, Record, Summary, Text},
};

use super::{flow, time};

/// Put in force by somebody with a reason.
pub(crate) fn record(number: u64) -> Record {
    Record {
        number,
        written: time(),
        applied: Some(time()),
        cause: Cause::Apply,
        author: Author::User {
            uid: 1000,
            name: Some("ada".to_owned()),
        },
        reason: Some("vendor disclosure 2026-04".to_owned()),
        image: "ab".repeat(32),
        compiled_at: 1,
        policy: Text::of("policy.yaml", "devices: []\n"),
        gateway: Text::of("gateway.yaml", "wires: []\n"),
        seen: [String::new(), String::new()],
        summary: Summary {
            devices_added: 1,
            devices_changed: 2,
            rules_removed: 1,
            ..Summary::default()
        },
        back_to: None,
        confirmed: None,
    }
}

/// It would cost the pump its conversation.
pub(crate) fn plan() -> Plan {
    Plan {
        base: Mark {
            digest: [0xab; 32],
            revision: 3,
            epoch: 7,
        },
        before: "policy.yaml".to_owned(),
        file: "new.yaml".to_owned(),
        revision: None,
        unchanged: false,
        devices: Changes {
            added: 1,
            removed: 0,
            changed: 1,
        },
        which_devices: vec![
            DeviceChange {
                device: "pump-icu-12".to_owned(),
                kind: Kind::Changed,
                criticality: Some(Criticality::LifeSustaining),
                what: vec!["mode monitor -> enforce".to_owned()],
            },
            DeviceChange {
                device: "camera-1".to_owned(),
                kind: Kind::Added,
                criticality: None,
                what: Vec::new(),
            },
        ],
        rules: RuleChanges {
            added: 0,
            removed: 1,
        },
        which_rules: vec![RuleChange {
            profile: "infusion-pump".to_owned(),
            label: "to pump-server tcp 3613".to_owned(),
            line: 12,
            added: false,
        }],
        settings: vec!["holidays: + 2026-12-25".to_owned()],
        guards: true,
        cut: Cut {
            live: 214,
            flows: vec![CutFlow {
                flow: flow(),
                criticality: Some(Criticality::LifeSustaining),
                reason: Reason::NoPort,
            }],
            unknown: 1,
        },
        warnings: String::new(),
    }
}

/// Another policy came into force.
pub(crate) fn reloaded() -> Reloaded {
    let mark = |revision, digest, epoch| Mark {
        digest: [digest; 32],
        revision,
        epoch,
    };
    Reloaded {
        before: mark(2, 0xab, 4),
        after: mark(3, 0xcd, 5),
        file: "policy.yaml".to_owned(),
        devices: Changes {
            added: 1,
            removed: 0,
            changed: 12,
        },
        rules: RuleChanges {
            added: 2,
            removed: 1,
        },
        warnings: String::new(),
        trial: None,
        compiled: Duration::from_millis(12),
        written: Duration::from_micros(3_400),
        settled: Duration::from_micros(15_250),
    }
}
