//! Devices: those of the policy with their counters, and those that were only seen.

use std::{collections::BTreeMap, sync::Arc};

use xiot_common::counter::DeviceCounter;

use super::{MAX_ADDRESSES, Seen, Whose};
use crate::{
    model::policy,
    service::{
        clock::Now,
        names::Names,
        state::{Device, DeviceTotal, Traffic, Vlans},
    },
};

/// Every listed device in file order, then the others by MAC. `counter` gives the sum over all CPUs for a device id.
pub fn devices(
    names: &Names,
    now: Now,
    counter: impl Fn(u32) -> DeviceCounter,
    seen: &[Seen],
) -> Vec<Device> {
    let known = names
        .devices()
        .map(|(id, device)| listed(names, now, device, &counter(id)));
    let mut unlisted: BTreeMap<Whose, Device> = BTreeMap::new();
    for seen in seen {
        if !seen.whose.is_listed(names) {
            let device = unlisted
                .entry(seen.whose)
                .or_insert_with(|| stranger(names, &seen.whose));
            let last_seen = now.at_second(u64::from(seen.last_frame));
            device.last_seen = device.last_seen.max(last_seen);
            for address in &seen.addresses {
                if device.addresses.len() < MAX_ADDRESSES && !device.addresses.contains(address) {
                    device.addresses.push(*address);
                }
            }
            device.addresses.sort();
        }
    }
    known.chain(unlisted.into_values()).collect()
}

/// The listed devices of a group, or all of them, in file order.
pub fn device_totals(
    names: &Names,
    now: Now,
    group: Option<&str>,
    counter: impl Fn(u32) -> DeviceCounter,
) -> Vec<DeviceTotal> {
    let profiles: Vec<Arc<str>> = names
        .policy()
        .profiles
        .iter()
        .map(|profile| Arc::from(profile.name.as_str()))
        .collect();
    let is_wanted = |device: &policy::Device| {
        group.is_none_or(|group| device.groups.iter().any(|name| name == group))
    };
    names
        .devices()
        .filter(|(_, device)| is_wanted(device))
        .map(|(id, device)| {
            let counter = counter(id);
            DeviceTotal {
                name: device.name.clone(),
                profile: profiles.get(device.profile).cloned().unwrap_or_default(),
                mode: device.mode,
                criticality: device.criticality,
                location: device.location.clone(),
                traffic: traffic(&counter),
                last_seen: now.at_second(counter.last_seen),
            }
        })
        .collect()
}

fn listed(names: &Names, now: Now, device: &policy::Device, counter: &DeviceCounter) -> Device {
    Device {
        name: Some(device.name.clone()),
        mac: device.mac,
        vlans: device.vlan.map(|(outer, inner)| Vlans { outer, inner }),
        wire: device.wire.clone(),
        addresses: device.addresses.clone(),
        profile: names
            .profile(Some(device))
            .map(|profile| profile.name.clone()),
        mode: device.mode,
        criticality: device.criticality,
        location: device.location.clone(),
        groups: device.groups.clone(),
        last_seen: now.at_second(counter.last_seen),
        traffic: Some(traffic(counter)),
    }
}

fn stranger(names: &Names, whose: &Whose) -> Device {
    Device {
        name: None,
        mac: whose.mac,
        vlans: Some(whose.vlans),
        wire: Some(names.wire(whose.wire)),
        addresses: Vec::new(),
        profile: names.profile(None).map(|profile| profile.name.clone()),
        mode: names.policy().onboarding,
        criticality: None,
        location: None,
        groups: Vec::new(),
        last_seen: None,
        traffic: None,
    }
}

/// What a device's counters say.
pub const fn traffic(counter: &DeviceCounter) -> Traffic {
    Traffic {
        from_frames: counter.from_frames,
        from_bytes: counter.from_bytes,
        to_frames: counter.to_frames,
        to_bytes: counter.to_bytes,
        from_dropped: counter.from_dropped,
        to_dropped: counter.to_dropped,
        would_drop: counter.would_drop,
    }
}
