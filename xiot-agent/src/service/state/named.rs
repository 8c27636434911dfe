//! An address that has a DNS name for a device.

use std::{net::IpAddr, time::Duration};

use super::{Gauge, MacBytes, Vlans};

/// One address with one name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Named {
    /// Name of the device that was told; none: not listed.
    pub device: Option<String>,
    /// Its MAC.
    pub mac: MacBytes,
    /// Wire it is on.
    pub wire: String,
    /// VLANs.
    pub vlans: Vlans,
    /// The DNS name; none: no rule names it any more, so that it does not count.
    pub name: Option<String>,
    /// The address.
    pub address: IpAddr,
    /// Time left, unless it is used or told again.
    pub left: Duration,
}

/// Which of them are asked for; everything given must hold.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct NamedFilter {
    /// Name or MAC of the device.
    pub device: Option<String>,
    /// At most so many.
    pub limit: Option<usize>,
}

/// How many there are, at the last sweep.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct NamedDevices {
    /// Listed devices that were told of any, and room for them.
    pub listed: Gauge,
    /// Addresses with names, of those and of devices that are not listed.
    pub addresses: u64,
}
