//! Devices that advertise themselves as routers, or redirect others to one.

use xiot_common::reason::Reason;

use crate::{
    packet::{Fragment, Kind, Packet},
    parse::l4,
};

#[inline(always)]
pub(super) fn objection(packet: &Packet) -> Option<Reason> {
    if packet.fragment == Fragment::Later {
        return None;
    }
    let kind = packet.service >> 8;
    let objects = match (packet.kind, packet.protocol) {
        (Kind::Ipv4, l4::ICMP) => kind == 5 || kind == 9,
        (Kind::Ipv6, l4::ICMPV6) => kind == 134 || kind == 137,
        _ => false,
    };
    objects.then_some(Reason::RouterMessage)
}
