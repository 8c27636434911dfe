//! One frame on its way into the gateway.

use xiot_agent::oracle::Side;

/// A frame, and where and when it comes in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Shot {
    /// Seconds of silence before it.
    pub after: u32,
    /// Wire index.
    pub wire: u16,
    /// Side of the port.
    pub side: Side,
    /// From the first MAC byte on, without FCS.
    pub frame: Vec<u8>,
}

/// A frame from a device on wire 0.
pub fn from_device(frame: &crate::frame::Frame) -> Shot {
    Shot {
        after: 0,
        wire: 0,
        side: Side::Device,
        frame: frame.build(),
    }
}

/// A frame from the uplink of wire 0.
pub fn from_uplink(frame: &crate::frame::Frame) -> Shot {
    Shot {
        after: 0,
        wire: 0,
        side: Side::Uplink,
        frame: frame.build(),
    }
}

/// The other side.
pub fn opposite(side: Side) -> Side {
    match side {
        Side::Device => Side::Uplink,
        Side::Uplink => Side::Device,
    }
}
