//! What was learned of devices.

use std::net::IpAddr;

use jiff::Timestamp;

use super::{Criticality, Gauge, MacBytes, Mode, Opener, Vlans};
use crate::learn::{coverage::Gap, message::Described, review::Mark, unseen::Unseen};

/// A device that was observed.
#[derive(Clone, Debug, PartialEq)]
pub struct LearnedDevice {
    /// Its name; none: not listed.
    pub device: Option<String>,
    /// Its MAC.
    pub mac: MacBytes,
    /// VLANs of its frames.
    pub vlans: Vlans,
    /// Its profile, where it is listed.
    pub profile: Option<String>,
    /// Its mode.
    pub mode: Mode,
    /// Its criticality.
    pub criticality: Option<Criticality>,
    /// Its conversations.
    pub conversations: usize,
    /// Those that there was no room for.
    pub left_out: u64,
    /// Hours in which anything was seen of it.
    pub heard: u32,
    /// Hours in which the gateway watched.
    pub watched: u32,
    /// When anything was seen of it first.
    pub first_seen: Option<Timestamp>,
    /// And last.
    pub last_seen: Option<Timestamp>,
    /// How much of what it does was not seen yet.
    pub unseen: Unseen,
    /// Times that were not watched.
    pub gaps: Vec<Gap>,
    /// What it says of itself: its own words, which nobody has checked.
    pub described: Described,
}

/// One conversation of a device.
#[derive(Clone, Debug, PartialEq)]
pub struct LearnedConversation {
    /// Name of the device; none: not listed.
    pub device: Option<String>,
    /// Its MAC.
    pub mac: MacBytes,
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
    /// What a rule would call it; none: it has no name.
    pub peer_name: Option<String>,
    /// DNS names of it that the device was told, that of the last answer first.
    pub told: Vec<String>,
    /// Times that it was opened.
    pub opened: u64,
    /// Frames both ways.
    pub frames: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Hours in which it was seen.
    pub hours: u32,
    /// First seen.
    pub first_seen: Option<Timestamp>,
    /// Last seen.
    pub last_seen: Option<Timestamp>,
    /// What a person has to look at.
    pub marks: Vec<Mark>,
}

/// What was learned of one device, or of all of them in short.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Learned {
    /// Devices: listed ones by name, then the others by MAC.
    pub devices: Vec<LearnedDevice>,
    /// Conversations of the one that was asked for, those of most hours first.
    pub conversations: Vec<LearnedConversation>,
}

/// How much is in the database, when it was written last.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LearnedLevels {
    /// Devices.
    pub devices: Gauge,
    /// Conversations of all of them.
    pub conversations: Gauge,
}
