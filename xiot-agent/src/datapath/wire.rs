//! Wires as the data path knows them: names of interfaces, and the numbers that follow from their order.

use xiot_common::port::{PortConfig, Side};

/// A pair of interfaces.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wire {
    /// Its name, for messages.
    pub name: String,
    /// Interface towards the devices.
    pub device: String,
    /// Interface towards the rest of the network.
    pub uplink: String,
}

impl Wire {
    /// The interface on this side.
    pub fn interface(&self, side: Side) -> &str {
        match side {
            Side::Device => &self.device,
            Side::Uplink => &self.uplink,
        }
    }
}

/// Both sides, in the order of their port indices.
pub(super) const SIDES: [Side; 2] = [Side::Device, Side::Uplink];

/// The port table's entry for one side of wire `wire`: port indices are `2 * wire` and `2 * wire + 1`.
pub(super) fn port_config(wire: u16, side: Side) -> PortConfig {
    let [device, uplink] = [2 * wire, 2 * wire + 1];
    let (index, egress) = match side {
        Side::Device => (device, uplink),
        Side::Uplink => (uplink, device),
    };
    PortConfig {
        index,
        egress,
        wire,
        side: side as u8,
        reserved: 0,
    }
}

#[cfg(test)]
mod tests {
    use xiot_common::port::Side;

    use super::port_config;

    #[test]
    fn the_ends_of_a_wire_lead_to_each_other() {
        let device = port_config(3, Side::Device);
        let uplink = port_config(3, Side::Uplink);
        assert_eq!((device.index, device.egress), (6, 7));
        assert_eq!((uplink.index, uplink.egress), (7, 6));
        assert_eq!((device.side, uplink.side, uplink.wire), (1, 2, 3));
    }
}
