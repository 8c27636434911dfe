//! How values are called in tables, JSON and metrics.

use super::{Criticality, Mode, Side};
pub use crate::unit::hex::format as hex;

/// `learn`, `monitor` or `enforce`.
pub const fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Learn => "learn",
        Mode::Monitor => "monitor",
        Mode::Enforce => "enforce",
    }
}

/// `device` or `uplink`.
pub const fn side(side: Side) -> &'static str {
    match side {
        Side::Device => "device",
        Side::Uplink => "uplink",
    }
}

/// `low`, `medium`, `high` or `life-sustaining`.
pub const fn criticality(criticality: Criticality) -> &'static str {
    match criticality {
        Criticality::Low => "low",
        Criticality::Medium => "medium",
        Criticality::High => "high",
        Criticality::LifeSustaining => "life-sustaining",
    }
}
