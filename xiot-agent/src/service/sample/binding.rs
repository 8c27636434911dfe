//! Addresses that are bound to the pump.

use std::time::Duration;

use super::PUMP;
use crate::service::state::{Binding, Bindings, BoundBy, Vlans};

pub(super) fn count() -> Bindings {
    Bindings {
        leases: 2,
        uses: 1,
        capacity: 524_288,
    }
}

/// A lease.
pub(crate) fn binding() -> Binding {
    Binding {
        address: "10.30.1.12".parse().unwrap(),
        device: Some("pump-icu-12".to_owned()),
        mac: PUMP,
        wire: "ward-3".to_owned(),
        vlans: Vlans::default(),
        by: BoundBy::Lease,
        left: Some(Duration::from_mins(90)),
    }
}
