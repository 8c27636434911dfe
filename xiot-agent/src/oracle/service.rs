//! Built-in services: what passes without a rule and makes no flow (docs/judgement.md section 5).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{
    Side,
    fragment::Fragment,
    frame::{Packet, Transport},
    rules::is_link_local,
};
use crate::model::{
    list::List,
    policy::{Policy, Profile},
};

/// Services in force for a frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Services {
    pub(super) arp: bool,
    pub(super) nd: bool,
    pub(super) dhcp: bool,
}

impl Services {
    pub(super) fn of(profile: &Profile) -> Self {
        Self {
            arp: profile.arp,
            nd: profile.nd,
            dhcp: profile.dhcp,
        }
    }

    /// What any profile has, for frames of no device.
    pub(super) fn of_all(profiles: &List<Profile>) -> Self {
        Self {
            arp: profiles.iter().any(|profile| profile.arp),
            nd: profiles.iter().any(|profile| profile.nd),
            dhcp: profiles.iter().any(|profile| profile.dhcp),
        }
    }

    /// Whether a service allows this packet. Fragments belong to none.
    pub(super) fn allow(self, side: Side, packet: &Packet, policy: &Policy) -> bool {
        if packet.fragment != Fragment::No {
            return false;
        }
        self.nd && (is_discovery(side, packet) || is_listener(side, packet))
            || self.dhcp && is_dhcp(side, packet, &policy.services.dhcp)
    }
}

/// Code-0 ICMPv6 message type of a packet.
fn icmpv6_type(packet: &Packet) -> Option<u8> {
    if let Transport::Icmp { kind, code: 0, .. } = packet.transport
        && packet.source.is_ipv6()
    {
        Some(kind)
    } else {
        None
    }
}

/// Neighbour discovery (RFC 4861): solicitations and advertisements, routers only from the uplink.
fn is_discovery(side: Side, packet: &Packet) -> bool {
    let types: &[u8] = match side {
        Side::Device => &[133, 135, 136],
        Side::Uplink => &[134, 135, 136],
    };
    icmpv6_type(packet).is_some_and(|kind| types.contains(&kind))
        && packet.hop_limit == 255
        && !packet.has_extensions
}

/// Multicast listener discovery (RFC 2710, RFC 3810): queries only from the uplink.
fn is_listener(side: Side, packet: &Packet) -> bool {
    let types: &[u8] = match side {
        Side::Device => &[131, 132, 143],
        Side::Uplink => &[130],
    };
    icmpv6_type(packet).is_some_and(|kind| types.contains(&kind)) && packet.hop_limit == 1
}

/// DHCP (RFC 2131) and DHCPv6 (RFC 8415), the device as client.
fn is_dhcp(side: Side, packet: &Packet, servers: &[IpAddr]) -> bool {
    const ALL_SERVERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 1, 2);
    let Transport::Udp {
        source,
        destination,
    } = packet.transport
    else {
        return false;
    };
    let is_server = |address: IpAddr| servers.contains(&address);
    let may_answer = |address: IpAddr| servers.is_empty() || is_server(address);
    let is_v6 = packet.source.is_ipv6();
    match (side, is_v6, source, destination) {
        (Side::Device, false, 68, 67) => {
            packet.destination == IpAddr::V4(Ipv4Addr::BROADCAST) || is_server(packet.destination)
        }
        (Side::Uplink, false, 67, 68) => may_answer(packet.source),
        (Side::Device, true, 546, 547) => {
            packet.destination == IpAddr::V6(ALL_SERVERS)
                || is_link_local(packet.destination)
                || is_server(packet.destination)
        }
        (Side::Uplink, true, 547, 546) => is_link_local(packet.source) || may_answer(packet.source),
        _ => false,
    }
}
