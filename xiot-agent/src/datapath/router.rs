//! What the router's ports need while they are in use.

use std::net::IpAddr;

use xiot_common::port::{PortConfig, Role};

use super::{
    error::MapAccessError,
    instance::Datapath,
    netlink::{self, NetlinkError},
    wire::mac_word,
};

/// The ports of a router could not be looked after.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The state of an interface can't be read.
    #[error(transparent)]
    Netlink(#[from] NetlinkError),
    /// The port table can't be written.
    #[error(transparent)]
    Map(#[from] MapAccessError),
}

impl Datapath {
    /// Notes a port of the router, or that there is none any more.
    pub(super) fn note_routed(&mut self, ifindex: u32, port: PortConfig) {
        if port.role == Role::Wire as u8 {
            self.routed.remove(&ifindex);
        } else {
            self.routed.insert(ifindex, port);
        }
    }

    /// Whether there are ports of a router.
    pub fn is_router(&self) -> bool {
        !self.routed.is_empty()
    }

    /// Takes over the MACs that the router's ports have now: frames for others are not for the router. Gives the names of interfaces
    /// that have another than before.
    pub fn follow_macs(&mut self) -> Result<Vec<String>, FollowError> {
        let mut changed = Vec::new();
        for (ifindex, port) in self.routed.clone() {
            // One that is gone has no frames either.
            let Some(link) = netlink::find_index(ifindex)? else {
                continue;
            };
            let mac = mac_word(link.mac);
            if mac != port.mac {
                self.set_port(ifindex, PortConfig { mac, ..port })?;
                changed.push(link.name);
            }
        }
        Ok(changed)
    }
}

/// Has the kernel ask for the MAC of the next hop to an address, if that is a neighbour on this interface; false: it is not.
pub fn ask_for_next_hop(ifindex: u32, address: IpAddr) -> Result<bool, NetlinkError> {
    match netlink::next_hop(address)? {
        Some(hop) if hop.ifindex == ifindex => netlink::ask_for(hop).map(|()| true),
        Some(_) | None => Ok(false),
    }
}
