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
}

impl PortConfig {
    /// Not a port.
    pub const NONE: Self = Self {
        index: 0,
        egress: 0,
        wire: 0,
        side: 0,
        reserved: 0,
    };
}

crate::layout!(PortConfig, size 8, align 2);
