//! An address that the pump was told a name has.

use std::time::Duration;

use super::PUMP;
use crate::service::state::{Named, Vlans};

/// The vendor's cloud.
pub(crate) fn named() -> Named {
    Named {
        device: Some("pump-icu-12".to_owned()),
        mac: PUMP,
        wire: "ward-3".to_owned(),
        vlans: Vlans::default(),
        name: Some("cloud.vendor.com".to_owned()),
        address: "192.0.2.7".parse().unwrap(),
        left: Duration::from_hours(20),
    }
}
