//! The explanation.

use std::net::IpAddr;

use super::Service;
use crate::service::state::{Mode, Reason, RuleRef, Side, Verdict, Vlans};

/// What becomes of a conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// Who judged.
    pub judge: JudgeName,
    /// Policy file.
    pub policy: String,
    /// One for each opening frame that was tried and each policy that has a say in it.
    pub legs: Vec<Leg>,
    /// What to know about the answer.
    pub notes: Vec<String>,
}

/// Who judged the frames.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum JudgeName {
    /// The XDP program on a scratch instance.
    Program,
    /// The reference evaluator.
    Oracle,
}

impl JudgeName {
    /// Name used in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Program => "program",
            Self::Oracle => "oracle",
        }
    }
}

/// One opening frame under one device's policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Leg {
    /// Name of the device that was judged, or its MAC.
    pub device: String,
    /// Its profile.
    pub profile: Option<String>,
    /// Mode that decided.
    pub mode: Mode,
    /// Wire the frame came in on; none where wires have no names.
    pub wire: Option<String>,
    /// Side it came in at.
    pub side: Side,
    /// Its VLANs.
    pub vlans: Vlans,
    /// Its source.
    pub src: IpAddr,
    /// Its destination.
    pub dst: IpAddr,
    /// What was spoken.
    pub service: Service,
    /// Whether it was dropped.
    pub dropped: bool,
    /// Why.
    pub reason: Reason,
    /// The rule that allows it.
    pub rule: Option<RuleRef>,
    /// Nearest misses, best first.
    pub hints: Vec<String>,
}

impl Leg {
    /// What became of the frame.
    pub const fn verdict(&self) -> Verdict {
        Verdict::of(self.reason, self.dropped)
    }
}

impl Explanation {
    /// The worst that any leg says: a conversation needs all of them. Without a leg nothing is forwarded.
    pub fn verdict(&self) -> Verdict {
        self.legs
            .iter()
            .map(Leg::verdict)
            .max()
            .unwrap_or(Verdict::Dropped)
    }
}
