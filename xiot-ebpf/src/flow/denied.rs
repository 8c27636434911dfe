//! Denials of this second, kept per CPU: a frame like the last one is denied like the last one.
//!
//! Only what depends on nothing but policy, guards, bindings and names is kept, and only until the second or the epoch ends or an
//! address changes hands or gets a name.

use aya_ebpf::{btf_maps::PerCpuArray, macros::btf_map};
use xiot_common::{
    capacity::DENIALS,
    denied::{DENIED_FROM_DEVICE, DENIED_OPENING, DENIED_REPLY, Denial},
    device::Mode,
    reason::Reason,
};

use crate::{
    guard,
    name::told,
    packet::{Fragment, Icmp, Packet},
    record,
    scratch::{self, Scratch},
    verdict::Verdict,
};

/// By hash of the flow key: a newer denial takes the place of the one that was there.
#[btf_map]
static DENIED: PerCpuArray<Denial, { DENIALS as usize }> = PerCpuArray::new();

const _: () = assert!(DENIALS.is_power_of_two());

/// By the hash that its flow was looked for by.
#[inline(always)]
fn place(scratch: &Scratch) -> Option<&'static mut Denial> {
    let index = scratch.hash.get().tag >> 1 & (DENIALS - 1);
    let denial = DENIED.get_ptr_mut(index)?;
    // SAFETY: the element belongs to this CPU, and the program is not interrupted by itself.
    Some(unsafe { &mut *denial })
}

/// Epochs, changes of bindings and of names in one number: none is ever taken back.
#[inline(always)]
fn epoch(packet: &Packet) -> u32 {
    let bindings = packet.epoch.wrapping_add(guard::binding::changes());
    bindings.wrapping_add(told::changes())
}

#[inline(always)]
fn kind(packet: &Packet) -> u8 {
    let mut kind = 0;
    if packet.is_from_device() {
        kind |= DENIED_FROM_DEVICE;
    }
    if packet.is_pure_syn() {
        kind |= DENIED_OPENING;
    }
    if packet.icmp == Icmp::Reply {
        kind |= DENIED_REPLY;
    }
    kind
}

/// Whether the frame was denied before in this second; the verdict is in the scratch then. Who was refused nothing in it need not be
/// looked for.
#[inline(always)]
pub(crate) fn is_denied(packet: &Packet) -> bool {
    record::event::has_refusals(packet) && xiot_denied() != 0
}

/// See [`is_denied`].
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn xiot_denied() -> u32 {
    let Some(scratch) = scratch::get() else {
        return 0;
    };
    let packet = &scratch.packet;
    let Some(denial) = place(scratch) else {
        return 0;
    };
    if denial.second != packet.now
        || denial.epoch != epoch(packet)
        || denial.kind != kind(packet)
        || denial.key != packet.key
        || packet.fragment != Fragment::No
        || guard::looks_closer(packet)
    {
        return 0;
    }
    let Some(reason) = Reason::from_u8(denial.reason) else {
        return 0;
    };
    let verdict = Verdict::new(
        reason,
        Mode::from_u8(denial.mode),
        denial.device,
        0,
        packet.slot,
    );
    scratch.set_verdict(&verdict);
    scratch.repeated.set(1);
    1
}

/// Keeps the denial of a frame.
#[inline(always)]
pub(crate) fn keep(scratch: &Scratch, verdict: &Verdict) {
    let packet = &scratch.packet;
    if !is_the_same_for_all(verdict.reason) || packet.fragment != Fragment::No {
        return;
    }
    let Some(denial) = place(scratch) else {
        return;
    };
    denial.key = packet.key;
    denial.epoch = epoch(packet);
    denial.second = packet.now;
    denial.device = verdict.device;
    denial.reason = verdict.reason as u8;
    denial.mode = verdict.mode as u8;
    denial.kind = kind(packet);
}

#[inline(always)]
const fn is_the_same_for_all(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::Quarantined
            | Reason::UnknownDevice
            | Reason::WrongWire
            | Reason::AddressNotBound
            | Reason::NoPeer
            | Reason::NoProtocol
            | Reason::NoPort
            | Reason::WrongDirection
            | Reason::SourceAddressInvalid
            | Reason::SourceAddressStolen
            | Reason::DhcpServer
    )
}
