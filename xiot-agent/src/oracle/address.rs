//! Whose an address is (docs/judgement.md sections 9.3, 9.7 and 9.8).

use std::net::IpAddr;

use super::{
    Side,
    binding::{Binding, Bindings, Segment},
    frame::Mac,
    owner::Owner,
    rules,
};
use crate::model::policy::{Device, Policy};

/// Where and when a frame was seen: by wire and VLANs, devices are there or elsewhere.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'o> {
    pub(super) side: Side,
    pub(super) policy: &'o Policy,
    /// Name of the wire.
    pub(super) wire: &'o str,
    pub(super) on: Segment,
    pub(super) bindings: &'o Bindings,
    /// Addresses that a device may take here.
    pub(super) takes: usize,
    pub(super) now: u64,
}

impl<'o> Place<'o> {
    /// Whether the address is another device's than that with this MAC, or one of the uplink.
    pub(super) fn is_somebody_elses(self, address: IpAddr, mac: Mac) -> bool {
        let is_of_uplink = self.policy.uplink_addresses.contains(&address);
        is_of_uplink && !address.is_unspecified() || self.is_another_devices(address, mac)
    }

    /// Whether the address is listed for devices that are there, and for none that has this MAC; where it is listed for
    /// none, whether it is bound to another MAC.
    pub(super) fn is_another_devices(self, address: IpAddr, mac: Mac) -> bool {
        if address.is_unspecified() {
            return false;
        }
        let owners: Vec<&Device> = self
            .policy
            .devices
            .iter()
            .filter(|device| self.has(device) && device.addresses.contains(&address))
            .collect();
        if owners.is_empty() {
            self.bound(address).is_some_and(|bound| bound.mac != mac)
        } else {
            owners.iter().all(|device| device.mac != mac)
        }
    }

    fn has(self, device: &Device) -> bool {
        let in_vlan = device.vlan.is_none_or(|vlans| vlans == self.on.1);
        self.is_on_wire(device) && in_vlan
    }

    fn is_on_wire(self, device: &Device) -> bool {
        device.wire.as_deref().is_none_or(|wire| wire == self.wire)
    }

    /// The device that is found by this MAC, if it is there.
    pub(super) fn device(self, mac: Mac) -> Option<&'o Device> {
        let owner = Owner::of(self.policy, (Side::Device, self.wire), mac, self.on.1);
        let device = &self.policy.devices[owner.device()?];
        self.is_on_wire(device).then_some(device)
    }

    /// The binding of an address, if it counts.
    pub(super) fn bound(self, address: IpAddr) -> Option<Binding> {
        let binding = self.bindings.live(self.on, address, self.now)?;
        self.device(binding.mac).map(|_there| binding)
    }

    /// Whether an address is that of the device.
    pub(super) fn is_own(self, device: &Device, address: IpAddr) -> bool {
        let is_bound = || {
            self.bound(address)
                .is_some_and(|bound| bound.mac == device.mac)
        };
        address.is_unspecified() || device.addresses.contains(&address) || is_bound()
    }

    /// Whether the device may make an address its own by using it.
    pub(super) fn may_take(self, device: &Device, address: IpAddr) -> bool {
        let IpAddr::V6(v6) = address else {
            return false;
        };
        let is_nobodys = v6.is_unspecified()
            || is_nobodys(address)
            || v6.to_ipv4_mapped().is_some()
            || device.addresses.contains(&address);
        let is_free = device.addresses.is_empty() || rules::is_link_local(address);
        let holder = (device.mac, self.takes);
        !is_nobodys
            && is_free
            && !self.is_somebody_elses(address, device.mac)
            && self
                .bindings
                .have_place_for(self.on, address, holder, self.now)
    }
}

/// An address that no host has. The unspecified one is none of them.
pub(super) fn is_nobodys(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => match v4.octets() {
            [0, ..] => !v4.is_unspecified(),
            [first, ..] => first == 127 || first >= 224,
        },
        IpAddr::V6(v6) => v6.is_multicast() || v6.is_loopback(),
    }
}
