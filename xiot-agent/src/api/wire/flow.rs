//! `flow`.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Which flows are wanted; everything given must hold.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct FlowsQuery {
    /// Name or MAC of the device.
    pub device: Option<String>,
    /// Address of the other side.
    pub peer: Option<IpAddr>,
    /// IP protocol number.
    pub protocol: Option<u8>,
    /// Port of either side.
    pub port: Option<u16>,
    /// Only flows that policy denies.
    pub would_drop: bool,
    /// At most so many, most recently active first.
    pub limit: Option<usize>,
}

/// One conversation, as seen from its device.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Flow {
    /// Wire.
    pub wire: String,
    /// VLAN of its frames, as `30` or `100.30`; `untagged`.
    pub vlan: String,
    /// Name of its device; null: not listed.
    pub device: Option<String>,
    /// MAC of its device.
    pub mac: String,
    /// `tcp`, `udp`, `icmp`, `icmpv6` or a protocol number.
    pub protocol: String,
    /// Address of the device.
    pub device_address: IpAddr,
    /// Its port; ICMP echo: the identifier at the requester; 0: none.
    pub device_port: u16,
    /// Address of the other side.
    pub peer_address: IpAddr,
    /// Its port.
    pub peer_port: u16,
    /// Who opened it: `device` or `peer`.
    pub initiator: String,
    /// Picked up after its start: the initiator is a guess.
    pub midstream: bool,
    /// `handshake`, `established`, `half-closed`, `closing`, `unreplied` or `replied`.
    pub state: String,
    /// Only one side spoke so far: it is in the table of half-open conversations.
    pub half_open: bool,
    /// What its frames count under.
    pub reason: String,
    /// Policy denies it and the mode lets it through.
    pub would_drop: bool,
    /// The rule that allowed it.
    pub rule: Option<Rule>,
    /// When it was opened.
    pub opened: Option<Timestamp>,
    /// Seconds since its last frame.
    pub idle_seconds: u64,
    /// Seconds of silence after which it is over.
    pub timeout_seconds: u64,
    /// Frames from the device.
    pub from_frames: u64,
    /// Their bytes.
    pub from_bytes: u64,
    /// Frames to the device.
    pub to_frames: u64,
    /// Their bytes.
    pub to_bytes: u64,
}

/// A rule as people find it again.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Rule {
    /// Number within the policy, from 1.
    pub id: u32,
    /// The rule in one line.
    pub label: String,
    /// Policy file.
    pub file: String,
    /// Line in it, from 1.
    pub line: u32,
}
