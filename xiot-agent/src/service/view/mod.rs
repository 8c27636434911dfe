//! From what the kernel's maps hold to the snapshots of [`super::state`]: pure functions, the time is a parameter.

mod devices;
mod drops;
mod flows;
mod observed;
mod totals;

pub use devices::devices;
pub use drops::drop;
pub use flows::{flow, select};
pub use observed::{observed, select_observed};
pub use totals::{frames, modes, profiles, unlisted};

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use xiot_common::addr::Addr;

use super::state::{MacBytes, Mode, Vlans};

/// An address as people write it.
fn address(addr: Addr) -> IpAddr {
    if addr.is_v4() {
        IpAddr::V4(Ipv4Addr::from_bits(addr.v4_host()))
    } else {
        IpAddr::V6(Ipv6Addr::from(addr.bytes()))
    }
}

const fn vlans(vlans: xiot_common::addr::Vlans) -> Vlans {
    Vlans {
        outer: vlans.outer,
        inner: vlans.inner,
    }
}

const fn mode(number: u8) -> Mode {
    match xiot_common::device::Mode::from_u8(number) {
        xiot_common::device::Mode::Learn => Mode::Learn,
        xiot_common::device::Mode::Monitor => Mode::Monitor,
        xiot_common::device::Mode::Enforce => Mode::Enforce,
    }
}

/// What was observed of one device: the part of the observed map that inventory needs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Seen {
    /// MAC of the device.
    pub mac: MacBytes,
    /// Its address.
    pub address: IpAddr,
    /// VLANs of its frames.
    pub vlans: Vlans,
    /// Wire index.
    pub wire: u16,
    /// Second (monotonic clock) of the last frame either way.
    pub last_frame: u32,
}

impl Seen {
    /// From an entry of the observed map.
    pub fn new(
        key: &xiot_common::observed::ObservedKey,
        entry: &xiot_common::observed::ObservedEntry,
    ) -> Self {
        Self {
            mac: key.mac.0,
            address: address(key.address),
            vlans: vlans(key.vlans),
            wire: key.wire.into(),
            last_frame: entry.last_seen,
        }
    }
}

#[cfg(test)]
mod tests;
