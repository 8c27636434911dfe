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

/// What a port belongs to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Role {
    /// A wire: frames leave unchanged by its other end.
    Wire = 0,
    /// The router, towards the devices of a segment.
    Segment = 1,
    /// The router, towards the rest of the network.
    Uplink = 2,
}

/// One entry of the port table, indexed by interface index. All zero: not a port.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct PortConfig {
    /// Port index of this port: 0 to [`crate::capacity::MAX_PORTS`] - 1; selects counters.
    pub index: u16,
    /// Port index of the other end of the wire: the DEVMAP slot that frames leave by. Of a router's port its own: what is routed
    /// to it leaves there.
    pub egress: u16,
    /// Wire index. A router uplink has one that nothing else has.
    pub wire: u16,
    /// [`Side`] as a number; 0: not a port.
    pub side: u8,
    /// [`Role`] as a number.
    pub role: u8,
    /// Interface index of the egress.
    pub egress_ifindex: u32,
    /// Frames up to this many bytes leave by the egress for sure; what is longer has to be asked about.
    pub egress_length: u32,
    /// MAC of a router's port: its bytes as the low six of a little-endian word. 0 for wires.
    pub mac: u64,
    /// 1: the egress takes no frame of more than one buffer, which would be lost there unseen.
    pub egress_one_buffer: u8,
    /// 0.
    pub reserved: [u8; 7],
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

/// Largest MTU in bytes under which drivers keep a frame in one buffer: a page of 4,096 less the headroom of XDP (256), what the
/// kernel keeps behind a frame (320), and what an Ethernet interface puts before its MTU.
pub const ONE_BUFFER_MTU: u32 = 4096 - 256 - 320 - OVERHEAD;

impl PortConfig {
    /// Not a port.
    pub const NONE: Self = Self {
        index: 0,
        egress: 0,
        wire: 0,
        side: 0,
        role: 0,
        egress_ifindex: 0,
        egress_length: 0,
        mac: 0,
        egress_one_buffer: 0,
        reserved: [0; 7],
    };

    /// The uplink side of a segment, which no interface is: by the entry of the segment's port, for what is routed there.
    #[must_use]
    pub const fn uplink_of_segment(mut self) -> Self {
        self.index += 1;
        self.side = Side::Uplink as u8;
        self
    }
}

crate::layout!(PortConfig, size 32, align 8);
