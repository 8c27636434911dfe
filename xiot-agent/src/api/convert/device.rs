//! Devices and their counters.

use super::vlan;
use crate::{
    api::wire,
    service::state,
    service::state::words::{criticality, mode},
    unit,
};

pub(crate) fn device(device: state::Device) -> wire::Device {
    wire::Device {
        listed: device.name.is_some(),
        name: device.name,
        mac: unit::mac::format(device.mac),
        vlan: device.vlans.map(vlan),
        wire: device.wire,
        addresses: device.addresses,
        profile: device.profile,
        mode: mode(device.mode).to_owned(),
        criticality: device
            .criticality
            .map(|value| criticality(value).to_owned()),
        location: device.location,
        groups: device.groups,
        last_seen: device.last_seen,
        traffic: device.traffic.map(traffic),
    }
}

pub(super) const fn traffic(traffic: state::Traffic) -> wire::Traffic {
    wire::Traffic {
        from_frames: traffic.from_frames,
        from_bytes: traffic.from_bytes,
        to_frames: traffic.to_frames,
        to_bytes: traffic.to_bytes,
        from_dropped: traffic.from_dropped,
        to_dropped: traffic.to_dropped,
        would_drop: traffic.would_drop,
    }
}
