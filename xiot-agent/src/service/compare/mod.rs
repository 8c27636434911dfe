//! What makers disclose, what devices were seen to do and what the policy allows, beside each other. Nothing is put in force.
//!
//! Whether a policy allows a conversation the program itself says, on a scratch instance; what comes of many such answers is made here, as plain values.

mod choice;
mod tally;

pub use self::{
    choice::{Choice, Wanted, choose},
    tally::{Judged, Ruling, Tally},
};

use std::net::IpAddr;

use jiff::Timestamp;

use super::{
    names::UnknownDevice,
    state::{Criticality, Opener, Reason, RuleRef},
};
pub use crate::model::overlap::Extent;
use crate::{compile::CompileError, learn::review::Mark};

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// Profiles in the order of the policy.
    pub profiles: Vec<OfProfile>,
    /// Conversations that could not be judged.
    pub unknown: u64,
}

/// The devices of a profile.
#[derive(Clone, Debug, PartialEq)]
pub struct OfProfile {
    /// Its name.
    pub profile: String,
    /// Its criticality.
    pub criticality: Option<Criticality>,
    /// The profile that says what the maker discloses; none: nothing is disclosed.
    pub disclosed: Option<String>,
    /// Devices that were looked at and of which anything was learned.
    pub observed: u64,
    /// Devices that were looked at.
    pub devices: u64,
    /// How much all agree.
    pub regions: Regions,
    /// Conversations that the maker did not disclose, or that the policy denies: those of most devices first.
    pub conversations: Vec<Disagreement>,
    /// Rules of the maker's list by which nothing was seen, and how much of each the policy allows.
    pub unused: Vec<UnusedRule>,
    /// Rules of the policy by which nothing was seen, and how much of each the maker discloses.
    pub without_evidence: Vec<UnusedRule>,
    /// Services that make no conversations, so that nobody can tell whether they are used.
    pub unobservable: Vec<Unobservable>,
}

/// In how many things each of the three has its part. Of what was seen, conversations are counted: each once, of however many devices; of what was not,
/// rules of the policy, and rules of the maker that the policy has not wholly.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Regions {
    /// Conversations that are as the maker says and the policy allows.
    pub disclosed_learned_enforced: u64,
    /// Conversations that are as the maker says, and denied.
    pub disclosed_learned: u64,
    /// Conversations that the policy allows, and no maker disclosed.
    pub learned_enforced: u64,
    /// Conversations that neither knows.
    pub learned: u64,
    /// Rules of the policy that the maker discloses, and by which nothing was seen.
    pub disclosed_enforced: u64,
    /// Rules of the maker by which nothing was seen, and that the policy does not have, or not wholly.
    pub disclosed: u64,
    /// Rules of the policy by which nothing was seen, and that no maker discloses wholly.
    pub enforced: u64,
}

/// A conversation that not all three have.
#[derive(Clone, Debug, PartialEq)]
pub struct Disagreement {
    /// Who opens it.
    pub initiator: Opener,
    /// It was picked up after its start, so that initiator and port are a guess.
    pub midstream: bool,
    /// IP protocol number.
    pub protocol: u8,
    /// Port of the side that does not open it; ICMP: `type << 8 | code`; 0 where there is none.
    pub port: u16,
    /// The other side.
    pub peer: IpAddr,
    /// What that is called: a peer set, a device, or a name that a device was told.
    pub peer_name: Option<String>,
    /// Whether the maker discloses it; none: nothing is disclosed.
    pub disclosed: Option<bool>,
    /// Whether the policy allows it.
    pub allowed: bool,
    /// Why, or why not.
    pub reason: Reason,
    /// The rule that allows it.
    pub rule: Option<RuleRef>,
    /// Names of devices that have it, a few of them.
    pub devices: Vec<String>,
    /// How many have it.
    pub device_count: u64,
    /// Times that it was opened.
    pub times: u64,
    /// First seen.
    pub first_seen: Option<Timestamp>,
    /// Last seen.
    pub last_seen: Option<Timestamp>,
    /// What a person has to look at.
    pub marks: Vec<Mark>,
}

/// A rule by which nothing was seen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UnusedRule {
    /// It.
    pub rule: RuleRef,
    /// What is written beside it.
    pub note: Option<String>,
    /// How much of it the other has: the policy, or the maker; none: no maker discloses anything.
    pub other: Option<Extent>,
}

/// A service without conversations.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Unobservable {
    /// Its name.
    pub service: &'static str,
    /// Whether the maker's list has it; none: nothing is disclosed.
    pub disclosed: Option<bool>,
    /// Whether the policy allows it.
    pub allowed: bool,
}

/// Nothing can be compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// There is no such profile.
    #[error(
        "the policy has no profile `{name}`{}",
        .closest.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
    )]
    UnknownProfile {
        /// What was asked for.
        name: String,
        /// What may have been meant.
        closest: Option<String>,
    },
    /// Nobody has it.
    #[error("no device has profile `{0}`: there is nothing to compare with what was learned")]
    NoDevices(String),
    /// The policy does not list it.
    #[error(transparent)]
    UnknownDevice(#[from] UnknownDevice),
    /// It is a device, and no policy says anything of it.
    #[error(
        "{0} is not listed, and has no profile that could be compared: `propose PROFILE --device {0}` lists it"
    )]
    Unlisted(String),
    /// Two answers to one question.
    #[error("device `{device}` has profile `{profile}`: name one of the two alone")]
    OtherProfile {
        /// The device.
        device: String,
        /// Its profile.
        profile: String,
    },
    /// A list for whom?
    #[error("whose devices are to be compared with `{0}`? name a device or a profile, too")]
    Whose(String),
    /// A maker's list takes more than the gateway has room for.
    #[error("the policy with what is disclosed in place of profiles can't be compiled: {0}")]
    Compile(#[from] CompileError),
}
