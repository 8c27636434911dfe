//! What program and oracle must agree on.

use std::fmt;

use xiot_agent::oracle::Outcome;
use xiot_common::{reason::Reason, trace::Trace};

/// The verdict on one frame.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Verdict {
    /// The one named cause.
    pub reason: Reason,
    /// Whether the frame goes no further.
    pub dropped: bool,
    /// The rule that allows it; 0: none.
    pub rule: u32,
    /// The device's number, from 1 in file order; 0: none.
    pub device: u32,
    /// A live flow answered.
    pub flow_hit: bool,
}

impl From<Outcome> for Verdict {
    fn from(outcome: Outcome) -> Self {
        Self {
            reason: outcome.reason,
            dropped: outcome.dropped,
            rule: outcome.rule.unwrap_or(0),
            device: outcome.device.map_or(0, |position| {
                u32::try_from(position + 1).expect("few devices")
            }),
            flow_hit: outcome.flow_hit,
        }
    }
}

impl From<Trace> for Verdict {
    fn from(trace: Trace) -> Self {
        Self {
            reason: Reason::from_u8(trace.reason)
                .unwrap_or_else(|| panic!("the program gave no reason: {trace:?}")),
            dropped: trace.dropped == 1,
            rule: trace.rule,
            device: trace.device,
            flow_hit: trace.flow_hit == 1,
        }
    }
}

impl fmt::Debug for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            reason,
            dropped,
            rule,
            device,
            flow_hit,
        } = self;
        let what = if *dropped { "dropped" } else { "forwarded" };
        let how = if *flow_hit { ", by flow" } else { "" };
        write!(
            f,
            "{what}: {} (rule {rule}, device {device}{how})",
            reason.name()
        )
    }
}
