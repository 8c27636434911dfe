//! `promote`, `demote`.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Which devices are to get another mode.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct PromotionQuery {
    /// These, by name.
    pub devices: Vec<String>,
    /// Those of this profile.
    pub profile: Option<String>,
    /// Those of this group.
    pub group: Option<String>,
    /// Towards `learn` instead of `enforce`.
    pub down: bool,
    /// The mode: `learn`, `monitor` or `enforce`; none: the next one.
    pub to: Option<String>,
    /// Drops that were looked at, and are meant, are no obstacle.
    pub accept_drops: bool,
    /// Nothing is an obstacle.
    #[serde(rename = "override")]
    pub insist: bool,
    /// Devices that are not ready stay as they are; else nothing changes unless all are ready.
    pub only_ready: bool,
}

/// What stands in the way, and the policy file with the new modes. It is not in force.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Promotion {
    /// The devices that are wanted.
    pub devices: Vec<Promoted>,
    /// Path of the policy file.
    pub file: String,
    /// The policy as it is.
    pub before: String,
    /// The policy with the new modes; the same where nothing changes.
    pub after: String,
    /// The revision in force that it was looked at with.
    pub revision: u64,
}

/// A device that is to get another mode.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Promoted {
    /// Its name.
    pub device: String,
    /// Its profile.
    pub profile: String,
    /// What a failure of it means.
    pub criticality: Option<String>,
    /// Its mode.
    pub from: String,
    /// Since when, as far as anybody looked.
    pub since: Option<Timestamp>,
    /// The mode that it is to get.
    pub to: String,
    /// What stands in the way, in words.
    pub obstacles: Vec<String>,
    /// What of that which it did would be dropped in mode enforce, but for what was withheld when rules were proposed.
    pub would_drop: Vec<Lost>,
    /// Conversations that would be dropped and were withheld.
    pub withheld: usize,
}

/// A conversation that would be dropped.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Lost {
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
    /// What that is called.
    pub peer_name: Option<String>,
    /// Hours in which it was seen.
    pub hours: u32,
    /// When it was seen last.
    pub last_seen: Option<Timestamp>,
}
