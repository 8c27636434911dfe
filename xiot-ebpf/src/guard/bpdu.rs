//! Devices that speak to switches.

use xiot_common::reason::Reason;

use crate::packet::Packet;

/// 01:80:c2:00:00:00 as a MAC word; the last byte counts to 0f (802.1Q, table 8-1).
const BRIDGES: u64 = 0x0000_00c2_8001;
/// 01:00:0c:cc:cc:cc: CDP and VTP.
const CISCO: u64 = 0xcccc_cc0c_0001;
/// 01:00:0c:cc:cc:cd: spanning tree per VLAN.
const CISCO_TREE: u64 = 0xcdcc_cc0c_0001;

/// Whether the frame is for switches.
#[inline(always)]
pub(super) const fn is_for_switches(packet: &Packet) -> bool {
    packet.dst_mac & !(0x0f << 40) == BRIDGES
        || packet.dst_mac == CISCO
        || packet.dst_mac == CISCO_TREE
}

#[inline(always)]
pub(super) fn objection(packet: &Packet) -> Option<Reason> {
    (is_for_switches(packet) && super::xiot_guard_ethertype() == 0).then_some(Reason::Bpdu)
}
