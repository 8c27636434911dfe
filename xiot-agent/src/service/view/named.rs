//! Addresses that have DNS names: entries of their tables with names for what they mean.

use std::{collections::HashMap, time::Duration};

use super::{Whose, address};
use crate::{
    collect::NamedAddress,
    compile::name_hash,
    service::{
        clock::Now,
        names::Names,
        state::{Named, NamedFilter, Selected},
    },
    unit,
};

/// These addresses by the names that the policy has for them.
pub fn named(names: &Names, now: Now, entries: &[NamedAddress]) -> Vec<Named> {
    let rules = names.policy().profiles.iter().flat_map(|it| &it.rules);
    let listed: HashMap<u64, &str> = rules
        .flat_map(|rule| &rule.names)
        .map(|name| (name_hash(name), name.as_str()))
        .collect();
    let one = |entry: &NamedAddress| {
        let Whose { mac, vlans, wire } = Whose::new(entry.mac, entry.vlans, entry.wire);
        let wire = names.wire(wire);
        let device = names.listed(mac, vlans);
        let device = device.filter(|device| device.wire.as_ref().is_none_or(|its| *its == wire));
        Named {
            device: device.map(|device| device.name.clone()),
            mac,
            wire,
            vlans,
            name: listed.get(&entry.name).map(|name| (*name).to_owned()),
            address: address(entry.address),
            left: Duration::from_secs(entry.until.saturating_sub(now.second()).into()),
        }
    };
    entries.iter().map(one).collect()
}

/// Those that the filter wants, by device, name and address.
pub fn select_named(
    named: impl IntoIterator<Item = Named>,
    filter: &NamedFilter,
) -> Selected<Named> {
    let mac = filter
        .device
        .as_ref()
        .and_then(|device| unit::mac::parse(device).ok());
    let is_wanted = |named: &Named| {
        filter
            .device
            .as_ref()
            .is_none_or(|device| named.device.as_ref() == Some(device) || mac == Some(named.mac))
    };
    let mut wanted: Vec<_> = named.into_iter().filter(is_wanted).collect();
    wanted.sort_by(|a, b| {
        (&a.device, a.mac, &a.name, a.address, &a.wire, a.vlans)
            .cmp(&(&b.device, b.mac, &b.name, b.address, &b.wire, b.vlans))
    });
    Selected::up_to(wanted, filter.limit)
}
