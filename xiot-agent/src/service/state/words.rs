//! How values are called in tables, JSON and metrics.

use std::fmt::Write as _;

use super::{Criticality, Mode, Side};

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

/// Bytes in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        write!(text, "{byte:02x}").unwrap_or_default();
        text
    })
}
