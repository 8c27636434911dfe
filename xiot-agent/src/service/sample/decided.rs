//! A decision about a device.

use super::{PUMP, time};
use crate::service::state::{Decided, Decision};

pub(super) fn decided() -> Decided {
    Decided {
        device: Some("pump-icu-12".to_owned()),
        mac: PUMP,
        vlans: None,
        decision: Some(Decision::BreakGlass),
        until: Some(time()),
    }
}
