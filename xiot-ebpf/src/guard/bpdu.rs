//! Devices that speak to switches.

use xiot_common::reason::Reason;

use crate::packet::Packet;

/// 01:80:c2:00:00:00 as a MAC word. The last byte says for whom: up to 10 for bridges (802.1Q, table 8-1), 20 to 2f for what
/// registers VLANs and groups with them (table 8-2).
const BRIDGES: u64 = 0x0000_00c2_8001;
/// 01:00:0c: CDP, VTP, spanning tree per VLAN, CGMP and more.
const CISCO: u64 = 0x0c_0001;

/// Whether the frame is for switches.
#[inline(always)]
pub(super) const fn is_for_switches(packet: &Packet) -> bool {
    let last = packet.dst_mac >> 40;
    let to_bridges = packet.dst_mac & 0xff_ffff_ffff == BRIDGES;
    (to_bridges && (last <= 0x10 || last & 0xf0 == 0x20)) || packet.dst_mac & 0xff_ffff == CISCO
}

#[inline(always)]
pub(super) fn objection(packet: &Packet) -> Option<Reason> {
    (is_for_switches(packet) && super::xiot_guard_ethertype() == 0).then_some(Reason::Bpdu)
}
