//! One conversation.

use std::{net::IpAddr, time::Duration};

use jiff::Timestamp;

use super::{MacBytes, Reason, RuleRef, Vlans};

/// A flow as seen from its device.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    /// Wire it is on.
    pub wire: String,
    /// VLANs of its frames.
    pub vlans: Vlans,
    /// Name of its device; none: not listed.
    pub device: Option<String>,
    /// MAC of its device.
    pub mac: MacBytes,
    /// IP protocol number.
    pub protocol: u8,
    /// Address of the device.
    pub device_address: IpAddr,
    /// Port of the device; ICMP echo: the identifier at the requester; 0 where there are none.
    pub device_port: u16,
    /// Address of the other side.
    pub peer_address: IpAddr,
    /// Port of the other side.
    pub peer_port: u16,
    /// Who opened it.
    pub opener: Opener,
    /// It was picked up after its start, so that the opener is a guess.
    pub midstream: bool,
    /// Where it stands.
    pub stage: Stage,
    /// Only one side spoke so far: it is in the table of half-open flows.
    pub half_open: bool,
    /// What its frames count under.
    pub reason: Reason,
    /// Policy denies it and the mode lets it through.
    pub would_drop: bool,
    /// The rule that allowed it.
    pub rule: Option<RuleRef>,
    /// When it was opened.
    pub opened: Option<Timestamp>,
    /// Time since its last frame.
    pub idle: Duration,
    /// Silence after which it is over.
    pub timeout: Duration,
    /// Frames from the device.
    pub from_frames: u64,
    /// Their bytes.
    pub from_bytes: u64,
    /// Frames to the device.
    pub to_frames: u64,
    /// Their bytes.
    pub to_bytes: u64,
}

/// Who sent the first frame.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Opener {
    /// The device.
    Device,
    /// The other side.
    Peer,
}

/// Where a conversation stands.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Stage {
    /// TCP: no SYN-ACK yet.
    Handshake,
    /// TCP: both sides spoke.
    Established,
    /// TCP: one side sent its FIN.
    HalfClosed,
    /// TCP: RST seen, or FIN of both sides.
    Closing,
    /// Others: only the opener spoke.
    Unreplied,
    /// Others: both sides spoke.
    Replied,
}

impl Stage {
    /// Name used in tables and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Handshake => "handshake",
            Self::Established => "established",
            Self::HalfClosed => "half-closed",
            Self::Closing => "closing",
            Self::Unreplied => "unreplied",
            Self::Replied => "replied",
        }
    }
}

/// Which flows are asked for; everything given must hold.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct FlowFilter {
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
