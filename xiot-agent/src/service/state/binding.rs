//! An address that is bound to a MAC.

use std::{net::IpAddr, time::Duration};

use super::{MacBytes, Vlans};

/// One address.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Binding {
    /// The address.
    pub address: IpAddr,
    /// Name of the device that has the MAC there; none: not listed, so that the binding does not count.
    pub device: Option<String>,
    /// The MAC.
    pub mac: MacBytes,
    /// Wire it is on.
    pub wire: String,
    /// VLANs.
    pub vlans: Vlans,
    /// By what it is bound.
    pub by: BoundBy,
    /// Time left; none: it does not end.
    pub left: Option<Duration>,
}

/// By what an address is bound.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BoundBy {
    /// A DHCP server gave it.
    Lease,
    /// The MAC sent from it first.
    Use,
}

impl BoundBy {
    /// Name used in tables, JSON and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lease => "lease",
            Self::Use => "use",
        }
    }
}

/// Which bindings are asked for; everything given must hold.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct BindingFilter {
    /// Name or MAC of the device.
    pub device: Option<String>,
    /// At most so many.
    pub limit: Option<usize>,
}
