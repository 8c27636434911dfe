//! What the program calls devices and rules.

use xiot_agent::{
    compile::{self, Assignment},
    model::policy::Policy,
    oracle::Outcome,
};

use crate::{prog::must, verdict::Verdict};

/// Numbers of devices and rules: what stays from one policy to the next keeps its own.
///
/// # Panics
/// Where there are more than fit.
pub fn numbers(policies: &[Policy], limits: &compile::Limits) -> Vec<Assignment> {
    let mut all: Vec<Assignment> = Vec::new();
    for policy in policies {
        let next = match all.last() {
            Some(last) => must("number a policy", last.follow(policy, limits)).0,
            None => Assignment::fresh(policy),
        };
        all.push(next);
    }
    all
}

/// What the oracle says, with the numbers that the program knows.
pub fn numbered(outcome: Outcome, numbers: &Assignment) -> Verdict {
    Verdict {
        rule: rule_number(numbers, outcome.rule),
        device: device_number(numbers, outcome.device),
        ..Verdict::from(outcome)
    }
}

/// The number of the rule with this place in the policy; 0 for none.
pub(crate) fn rule_number(numbers: &Assignment, place: Option<u32>) -> u32 {
    let index = |place: u32| usize::try_from(place).ok()?.checked_sub(1);
    place
        .and_then(index)
        .and_then(|index| numbers.rules().get(index).copied())
        .unwrap_or(0)
}

/// The number of the device with this position; 0 for none.
pub(crate) fn device_number(numbers: &Assignment, position: Option<usize>) -> u32 {
    position
        .and_then(|position| numbers.devices().get(position).copied())
        .unwrap_or(0)
}
