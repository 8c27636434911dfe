//! What each guard objects to (the table of docs/judgement.md section 9.3), whatever its level.

use std::net::IpAddr;

use xiot_common::reason::Reason;

use super::{
    Side,
    address::{Place, is_nobodys},
    conversation::Conversation,
    fragment::Fragment,
    frame::{Arp, Content, Frame, Mac, Packet, Transport},
    neighbour::{
        Discovery, Message, NEIGHBOUR_ADVERTISEMENT, NEIGHBOUR_SOLICITATION, ROUTER_SOLICITATION,
    },
    owner::is_group,
    request::Request,
};
use crate::model::gateway::Wire;

pub(super) fn mac(frame: &Frame) -> Option<Reason> {
    if frame.source == [0; 6] || frame.source == frame.destination {
        return Some(Reason::SourceMacInvalid);
    }
    let Content::Other(other) = &frame.content else {
        return None;
    };
    let hides = matches!(
        other.encapsulated,
        Some(0x0800 | 0x0806 | 0x86dd | 0x8100 | 0x88a8)
    );
    hides.then_some(Reason::SnapEncapsulated)
}

pub(super) fn source(place: Place<'_>, frame: &Frame) -> Option<Reason> {
    let packet = packet(frame)?;
    match place.side {
        Side::Device => source_of(place, packet.source, frame.source),
        Side::Uplink => {
            let ports = udp_ports(packet);
            destination_of(place, (packet.destination, frame.destination), ports)
        }
    }
}

/// The same about the frame that opened a conversation from the side of this place.
pub(super) fn source_again(place: Place<'_>, conversation: &Conversation) -> Option<Reason> {
    let (address, mac) = (conversation.device_end.address, conversation.mac);
    match place.side {
        Side::Device => source_of(place, address, mac),
        Side::Uplink => {
            let ports = (conversation.peer_end.port, conversation.device_end.port);
            let ports = (conversation.protocol == 17).then_some(ports);
            destination_of(place, (address, mac), ports)
        }
    }
}

fn source_of(place: Place<'_>, address: IpAddr, mac: Mac) -> Option<Reason> {
    if is_nobodys(address) {
        return Some(Reason::SourceAddressInvalid);
    }
    place
        .is_somebody_elses(address, mac)
        .then_some(Reason::SourceAddressStolen)
}

/// Where a frame from the uplink goes: who gets it will answer from there. `ports` are those of UDP.
fn destination_of(
    place: Place<'_>,
    (address, mac): (IpAddr, Mac),
    ports: Option<(u16, u16)>,
) -> Option<Reason> {
    let gives_lease = address.is_ipv4() && ports == Some((67, 68));
    let is_answered = !is_group(mac) && !gives_lease;
    (is_answered && place.is_somebody_elses(address, mac)).then_some(Reason::SourceAddressStolen)
}

pub(super) fn arp(place: Place<'_>, frame: &Frame) -> Option<Reason> {
    let Content::Arp(message) = frame.content else {
        return None;
    };
    let (sender, target) = (IpAddr::V4(message.sender), IpAddr::V4(message.target));
    let is_probe = sender.is_unspecified();
    let is_valid = match message.operation {
        1 => true,
        2 => !is_probe,
        _ => false,
    };
    if !is_valid || is_nobodys(sender) {
        return Some(Reason::ArpInvalid);
    }
    let is_spoofed = message.sender_mac != frame.source
        || place.is_somebody_elses(sender, frame.source)
        || is_probe && place.is_somebody_elses(target, frame.source);
    is_spoofed.then_some(Reason::ArpSpoofed)
}

pub(super) fn nd(place: Place<'_>, frame: &Frame) -> Option<Reason> {
    let packet = packet(frame)?;
    if may_hide_discovery(packet) {
        return Some(Reason::NdInvalid);
    }
    let message = match packet.discovery.as_ref()? {
        Discovery::Invalid => return Some(Reason::NdInvalid),
        Discovery::Valid(message) => message,
    };
    let others = |address: IpAddr| place.is_somebody_elses(address, frame.source);
    let names_another = message.link_layers.iter().any(|mac| *mac != frame.source);
    let target = match message.kind {
        NEIGHBOUR_ADVERTISEMENT => message.target,
        NEIGHBOUR_SOLICITATION if packet.source.is_unspecified() => message.target,
        _ => None,
    };
    let speaks_for_itself = matches!(message.kind, ROUTER_SOLICITATION | NEIGHBOUR_SOLICITATION);
    let is_spoofed = names_another
        || target.is_some_and(|target| others(target.into()))
        || speaks_for_itself && others(packet.source);
    is_spoofed.then_some(Reason::NdSpoofed)
}

