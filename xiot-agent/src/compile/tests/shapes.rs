//! What small policies compile to: what is shared, what is left out, what an empty one is.

use xiot_common::{profile::NO_PREFIX, reason::Reason};

use super::{
    ROOMY,
    build::{profile, rule},
    compile_for,
};
use crate::{
    compile::{
        Image,
        read::{Opening, Reader},
    },
    model::policy::{Clause, IcmpType, Initiator, Mode, Policy, Rule},
};

/// A rule for devices to these peers.
fn to(id: u32, peers: &[&str], clauses: &[Clause]) -> Rule {
    let peers = peers.iter().map(|peer| peer.parse().unwrap()).collect();
    rule(id, Initiator::Device, peers, clauses.to_vec())
}

fn tcp(port: u16) -> Clause {
    Clause::Tcp(vec![port..=port])
}

fn compile(rules: Vec<Rule>) -> Image {
    let policy = Policy {
        profiles: vec![profile("pump", rules)].into(),
        ..Policy::default()
    };
    compile_for(&policy, &ROOMY).unwrap()
}

/// Rule lines come first and profiles follow them.
fn rule_lines(image: &Image) -> u32 {
    image.header.profiles - image.header.rule_lines
}

fn judge(image: &Image, peer: &str, protocol: u8, port: u16) -> (Reason, u32) {
    let frame = Opening {
        initiator: Initiator::Device,
        peer: peer.parse().unwrap(),
        protocol,
        port,
        source_port: 0,
    };
    let ruling = Reader::new(image).judge(0, &frame, 0);
    (ruling.reason, ruling.rule)
}

#[test]
fn an_empty_policy_has_three_empty_buckets_and_a_line_for_nobody() {
    let image = compile_for(&Policy::default(), &ROOMY).unwrap();
    assert_eq!(image.lines.len(), 4);
    assert!(image.lines.iter().eq(&[Default::default(); 4]));
    assert_eq!(image.header.devices.mask, 0);
    assert_eq!((image.header.flags, image.header.services), (0, 0));
    assert_eq!(image.header.unknown_mode, 2);
}

#[test]
fn networks_of_one_rule_share_its_lines_in_both_families() {
    let many: Vec<u16> = (0..20).map(|n| 2 * n).collect();
    let ports = Clause::Tcp(many.iter().map(|&port| port..=port).collect());
    let image = compile(vec![to(1, &["10.0.0.1", "10.0.0.9", "fd00::1"], &[ports])]);
    assert_eq!(rule_lines(&image), 3);
}

#[test]
fn rules_that_meet_twice_share_lines() {
    let image = compile(vec![
        to(1, &["10.0.0.1", "10.0.0.2"], &[tcp(1)]),
        to(2, &["10.0.0.2", "10.0.0.1", "10.0.0.3"], &[tcp(2)]),
        to(3, &["10.0.0.4"], &[tcp(2)]),
    ]);
    // {1, 2}, {2}, {3}: the same ports under another rule's name are another set.
    assert_eq!(rule_lines(&image), 3);
}

#[test]
fn a_network_that_adds_nothing_is_left_out_and_its_length_is_not_tried() {
    let image = compile(vec![
        to(1, &["10.0.0.0/8"], &[Clause::Tcp(vec![0..=1000])]),
        to(2, &["10.1.0.0/16"], &[tcp(80)]),
        to(3, &["10.1.2.0/24"], &[tcp(2000)]),
    ]);
    assert_eq!(rule_lines(&image), 2);
    let prefixes = Reader::new(&image).prefixes(0).unwrap();
    assert_eq!(prefixes.to_v4[..3], [24, 8, NO_PREFIX]);
    assert_eq!(prefixes.from_v4, [NO_PREFIX; 16]);
    assert_eq!(judge(&image, "10.1.0.1", 6, 80), (Reason::AllowedRule, 1));
    assert_eq!(judge(&image, "10.1.2.1", 6, 80), (Reason::AllowedRule, 1));
    assert_eq!(judge(&image, "10.1.2.1", 6, 2000), (Reason::AllowedRule, 3));
    assert_eq!(judge(&image, "10.1.0.1", 6, 2000), (Reason::NoPort, 0));
}

