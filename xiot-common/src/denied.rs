//! The denied cache: who hammers at a closed door is told so again without asking the policy each time.

use crate::flow::FlowKey;

/// A denial, valid for the frames of its kind in one second of one epoch.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct Denial {
    /// The conversation that was asked for.
    pub key: FlowKey,
    /// Epoch in which it was denied, and how often addresses were bound to others before: their sum.
    pub epoch: u32,
    /// Second (monotonic clock) in which it was.
    pub second: u32,
    /// Device, or 0.
    pub device: u32,
    /// [`crate::reason::Reason`]; 0: nothing is kept here.
    pub reason: u8,
    /// [`crate::device::Mode`] that decided.
    pub mode: u8,
    /// [`DENIED_FROM_DEVICE`], [`DENIED_OPENING`], [`DENIED_REPLY`].
    pub kind: u8,
    /// Zero.
    pub reserved: u8,
}

crate::layout!(Denial, size 64, align 8);

/// The frame came from the device (unset: from the peer).
pub const DENIED_FROM_DEVICE: u8 = 1;
/// It was a pure SYN.
pub const DENIED_OPENING: u8 = 2;
/// It was an ICMP echo reply. (With identifier 0 requests and replies have one key.)
pub const DENIED_REPLY: u8 = 4;
