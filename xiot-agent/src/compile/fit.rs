//! Whether a policy fits the gateway.

use super::error::{CompileError, Resource};

/// Room for a policy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Lines of one slot.
    pub slot_lines: u32,
    /// Devices: the highest id that has counters.
    pub devices: u32,
    /// Rules: the highest number that has counters.
    pub rules: u32,
}

/// Refuses `needed` where there is less.
pub fn check(what: Resource, needed: usize, available: u32) -> Result<u32, CompileError> {
    u32::try_from(needed)
        .ok()
        .filter(|&needed| needed <= available)
        .ok_or_else(|| CompileError::DoesNotFit {
            what,
            needed: needed as u64,
            available: available.into(),
        })
}
