//! The observed map: what devices really do, for learning and inventory. Independent of events.

use crate::addr::{Addr, Mac, Vlans};

/// One conversation of a device, without the client's ephemeral port.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[repr(C)]
pub struct ObservedKey {
    /// The other side.
    pub peer: Addr,
    /// The device's own address.
    pub address: Addr,
    /// MAC of the device, listed or not.
    pub mac: Mac,
    /// Port of the service side (who did not send first), host order; ICMP: `type << 8 | code`.
    pub port: u16,
    /// VLAN ids of the frame.
    pub vlans: Vlans,
    /// Wire.
    pub wire: u8,
    /// IP protocol number.
    pub protocol: u8,
    /// [`OBSERVED_PEER_INITIATED`], [`OBSERVED_MIDSTREAM`].
    pub flags: u8,
    /// Zero.
    pub reserved: u8,
}

crate::layout!(ObservedKey, size 48, align 4);

/// The peer opened the conversation (unset: the device did).
pub const OBSERVED_PEER_INITIATED: u8 = 1;
/// Seen from the middle: who opened it is a guess.
pub const OBSERVED_MIDSTREAM: u8 = 2;

/// What was seen. Seconds are of the monotonic clock.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct ObservedEntry {
    /// Frames both ways.
    pub frames: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Flows opened.
    pub flows: u64,
    /// First seen.
    pub first_seen: u32,
    /// Last seen.
    pub last_seen: u32,
    /// [`crate::reason::Reason`] of the judgement: what enforcement would have said.
    pub reason: u8,
    /// Zero.
    pub reserved: [u8; 3],
    /// Rule that would allow it, or 0.
    pub rule: u32,
}

crate::layout!(ObservedEntry, size 40, align 8);
