//! `observed`.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Rule, Verdict};

/// Which observed conversations are wanted; everything given must hold.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct ObservedQuery {
    /// Name or MAC of the device.
    pub device: Option<String>,
    /// Only conversations that policy denies.
    pub would_drop: bool,
    /// At most so many.
    pub limit: Option<usize>,
}

/// What a device does, as the observed map has it: one for each device, initiator, protocol, service port and peer,
/// whatever the client's port was.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Observed {
    /// Wire.
    pub wire: String,
    /// VLAN of its frames, as `30` or `100.30`; `untagged`.
    pub vlan: String,
    /// Name of its device; null: not listed.
    pub device: Option<String>,
    /// MAC of its device.
    pub mac: String,
    /// Address of the device.
    pub device_address: IpAddr,
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
    pub peer_address: IpAddr,
    /// Times that it was opened.
    pub conversations: u64,
    /// Frames both ways in mode learn; in the other modes those that opened it.
    pub frames: u64,
    /// Their bytes.
    pub bytes: u64,
    /// First frame.
    pub first_seen: Option<Timestamp>,
    /// Last frame that was counted.
    pub last_seen: Option<Timestamp>,
    /// `forwarded` (policy allows it) or `would_drop` (policy denies it, the mode lets it through).
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
    /// The reason in a sentence.
    pub meaning: String,
    /// The rule that allows it.
    pub rule: Option<Rule>,
}
