//! What happens next to program and oracle: a frame, another policy, other guards, or just another epoch.

use xiot_agent::model::{gateway::Wire, policy::Policy};

use crate::{decide::Decide, generate::Edit, shot::Shot};

/// One thing that happens.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A frame comes in.
    Shot(Shot),
    /// An edit of the policy in force is put in force.
    Swap(Edit),
    /// Other guards and Ethernet types are put in force.
    Rewire(Vec<Wire>),
    /// Wires are settled in so many seconds.
    Settle(u32),
    /// Another epoch begins under the same policy.
    Touch,
    /// The grace period begins, and lasts for so many seconds.
    Grace(u32),
    /// Something is decided of a device.
    Decide(Decide),
    /// The wall clock is set to this second.
    Clock(u32),
}

impl Step {
    /// The frame, where it is one.
    pub fn shot(&self) -> Option<&Shot> {
        match self {
            Self::Shot(shot) => Some(shot),
            Self::Swap(_)
            | Self::Rewire(_)
            | Self::Settle(_)
            | Self::Touch
            | Self::Grace(_)
            | Self::Decide(_)
            | Self::Clock(_) => None,
        }
    }
}

/// The policies that these steps put in force in turn, from `first` on.
pub fn policies(first: &Policy, steps: &[Step]) -> Vec<Policy> {
    let mut policies = vec![first.clone()];
    for step in steps {
        if let (Step::Swap(edit), Some(last)) = (step, policies.last()) {
            let next = edit.apply(last);
            policies.push(next);
        }
    }
    policies
}
