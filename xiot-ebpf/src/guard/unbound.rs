//! Addresses that a device is not bound to (docs/judgement.md, 9.8).

use aya_ebpf::bindings::xdp_md;
use xiot_common::{device::DEVICE_BOUND, reason::Reason, table::scope};

use super::{
    arp,
    binding::{self, LEASED, USED},
    owner, place,
    source::is_nobodys,
};
use crate::{
    config,
    packet::Kind,
    policy::{
        peer::{self, Whose},
        slot::{self, Slot},
    },
    scratch::{self, Scratch},
};

/// What it says of the frame.
#[inline(always)]
pub(super) fn objection(scratch: &Scratch, ctx: *mut xdp_md) -> Option<Reason> {
    match scratch.packet.kind {
        Kind::Ipv4 | Kind::Ipv6 => of_device(scratch),
        Kind::Arp => {
            arp::xiot_arp_sender(ctx);
            of_asked()
        }
        Kind::Other => None,
    }
}

/// What it says of the address on the device's side of the frame, whichever way it goes.
#[inline(always)]
pub(super) fn of_device(scratch: &Scratch) -> Option<Reason> {
    scratch.asked.set(scratch.packet.key.device);
    of_asked()
}

#[inline(always)]
fn of_asked() -> Option<Reason> {
    (xiot_guard_unbound() != 0).then_some(Reason::SourceAddressUnbound)
}

/// Whether the address that is asked about is neither the device's own nor one that it may take: 1. Of no listed device that is
/// there: 0.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn xiot_guard_unbound() -> u32 {
    if config::guards() == 0 {
        return 0;
    }
    let Some(scratch) = scratch::get() else {
        return 0;
    };
    let packet = &scratch.packet;
    let Some(slot) = slot::judging(packet.slot) else {
        return 0;
    };
    let mac = packet.device_mac_word();
    let id = owner::xiot_there(mac);
    if id == 0 {
        return 0;
    }
    let bound = binding::xiot_bound(mac);
    let own = scratch.asked.get().is_unspecified()
        || bound == LEASED
        || bound == USED
        || is_listed(&slot, id);
    u32::from(!own && !may_take(scratch, &slot, id, mac))
}

/// Whether the address that is asked about is listed for the device.
#[inline(always)]
pub(super) fn is_listed(slot: &Slot, id: u32) -> bool {
    peer::contains(slot, scope::binding(id), Whose::Asked)
}

/// Whether the device with this id and MAC (as a word) may take the address that is asked about, which is not listed for it and
/// not unspecified.
#[inline(always)]
pub(super) fn may_take(scratch: &Scratch, slot: &Slot, id: u32, mac: u64) -> bool {
    let asked = scratch.asked.get();
    if asked.is_v4() || is_nobodys(asked) {
        return false;
    }
    let listed = slot
        .device(id)
        .is_some_and(|record| record.flags & DEVICE_BOUND != 0);
    (!listed || asked.is_v6_link_local())
        && owner::xiot_guard_others(mac) == 0
        && place::xiot_place(mac) != place::NONE
}
