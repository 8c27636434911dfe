//! Counters by reason and by device. No atomics: each CPU has its own.

use aya_ebpf::{
    bindings::BPF_F_MMAPABLE,
    btf_maps::{Array, PerCpuArray},
    helpers::bpf_get_smp_processor_id,
    macros::btf_map,
};
use xiot_common::{
    counter::{DeviceCounter, REASON_COUNTERS, ReasonCounter},
    reason::{Class, Reason},
};

use crate::{config, packet::Packet, verdict::Verdict};

/// By port and reason.
#[btf_map]
static REASONS: PerCpuArray<ReasonCounter, { REASON_COUNTERS as usize }> = PerCpuArray::new();

/// Laid out [cpu][device]; row 0 of each CPU is for devices that are not listed. Sized by the loader.
#[btf_map]
static DEVICE_COUNTERS: Array<DeviceCounter, 1, { BPF_F_MMAPABLE as usize }> = Array::new();

/// Counts the frame under its reason.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the capacity is 128")]
pub fn reason(packet: &Packet, verdict: &Verdict) {
    let index = u32::from(packet.port.index) * Reason::CAPACITY as u32 + verdict.reason as u32;
    let Some(counter) = REASONS.get_ptr_mut(index) else {
        return;
    };
    // SAFETY: the element belongs to this CPU, and the program is not interrupted by itself.
    let counter = unsafe { &mut *counter };
    let length = u64::from(packet.length);
    if verdict.dropped {
        counter.dropped_frames += 1;
        counter.dropped_bytes += length;
    } else {
        counter.forwarded_frames += 1;
        counter.forwarded_bytes += length;
    }
}

/// Counts the frame for its device.
#[inline(always)]
pub fn device(packet: &Packet, verdict: &Verdict) {
    let stride = config::device_stride();
    if verdict.device >= stride {
        return;
    }
    // SAFETY: the helper takes nothing and always succeeds.
    let cpu = unsafe { bpf_get_smp_processor_id() };
    let Some(counter) = DEVICE_COUNTERS.get_ptr_mut(cpu * stride + verdict.device) else {
        return;
    };
    // SAFETY: the element belongs to this CPU, and the program is not interrupted by itself.
    let counter = unsafe { &mut *counter };
    let length = u64::from(packet.length);
    if packet.is_from_device() {
        if verdict.dropped {
            counter.from_dropped += 1;
        } else {
            counter.from_frames += 1;
            counter.from_bytes += length;
        }
        let now = u64::from(packet.now);
        if counter.last_seen != now {
            counter.last_seen = now;
        }
    } else if verdict.dropped {
        counter.to_dropped += 1;
    } else {
        counter.to_frames += 1;
        counter.to_bytes += length;
    }
    if !verdict.dropped && verdict.reason.class() == Class::Denied {
        counter.would_drop += 1;
    }
}
