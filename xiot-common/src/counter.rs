//! Counters: per port and reason (per CPU), per device, per rule, and for the event ring.

use crate::{capacity::MAX_PORTS, reason::Reason};

/// Frames and bytes of one reason on one port of ingress, one copy per CPU.
///
/// Bytes are those of the frame from the first MAC byte to the last payload byte, without FCS.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct ReasonCounter {
    /// Frames forwarded with this reason: allowed, or denied but not enforced.
    pub forwarded_frames: u64,
    /// Their bytes.
    pub forwarded_bytes: u64,
    /// Frames dropped with this reason.
    pub dropped_frames: u64,
    /// Their bytes.
    pub dropped_bytes: u64,
}

crate::layout!(ReasonCounter, size 32, align 8);

/// Entries of the reason counter array: `port * Reason::CAPACITY + reason`.
#[expect(clippy::cast_possible_truncation, reason = "64 * 128")]
pub const REASON_COUNTERS: u32 = (MAX_PORTS * Reason::CAPACITY) as u32;

/// What one device sent and received on one CPU; the array is laid out `[cpu][device]`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct DeviceCounter {
    /// Frames from the device that were forwarded.
    pub from_frames: u64,
    /// Their bytes.
    pub from_bytes: u64,
    /// Frames to the device that were forwarded.
    pub to_frames: u64,
    /// Their bytes.
    pub to_bytes: u64,
    /// Frames from the device that were dropped.
    pub from_dropped: u64,
    /// Frames to the device that were dropped.
    pub to_dropped: u64,
    /// Frames either way that policy denies and the mode let through.
    pub would_drop: u64,
    /// Second (monotonic clock) of the last frame from the device; 0: never.
    pub last_seen: u64,
}

crate::layout!(DeviceCounter, size 64, align 8);

/// Frames that count as `allowed_rule`, by the rule that allowed them.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct RuleCounter {
    /// Times the rule allowed a conversation to open, or a message that needs none.
    pub hits: u64,
    /// Second (monotonic clock) of the last hit; 0: never.
    pub last_hit: u64,
}

crate::layout!(RuleCounter, size 16, align 8);

/// The event ring's own bookkeeping, one copy per CPU. Nothing is lost silently.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct EventCounter {
    /// Events written to the ring.
    pub sent: u64,
    /// Events held back by a budget.
    pub suppressed: u64,
    /// Events that found the ring full.
    pub lost: u64,
    /// Budget of this CPU: tokens left.
    pub tokens: u32,
    /// Second in which the budget was last filled.
    pub filled_at: u32,
}

crate::layout!(EventCounter, size 32, align 8);
