//! Devices that speak as DHCP servers, of either version.

use xiot_common::reason::Reason;

use crate::{
    packet::{Fragment, Kind, Packet},
    parse::l4,
};

const SERVER: u16 = 67;
const CLIENT: u16 = 68;
const SERVER_V6: u16 = 547;
const CLIENT_V6: u16 = 546;

#[inline(always)]
pub(super) fn objection(packet: &Packet) -> Option<Reason> {
    if packet.protocol != l4::UDP || packet.fragment == Fragment::Later {
        return None;
    }
    let (server, client) = match packet.kind {
        Kind::Ipv4 => (SERVER, CLIENT),
        Kind::Ipv6 => (SERVER_V6, CLIENT_V6),
        Kind::Arp | Kind::Other => return None,
    };
    (packet.src_port == server || packet.dst_port == client).then_some(Reason::DhcpServer)
}
