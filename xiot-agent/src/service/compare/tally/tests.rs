//! Conversations of two pumps beside what their maker says and what the policy allows.

use super::*;
use crate::model::{load_policy, policy::Policy};

/// Rules are numbered 1 (server), 2 (alarms), 3 (old) of the policy, and 4 (server), 5 (update) of the maker.
fn policy() -> Policy {
    let text = r#"onboarding: learn
profiles:
  pump:
    services: [arp, dhcp]
    allow:
      - {to: 10.0.0.1, tcp: 3613}
      - {to: 10.0.0.2, tcp: 80, note: "alarms"}
      - {to: 10.0.0.3, tcp: 3613}
  vendor:
    services: [arp, nd]
    allow:
      - {to: 10.0.0.0/30, tcp: 3613}
      - {to: 10.0.0.9, tcp: 443}
"#;
    load_policy("policy.yaml", text).value.unwrap()
}

fn to(last: u8, port: u16) -> Conversation {
    Conversation {
        initiator: Initiator::Device,
        midstream: false,
        protocol: 6,
        port,
        peer: [10, 0, 0, last].into(),
    }
}

const fn by(rule: u32) -> Ruling {
    Ruling {
        allowed: true,
        reason: Reason::AllowedRule,
        rule: Some(rule),
    }
}

const DENIED: Ruling = Ruling {
    allowed: false,
    reason: Reason::NoPeer,
    rule: None,
};

/// Adds what a device did, by what the two say of it.
fn add(
    tally: &mut Tally,
    device: &str,
    conversation: Conversation,
    rules: (Option<Ruling>, Ruling),
) {
    let seen = Seen {
        opened: 3,
        first: 1000,
        last: 2000,
        ..Seen::default()
    };
    tally.observe(device);
    tally.add(Judged {
        device,
        conversation: &conversation,
        seen: &seen,
        marks: &[Mark::Rare],
        peer_name: None,
        disclosed: rules.0,
        enforced: rules.1,
    });
}

fn find(rule: &Rule) -> RuleRef {
    RuleRef {
        id: rule.id,
        label: rule.label.clone(),
        file: "policy.yaml".to_owned(),
        line: rule.at.line,
    }
}

fn ids(rules: &[UnusedRule]) -> Vec<(u32, Option<Extent>)> {
    rules.iter().map(|it| (it.rule.id, it.other)).collect()
}

#[test]
fn each_thing_is_counted_where_it_belongs() {
    let policy = policy();
    let mut tally = Tally::default();
    (0..3).for_each(|_| tally.expect());
    for device in ["pump-1", "pump-2"] {
        add(&mut tally, device, to(1, 3613), (Some(by(4)), by(1)));
        add(&mut tally, device, to(7, 23), (Some(DENIED), DENIED));
    }
    add(&mut tally, "pump-1", to(2, 80), (Some(DENIED), by(2)));
    add(&mut tally, "pump-1", to(2, 3613), (Some(by(4)), DENIED));
    let [pump, vendor] = [0, 1].map(|n| policy.profiles.get(n).unwrap());
    let found = tally.finish(pump, Some(vendor), find);
    assert_eq!(
        found.regions,
        Regions {
            disclosed_learned_enforced: 1,
            disclosed_learned: 1,
            learned_enforced: 1,
            learned: 1,
            disclosed_enforced: 1,
            disclosed: 1,
            enforced: 0,
        }
    );
    assert_eq!((found.observed, found.devices), (2, 3));
    let told: Vec<_> = found
        .conversations
        .iter()
        .map(|it| (it.port, it.disclosed, it.allowed, it.device_count, it.times))
        .collect();
    assert_eq!(
        told,
        [
            (23, Some(false), false, 2, 6),
            (80, Some(false), true, 1, 3),
            (3613, Some(true), false, 1, 3),
        ]
    );
    let scan = &found.conversations[0];
    assert_eq!(scan.devices, ["pump-1", "pump-2"]);
    assert_eq!((&scan.marks[..], &scan.rule), (&[Mark::Rare][..], &None));
    assert_eq!(scan.first_seen, time(1000));
    assert_eq!(found.conversations[1].rule.as_ref().unwrap().id, 2);
    assert_eq!(ids(&found.without_evidence), [(3, Some(Extent::All))]);
    assert_eq!(ids(&found.unused), [(5, Some(Extent::None))]);
    let services: Vec<_> = found
        .unobservable
        .iter()
        .map(|it| (it.service, it.disclosed, it.allowed))
        .collect();
    assert_eq!(
        services,
        [
            ("arp", Some(true), true),
            ("nd", Some(true), false),
            ("dhcp", Some(false), true),
        ]
    );
}

#[test]
fn where_nothing_is_disclosed_what_is_enforced_without_evidence_is_told_all_the_same() {
    let policy = policy();
    let mut tally = Tally::default();
    tally.expect();
    add(&mut tally, "pump-1", to(1, 3613), (None, by(1)));
    add(&mut tally, "pump-1", to(7, 23), (None, DENIED));
    let found = tally.finish(policy.profiles.get(0).unwrap(), None, find);
    assert_eq!(
        (found.regions.learned_enforced, found.regions.learned),
        (1, 1)
    );
    assert_eq!(ids(&found.without_evidence), [(2, None), (3, None)]);
    assert_eq!((found.regions.enforced, found.regions.disclosed), (2, 0));
    assert!(found.unused.is_empty());
    // What is denied, that is.
    assert_eq!(found.conversations.len(), 1);
    assert_eq!(found.conversations[0].disclosed, None);
    assert!(found.unobservable.iter().all(|it| it.disclosed.is_none()));
}
