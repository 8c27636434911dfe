//! Rules that are not always in force, in profiles that stay as they are while others change.

use xiot_common::schedule::CHAIN;

use super::*;
use crate::{
    compile::{encode, tests::naive},
    model::{
        policy::{Clause, Profile},
        times::Times,
    },
};

/// With a rule for one peer and port, in force until this second.
fn passing(id: u32, name: &str, end: u32) -> Profile {
    let peers = vec!["10.0.0.1".parse().unwrap()];
    let clauses = vec![Clause::Tcp(vec![80..=80])];
    let mut rule = build::rule(id, Initiator::Device, peers, clauses);
    rule.times = Times {
        expires: Some(end),
        ..Times::default()
    };
    build::profile(name, vec![rule])
}

/// The lines of chains that were another profile's stay, so that this one's have other names than when all is compiled as a whole.
#[test]
fn a_profile_keeps_its_chains_when_another_has_none_any_more() {
    let policy = Policy {
        profiles: [passing(1, "one", 50), passing(2, "other", 100)]
            .into_iter()
            .collect(),
        ..Policy::default()
    };
    let next = Compilation::fresh(Arc::new(policy), &wires(), &LIMITS, STAMP).unwrap();
    let policy = edited(&next, |policy| {
        // A schedule less, but a line of rules more: seven ranges have room in one.
        let rule = &mut policy.profiles[0].rules[0];
        rule.times = Times::default();
        rule.clauses = vec![Clause::Tcp(
            (0..8).map(|n| 80 + 2 * n..=80 + 2 * n).collect(),
        )];
    });
    let (next, _) = next
        .follow(Arc::new(policy), &wires(), &LIMITS, STAMP)
        .unwrap();
    let (policy, image) = (next.policy(), next.image());
    let whole = compile(policy, &wires(), &LIMITS, next.ids(), 2, 5).unwrap();

    // Chains begin on the same line, and yet the second profile's is another one of them.
    assert_eq!(image.header.chains, whole.header.chains);
    let name = |image: &Image, line| encode::rules_of(&image.lines[line]).ranges[0].rule;
    assert_eq!((name(image, 1), name(&whole, 2)), (CHAIN | 1, CHAIN));

    let opening = Opening {
        initiator: Initiator::Device,
        peer: [10, 0, 0, 1].into(),
        protocol: 6,
        port: 80,
        source_port: 7,
    };
    for at in [99, 100] {
        for (place, profile) in (0..).zip(&policy.profiles) {
            let mut expected = naive::judge(policy, profile, &opening, at);
            if let Some(rule) = expected.rule.checked_sub(1) {
                expected.rule = next.ids().rules()[rule as usize];
            }
            for image in [image, &whole] {
                assert_eq!(Reader::new(image).judge(place, &opening, at), expected);
            }
        }
        assert_whole(policy, &next, at);
    }
}
