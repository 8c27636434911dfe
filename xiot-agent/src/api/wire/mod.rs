//! What travels over the control socket and what `--json` prints. Types of their own: the keys are a promise to scripts,
//! whatever the agent's inner types become.
//!
//! MACs are `aa:bb:cc:dd:ee:ff`, times RFC 3339 in UTC, durations and sizes plain numbers with the unit in the key.

mod binding;
mod change;
mod compare;
mod decide;
mod device;
mod drop;
mod explain;
mod flow;
mod learned;
mod named;
mod observed;
mod promotion;
mod reload;
mod simulate;
mod status;

use serde::{Deserialize, Serialize};

pub use binding::{Binding, BindingsQuery};
pub use change::{
    Candidate, Change, Criticality, CutFlow, DeviceChange, HistoryQuery, Plan, Revision,
    RuleChange, Texts, TextsQuery,
};
pub use compare::{
    CompareQuery, ComparedProfile, Comparison, Disagreement, NotObservable, Regions, UnusedRule,
};
pub use decide::{Decide, Decided, Decision, FellBack};
pub use device::{Device, Traffic};
pub use drop::{Drop, DropsQuery};
pub use explain::{Explanation, Leg, Query};
pub use flow::{Flow, FlowsQuery, Rule};
pub use learned::{
    LearnedConversation, LearnedDevice, LearnedQuery, Proposal, ProposeQuery, ProposedProfile,
};
pub use named::{Named, NamesQuery};
pub use observed::{Observed, ObservedQuery};
pub use promotion::{Lost, Promoted, Promotion, PromotionQuery};
pub use reload::{Changes, Mark, Reload};
pub use simulate::{Malformed, NotIp, SimulateQuery, Simulation, WouldDrop};
pub use status::{
    Adoption, Agent, Audit, Bindings, Calendar, Events, Frames, Gauge, Modes, Policy, Port,
    Profile, RefusedFiles, Reloads, Status, Verdict, Wire,
};

/// Version of the protocol. A request of another version is refused.
pub const VERSION: u32 = 1;

/// Longest request in bytes, newline included.
pub const MAX_REQUEST: usize = 64 * 1024;

/// Longest policy that may follow a request, in bytes: that of a file.
pub const MAX_POLICY_BYTES: u64 = 64 << 20;

/// One request.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// [`VERSION`] of the client.
    pub version: u32,
    /// What is asked.
    pub ask: Ask,
}

/// What may be asked.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// The gateway as a whole: one `status`.
    Status,
    /// A `device` for each, listed ones first.
    Devices,
    /// A `flow` for each, and `left_out` if the limit cut some off.
    Flows(FlowsQuery),
    /// An `observed` for each, and `left_out` if the limit cut some off.
    Observed(ObservedQuery),
    /// A `learned_device` for each, and a `learned_conversation` for each of one that was asked for.
    Learned(LearnedQuery),
    /// What the policy should say by what was learned, which is not done: one `proposal`.
    Propose(ProposeQuery),
    /// What a policy would drop of what was learned: one `simulation`.
    Simulate(SimulateQuery),
    /// What was learned, beside what makers disclose and what a policy allows: one `comparison`.
    Compare(CompareQuery),
    /// What stands in the way of devices that are to get another mode, and the policy with it, which is not in force: one `promotion`.
    Promotion(PromotionQuery),
    /// A `binding` for each, and `left_out` if the limit cut some off.
    Bindings(BindingsQuery),
    /// A `named` for each address that a device was told a DNS name has, and `left_out` if the limit cut some off.
    Names(NamesQuery),
    /// A `drop` for each, and `missed` where some were lost to this client. With `follow` it ends when the agent does.
    Drops(DropsQuery),
    /// One `explanation`.
    Explain(Query),
    /// Loads the files again that the agent runs with: one `reload`.
    Reload,
    /// What a change would do, which is not done: one `plan`.
    Plan(Candidate),
    /// Puts another policy in force: one `reload`.
    Change(Change),
    /// The revision on trial stays: one `revision`.
    Confirm,
    /// A `revision` for each, newest first, and `left_out` if the limit cut some off.
    History(HistoryQuery),
    /// One `texts`.
    Texts(TextsQuery),
    /// Decides about a device: one `decided`.
    Decide(Decide),
}

