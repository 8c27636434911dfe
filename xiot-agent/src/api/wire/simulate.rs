//! `simulate`.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Candidate, Rule};

/// What is to be simulated.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SimulateQuery {
    /// The policy; one that is sent follows the request.
    pub candidate: Candidate,
    /// Only devices of this profile.
    #[serde(default)]
    pub profile: Option<String>,
    /// Only this device, by name or MAC.
    #[serde(default)]
    pub device: Option<String>,
    /// Only what was seen from then on: `until` of an earlier answer.
    #[serde(default)]
    pub since: Option<Timestamp>,
}

/// What a policy would drop of what was learned.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Simulation {
    /// Up to when it was observed, by the clock of learning; null: that of a capture.
    pub until: Option<Timestamp>,
    /// Devices that were looked at.
    pub devices: u64,
    /// Conversations that were judged; of a capture, frames.
    pub judged: u64,
    /// Those that could not be judged; of a capture, frames of no listed device.
    pub unknown: u64,
    /// Conversations that would be dropped in mode enforce, those of devices that lives depend on first.
    pub would_drop: Vec<WouldDrop>,
    /// Frames of a capture that mean nothing, and are dropped in every mode.
    #[serde(default)]
    pub malformed: Vec<Malformed>,
    /// Frames of a capture that are not IP and would be dropped in mode enforce.
    #[serde(default)]
    pub not_ip: Vec<NotIp>,
}

/// Malformed frames.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Malformed {
    /// Why they are.
    pub reason: String,
    /// How many.
    pub frames: u64,
}

/// Frames of a device that are not IP.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct NotIp {
    /// The device, by name, or by MAC if it is not listed.
    pub device: String,
    /// Ethernet type.
    pub ethertype: u16,
    /// Why they would be dropped.
    pub reason: String,
    /// How many.
    pub frames: u64,
}

/// A conversation that would be dropped.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct WouldDrop {
    /// Name of its device; null: not listed.
    pub device: Option<String>,
    /// MAC of its device.
    pub mac: String,
    /// Profile that it was judged by.
    pub profile: Option<String>,
    /// Criticality of the device.
    pub criticality: Option<String>,
    /// Who opens it: `device` or `peer`.
    pub initiator: String,
    /// `tcp`, `udp`, `icmp`, `icmpv6` or a protocol number.
    pub protocol: String,
    /// TCP and UDP: port of the side that does not open it.
    pub port: Option<u16>,
    /// ICMP: type, and code.
    pub icmp: Option<(u8, u8)>,
    /// Address of the other side.
    pub peer: IpAddr,
    /// What that is called in the policy.
    pub peer_name: Option<String>,
    /// It is one of many that came in one hour and never again, as in a scan, and no rule in force allows it.
    pub scan: bool,
    /// Why.
    pub reason: String,
    /// The reason in a sentence.
    pub meaning: String,
    /// The rule of the policy in force that allows it.
    pub rule_in_force: Option<Rule>,
    /// Times that it was opened; of a capture, its frames.
    pub times: u64,
    /// First seen.
    pub first_seen: Option<Timestamp>,
    /// Last seen.
    pub last_seen: Option<Timestamp>,
}
