//! Datagrams in fragments: which parts have passed, so that the others inherit the verdict of the first and overlap none.

use crate::{
    addr::{Addr, Mac, Vlans},
    capacity::FRAGMENT_PARTS,
};

/// Which datagram a fragment is of (RFC 791, RFC 8200).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[repr(C)]
pub struct DatagramKey {
    /// Source address.
    pub src: Addr,
    /// Destination address.
    pub dst: Addr,
    /// Identification, as it stands in the header (network order).
    pub id: u32,
    /// VLAN ids of the frame.
    pub vlans: Vlans,
    /// MAC of the device.
    pub mac: Mac,
    /// The port that it comes in by: wire times two, plus one on the device side. What comes from the other side under the
    /// same addresses is somebody else's.
    pub port: u8,
    /// IPv4: protocol number. IPv6: 0, each fragment may say something else.
    pub protocol: u8,
}

crate::layout!(DatagramKey, size 48, align 4);

/// Part of a datagram's payload, in units of 8 bytes, the last rounded up. `start == end`: not in use.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct Part {
    /// First unit.
    pub start: u16,
    /// Unit behind the last.
    pub end: u16,
}

crate::layout!(Part, size 4, align 2);

/// What is known of a datagram. Two CPUs with fragments of one datagram may lose one part: a later fragment that overlaps it
/// then passes, under the verdict of the first.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct Datagram {
    /// Device of the first fragment, or 0.
    pub device: u32,
    /// Rule that allowed it, or 0.
    pub rule: u32,
    /// Generation of the device when it was judged.
    pub generation: u32,
    /// Epoch in which it was judged.
    pub epoch: u32,
    /// Second (monotonic clock) of the first fragment.
    pub started: u32,
    /// Units in the whole; 0: the last part has not passed yet.
    pub length: u16,
    /// [`crate::reason::Reason`] of the first fragment.
    pub reason: u8,
    /// [`crate::device::Mode`] that it was judged in.
    pub mode: u8,
    /// What has passed.
    pub parts: [Part; FRAGMENT_PARTS],
}

crate::layout!(Datagram, size 40, align 4);

/// Seconds after its first fragment in which a datagram is forgotten: what hosts wait at least (RFC 791 to RFC 8200: 15 to 120).
pub const DATAGRAM_TIMEOUT: u32 = 30;
