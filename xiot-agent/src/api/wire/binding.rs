//! `binding`.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// Which bindings are wanted; everything given must hold.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct BindingsQuery {
    /// Name or MAC of the device.
    pub device: Option<String>,
    /// At most so many.
    pub limit: Option<usize>,
}

/// An address that is bound to a MAC on a wire and VLAN.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Binding {
    /// The address.
    pub address: IpAddr,
    /// Name of the device with this MAC; null: none is listed there, and the binding does not count.
    pub device: Option<String>,
    /// The MAC.
    pub mac: String,
    /// Wire.
    pub wire: String,
    /// VLAN, as `30` or `100.30`; `untagged`.
    pub vlan: String,
    /// `lease` (a DHCP server gave it) or `use` (the MAC sent from it first).
    pub by: String,
    /// Seconds left; null: it does not end.
    pub left_seconds: Option<u64>,
}
