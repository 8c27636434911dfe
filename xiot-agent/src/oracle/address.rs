//! Whose an address is (docs/judgement.md section 9.3).

use std::net::IpAddr;

use super::frame::Mac;
use crate::model::policy::{Device, Policy};

/// Where a frame was seen: by wire name and VLANs, devices are there or elsewhere.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'p> {
    pub(super) policy: &'p Policy,
    pub(super) wire: &'p str,
    pub(super) vlans: (u16, u16),
}

impl Place<'_> {
    /// Whether the address is listed for devices that are there, and for none that has this MAC.
    pub(super) fn is_somebody_elses(self, address: IpAddr, mac: Mac) -> bool {
        if address.is_unspecified() {
            return false;
        }
        let owners: Vec<&Device> = self
            .policy
            .devices
            .iter()
            .filter(|device| self.has(device) && device.addresses.contains(&address))
            .collect();
        !owners.is_empty() && owners.iter().all(|device| device.mac != mac)
    }

    fn has(self, device: &Device) -> bool {
        let on_wire = device.wire.as_deref().is_none_or(|wire| wire == self.wire);
        let in_vlan = device.vlan.is_none_or(|vlans| vlans == self.vlans);
        on_wire && in_vlan
    }
}

/// An address that no host has.
pub(super) fn is_nobodys(address: IpAddr) -> bool {
    let is_broadcast = matches!(address, IpAddr::V4(v4) if v4.is_broadcast());
    address.is_multicast() || address.is_loopback() || is_broadcast
}
