//! Makes a counterexample small: first the frames, then the policy, then both again until nothing more goes.

use proptest::strategy::ValueTree;
use xiot_agent::model::{
    gateway::Wire,
    guard::{Guards, Level},
    policy::Policy,
};

use crate::{generate::SHORTEST, shot::Shot, step::Step};

/// Attempts at simpler policies: each loads one.
const POLICY_ATTEMPTS: usize = 2000;

/// A policy and steps on which program and oracle differ.
#[derive(Clone, Debug)]
pub struct Counterexample {
    /// The policy.
    pub policy: Policy,
    /// Frames and swaps; the last is the frame they differ on.
    pub steps: Vec<Step>,
}

/// Shrinks what fails. `first_failure` gives the position of the first step that does, under a policy; `tree`
/// holds the policy that fails now.
pub fn shrink(
    tree: &mut dyn ValueTree<Value = Policy>,
    mut steps: Vec<Step>,
    first_failure: &mut dyn FnMut(&Policy, &[Step]) -> Option<usize>,
) -> Counterexample {
    loop {
        let before = (steps.clone(), tree.current());
        steps = fewer(&tree.current(), steps, first_failure);
        simpler(tree, &steps, first_failure);
        if (&steps, &tree.current()) == (&before.0, &before.1) {
            break;
        }
    }
    let policy = tree.current();
    steps = plainer(&policy, steps, first_failure);
    Counterexample { policy, steps }
}

/// Drops frames by halves, quarters and so on down to single ones (delta debugging, Zeller 1999).
fn fewer(
    policy: &Policy,
    mut steps: Vec<Step>,
    first_failure: &mut dyn FnMut(&Policy, &[Step]) -> Option<usize>,
) -> Vec<Step> {
    if let Some(at) = first_failure(policy, &steps) {
        steps.truncate(at + 1);
    }
    let mut chunk = steps.len().div_ceil(2);
    while chunk > 0 {
        let mut start = 0;
        while start < steps.len() {
            let end = (start + chunk).min(steps.len());
            let mut rest = steps.clone();
            rest.drain(start..end);
            if let Some(at) = first_failure(policy, &rest) {
                rest.truncate(at + 1);
                steps = rest;
            } else {
                start = end;
            }
        }
        chunk = if chunk == 1 { 0 } else { chunk.div_ceil(2) };
    }
    steps
}

/// Lets the policy shrink as long as these frames still fail.
fn simpler(
    tree: &mut dyn ValueTree<Value = Policy>,
    steps: &[Step],
    first_failure: &mut dyn FnMut(&Policy, &[Step]) -> Option<usize>,
) {
    let mut attempts = 0;
    let mut moved = tree.simplify();
    while moved && attempts < POLICY_ATTEMPTS {
        attempts += 1;
        moved = if first_failure(&tree.current(), steps).is_some() {
            tree.simplify()
        } else {
            tree.complicate()
        };
    }
    // Ends on a policy that fails, whatever the last attempt was.
    while first_failure(&tree.current(), steps).is_none() {
        if !tree.complicate() {
            break;
        }
    }
}

