//! Port table and DEVMAP: which interfaces are ports, and where frames leave. And what wires guard against.

use aya::maps::{Array, DevMap, MapError, xdp::XdpMapError};
use xiot_common::{guard::WireGuards, map, port::PortConfig};

use super::{error::MapAccessError, instance::Datapath};

impl Datapath {
    /// Makes the interface a port. Frames of interfaces that are none are dropped.
    pub fn set_port(&mut self, ifindex: u32, port: PortConfig) -> Result<(), MapAccessError> {
        self.note_routed(ifindex, port);
        Array::<_, PortConfig>::try_from(self.map_mut(map::PORTS))
            .and_then(|mut ports| ports.set(ifindex, port, 0))
            .map_err(|source| MapAccessError {
                map: map::PORTS,
                source,
            })
    }

    /// What this wire guards against, and which Ethernet types it lets pass; when it is settled remains. What was judged before may
    /// be judged otherwise now: a policy that is put in force, or [`Self::touch`], begins the epoch.
    pub fn set_guards(&mut self, wire: u32, guards: &WireGuards) -> Result<(), MapAccessError> {
        self.change_guards(wire, |before| WireGuards {
            settled: before.settled,
            ..*guards
        })
    }

    /// Sets the guards of a wire. If it had none, it has learned nothing: then it is settled from this second (of the program's clock)
    /// on.
    pub(super) fn begin_guards(
        &mut self,
        wire: u32,
        guards: &WireGuards,
        settled: u32,
    ) -> Result<(), MapAccessError> {
        self.change_guards(wire, |before| WireGuards {
            settled: if before.levels == 0 && guards.levels != 0 {
                settled
            } else {
                before.settled
            },
            ..*guards
        })
    }

    /// The wire is settled from this second (of the program's clock) on.
    pub fn set_settled(&mut self, wire: u32, settled: u32) -> Result<(), MapAccessError> {
        self.change_guards(wire, |guards| WireGuards { settled, ..guards })
    }

    fn change_guards(
        &mut self,
        wire: u32,
        change: impl FnOnce(WireGuards) -> WireGuards,
    ) -> Result<(), MapAccessError> {
        Array::<_, WireGuards>::try_from(self.map_mut(map::GUARDS))
            .and_then(|mut all| {
                let guards = change(all.get(&wire, 0)?);
                all.set(wire, guards, 0)
            })
            .map_err(|source| MapAccessError {
                map: map::GUARDS,
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
