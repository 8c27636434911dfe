//! Ports: what the program must know of the interface that a frame came in on.

/// Which way a port looks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Side {
    /// Towards the devices.
    Device = 1,
    /// Towards the rest of the network.
    Uplink = 2,
}

impl Side {
    /// The other one.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Device => Self::Uplink,
            Self::Uplink => Self::Device,
        }
    }
}

/// One entry of the port table, indexed by interface index. All zero: not a port.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct PortConfig {
    /// Port index of this port: 0 to [`crate::capacity::MAX_PORTS`] - 1; selects counters.
    pub index: u16,
    /// Port index of the other end of the wire: the DEVMAP slot that frames leave by.
    pub egress: u16,
    /// Wire index.
    pub wire: u16,
    /// [`Side`] as a number; 0: not a port.
    pub side: u8,
    /// Zero.
    pub reserved: u8,
    /// Interface index of the other end of the wire.
    pub egress_ifindex: u32,
    /// Frames up to this many bytes leave by the other end for sure; what is longer has to be asked about.
    pub egress_length: u32,
}

/// What an Ethernet interface puts before its MTU: its header, and one VLAN tag.
const OVERHEAD: u32 = 18;

/// Frames beyond this are asked about whatever the MTU: they may have more than one buffer, of which the first alone is
/// measured on the way.
const LONGEST: u32 = 1500 + OVERHEAD;

/// [`PortConfig::egress_length`] of an egress with this MTU in bytes.
pub const fn egress_length(mtu: u32) -> u32 {
    let length = mtu.saturating_add(OVERHEAD);
    if length < LONGEST { length } else { LONGEST }
}

impl PortConfig {
    /// Not a port.
    pub const NONE: Self = Self {
        index: 0,
        egress: 0,
        wire: 0,
        side: 0,
        reserved: 0,
        egress_ifindex: 0,
        egress_length: 0,
    };
}

crate::layout!(PortConfig, size 16, align 4);
