//! Wires as the data path knows them: names of interfaces, and the numbers that follow from their order.

use xiot_common::port::{PortConfig, Role, Side};

/// A pair of interfaces.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wire {
    /// Its name, for messages.
    pub name: String,
    /// Interface towards the devices.
    pub device: String,
    /// Interface towards the rest of the network; none: a segment of the router, to which the kernel routes.
    pub uplink: Option<String>,
    /// What it does without the program. Of a segment it is the kernel's routing that tells.
    pub fail: FailMode,
}

/// What a wire does while the program is not attached.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum FailMode {
    /// It carries nothing: no bridge is under its ports.
    #[default]
    Closed,
    /// It carries everything, unfiltered: both ports are in one bridge.
    Open,
}

impl Wire {
    /// The interface on this side.
    pub fn interface(&self, side: Side) -> Option<&str> {
        match side {
            Side::Device => Some(&self.device),
            Side::Uplink => self.uplink.as_deref(),
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
        ..PortConfig::NONE
    }
}

/// The entry of a segment's port.
pub fn segment_config(wire: u16, ifindex: u32, mac: [u8; 6], length: u32) -> PortConfig {
    PortConfig {
        side: Side::Device as u8,
        role: Role::Segment as u8,
        ..router_config(2 * wire, wire, ifindex, mac, length)
    }
}

/// The entry of a router uplink: `wire` is a number after those of wires and segments.
pub fn uplink_config(wire: u16, ifindex: u32, mac: [u8; 6], length: u32) -> PortConfig {
    PortConfig {
        side: Side::Uplink as u8,
        role: Role::Uplink as u8,
        ..router_config(2 * wire + 1, wire, ifindex, mac, length)
    }
}

/// A MAC as the program compares it.
pub(super) fn mac_word(mac: [u8; 6]) -> u64 {
    let mut bytes = [0; 8];
    bytes[..6].copy_from_slice(&mac);
    u64::from_le_bytes(bytes)
}

/// Of a router's port: its index, and the most bytes of a frame that leaves there for sure.
fn router_config(index: u16, wire: u16, ifindex: u32, mac: [u8; 6], length: u32) -> PortConfig {
    PortConfig {
        index,
        egress: index,
        wire,
        egress_ifindex: ifindex,
        egress_length: length,
        mac: mac_word(mac),
        ..PortConfig::NONE
    }
}

#[cfg(test)]
mod tests {
    use xiot_common::port::{Role, Side};

    use super::{port_config, segment_config, uplink_config};

    #[test]
    fn what_is_routed_to_a_port_of_the_router_leaves_there() {
        let segment = segment_config(3, 9, [1, 2, 3, 4, 5, 6], 1518);
        assert_eq!((segment.index, segment.egress, segment.wire), (6, 6, 3));
        assert_eq!(
            (segment.side, segment.role, segment.mac),
            (Side::Device as u8, Role::Segment as u8, 0x0605_0403_0201)
        );
        let to_it = segment.uplink_of_segment();
        assert_eq!((to_it.index, to_it.egress, to_it.wire), (7, 6, 3));
        assert_eq!(to_it.side, Side::Uplink as u8);
        let uplink = uplink_config(4, 10, [0; 6], 1518);
        assert_eq!((uplink.index, uplink.egress, uplink.wire), (9, 9, 4));
        assert_eq!(uplink.role, Role::Uplink as u8);
    }

    #[test]
    fn the_ends_of_a_wire_lead_to_each_other() {
        let device = port_config(3, Side::Device);
        let uplink = port_config(3, Side::Uplink);
        assert_eq!((device.index, device.egress), (6, 7));
        assert_eq!((uplink.index, uplink.egress), (7, 6));
        assert_eq!((device.side, uplink.side, uplink.wire), (1, 2, 3));
    }
}
