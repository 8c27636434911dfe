//! `compare`.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Candidate, Rule};

/// What is to be compared.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CompareQuery {
    /// The policy, which follows the request if it is sent; none: that in force.
    #[serde(default)]
    pub candidate: Option<Candidate>,
    /// Only devices of this profile.
    #[serde(default)]
    pub profile: Option<String>,
    /// Only this device, by name or MAC.
    #[serde(default)]
    pub device: Option<String>,
    /// The profile that says what the maker discloses; none: that which the policy names.
    #[serde(default)]
    pub disclosed: Option<String>,
}

/// What makers disclose, what was learned, and what the policy allows.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Comparison {
    /// Profiles that devices have, in the order of the policy.
    pub profiles: Vec<ComparedProfile>,
    /// Conversations that could not be judged.
    pub unknown: u64,
}

/// Devices of one profile.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ComparedProfile {
    /// Its name.
    pub profile: String,
    /// Its criticality.
    pub criticality: Option<String>,
    /// The profile that says what the maker discloses; null: nothing is disclosed.
    pub disclosed: Option<String>,
    /// Devices that were looked at.
    pub devices: u64,
    /// Those of which anything was learned.
    pub devices_observed: u64,
    /// How much all agree.
    pub regions: Regions,
    /// Conversations that the maker did not disclose, or that the policy denies; those of most devices first.
    pub conversations: Vec<Disagreement>,
    /// Rules of the maker by which nothing was seen.
    pub unused: Vec<UnusedRule>,
    /// Rules of the policy by which nothing was seen.
    pub without_evidence: Vec<UnusedRule>,
    /// Services that make no conversations: nobody can tell whether they are used.
    pub not_observable: Vec<NotObservable>,
}

/// In how many things each of the three has its part: conversations where anything was learned, else rules.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Regions {
    /// Conversations as the maker says, and allowed.
    pub disclosed_learned_enforced: u64,
    /// Conversations as the maker says, and denied.
    pub disclosed_learned: u64,
    /// Conversations that are allowed, and not disclosed.
    pub learned_enforced: u64,
    /// Conversations that are neither.
    pub learned: u64,
    /// Rules of the policy that the maker discloses, too.
    pub disclosed_enforced: u64,
    /// Rules of the maker that the policy does not have wholly.
    pub disclosed: u64,
    /// Rules of the policy that the maker does not disclose wholly.
    pub enforced: u64,
}

/// A conversation that not all three have.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Disagreement {
    /// Who opens it: `device` or `peer`.
    pub initiator: String,
    /// It was picked up after its start, so that initiator and port are a guess.
    pub midstream: bool,
    /// `tcp`, `udp`, `icmp`, `icmpv6` or a protocol number.
    pub protocol: String,
    /// TCP and UDP: port of the side that does not open it.
    pub port: Option<u16>,
    /// ICMP: type, and code.
    pub icmp: Option<(u8, u8)>,
    /// Address of the other side.
    pub peer: IpAddr,
    /// What that is called.
    pub peer_name: Option<String>,
    /// Whether the maker discloses it; null: nothing is disclosed.
    pub disclosed: Option<bool>,
    /// Whether the policy allows it.
    pub allowed: bool,
    /// Why, or why not.
    pub reason: String,
    /// The reason in a sentence.
    pub meaning: String,
    /// The rule that allows it.
    pub rule: Option<Rule>,
    /// Devices that have it, at most five of them.
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
    pub marks: Vec<String>,
}

/// A rule by which nothing was seen.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct UnusedRule {
    /// It.
    pub rule: Rule,
    /// What is written beside it.
    pub note: Option<String>,
    /// How much of it the policy allows, or of a rule of the policy the maker discloses: `all`, `part` or `none`; null: nothing is disclosed.
    pub other: Option<String>,
}

/// A service that makes no conversations.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct NotObservable {
    /// Its name.
    pub service: String,
    /// Whether the maker discloses it; null: nothing is disclosed.
    pub disclosed: Option<bool>,
    /// Whether the policy allows it.
    pub allowed: bool,
}
