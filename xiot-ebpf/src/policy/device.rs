//! Which device a frame belongs to.

use xiot_common::{
    addr::Vlans,
    device::{ANY_VLAN, device_key},
    slot::SLOT_VLAN_DEVICES,
};

use super::slot::Slot;
use crate::packet::{Packet, mac};

/// The id of the device with the MAC on the device's side of the frame, or 0. One filed under these VLANs wins
/// over one filed under any, which stands for one tag or none.
#[inline(always)]
pub fn find(slot: &Slot, packet: &Packet) -> u32 {
    find_with(slot, packet, packet.device_mac_word())
}

/// The same with this MAC (as a word) on the frame's VLANs.
#[inline(always)]
pub fn find_with(slot: &Slot, packet: &Packet, word: u64) -> u32 {
    if slot.header.flags & SLOT_VLAN_DEVICES != 0 {
        let id = filed(slot, word, packet.vlans);
        if id != 0 {
            return id;
        }
    }
    // Two tags are never any: who sends them to a switch that takes off the first speaks in another VLAN.
    if packet.vlans.inner != 0 {
        return 0;
    }
    filed(slot, word, ANY_VLAN)
}

/// The id of the device that is filed under this MAC (as a word) and these VLANs, or 0.
#[inline(always)]
pub fn filed(slot: &Slot, word: u64, vlans: Vlans) -> u32 {
    let key = device_key(mac(word), vlans);
    slot.filed2(&slot.header.devices, key)
}
