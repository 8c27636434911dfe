//! From what the kernel's maps hold to the snapshots of [`super::state`]: pure functions, the time is a parameter.

mod bindings;
mod devices;
mod drops;
mod flows;
mod named;
mod observed;
mod totals;

pub use bindings::{binding, select_bindings};
pub use devices::{device_totals, devices, traffic};
pub use drops::drop;
pub use flows::{flow, select};
pub use named::{named, select_named};
pub use observed::{observed, select_observed};
pub use totals::{frames, modes, profiles, unlisted};

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use xiot_common::{
    addr::Addr,
    observed::{OBSERVED_PEER_INITIATED, ObservedEntry, ObservedKey},
};

use super::{
    names::Names,
    state::{MacBytes, Mode, Vlans},
};

/// An address as people write it.
pub fn address(addr: Addr) -> IpAddr {
    if addr.is_v4() {
        IpAddr::V4(Ipv4Addr::from_bits(addr.v4_host()))
    } else {
        IpAddr::V6(Ipv6Addr::from(addr.bytes()))
    }
}

/// The same as the kernel has it.
pub const fn addr(address: IpAddr) -> Addr {
    match address {
        IpAddr::V4(address) => Addr::v4(address.octets()),
        IpAddr::V6(address) => Addr::v6(address.octets()),
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

/// Addresses kept of a device that is not listed: a scanner claims any number of them.
pub const MAX_ADDRESSES: usize = 16;

/// What tells devices apart.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Whose {
    /// MAC.
    pub mac: MacBytes,
    /// VLANs of its frames.
    pub vlans: Vlans,
    /// Wire index.
    pub wire: u16,
}

impl Whose {
    /// As the program writes it.
    pub const fn new(
        mac: xiot_common::addr::Mac,
        vlans: xiot_common::addr::Vlans,
        wire: u16,
    ) -> Self {
        Self {
            mac: mac.0,
            vlans: self::vlans(vlans),
            wire,
        }
    }

    /// Whether the policy lists the device: with this MAC, on these VLANs or on any.
    pub fn is_listed(&self, names: &Names) -> bool {
        names.listed(self.mac, self.vlans).is_some()
    }
}

/// Traces of one device, listed or not, that sent at least one frame.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Seen {
    /// Whose they are.
    pub whose: Whose,
    /// Addresses that it used.
    pub addresses: Vec<IpAddr>,
    /// Second (monotonic clock) of the last frame of its conversations, either way, or of its last refused one.
    pub last_frame: u32,
}

impl Seen {
    /// From an entry of the observed map; none if the other side opened the conversation: nothing says that there is such
    /// a device at all.
    pub fn new(key: &ObservedKey, entry: &ObservedEntry) -> Option<Self> {
        (key.flags & OBSERVED_PEER_INITIATED == 0).then(|| Self {
            whose: Whose::new(key.mac, key.vlans, key.wire.into()),
            addresses: vec![address(key.address)],
            last_frame: entry.last_seen,
        })
    }
}

#[cfg(test)]
mod tests;
