//! Verdicts, and the one place where a mode overrides one.

use xiot_common::{
    device::Mode,
    guard::objector,
    reason::{Class, Reason},
};

use crate::config;

/// What is done with a frame, and why.
#[must_use]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Verdict {
    /// The one named cause.
    pub reason: Reason,
    /// Mode that decided.
    pub mode: Mode,
    /// Dropped, or else forwarded.
    pub dropped: bool,
    /// Answered from the flow table.
    pub hit: bool,
    /// Device; 0 for none or one that is not listed.
    pub device: u32,
    /// Rule that allows it, or 0.
    pub rule: u32,
    /// Policy slot that judged.
    pub slot: u32,
}

impl Verdict {
    /// A verdict reached before any device was known, where no mode can help.
    #[inline(always)]
    pub const fn dropped(reason: Reason) -> Self {
        Self {
            reason,
            mode: Mode::Enforce,
            dropped: true,
            hit: false,
            device: 0,
            rule: 0,
            slot: 0,
        }
    }

    /// The verdict on a frame of a router uplink that belongs to no device.
    #[inline(always)]
    pub const fn to_gateway() -> Self {
        Self {
            reason: Reason::ToGateway,
            dropped: false,
            ..Self::dropped(Reason::ToGateway)
        }
    }

    /// The verdict on a frame that a live flow forwards.
    #[inline(always)]
    pub const fn hit(reason: Reason, mode: Mode, device: u32, rule: u32) -> Self {
        Self {
            reason,
            mode,
            dropped: false,
            hit: true,
            device,
            rule,
            slot: 0,
        }
    }

    /// The verdict that follows from a reason for a device in this mode.
    #[inline(always)]
    pub const fn new(reason: Reason, mode: Mode, device: u32, rule: u32, slot: u32) -> Self {
        Self {
            reason,
            mode,
            dropped: is_dropped(reason, mode),
            hit: false,
            device,
            rule,
            slot,
        }
    }
}

/// The mode that decides about a reason that a flow or datagram may have kept: a guard's is kept only while it monitors.
#[inline(always)]
pub fn mode(reason: Reason, mode: Mode) -> Mode {
    if config::guards() != 0 && objector(reason).is_some() {
        Mode::Monitor
    } else {
        mode
    }
}

/// Whether a frame with this reason is dropped in this mode.
#[inline(always)]
pub const fn is_dropped(reason: Reason, mode: Mode) -> bool {
    match reason.class() {
        Class::Allowed => false,
        Class::Malformed | Class::Gateway => true,
        Class::Denied => matches!(mode, Mode::Enforce),
    }
}
