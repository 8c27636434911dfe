//! The trace record: what the program did with the last frame. Only written by a private instance that
//! has the trace switch on.

/// Traces of one frame: in the first place that of its judgement on its way in, in the second that on its way to a segment of the
/// router, where it was routed to one.
pub const TRACES: usize = 2;

/// Outcome of one judgement.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct Trace {
    /// Judgements traced in this place so far: tells a new record from the last one.
    pub sequence: u64,
    /// Device; 0 for one that is not listed, or none.
    pub device: u32,
    /// Rule that allowed the frame, or 0.
    pub rule: u32,
    /// [`crate::reason::Reason`].
    pub reason: u8,
    /// [`crate::device::Mode`] that decided; 2 where none was asked.
    pub mode: u8,
    /// 1: the frame was dropped.
    pub dropped: u8,
    /// 1: answered from the flow table.
    pub flow_hit: u8,
    /// Slot that judged.
    pub slot: u32,
    /// Second (monotonic clock) in which it judged.
    pub now: u32,
    /// Zero.
    pub reserved: u32,
}

crate::layout!(Trace, size 32, align 8);
