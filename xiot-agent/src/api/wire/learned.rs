//! `learned` and `propose`.

use std::{collections::BTreeMap, net::IpAddr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What of that which was learned is wanted.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct LearnedQuery {
    /// Name or MAC of a device: then its conversations, too.
    pub device: Option<String>,
}

/// A device that was observed.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct LearnedDevice {
    /// Its name; null: not listed.
    pub device: Option<String>,
    /// Its MAC.
    pub mac: String,
    /// VLAN of its frames, as `30` or `100.30`; `untagged`.
    pub vlan: String,
    /// Its profile, where it is listed.
    pub profile: Option<String>,
    /// Its mode: `learn`, `monitor` or `enforce`.
    pub mode: String,
    /// What a failure of it means.
    pub criticality: Option<String>,
    /// Its conversations.
    pub conversations: usize,
    /// Those that there was no room for.
    pub left_out: u64,
    /// Hours in which anything was seen of it.
    pub hours_heard: u32,
    /// Hours in which the gateway watched.
    pub hours_watched: u32,
    /// When anything was seen of it first.
    pub first_seen: Option<Timestamp>,
    /// And last.
    pub last_seen: Option<Timestamp>,
    /// Share of what it does that was not seen yet, from 0 to 1.
    pub unseen: f64,
    /// Its interval of 95 %.
    pub unseen_interval: (f64, f64),
    /// Times that were not watched, in words.
    pub never_watched: Vec<String>,
    /// Host name that the device gives itself; null: it did not say.
    pub host: Option<String>,
    /// Its vendor class, likewise.
    pub vendor_class: Option<String>,
    /// Where it says that its maker describes it (MUD URL).
    pub mud_url: Option<String>,
}

/// One conversation of a device: with one peer, whatever the client's port was.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct LearnedConversation {
    /// Name of the device; null: not listed.
    pub device: Option<String>,
    /// Its MAC.
    pub mac: String,
    /// Who opens it: `device` or `peer`.
    pub initiator: String,
    /// Picked up after its start: initiator and port are a guess.
    pub midstream: bool,
    /// `tcp`, `udp`, `icmp`, `icmpv6` or a protocol number.
    pub protocol: String,
    /// TCP and UDP: port of the side that does not open it.
    pub port: Option<u16>,
    /// ICMP: type, and code.
    pub icmp: Option<(u8, u8)>,
    /// Address of the other side.
    pub peer: IpAddr,
    /// What a rule would call it: a peer set, a device or a DNS name; null: nothing but its address.
    pub peer_name: Option<String>,
    /// DNS names of it that the device was told, that of the last answer first.
    pub peer_dns_names: Vec<String>,
    /// Times that it was opened.
    pub opened: u64,
    /// Frames both ways in mode learn; in the other modes those that opened it.
    pub frames: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Hours in which it was seen.
    pub hours: u32,
    /// First seen.
    pub first_seen: Option<Timestamp>,
    /// Last seen.
    pub last_seen: Option<Timestamp>,
    /// What a person has to look at: `rare`, `midstream`, `crowd`, `new-peer`, `class`, `suspect`.
    pub marks: Vec<String>,
}

/// What a proposal is wanted for.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProposeQuery {
    /// Profiles; none: all whose devices were observed.
    pub profiles: Vec<String>,
    /// MACs of devices that the proposal lists, with the only profile that is named.
    pub devices: Vec<String>,
}

/// A change of the policy file.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Proposal {
    /// The policy as it is.
    pub before: String,
    /// The policy with the proposal.
    pub after: String,
    /// What that means, by profile.
    pub profiles: Vec<ProposedProfile>,
}

/// What is proposed for one profile.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ProposedProfile {
    /// The profile.
    pub profile: String,
    /// Devices that were observed.
    pub devices_observed: usize,
    /// Devices that have the profile.
    pub devices_listed: usize,
    /// Hours in which the gateway watched.
    pub hours_watched: u32,
    /// Share of what is not seen yet, of the device of which least is known, from 0 to 1.
    pub unseen: f64,
    /// Upper end of its interval of 95 %.
    pub unseen_at_most: f64,
    /// Times that were not watched, in words.
    pub never_watched: Vec<String>,
    /// Rules that all its devices get.
    pub rules: usize,
    /// Rules that one device gets in a profile of its own, by device.
    pub exceptions: BTreeMap<String, usize>,
    /// Conversations that wait for a person, as comments.
    pub withheld: usize,
    /// Conversations that the policy allows already.
    pub allowed: usize,
}
