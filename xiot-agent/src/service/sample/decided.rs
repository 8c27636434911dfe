//! A decision about a device, and when all of the sample is.

use jiff::Timestamp;

use super::PUMP;
use crate::service::state::{Decided, Decision};

/// The moment of the sample.
pub(crate) fn time() -> Timestamp {
    "2026-05-01T12:00:00Z".parse().unwrap()
}

pub(super) fn decided() -> Decided {
    Decided {
        device: Some("pump-icu-12".to_owned()),
        mac: PUMP,
        vlans: None,
        decision: Some(Decision::BreakGlass),
        until: Some(time()),
    }
}
