//! Bindings: entries of their table with names for what they mean.

use std::time::Duration;

use xiot_common::binding::{self, BindingKey, BindingKind, NO_END};

use super::{Whose, address};
use crate::{
    service::{
        clock::Now,
        names::Names,
        state::{Binding, BindingFilter, BoundBy, Selected},
    },
    unit,
};

/// One entry; none if it is over.
pub fn binding(
    names: &Names,
    now: Now,
    key: &BindingKey,
    binding: &binding::Binding,
) -> Option<Binding> {
    const LEASE: u8 = BindingKind::Lease as u8;
    let Whose { mac, vlans, wire } = Whose::new(binding.mac, key.vlans, key.wire);
    let wire = names.wire(wire);
    let device = names.listed(mac, vlans);
    let device = device.filter(|device| device.wire.as_ref().is_none_or(|its| *its == wire));
    let left = binding.until.saturating_sub(now.second());
    binding.is_live(now.second()).then(|| Binding {
        address: address(key.addr),
        device: device.map(|device| device.name.clone()),
        mac,
        wire,
        vlans,
        by: match binding.kind {
            LEASE => BoundBy::Lease,
            _ => BoundBy::Use,
        },
        left: (binding.until != NO_END).then(|| Duration::from_secs(left.into())),
    })
}

/// Those that the filter wants, by device and address.
pub fn select_bindings(
    bindings: impl Iterator<Item = Binding>,
    filter: &BindingFilter,
) -> Selected<Binding> {
    let mac = filter
        .device
        .as_ref()
        .and_then(|device| unit::mac::parse(device).ok());
    let mut wanted: Vec<_> = bindings
        .filter(|binding| {
            filter.device.as_ref().is_none_or(|device| {
                binding.device.as_ref() == Some(device) || mac == Some(binding.mac)
            })
        })
        .collect();
    wanted.sort_by(|a, b| {
        (&a.device, a.mac, a.address, &a.wire, a.vlans)
            .cmp(&(&b.device, b.mac, b.address, &b.wire, b.vlans))
    });
    Selected::up_to(wanted, filter.limit)
}
