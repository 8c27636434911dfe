//! Of any habits: what was learned is allowed by the proposal or told of as withheld, and what was never seen is not allowed.

use proptest::prelude::*;

use super::*;

fn initiator() -> impl Strategy<Value = Initiator> {
    prop_oneof![3 => Just(Initiator::Device), 1 => Just(Initiator::Peer)]
}

/// Of a few networks, so that neighbours meet.
fn peer() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        (0..64_u8).prop_map(|last| [192, 0, 2, last].into()),
        (0..20_u8).prop_map(|last| [10, 20, 4, last].into()),
        (1..6_u8).prop_map(|last| [10, 30, 1, last].into()),
        Just([10, 20, 8, 11].into()),
        (0..40_u16).prop_map(|last| [0x2001, 0xdb8, 0, 0, 0, 0, 0, last].into()),
    ]
}

fn conversation() -> impl Strategy<Value = Conversation> {
    let service = prop_oneof![
        (
            prop_oneof![Just(6), Just(17)],
            prop_oneof![1_u16..6, Just(53), Just(104), Just(3613)]
        ),
        Just((47, 0)),
    ];
    (initiator(), service, peer()).prop_map(|(initiator, (protocol, port), peer)| Conversation {
        initiator,
        midstream: false,
        protocol,
        port,
        peer,
    })
}

fn habits() -> impl Strategy<Value = Vec<Habit>> {
    let habit = (conversation(), 1_u64..4, 0_u64..10, 1_u64..10)
        .prop_map(|(conversation, daily, first, days)| (conversation, daily, first..first + days));
    prop::collection::vec(habit, 1..40)
}

/// Whether the smallest network that may stand for one of them has the other.
fn are_near(a: IpAddr, b: IpAddr) -> bool {
    match (a, b) {
        (IpAddr::V4(a), IpAddr::V4(b)) => a.to_bits() >> 4 == b.to_bits() >> 4,
        (IpAddr::V6(a), IpAddr::V6(b)) => a.to_bits() >> 4 == b.to_bits() >> 4,
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_was_learned_is_allowed_and_what_was_not_is_not(
        habits in habits(),
        others in prop::collection::vec(conversation(), 200),
    ) {
        let device = learned(&habits);
        let proposal = proposed(POLICY, std::slice::from_ref(&device), &[]).unwrap();
        let load = |text: &str| {
            let loaded = model::load_policy_at("policy.yaml", text, Timestamp::UNIX_EPOCH);
            loaded.value.expect("it was checked")
        };
        let (before, after) = (load(POLICY), load(&proposal.text));
        let (before, after) = (Allowed::of(&before.profiles[0]), Allowed::of(&after.profiles[0]));
        let mut withheld = 0;
        for conversation in device.conversations().keys() {
            withheld += usize::from(!after.allows(conversation));
        }
        prop_assert!(withheld <= proposal.profiles[0].withheld, "{}", proposal.text);
        let comments = proposal.text.matches("# WITHHELD").count();
        prop_assert_eq!(proposal.profiles[0].withheld > 0, comments > 0);
        for other in &others {
            if device.conversations().contains_key(other) || before.allows(other) {
                continue;
            }
            // Only the neighbours of what was seen, with a line that says so.
            let is_near = device.conversations().keys().any(|seen| {
                (seen.initiator, seen.protocol, seen.port) == (other.initiator, other.protocol, other.port)
                    && are_near(seen.peer, other.peer)
            });
            let is_wider = is_near && proposal.text.contains("# WIDER than seen");
            prop_assert!(is_wider || !after.allows(other), "{other:?}\n{}", proposal.text);
        }
    }
}