/// Shortens each frame from its end and clears its bytes where that changes nothing.
fn plainer(
    policy: &Policy,
    mut steps: Vec<Step>,
    first_failure: &mut dyn FnMut(&Policy, &[Step]) -> Option<usize>,
) -> Vec<Step> {
    let last = steps.len();
    let mut fails = |steps: &[Step]| first_failure(policy, steps).is_some_and(|at| at + 1 == last);
    for position in 0..steps.len() {
        if let Step::Rewire(wires) = &steps[position] {
            let wires = quieter(wires, &mut |attempt| {
                let mut with_it = steps.clone();
                with_it[position] = Step::Rewire(attempt.to_vec());
                fails(&with_it)
            });
            steps[position] = Step::Rewire(wires);
        }
        let Step::Shot(mut shot) = steps[position].clone() else {
            continue;
        };
        let mut still_fails = |attempt: &Shot| {
            let mut with_it = steps.clone();
            with_it[position] = Step::Shot(attempt.clone());
            fails(&with_it)
        };
        let at_once = Shot {
            after: 0,
            ..shot.clone()
        };
        if still_fails(&at_once) {
            shot = at_once;
        }
        let mut cut = shot.frame.len().saturating_sub(SHORTEST);
        while cut > 0 {
            let mut attempt = shot.clone();
            let length = attempt.frame.len();
            if length - SHORTEST >= cut {
                attempt.frame.truncate(length - cut);
                if still_fails(&attempt) {
                    shot = attempt;
                    continue;
                }
            }
            cut /= 2;
        }
        for byte in 0..shot.frame.len().min(160) {
            if shot.frame[byte] == 0 {
                continue;
            }
            let mut attempt = shot.clone();
            attempt.frame[byte] = 0;
            if still_fails(&attempt) {
                shot = attempt;
            }
        }
        steps[position] = Step::Shot(shot);
    }
    steps
}

/// Turns guards off and forgets Ethernet types where that changes nothing.
fn quieter(wires: &[Wire], still_fails: &mut dyn FnMut(&[Wire]) -> bool) -> Vec<Wire> {
    const GUARDS: [fn(&mut Guards) -> &mut Level; 11] = [
        |guards| &mut guards.group,
        |guards| &mut guards.mac,
        |guards| &mut guards.source,
        |guards| &mut guards.arp,
        |guards| &mut guards.nd,
        |guards| &mut guards.dhcp_server,
        |guards| &mut guards.dhcp_client,
        |guards| &mut guards.router,
        |guards| &mut guards.bpdu,
        |guards| &mut guards.claim,
        |guards| &mut guards.binding,
    ];
    let mut wires = wires.to_vec();
    for position in 0..wires.len() {
        let mut attempt = wires.clone();
        attempt[position].ethertypes.clear();
        if still_fails(&attempt) {
            wires = attempt;
        }
        for guard in GUARDS {
            let mut attempt = wires.clone();
            *guard(&mut attempt[position].guards) = Level::Off;
            if still_fails(&attempt) {
                wires = attempt;
            }
        }
    }
    wires
}

#[cfg(test)]
mod tests {
    use proptest::{strategy::Strategy as _, test_runner::TestRunner};
    use xiot_agent::oracle::Side;

    use super::shrink;
    use crate::{generate::policies, shot::Shot, step::Step};

    fn shot(mark: u8) -> Step {
        Step::Shot(Shot {
            after: 0,
            wire: 0,
            side: Side::Device,
            frame: vec![mark; 60],
        })
    }

    fn bytes(step: &Step) -> &[u8] {
        &step.shot().expect("frames alone").frame
    }

    #[test]
    fn what_is_left_is_what_the_failure_needs() {
        let mut runner = TestRunner::deterministic();
        let mut tree = policies()
            .prop_filter("one device at least", |policy| policy.devices.len() > 2)
            .new_tree(&mut runner)
            .expect("a policy");
        let steps: Vec<Step> = (1..=200).map(shot).collect();
        // Fails on the first frame 120 that comes after a frame 17, under policies with a device.
        let mut first_failure = |policy: &xiot_agent::model::policy::Policy, steps: &[Step]| {
            let first = |mark: u8| steps.iter().position(|step| bytes(step)[0] == mark);
            let (before, at) = (first(17)?, first(120)?);
            (before < at && !policy.devices.is_empty()).then_some(at)
        };
        let smallest = shrink(&mut tree, steps, &mut first_failure);
        let marks: Vec<u8> = smallest.steps.iter().map(|step| bytes(step)[0]).collect();
        assert_eq!(marks, [17, 120]);
        assert!(smallest.steps.iter().all(|step| bytes(step).len() == 14));
        assert!(smallest.policy.devices.len() <= 3);
        assert!(smallest.policy.profiles[0].rules.is_empty());
    }
}
