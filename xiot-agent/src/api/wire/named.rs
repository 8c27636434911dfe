//! `named`.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// Which addresses with DNS names are wanted; everything given must hold.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct NamesQuery {
    /// Name or MAC of the device.
    pub device: Option<String>,
    /// At most so many.
    pub limit: Option<usize>,
}

/// An address that a device was told a DNS name has.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Named {
    /// Name of the device; null: none with this MAC is listed there.
    pub device: Option<String>,
    /// Its MAC.
    pub mac: String,
    /// Wire.
    pub wire: String,
    /// VLAN, as `30` or `100.30`; `untagged`.
    pub vlan: String,
    /// The DNS name; null: no rule names it any more, and it does not count.
    pub name: Option<String>,
    /// The address.
    pub address: IpAddr,
    /// Seconds left, unless it is used or told again.
    pub left_seconds: u64,
}
