//! A decision about a device, and when all of the sample is.

use jiff::Timestamp;

use super::PUMP;
use crate::service::state::{Decided, Decision, FellBack};

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
        fallback: None,
    }
}

pub(super) fn fallen() -> Decided {
    Decided {
        device: Some("pump-icu-13".to_owned()),
        mac: [0x00, 0x03, 0xb1, 0, 0, 0x13],
        vlans: None,
        decision: Some(Decision::BreakGlass),
        until: None,
        fallback: Some(FellBack {
            at: Some(time()),
            why: "tcp 3613 to 10.20.8.11 was dropped, which it did in 480 hours before and revision 6 allowed".to_owned(),
        }),
    }
}
