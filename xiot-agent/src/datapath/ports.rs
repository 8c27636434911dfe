//! Port table and DEVMAP: which interfaces are ports, and where frames leave.

use aya::maps::{Array, DevMap, MapError, xdp::XdpMapError};
use xiot_common::{map, port::PortConfig};

use super::{error::MapAccessError, instance::Datapath};

impl Datapath {
    /// Makes the interface a port. Frames of interfaces that are none are dropped.
    pub fn set_port(&mut self, ifindex: u32, port: PortConfig) -> Result<(), MapAccessError> {
        Array::<_, PortConfig>::try_from(self.map_mut(map::PORTS))
            .and_then(|mut ports| ports.set(ifindex, port, 0))
            .map_err(|source| MapAccessError {
                map: map::PORTS,
                source,
            })
    }

    /// Frames for this port index leave by this interface of the caller's network namespace.
    pub fn set_egress(&mut self, port: u16, ifindex: u32) -> Result<(), MapAccessError> {
        DevMap::try_from(self.map_mut(map::EGRESS))
            .and_then(|mut egress| {
                egress
                    .set(u32::from(port), ifindex, None, 0)
                    .map_err(|error| match error {
                        XdpMapError::MapError(error) => error,
                        XdpMapError::ChainedProgramNotSupported => MapError::ProgIdNotSupported,
                    })
            })
            .map_err(|source| MapAccessError {
                map: map::EGRESS,
                source,
            })
    }
}