impl Ask {
    /// Bytes that follow the request.
    pub const fn body(&self) -> u64 {
        match self {
            Self::Plan(Candidate::Policy { bytes, .. })
            | Self::Change(Change {
                candidate: Candidate::Policy { bytes, .. },
                ..
            })
            | Self::Simulate(SimulateQuery {
                candidate: Candidate::Policy { bytes, .. },
                ..
            })
            | Self::Compare(CompareQuery {
                candidate: Some(Candidate::Policy { bytes, .. }),
                ..
            }) => *bytes,
            Self::Status
            | Self::Devices
            | Self::Flows(_)
            | Self::Observed(_)
            | Self::Learned(_)
            | Self::Propose(_)
            | Self::Simulate(_)
            | Self::Compare(_)
            | Self::Promotion(_)
            | Self::Bindings(_)
            | Self::Names(_)
            | Self::Drops(_)
            | Self::Explain(_)
            | Self::Reload
            | Self::Plan(_)
            | Self::Change(_)
            | Self::Confirm
            | Self::History(_)
            | Self::Texts(_)
            | Self::Decide(_) => 0,
        }
    }
}

/// One line of an answer.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Reply {
    /// [`VERSION`] of the agent.
    pub version: u32,
    /// What it says.
    pub reply: Answer,
}

/// What a line of an answer may hold.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// To [`Ask::Status`].
    Status(Box<Status>),
    /// To [`Ask::Devices`].
    Device(Box<Device>),
    /// To [`Ask::Flows`].
    Flow(Box<Flow>),
    /// To [`Ask::Observed`].
    Observed(Box<Observed>),
    /// To [`Ask::Learned`].
    LearnedDevice(Box<LearnedDevice>),
    /// To [`Ask::Learned`] with a device.
    LearnedConversation(Box<LearnedConversation>),
    /// To [`Ask::Propose`].
    Proposal(Box<Proposal>),
    /// To [`Ask::Simulate`].
    Simulation(Box<Simulation>),
    /// To [`Ask::Compare`].
    Comparison(Box<Comparison>),
    /// To [`Ask::Promotion`].
    Promotion(Box<Promotion>),
    /// To [`Ask::Bindings`].
    Binding(Box<Binding>),
    /// To [`Ask::Names`].
    Named(Box<Named>),
    /// So many more were not sent because of the limit.
    LeftOut(u64),
    /// To [`Ask::Drops`].
    Drop(Box<Drop>),
    /// The client was too slow for this many drops.
    Missed(u64),
    /// To [`Ask::Explain`].
    Explanation(Box<Explanation>),
    /// To [`Ask::Reload`] and [`Ask::Change`].
    Reload(Box<Reload>),
    /// To [`Ask::Plan`].
    Plan(Box<Plan>),
    /// To [`Ask::Confirm`] and [`Ask::History`].
    Revision(Box<Revision>),
    /// To [`Ask::Texts`].
    Texts(Box<Texts>),
    /// To [`Ask::Decide`].
    Decided(Box<Decided>),
    /// The answer is complete.
    End,
    /// There is no answer, or no more of it.
    Refused(Refusal),
}

/// Why there is no answer.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Refusal {
    /// For programs.
    pub code: RefusalCode,
    /// For people: what is wrong and what to do.
    pub message: String,
}

/// Kinds of refusal.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCode {
    /// The client may not use the socket.
    NotPermitted,
    /// Too many clients.
    Busy,
    /// The request is not one: not JSON, too long, unknown, or of another version.
    BadRequest,
    /// The request names something that is not there.
    NotFound,
    /// The files can't be used: nothing was changed.
    BadFiles,
    /// What is in force is not what the request is about, or is on trial: nothing was changed.
    Conflict,
    /// It may harm somebody: it has to be asked for in so many words.
    NeedsOverride,
    /// The agent could not find out.
    Failed,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> Result<Request, serde_json::Error> {
        serde_json::from_str(text)
    }

    #[test]
    fn requests_read_as_documented() {
        let status = request(r#"{"version":1,"ask":"status"}"#).unwrap();
        assert_eq!(status.ask, Ask::Status);
        let flows = request(r#"{"version":1,"ask":{"flows":{"device":"pump"}}}"#).unwrap();
        assert_eq!(
            flows.ask,
            Ask::Flows(FlowsQuery {
                device: Some("pump".to_owned()),
                ..FlowsQuery::default()
            })
        );
    }

    #[test]
    fn unknown_keys_and_asks_are_errors() {
        for text in [
            r#"{"version":1,"ask":"reboot"}"#,
            r#"{"version":1,"ask":"status","x":1}"#,
            r#"{"version":1,"ask":{"flows":{"devise":"pump"}}}"#,
            r#"{"ask":"status"}"#,
        ] {
            assert!(request(text).is_err(), "{text} was accepted");
        }
    }
}
