//! Copies of messages for the agent: what it learns names and descriptions of devices from.

use crate::addr::{Mac, Vlans};

/// Bytes of a message that are copied at most: most DNS answers, and all DHCP requests that there are.
pub const COPY_BYTES: usize = 1024;

/// Copies in one second of one device.
pub const COPIES_PER_DEVICE: u32 = 20;
/// The same of all, on one CPU.
pub const COPIES_PER_CPU: u32 = 500;

/// Devices whose copies are counted; the one silent for longest is forgotten first.
pub const COPY_DEVICES: u32 = 8 * 1024;
/// Bytes of the ring.
pub const COPY_RING_BYTES: u32 = 1 << 20;

/// What a message is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum CopyKind {
    /// What a DNS server answered a device, which asked (RFC 1035, 4): the payload of a UDP datagram from port 53.
    DnsAnswer = 1,
    /// What a device says to DHCP servers (RFC 2131): the payload of a UDP datagram to port 67.
    DhcpRequest = 2,
    /// The same in IPv6 (RFC 8415): the payload of one to port 547.
    Dhcpv6Request = 3,
    /// LLDP of a device (IEEE 802.1AB): the whole frame, from its destination on.
    Lldp = 4,
}

impl CopyKind {
    /// The kind of this number.
    pub const fn from_u8(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::DnsAnswer),
            2 => Some(Self::DhcpRequest),
            3 => Some(Self::Dhcpv6Request),
            4 => Some(Self::Lldp),
            _ => None,
        }
    }
}

/// Whose message.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[repr(C)]
pub struct CopyKey {
    /// The device's MAC.
    pub mac: Mac,
    /// Wire index.
    pub wire: u16,
}

crate::layout!(CopyKey, size 8, align 2);

/// One message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(C)]
pub struct Copy {
    /// Nanoseconds of the monotonic clock.
    pub time: u64,
    /// Messages of this device that were not copied since the last that was.
    pub suppressed: u64,
    /// Bytes of the message in the frame: more than were copied where it is too long.
    pub length: u32,
    /// VLAN ids.
    pub vlans: Vlans,
    /// The device's MAC.
    pub mac: Mac,
    /// Wire index.
    pub wire: u16,
    /// [`CopyKind`].
    pub kind: u8,
    /// Zero.
    pub reserved: u8,
    /// Bytes that were copied.
    pub copied: u16,
    /// Zero.
    pub reserved2: u32,
    /// The message; what follows the copied bytes means nothing.
    pub message: [u8; COPY_BYTES],
}

crate::layout!(Copy, size 1064, align 8);
