//! One device, listed or only seen.

use std::{net::IpAddr, sync::Arc};

use jiff::Timestamp;

use super::{Criticality, MacBytes, Mode, Vlans};

/// A device and what it did.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    /// Name in the policy; none: not listed.
    pub name: Option<String>,
    /// MAC.
    pub mac: MacBytes,
    /// VLANs it must be on (listed) or was last seen on; none: any.
    pub vlans: Option<Vlans>,
    /// Wire it must be on (listed) or was last seen on; none: any.
    pub wire: Option<String>,
    /// Addresses bound to it (listed) or seen.
    pub addresses: Vec<IpAddr>,
    /// Name of the profile that judges it.
    pub profile: Option<String>,
    /// Its mode.
    pub mode: Mode,
    /// What a failure of it means.
    pub criticality: Option<Criticality>,
    /// Where it is.
    pub location: Option<String>,
    /// Groups it belongs to.
    pub groups: Vec<String>,
    /// Last frame from it.
    pub last_seen: Option<Timestamp>,
    /// What it sent and received, also under earlier agents whose tables go on. Devices that are not listed have no counters
    /// of their own.
    pub traffic: Option<Traffic>,
}

/// What one listed device did, and what it takes to tell which it is.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceTotal {
    /// Its name.
    pub name: String,
    /// Name of its profile.
    pub profile: Arc<str>,
    /// Its mode.
    pub mode: Mode,
    /// What a failure of it means.
    pub criticality: Option<Criticality>,
    /// Where it is.
    pub location: Option<String>,
    /// What it sent and received.
    pub traffic: Traffic,
    /// Last frame from it.
    pub last_seen: Option<Timestamp>,
}

/// Counters of a device, or a sum of them.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
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

impl Traffic {
    /// Adds another device's.
    pub const fn add(&mut self, other: &Self) {
        self.from_frames += other.from_frames;
        self.from_bytes += other.from_bytes;
        self.to_frames += other.to_frames;
        self.to_bytes += other.to_bytes;
        self.from_dropped += other.from_dropped;
        self.to_dropped += other.to_dropped;
        self.would_drop += other.would_drop;
    }
}
