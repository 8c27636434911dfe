//! Which answers a rule that comes later knows.

use std::time::Duration;

use super::*;
use crate::model::load_policy;

const DEVICE: [u8; 6] = [2, 0, 0, 0, 0, 1];

fn policy(servers: &str, name: &str) -> Policy {
    let text = format!(
        "onboarding: learn\nservices:\n  dns: {{servers: [{servers}]}}\nprofiles:\n  pump:\n    services: [arp, dns]\n    allow:\n      - {{to: {{dns: {name}}}, tcp: 443}}\n"
    );
    let loaded = load_policy("policy.yaml", text);
    loaded
        .value
        .unwrap_or_else(|| panic!("{:?}", loaded.report))
}

fn now(second: u64) -> Now {
    Now {
        monotonic: Duration::from_secs(second),
        wall: jiff::Timestamp::UNIX_EPOCH,
    }
}

/// The answer of one address for a name.
fn answer(second: u64, name: &str, address: [u8; 4]) -> Message {
    let mut bytes = vec![0x12, 0x34, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0];
    for label in name.split('.') {
        bytes.push(u8::try_from(label.len()).unwrap());
        bytes.extend(label.as_bytes());
    }
    bytes.extend([0, 0, 1, 0, 1, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
    bytes.extend(address);
    Message {
        kind: CopyKind::DnsAnswer,
        time: second * 1_000_000_000,
        mac: DEVICE,
        vlans: (30, 0),
        wire: 1,
        bytes,
        is_cut: false,
        suppressed: 0,
    }
}

#[test]
fn a_rule_that_comes_later_knows_what_was_told_of_its_name() {
    let before = policy("10.0.0.53", "other.example");
    let after = policy("10.0.0.53", "cloud.example");
    let mut answers = Answers::of(&before, now(100));
    answers.take(&answer(200, "cloud.example", [192, 0, 2, 7]));
    answers.take(&answer(300, "time.example", [192, 0, 2, 9]));
    answers.take(&answer(400, "cloud.example", [0, 0, 0, 0]));
    answers.follow(&after, now(500));
    assert!(answers.places(&before, now(500)).is_empty());
    let [(key, set)] = answers.places(&after, now(500))[..] else {
        panic!("one device");
    };
    assert_eq!((key.mac, key.wire, key.vlans.outer), (Mac(DEVICE), 1, 30));
    let [first, second] = [set.0[0], set.0[1]];
    assert_eq!(first.addr, Addr::v4([192, 0, 2, 7]));
    let name = &after.profiles[0].rules[0].names[0];
    assert_eq!(first.name, compile::name_hash(name));
    // As long as the program would have it from then on, and no longer.
    let until = seconds(200_000_000_000) + SHORTEST;
    assert_eq!(first.life, NamePlace::life(until, SHORTEST));
    assert_eq!(second.life, 0);
    let over = now(u64::from(until) + 60);
    assert!(answers.places(&after, over).is_empty());
}

#[test]
fn only_answers_of_the_servers_that_the_policy_lists_count() {
    let mut answers = Answers::of(&Policy::default(), now(100));
    let listed = policy("10.0.0.53", "cloud.example");
    answers.take(&answer(200, "cloud.example", [192, 0, 2, 66]));
    answers.follow(&listed, now(300));
    // Copied before, heard now.
    answers.take(&answer(299, "cloud.example", [192, 0, 2, 66]));
    assert!(answers.places(&listed, now(400)).is_empty());
    answers.take(&answer(300, "cloud.example", [192, 0, 2, 7]));
    assert_eq!(answers.places(&listed, now(400)).len(), 1);
    let others = policy("10.0.0.54", "cloud.example");
    assert!(answers.places(&others, now(400)).is_empty());
    answers.follow(&others, now(500));
    assert!(answers.places(&others, now(500)).is_empty());
}

#[test]
fn what_is_answered_while_devices_are_told_is_told_once_more() {
    let policy = policy("10.0.0.53", "cloud.example");
    let mut answers = Answers::of(&policy, now(100));
    let takes =
        |answers: &mut Answers, second, name| answers.take(&answer(second, name, [192, 0, 2, 7]));
    assert!(!takes(&mut answers, 200, "cloud.example"));
    answers.begin(now(300));
    // Copied just before, and whenever it is heard.
    assert!(takes(&mut answers, 299, "cloud.example"));
    assert!(!takes(&mut answers, 298, "cloud.example"));
    assert!(takes(&mut answers, 310, "cloud.example"));
    answers.follow(&policy, now(320));
    assert!(takes(&mut answers, 319, "cloud.example"));
    assert!(!takes(&mut answers, 320, "cloud.example"));
    // What is none is no reason.
    answers.begin(now(400));
    let mut request = answer(401, "cloud.example", [192, 0, 2, 7]);
    request.kind = CopyKind::DhcpRequest;
    assert!(!answers.take(&request));
}

#[test]
fn what_was_told_last_is_kept() {
    let policy = policy("10.0.0.53", "cloud.example");
    let mut answers = Answers::of(&policy, now(100));
    for last in (1..41).chain([40]) {
        answers.take(&answer(200, "cloud.example", [192, 0, 2, last]));
    }
    let places = answers.places(&policy, now(300));
    let mut told: Vec<_> = places[0].1.0.iter().map(|place| place.addr).collect();
    told.dedup();
    let expected: Vec<_> = (9..41).map(|last| Addr::v4([192, 0, 2, last])).collect();
    assert_eq!(told, expected);
}
