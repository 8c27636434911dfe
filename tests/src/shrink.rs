//! Makes a counterexample small: first the frames, then the policy, then both again until nothing more goes.

use proptest::strategy::ValueTree;
use xiot_agent::model::policy::Policy;

use crate::{generate::SHORTEST, shot::Shot};

/// Attempts at simpler policies: each loads one.
const POLICY_ATTEMPTS: usize = 2000;

/// A policy and frames on which program and oracle differ.
#[derive(Clone, Debug)]
pub struct Counterexample {
    /// The policy.
    pub policy: Policy,
    /// The frames; the last is the one they differ on.
    pub shots: Vec<Shot>,
}

/// Shrinks what fails. `first_failure` gives the position of the first frame that does, under a policy; `tree`
/// holds the policy that fails now.
pub fn shrink(
    tree: &mut dyn ValueTree<Value = Policy>,
    mut shots: Vec<Shot>,
    first_failure: &mut dyn FnMut(&Policy, &[Shot]) -> Option<usize>,
) -> Counterexample {
    loop {
        let before = (shots.clone(), tree.current());
        shots = fewer(&tree.current(), shots, first_failure);
        simpler(tree, &shots, first_failure);
        if (&shots, &tree.current()) == (&before.0, &before.1) {
            break;
        }
    }
    let policy = tree.current();
    shots = plainer(&policy, shots, first_failure);
    Counterexample { policy, shots }
}

/// Drops frames by halves, quarters and so on down to single ones (delta debugging, Zeller 1999).
fn fewer(
    policy: &Policy,
    mut shots: Vec<Shot>,
    first_failure: &mut dyn FnMut(&Policy, &[Shot]) -> Option<usize>,
) -> Vec<Shot> {
    if let Some(at) = first_failure(policy, &shots) {
        shots.truncate(at + 1);
    }
    let mut chunk = shots.len().div_ceil(2);
    while chunk > 0 {
        let mut start = 0;
        while start < shots.len() {
            let end = (start + chunk).min(shots.len());
            let mut rest = shots.clone();
            rest.drain(start..end);
            if let Some(at) = first_failure(policy, &rest) {
                rest.truncate(at + 1);
                shots = rest;
            } else {
                start = end;
            }
        }
        chunk = if chunk == 1 { 0 } else { chunk.div_ceil(2) };
    }
    shots
}

/// Lets the policy shrink as long as these frames still fail.
fn simpler(
    tree: &mut dyn ValueTree<Value = Policy>,
    shots: &[Shot],
    first_failure: &mut dyn FnMut(&Policy, &[Shot]) -> Option<usize>,
) {
    let mut attempts = 0;
    let mut moved = tree.simplify();
    while moved && attempts < POLICY_ATTEMPTS {
        attempts += 1;
        moved = if first_failure(&tree.current(), shots).is_some() {
            tree.simplify()
        } else {
            tree.complicate()
        };
    }
    // Ends on a policy that fails, whatever the last attempt was.
    while first_failure(&tree.current(), shots).is_none() {
        if !tree.complicate() {
            break;
        }
    }
}

/// Shortens each frame from its end and clears its bytes where that changes nothing.
fn plainer(
    policy: &Policy,
    mut shots: Vec<Shot>,
    first_failure: &mut dyn FnMut(&Policy, &[Shot]) -> Option<usize>,
) -> Vec<Shot> {
    let last = shots.len();
    let mut fails = |shots: &[Shot]| first_failure(policy, shots).is_some_and(|at| at + 1 == last);
    for position in 0..shots.len() {
        let mut at_once = shots.clone();
        at_once[position].after = 0;
        if fails(&at_once) {
            shots = at_once;
        }
        let mut cut = shots[position].frame.len().saturating_sub(SHORTEST);
        while cut > 0 {
            let mut attempt = shots.clone();
            let length = attempt[position].frame.len();
            if length - SHORTEST >= cut {
                attempt[position].frame.truncate(length - cut);
                if fails(&attempt) {
                    shots = attempt;
                    continue;
                }
            }
            cut /= 2;
        }
        for byte in 0..shots[position].frame.len().min(160) {
            if shots[position].frame[byte] == 0 {
                continue;
            }
            let mut attempt = shots.clone();
            attempt[position].frame[byte] = 0;
            if fails(&attempt) {
                shots = attempt;
            }
        }
    }
    shots
}

#[cfg(test)]
mod tests {
    use proptest::{strategy::Strategy as _, test_runner::TestRunner};
    use xiot_agent::oracle::Side;

    use super::shrink;
    use crate::{generate::policies, shot::Shot};

    fn shot(mark: u8) -> Shot {
        Shot {
            after: 0,
            wire: 0,
            side: Side::Device,
            frame: vec![mark; 60],
        }
    }

    #[test]
    fn what_is_left_is_what_the_failure_needs() {
        let mut runner = TestRunner::deterministic();
        let mut tree = policies()
            .prop_filter("one device at least", |policy| policy.devices.len() > 2)
            .new_tree(&mut runner)
            .expect("a policy");
        let shots: Vec<Shot> = (1..=200).map(shot).collect();
        // Fails on the first frame 120 that comes after a frame 17, under policies with a device.
        let mut first_failure = |policy: &xiot_agent::model::policy::Policy, shots: &[Shot]| {
            let first = |mark: u8| shots.iter().position(|shot| shot.frame[0] == mark);
            let (before, at) = (first(17)?, first(120)?);
            (before < at && !policy.devices.is_empty()).then_some(at)
        };
        let smallest = shrink(&mut tree, shots, &mut first_failure);
        let marks: Vec<u8> = smallest.shots.iter().map(|shot| shot.frame[0]).collect();
        assert_eq!(marks, [17, 120]);
        assert!(smallest.shots.iter().all(|shot| shot.frame.len() == 14));
        assert!(smallest.policy.devices.len() <= 3);
        assert!(smallest.policy.profiles[0].rules.is_empty());
    }
}
