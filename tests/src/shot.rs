//! One frame on its way into the gateway.

use xiot_agent::oracle::Side;

/// A frame and the side it comes in from, on wire 0.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Shot {
    /// Side of the port.
    pub side: Side,
    /// From the first MAC byte on, without FCS.
    pub frame: Vec<u8>,
}

/// A frame from a device.
pub fn from_device(frame: &crate::frame::Frame) -> Shot {
    Shot {
        side: Side::Device,
        frame: frame.build(),
    }
}

/// A frame from the uplink.
pub fn from_uplink(frame: &crate::frame::Frame) -> Shot {
    Shot {
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
