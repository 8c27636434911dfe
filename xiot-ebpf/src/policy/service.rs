//! Built-in services that need no flow: ARP, neighbour discovery, DHCP (docs/judgement.md, 4).

use xiot_common::{
    addr::Addr,
    profile::{SERVICE_DHCP, SERVICE_ND},
    slot::SLOT_DHCP_SERVERS,
    table::scope,
};

use super::{
    peer::{self, Whose},
    slot::Slot,
};
use crate::{
    packet::{Fragment, Kind, Packet},
    parse::l4,
};

const ROUTER_SOLICITATION: u8 = 133;
const ROUTER_ADVERTISEMENT: u8 = 134;
const NEIGHBOUR_SOLICITATION: u8 = 135;
const NEIGHBOUR_ADVERTISEMENT: u8 = 136;
const LISTENER_QUERY: u8 = 130;
const LISTENER_REPORT: u8 = 131;
const LISTENER_DONE: u8 = 132;
const LISTENER_REPORT_V2: u8 = 143;

const DHCP_CLIENT: u16 = 68;
const DHCP_SERVER: u16 = 67;
const DHCPV6_CLIENT: u16 = 546;
const DHCPV6_SERVER: u16 = 547;

const BROADCAST: Addr = Addr::v4([255; 4]);
const ALL_DHCPV6_RELAYS: Addr = Addr::v6([0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2]);

/// Whether one of these services lets the frame pass.
#[inline(always)]
pub fn allows(slot: &Slot, packet: &Packet, services: u32) -> bool {
    if packet.fragment != Fragment::No {
        return false;
    }
    if packet.protocol == l4::ICMPV6 && packet.kind == Kind::Ipv6 {
        return services & SERVICE_ND != 0 && (neighbour(packet) || listener(packet));
    }
    if packet.protocol == l4::UDP && services & SERVICE_DHCP != 0 {
        return match packet.kind {
            Kind::Ipv4 => dhcp(slot, packet),
            Kind::Ipv6 => dhcpv6(slot, packet),
            Kind::Arp | Kind::Other => false,
        };
    }
    false
}

/// Whether a service may let pass a UDP datagram, as far as its destination port says.
#[inline(always)]
pub const fn may_be_dhcp(packet: &Packet) -> bool {
    matches!(
        packet.dst_port,
        DHCP_CLIENT | DHCP_SERVER | DHCPV6_CLIENT | DHCPV6_SERVER
    )
}

#[inline(always)]
fn neighbour(packet: &Packet) -> bool {
    if packet.direct == 0 || packet.hop_limit != 255 || packet.service & 0xff != 0 {
        return false;
    }
    let kind = (packet.service >> 8) as u8;
    match kind {
        NEIGHBOUR_SOLICITATION | NEIGHBOUR_ADVERTISEMENT => true,
        ROUTER_SOLICITATION => packet.is_from_device(),
        ROUTER_ADVERTISEMENT => !packet.is_from_device(),
        _ => false,
    }
}

#[inline(always)]
fn listener(packet: &Packet) -> bool {
    if packet.hop_limit != 1 || packet.service & 0xff != 0 {
        return false;
    }
    let kind = (packet.service >> 8) as u8;
    match kind {
        LISTENER_REPORT | LISTENER_DONE | LISTENER_REPORT_V2 => packet.is_from_device(),
        LISTENER_QUERY => !packet.is_from_device(),
        _ => false,
    }
}

#[inline(always)]
fn dhcp(slot: &Slot, packet: &Packet) -> bool {
    if packet.is_from_device() {
        packet.src_port == DHCP_CLIENT
            && packet.dst_port == DHCP_SERVER
            && (*packet.dst() == BROADCAST || is_server(slot))
    } else {
        packet.src_port == DHCP_SERVER
            && packet.dst_port == DHCP_CLIENT
            && (no_server_is_listed(slot) || is_server(slot))
    }
}

#[inline(always)]
fn dhcpv6(slot: &Slot, packet: &Packet) -> bool {
    if packet.is_from_device() {
        packet.src_port == DHCPV6_CLIENT
            && packet.dst_port == DHCPV6_SERVER
            && (*packet.dst() == ALL_DHCPV6_RELAYS
                || packet.dst().is_v6_link_local()
                || is_server(slot))
    } else {
        packet.src_port == DHCPV6_SERVER
            && packet.dst_port == DHCPV6_CLIENT
            && (packet.src().is_v6_link_local() || no_server_is_listed(slot) || is_server(slot))
    }
}

/// Any server may answer then. Devices may not talk to any: port 67 of every host would be open to them.
#[inline(always)]
fn no_server_is_listed(slot: &Slot) -> bool {
    slot.header.flags & SLOT_DHCP_SERVERS == 0
}

/// Whether the address that is not the device's is a listed server's.
#[inline(always)]
fn is_server(slot: &Slot) -> bool {
    !no_server_is_listed(slot) && peer::contains(slot, scope::DHCP_SERVER, Whose::Peer)
}