/// Whether it is a part of a datagram with a start that nobody has seen, which may be neighbour discovery.
fn may_hide_discovery(packet: &Packet) -> bool {
    packet.source.is_ipv6()
        && matches!(packet.fragment, Fragment::Later(_))
        && matches!(packet.protocol, 58 | 0 | 43 | 44 | 51 | 60 | 135)
}

pub(super) fn dhcp_server(frame: &Frame) -> Option<Reason> {
    let packet = packet(frame)?;
    let (source, destination) = udp_ports(packet)?;
    let (server, client) = if packet.source.is_ipv4() {
        (67, 68)
    } else {
        (547, 546)
    };
    (source == server || destination == client).then_some(Reason::DhcpServer)
}

pub(super) fn dhcp_client(place: Place<'_>, frame: &Frame) -> Option<Reason> {
    let is_spoofed = match packet(frame)?.request? {
        Request::Unreadable => true,
        Request::Of { hardware, address } => {
            hardware != frame.source || place.is_somebody_elses(address.into(), hardware)
        }
    };
    is_spoofed.then_some(Reason::DhcpSpoofed)
}

pub(super) fn router(frame: &Frame) -> Option<Reason> {
    const VRRP: u8 = 112;
    let packet = packet(frame)?;
    if matches!(packet.fragment, Fragment::Later(_)) {
        return None;
    }
    let is_of_routers = match packet.transport {
        Transport::Icmp { kind, .. } if packet.source.is_ipv4() => matches!(kind, 5 | 9),
        Transport::Icmp { kind, .. } => matches!(kind, 134 | 137),
        // HSRP, also for IPv6, and GLBP.
        Transport::Udp { destination, .. } => matches!(destination, 1985 | 2029 | 3222),
        Transport::Portless => packet.protocol == VRRP,
        Transport::Tcp { .. } => false,
    };
    is_of_routers.then_some(Reason::RouterMessage)
}

pub(super) fn bpdu(wire: &Wire, frame: &Frame) -> Option<Reason> {
    if frame.is_allowed_by(wire) {
        return None;
    }
    let is_for_switches = match frame.destination {
        [0x01, 0x80, 0xc2, 0x00, 0x00, last] => matches!(last, 0x00..=0x10 | 0x20..=0x2f),
        [0x01, 0x00, 0x0c, ..] => true,
        _ => false,
    };
    is_for_switches.then_some(Reason::Bpdu)
}

pub(super) fn claim(place: Place<'_>, frame: &Frame) -> Option<Reason> {
    let sender = place.device(frame.source);
    if sender.is_some_and(|device| device.wire.is_some()) {
        return Some(Reason::MacClaimed);
    }
    let is_claimed = match &frame.content {
        Content::Arp(Arp {
            sender, sender_mac, ..
        }) => {
            let sender = IpAddr::V4(*sender);
            place.is_another_devices(sender, frame.source)
                || place.is_another_devices(sender, *sender_mac)
        }
        Content::Ip(packet) => match packet.discovery.as_ref()? {
            Discovery::Invalid => return Some(Reason::NdInvalid),
            Discovery::Valid(message) => {
                let mut sayers = vec![frame.source];
                sayers.extend(&message.link_layers);
                claimed(packet, message).is_some_and(|address| {
                    let not_its_own = |mac: &Mac| place.is_another_devices(address, *mac);
                    sayers.iter().any(not_its_own)
                })
            }
        },
        Content::Other(_) => false,
    };
    is_claimed.then_some(Reason::AddressClaimed)
}

/// The address that a message from the uplink says to be its sender's, or tries to have.
fn claimed(packet: &Packet, message: &Message) -> Option<IpAddr> {
    match message.kind {
        NEIGHBOUR_ADVERTISEMENT => message.target.map(IpAddr::V6),
        NEIGHBOUR_SOLICITATION if packet.source.is_unspecified() => message.target.map(IpAddr::V6),
        NEIGHBOUR_SOLICITATION => Some(packet.source),
        _ => None,
    }
}

fn packet(frame: &Frame) -> Option<&Packet> {
    match &frame.content {
        Content::Ip(packet) => Some(packet),
        Content::Arp(_) | Content::Other(_) => None,
    }
}

fn udp_ports(packet: &Packet) -> Option<(u16, u16)> {
    match packet.transport {
        Transport::Udp {
            source,
            destination,
        } => Some((source, destination)),
        Transport::Tcp { .. } | Transport::Icmp { .. } | Transport::Portless => None,
    }
}
