//! The programs that follow each other: neither stack nor verified instructions of them add up.

use aya_ebpf::{btf_maps::ProgramArray, macros::btf_map, programs::XdpContext};
use xiot_common::stage::STAGES as STAGE_COUNT;
pub use xiot_common::stage::{BEFORE, HOP, JUDGE, NEXT};

/// Written by the agent.
#[btf_map]
static STAGES: ProgramArray<{ STAGE_COUNT as usize }> = ProgramArray::new();

/// Goes on to another program; comes back only where it is not there.
#[inline(always)]
pub fn enter(ctx: &XdpContext, stage: u32) {
    // SAFETY: nothing here waits to be dropped.
    unsafe {
        STAGES.tail_call(ctx, stage);
    }
}
