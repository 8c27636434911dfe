//! Source MACs that no station has.

use xiot_common::reason::Reason;

use crate::packet::Packet;

#[inline(always)]
pub(super) fn objection(packet: &Packet) -> Option<Reason> {
    (packet.src_mac == 0 || packet.src_mac == packet.dst_mac).then_some(Reason::SourceMacInvalid)
}
