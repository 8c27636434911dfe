//! The trace of the last verdict, for private instances only.

use aya_ebpf::{bindings::BPF_F_MMAPABLE, btf_maps::Array, macros::btf_map};
use xiot_common::trace::{TRACES, Trace};

use crate::verdict::Verdict;

/// One record for each judgement of a frame, written by whoever came last.
#[btf_map]
static TRACE: Array<Trace, TRACES, { BPF_F_MMAPABLE as usize }> = Array::new();

/// Writes the verdict of this second down in this place.
#[inline(always)]
pub fn write(place: u32, now: u32, verdict: &Verdict) {
    let Some(trace) = TRACE.get_ptr_mut(place) else {
        return;
    };
    // SAFETY: a traced instance is run by one caller at a time.
    let trace = unsafe { &mut *trace };
    trace.device = verdict.device;
    trace.rule = verdict.rule;
    trace.reason = verdict.reason as u8;
    trace.mode = verdict.mode as u8;
    trace.dropped = u8::from(verdict.dropped);
    trace.flow_hit = u8::from(verdict.hit);
    trace.slot = verdict.slot;
    trace.now = now;
    trace.sequence += 1;
}
