//! Reads captures of other people's networks, and gives frames without an Ethernet header one.

use std::{fs::File, io::Read, net::IpAddr, path::Path};

use pcap_parser::Linktype;
use xiot_agent::service::simulate::capture;

use crate::frame::Mac;

/// The frames of a capture with Ethernet headers, in order; empty where a frame is of a link type, or of a kind
/// under it, that is not known here.
///
/// # Panics
/// Where the file is no capture, or ends within a block.
pub fn read(path: &Path) -> Vec<Vec<u8>> {
    let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    read_from(file).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn read_from(source: impl Read + Send + 'static) -> Result<Vec<Vec<u8>>, String> {
    let mut frames = Vec::new();
    capture::read(source, |frame| {
        frames.push(with_ethernet(Linktype(frame.link), frame.data));
    })
    .map_err(|error| error.to_string())?;
    Ok(frames)
}

/// The packet as a frame.
fn with_ethernet(link: Linktype, packet: &[u8]) -> Vec<u8> {
    try_with_ethernet(link, packet).unwrap_or_default()
}

fn try_with_ethernet(link: Linktype, packet: &[u8]) -> Option<Vec<u8>> {
    match link {
        Linktype::ETHERNET => Some(packet.to_vec()),
        // Linux cooked: the protocol is the last of 16 bytes.
        Linktype::LINUX_SLL => {
            let ether_type = u16::from_be_bytes([*packet.get(14)?, *packet.get(15)?]);
            Some(wrap(ether_type, packet.get(16..)?))
        }
        // BSD loopback: an address family in four bytes.
        Linktype::NULL | Linktype::LOOP => wrap_ip(packet.get(4..)?),
        Linktype::RAW | Linktype::IPV4 | Linktype::IPV6 | Linktype(12 | 14) => wrap_ip(packet),
        _ => None,
    }
}

fn wrap_ip(packet: &[u8]) -> Option<Vec<u8>> {
    match packet.first()? >> 4 {
        4 => Some(wrap(0x0800, packet)),
        6 => Some(wrap(0x86dd, packet)),
        _ => None,
    }
}

/// Each address gets a MAC of its own.
fn wrap(ether_type: u16, packet: &[u8]) -> Vec<u8> {
    let addresses = match ether_type {
        0x0800 => packet.get(12..16).zip(packet.get(16..20)),
        0x86dd => packet.get(8..24).zip(packet.get(24..40)),
        _ => None,
    };
    let mac = |address: Option<&[u8]>| -> Mac {
        let tail = address
            .and_then(|bytes| bytes.last_chunk::<4>())
            .unwrap_or(&[0; 4]);
        [2, 0, tail[0], tail[1], tail[2], tail[3]]
    };
    let mut frame = mac(addresses.map(|(_, destination)| destination)).to_vec();
    frame.extend(mac(addresses.map(|(source, _)| source)));
    frame.extend(ether_type.to_be_bytes());
    frame.extend(packet);
    frame
}

/// Addresses and what a conversation that starts with this frame asks for, as a stranger's parser sees it.
pub fn opening(frame: &[u8]) -> Option<Opening> {
    let packet = etherparse::SlicedPacket::from_ethernet(frame).ok()?;
    let (source, destination, protocol): (IpAddr, IpAddr, u8) = match packet.net? {
        etherparse::NetSlice::Ipv4(ip) => (
            ip.header().source_addr().into(),
            ip.header().destination_addr().into(),
            ip.payload().ip_number.0,
        ),
        etherparse::NetSlice::Ipv6(ip) => (
            ip.header().source_addr().into(),
            ip.header().destination_addr().into(),
            ip.payload().ip_number.0,
        ),
        etherparse::NetSlice::Arp(_) => return None,
    };
    let service = match packet.transport {
        Some(etherparse::TransportSlice::Tcp(tcp)) if tcp.syn() && !tcp.ack() => {
            tcp.destination_port()
        }
        Some(etherparse::TransportSlice::Tcp(_)) => return None,
        Some(etherparse::TransportSlice::Udp(udp)) => udp.destination_port(),
        Some(etherparse::TransportSlice::Icmpv4(icmp)) => u16::from(icmp.type_u8()),
        Some(etherparse::TransportSlice::Icmpv6(icmp)) => u16::from(icmp.type_u8()),
        Some(etherparse::TransportSlice::Igmp(_)) | None => 0,
    };
    Some(Opening {
        source,
        destination,
        protocol,
        service,
    })
}

/// What the first frame of a conversation says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Opening {
    /// Who opens it.
    pub source: IpAddr,
    /// With whom.
    pub destination: IpAddr,
    /// IP protocol number.
    pub protocol: u8,
    /// Destination port or ICMP type; 0 for neither.
    pub service: u16,
}
