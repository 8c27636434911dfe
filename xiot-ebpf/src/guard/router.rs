//! Devices that advertise themselves as routers, redirect others to one, or want to take the place of one.

use xiot_common::reason::Reason;

use crate::{
    packet::{Fragment, Kind, Packet},
    parse::l4,
};

/// Protocol number (RFC 9568).
const VRRP: u8 = 112;
/// UDP ports (RFC 2281, and IANA's registry).
const HSRP: u16 = 1985;
const HSRP_V6: u16 = 2029;
const GLBP: u16 = 3222;

#[inline(always)]
pub(super) fn objection(packet: &Packet) -> Option<Reason> {
    if packet.fragment == Fragment::Later {
        return None;
    }
    let kind = packet.service >> 8;
    let objects = match (packet.kind, packet.protocol) {
        (Kind::Ipv4, l4::ICMP) => kind == 5 || kind == 9,
        (Kind::Ipv6, l4::ICMPV6) => kind == 134 || kind == 137,
        (Kind::Ipv4 | Kind::Ipv6, VRRP) => true,
        (Kind::Ipv4 | Kind::Ipv6, l4::UDP) => matches!(packet.dst_port, HSRP | HSRP_V6 | GLBP),
        _ => false,
    };
    objects.then_some(Reason::RouterMessage)
}
