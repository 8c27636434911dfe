//! What a policy would drop of what devices did: put to the XDP program itself, on a scratch instance. Nothing is put in force.

pub mod capture;
mod conversation;
mod replay;

pub use self::{
    conversation::judge,
    replay::{Apart, Replay, ReplayError},
};

use std::{cmp::Reverse, net::IpAddr};

use jiff::Timestamp;

use super::state::{Criticality, MacBytes, Opener, Reason, RuleRef};

/// Which devices are looked at; none: all.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Wanted {
    /// Those of this profile of the candidate.
    pub profile: Option<String>,
    /// This one, by name or MAC.
    pub device: Option<String>,
    /// Only what was seen in this second or later, by the clock of learning; none: all that was learned.
    pub since: Option<u64>,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Simulation {
    /// Up to when it was observed, by the clock of learning.
    pub until: Option<Timestamp>,
    /// Devices that were looked at.
    pub devices: u64,
    /// Conversations that were judged.
    pub judged: u64,
    /// Those that nobody could judge: of a capture, frames that are none of a listed device.
    pub unknown: u64,
    /// Those that would be dropped in mode enforce, those of devices that lives depend on first.
    pub would_drop: Vec<WouldDrop>,
}

/// A conversation that would be dropped.
#[derive(Clone, Debug, PartialEq)]
pub struct WouldDrop {
    /// Name of its device; none: not listed.
    pub device: Option<String>,
    /// MAC of its device.
    pub mac: MacBytes,
    /// Profile that it was judged by.
    pub profile: Option<String>,
    /// Criticality of the device.
    pub criticality: Option<Criticality>,
    /// Who opens it.
    pub initiator: Opener,
    /// IP protocol number.
    pub protocol: u8,
    /// Port of the side that does not open it; ICMP: `type << 8 | code`; 0 where there is none.
    pub port: u16,
    /// The other side.
    pub peer: IpAddr,
    /// What that is called: a peer set or a device.
    pub peer_name: Option<String>,
    /// It is one of many that came in one hour and never again, as in a scan, and no rule in force allows it.
    pub scan: bool,
    /// Why.
    pub reason: Reason,
    /// The rule of the policy in force that allows it.
    pub before: Option<RuleRef>,
    /// Times that it was opened; of a capture, its frames.
    pub times: u64,
    /// First seen.
    pub first_seen: Option<Timestamp>,
    /// Last seen.
    pub last_seen: Option<Timestamp>,
}

impl Simulation {
    /// Puts what harms most first.
    pub fn sort(&mut self) {
        self.would_drop.sort_by(|a, b| {
            let order = |it: &WouldDrop| {
                let of_device = (
                    Reverse(it.criticality),
                    it.device.is_none(),
                    it.device.clone(),
                    it.mac,
                );
                (of_device, Reverse(it.times), it.peer, it.protocol, it.port)
            };
            order(a).cmp(&order(b))
        });
    }
}