#[test]
fn whoever_comes_first_in_the_file_gets_the_hit_any_or_not() {
    let peer = ["10.0.0.1"];
    let any_first = compile(vec![to(1, &peer, &[Clause::Any]), to(2, &peer, &[tcp(80)])]);
    assert_eq!(judge(&any_first, peer[0], 6, 80), (Reason::AllowedRule, 1));
    assert_eq!(judge(&any_first, peer[0], 47, 0), (Reason::AllowedRule, 1));
    assert_eq!(rule_lines(&any_first), 1);

    let any_last = compile(vec![to(1, &peer, &[tcp(80)]), to(2, &peer, &[Clause::Any])]);
    assert_eq!(judge(&any_last, peer[0], 6, 80), (Reason::AllowedRule, 1));
    assert_eq!(judge(&any_last, peer[0], 6, 81), (Reason::AllowedRule, 2));
    assert_eq!(judge(&any_last, peer[0], 47, 0), (Reason::AllowedRule, 2));
}

#[test]
fn icmp_of_the_other_family_leaves_a_peer_without_protocols() {
    let all = IcmpType {
        kind: 8,
        code: None,
    };
    let peers = ["10.0.0.1", "fd00::1"];
    let image = compile(vec![to(1, &peers, &[Clause::Icmp(vec![all])])]);
    assert_eq!(
        judge(&image, "10.0.0.1", 1, 0x0803),
        (Reason::AllowedRule, 1)
    );
    assert_eq!(judge(&image, "10.0.0.1", 1, 0x0900), (Reason::NoPort, 0));
    // The line of an empty set must not pass for one of protocol 0.
    for protocol in [0, 1, 58] {
        assert_eq!(
            judge(&image, "fd00::1", protocol, 0),
            (Reason::NoProtocol, 0)
        );
    }
    assert_eq!(judge(&image, "fd00::2", 1, 0), (Reason::NoPeer, 0));
}

#[test]
fn the_generation_of_unlisted_devices_follows_what_judges_them() {
    let generation = |rules: Vec<Rule>, onboarding, change: fn(&mut Policy)| {
        let mut policy = Policy {
            onboarding,
            profiles: vec![profile("pump", rules)].into(),
            default_profile: Some(0),
            ..Policy::default()
        };
        change(&mut policy);
        let image = compile_for(&policy, &ROOMY).unwrap();
        image.header.unknown_generation
    };
    let rules = || {
        vec![
            to(1, &["10.0.0.0/8"], &[tcp(80)]),
            to(2, &["fd00::1"], &[tcp(80)]),
        ]
    };
    let unchanged = generation(rules(), Mode::Enforce, |_| ());
    // What people say about a rule, and where it stands.
    let same: [fn(&mut Policy); 3] = [
        |policy| policy.profiles[0].rules[0].note = Some("new".to_owned()),
        |policy| policy.profiles[0].rules[0].label = "new".to_owned(),
        |policy| policy.profiles[0].rules[1].id = 3,
    ];
    for change in same {
        assert_eq!(generation(rules(), Mode::Enforce, change), unchanged);
    }
    let other: [fn(&mut Policy); 12] = [
        // Flows keep the number of their rule, which goes with the profile's name.
        |policy| policy.profiles[0].name = "other".to_owned(),
        |policy| policy.profiles[0].arp = false,
        |policy| policy.profiles[0].timeouts.icmp *= 2,
        |policy| policy.profiles[0].limits.new_flows += 1,
        |policy| policy.profiles[0].limits.fragments += 1,
        |policy| {
            policy.profiles[0].rules[0]
                .peers
                .push("11.0.0.0/8".parse().unwrap())
        },
        |policy| policy.profiles[0].rules[0].initiator = Initiator::Peer,
        |policy| policy.profiles[0].rules[0].clauses.push(tcp(81)),
        |policy| policy.profiles[0].rules[1].clauses.push(tcp(80)),
        |policy| policy.profiles[0].rules.truncate(1),
        |policy| policy.onboarding = Mode::Learn,
        |policy| policy.default_profile = None,
    ];
    let mut seen = vec![unchanged];
    for change in other {
        let changed = generation(rules(), Mode::Enforce, change);
        assert!(!seen.contains(&changed));
        seen.push(changed);
    }
}
