//! Whose an address is: what the policy says, and where it says nothing what is bound (docs/judgement.md, 9.3).

use xiot_common::{
    addr::{Addr, Vlans},
    device::{ANY_VLAN, ANY_WIRE},
    slot::{SLOT_UPLINK_ADDRESSES, SLOT_VLAN_DEVICES, SLOT_WIRE_DEVICES},
    table::scope,
};

use super::binding;
use crate::{
    config,
    packet::Packet,
    policy::{
        device,
        peer::{self, Whose},
        slot::{self, Slot},
    },
    scratch::{self, Scratch},
};

/// Whether the address is somebody else's for who has this MAC (as a word).
#[inline(always)]
pub(super) fn is_others(scratch: &Scratch, addr: Addr, mac: u64) -> bool {
    scratch.asked.set(addr);
    xiot_guard_others(mac) != 0
}

/// In a MAC word: who asks is the guard `claim`, to which addresses of the uplink are as good as any.
const CLAIM: u64 = 1 << 63;

/// The MAC word that stands for this one where a guard of the frame's side asks [`xiot_guard_others`] about an ARP or ND message.
#[inline(always)]
pub(super) const fn speaker(packet: &Packet, mac: u64) -> u64 {
    if packet.is_from_device() {
        mac
    } else {
        mac | CLAIM
    }
}

/// Whether the address that is asked about is listed for a device that is on the frame's wire and VLANs, and for none there with
/// this MAC, or is listed for none there and bound to another, or is one of the uplink: 1.
#[unsafe(no_mangle)]
#[inline(never)]
pub(super) extern "C" fn xiot_guard_others(mac: u64) -> u32 {
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
    if scratch.asked.get().is_unspecified() {
        return 0;
    }
    let (claim, mac) = (mac & CLAIM != 0, mac & !CLAIM);
    if !claim && slot.header.flags & SLOT_UPLINK_ADDRESSES != 0 && is_of_uplink(&slot) {
        return 1;
    }
    if !is_listed(&slot, packet) {
        return u32::from(binding::xiot_bound(mac) == binding::OTHERS);
    }
    let own = is_own(&slot, packet, mac, packet.vlans) || is_own(&slot, packet, mac, ANY_VLAN);
    u32::from(!own)
}

/// The id of the listed device with this MAC (as a word), if it is on the frame's wire and VLANs; else 0.
#[unsafe(no_mangle)]
#[inline(never)]
pub(super) extern "C" fn xiot_there(mac: u64) -> u32 {
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
    let id = device::find_with(&slot, packet, mac);
    if id != 0 && is_on_wire(&slot, packet, id) {
        id
    } else {
        0
    }
}

/// Whether the listed device with this MAC (as a word) is there, and listed for this very wire: 1.
#[unsafe(no_mangle)]
#[inline(never)]
pub(super) extern "C" fn xiot_pinned(mac: u64) -> u32 {
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
    if slot.header.flags & SLOT_WIRE_DEVICES == 0 {
        return 0;
    }
    let id = device::find_with(&slot, packet, mac);
    let pinned = id != 0
        && slot
            .device(id)
            .is_some_and(|record| record.wire == packet.port.wire);
    u32::from(pinned)
}

#[inline(always)]
fn is_of_uplink(slot: &Slot) -> bool {
    peer::contains(slot, scope::UPLINK, Whose::Asked)
}

#[inline(always)]
fn is_on_wire(slot: &Slot, packet: &Packet, id: u32) -> bool {
    slot.device(id)
        .is_some_and(|record| record.wire == ANY_WIRE || record.wire == packet.port.wire)
}

/// Whether some device there has it. A device may be listed for the wire or for any, and for the VLANs or for any.
#[inline(always)]
fn is_listed(slot: &Slot, packet: &Packet) -> bool {
    let by_vlan = slot.header.flags & SLOT_VLAN_DEVICES != 0;
    let by_wire = slot.header.flags & SLOT_WIRE_DEVICES != 0;
    let wire = packet.port.wire;
    is_owned(slot, ANY_WIRE, ANY_VLAN)
        || (by_vlan && is_owned(slot, ANY_WIRE, packet.vlans))
        || (by_wire && is_owned(slot, wire, ANY_VLAN))
        || (by_vlan && by_wire && is_owned(slot, wire, packet.vlans))
}

#[inline(always)]
fn is_owned(slot: &Slot, wire: u16, vlans: Vlans) -> bool {
    peer::contains(slot, scope::owned(wire, vlans), Whose::Asked)
}

/// Whether the device that is filed under this MAC and VLANs is there and has it.
#[inline(always)]
fn is_own(slot: &Slot, packet: &Packet, mac: u64, vlans: Vlans) -> bool {
    let id = device::filed(slot, mac, vlans);
    if id == 0 {
        return false;
    }
    is_on_wire(slot, packet, id) && peer::contains(slot, scope::binding(id), Whose::Asked)
}
