//! `device`.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A device and what it did.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Device {
    /// Name in the policy; null: not listed.
    pub name: Option<String>,
    /// Whether the policy lists it.
    pub listed: bool,
    /// MAC.
    pub mac: String,
    /// VLAN it must be on (listed) or was seen on, as `30` or `100.30`; or `untagged`; null: any.
    pub vlan: Option<String>,
    /// Wire it must be on (listed) or was seen on; null: any.
    pub wire: Option<String>,
    /// Addresses bound to it (listed) or seen.
    pub addresses: Vec<IpAddr>,
    /// Profile that judges it.
    pub profile: Option<String>,
    /// Mode.
    pub mode: String,
    /// Criticality.
    pub criticality: Option<String>,
    /// Where it is.
    pub location: Option<String>,
    /// Groups it belongs to.
    pub groups: Vec<String>,
    /// Last frame from it.
    pub last_seen: Option<Timestamp>,
    /// Counters; null for devices that are not listed.
    pub traffic: Option<Traffic>,
}

/// Counters of a device, or sums of them.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Traffic {
    /// Frames from the device that were forwarded.
    pub from_frames: u64,
    /// Their bytes.
    pub from_bytes: u64,
    /// Frames to the device that were forwarded.
    pub to_frames: u64,
    /// Their bytes.
    pub to_bytes: u64,
    /// Frames from the device that were dropped.
    pub from_dropped: u64,
    /// Frames to the device that were dropped.
    pub to_dropped: u64,
    /// Frames either way that policy denies and the mode let through.
    pub would_drop: u64,
}
