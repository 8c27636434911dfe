//! The shape of the table.

use xiot_agent::{model::policy::Policy, oracle::Side};
use xiot_common::reason::{Class, Reason};
use xiot_tests::{
    frame::Frame,
    shot::{Shot, from_device, from_uplink},
    verdict::Verdict,
    ward,
};

/// Room for flows in most cases.
pub(crate) const MANY_FLOWS: u32 = 1024;
/// Room for flows where it runs out.
pub(crate) const FEW_FLOWS: u32 = 2;

/// Frames in order, each with its verdict.
#[derive(Clone)]
pub(crate) struct Case {
    /// What it shows, as a sentence.
    pub(crate) name: &'static str,
    pub(crate) policy: Policy,
    pub(crate) flows: u32,
    pub(crate) steps: Vec<Step>,
}

#[derive(Clone)]
pub(crate) struct Step {
    pub(crate) shot: Shot,
    /// When it comes; at once if that is over.
    pub(crate) second: u32,
    pub(crate) expected: Verdict,
}

pub(crate) fn case(name: &'static str, steps: impl Into<Vec<Step>>) -> Case {
    let mut steps = steps.into();
    let mut now = 0;
    for step in &mut steps {
        step.shot.after = step.second.saturating_sub(now);
        now = now.max(step.second);
    }
    Case {
        name,
        policy: ward::policy(),
        flows: MANY_FLOWS,
        steps,
    }
}

impl Case {
    pub(crate) fn under(self, policy: Policy) -> Self {
        Self { policy, ..self }
    }

    pub(crate) fn with_few_flows(self) -> Self {
        Self {
            flows: FEW_FLOWS,
            ..self
        }
    }
}

/// A frame from the device side, and why it is forwarded or dropped in mode enforce.
pub(crate) fn device(frame: &Frame, reason: Reason) -> Step {
    step(from_device(frame), reason)
}

/// The same from the uplink.
pub(crate) fn uplink(frame: &Frame, reason: Reason) -> Step {
    step(from_uplink(frame), reason)
}

/// The same from bytes.
pub(crate) fn device_bytes(frame: Vec<u8>, reason: Reason) -> Step {
    step(
        Shot {
            after: 0,
            wire: 0,
            side: Side::Device,
            frame,
        },
        reason,
    )
}

fn step(shot: Shot, reason: Reason) -> Step {
    Step {
        shot,
        second: 0,
        expected: Verdict {
            reason,
            dropped: reason.class() != Class::Allowed,
            rule: 0,
            device: 0,
            flow_hit: false,
        },
    }
}

impl Step {
    pub(crate) fn by_rule(mut self, rule: u32) -> Self {
        self.expected.rule = rule;
        self
    }

    pub(crate) fn of_device(mut self, device: u32) -> Self {
        self.expected.device = device;
        self
    }

    pub(crate) fn by_flow(mut self) -> Self {
        self.expected.flow_hit = true;
        self
    }

    /// Denied, but the mode lets it through.
    pub(crate) fn forwarded(mut self) -> Self {
        self.expected.dropped = false;
        self
    }

    pub(crate) fn at(mut self, second: u32) -> Self {
        self.second = second;
        self
    }
}
