//! Who is who on the wire, and the beginnings of their frames.

use std::net::{Ipv4Addr, Ipv6Addr};

use xiot_tests::frame::{Mac, PacketEnvelope, frame};

/// The device.
pub(crate) const PUMP: Mac = [0x02, 0, 0, 0, 0x30, 12];
/// Its server, behind the uplink.
pub(crate) const SERVER: Mac = [0x02, 0, 0, 0, 0x30, 1];
/// Listed on VLAN 20 only.
pub(crate) const SCANNER: Mac = [0x02, 0, 0, 0, 0x30, 14];
/// Listed nowhere.
pub(crate) const STRANGER: Mac = [0x02, 0, 0, 0, 0x66, 0x66];
/// Addresses of the pump and its server.
pub(crate) const PUMP4: &str = "10.30.1.12";
pub(crate) const SERVER4: &str = "10.30.1.1";
pub(crate) const PUMP6: &str = "fd00:30::c";
pub(crate) const SERVER6: &str = "fd00:30::1";
/// What the pump may open to its server, TCP and UDP.
pub(crate) const OPEN: u16 = 3613;
/// What the server may open to the pump, TCP and UDP.
pub(crate) const SERVED: u16 = 8000;

/// From the pump to its server.
pub(crate) fn pump() -> PacketEnvelope {
    frame(PUMP, SERVER).ip(PUMP4, SERVER4)
}

/// The same in IPv6.
pub(crate) fn pump6() -> PacketEnvelope {
    frame(PUMP, SERVER).ip(PUMP6, SERVER6)
}

/// From the server to the pump.
pub(crate) fn server() -> PacketEnvelope {
    frame(SERVER, PUMP).ip(SERVER4, PUMP4)
}

/// The same in IPv6.
pub(crate) fn server6() -> PacketEnvelope {
    frame(SERVER, PUMP).ip(SERVER6, PUMP6)
}

/// The first `length` bytes of a UDP datagram of `whole` bytes.
pub(crate) fn datagram(from: u16, to: u16, whole: u16, length: usize) -> Vec<u8> {
    let mut bytes = [from, to, whole, 0].map(u16::to_be_bytes).concat();
    bytes.resize(length, 7);
    bytes
}

/// A TCP header with these flags, and data up to `length`.
pub(crate) fn segment(from: u16, to: u16, flags: u8, length: usize) -> Vec<u8> {
    let mut bytes = [from, to, 0, 1, 0, 1].map(u16::to_be_bytes).concat();
    bytes.extend([0x50, flags, 0x20, 0, 0, 0, 0, 0]);
    bytes.resize(length, 7);
    bytes
}

/// Destination port of TCP or UDP in plain IPv4 or IPv6.
pub(crate) fn destination_port(frame: &[u8]) -> Option<u16> {
    let (protocol, at) = match frame.get(12..14)? {
        [0x08, 0x00] => (frame.get(23)?, 14 + usize::from(frame.get(14)? & 15) * 4),
        [0x86, 0xdd] => (frame.get(20)?, 54),
        _ => return None,
    };
    if !matches!(protocol, 6 | 17) {
        return None;
    }
    let port = frame.get(at + 2..at + 4)?;
    Some(u16::from_be_bytes(port.try_into().ok()?))
}

/// Protocol of plain IPv4.
pub(crate) fn protocol(frame: &[u8]) -> Option<u8> {
    let is_ipv4 = frame.get(12..14)? == [0x08, 0x00];
    is_ipv4.then(|| frame.get(23).copied()).flatten()
}

/// Whether it is ARP.
pub(crate) fn is_arp(frame: &[u8]) -> bool {
    frame.get(12..14) == Some(&[0x08, 0x06])
}

/// Whether it is neighbour discovery or of a multicast listener, as kernels send it by themselves.
pub(crate) fn is_of_neighbours(frame: &[u8]) -> bool {
    if frame.get(12..14) != Some(&[0x86, 0xdd]) {
        return false;
    }
    let kind = match frame.get(20) {
        Some(58) => frame.get(54),
        // Listeners set a router alert.
        Some(0) if frame.get(54) == Some(&58) => frame.get(62),
        Some(_) | None => None,
    };
    matches!(kind, Some(130..=136 | 143))
}

/// Sender of ARP: its MAC and address.
pub(crate) type ArpSender<'a> = (Mac, &'a str);

/// An ARP message, each field by itself.
pub(crate) fn arp(
    link: [Mac; 2],
    operation: u16,
    (mac, sender): ArpSender<'_>,
    target: &str,
) -> Vec<u8> {
    let octets = |text: &str| text.parse::<Ipv4Addr>().unwrap().octets();
    let mut bytes = [link[1], link[0]].concat();
    bytes.extend([0x08, 0x06, 0, 1, 0x08, 0, 6, 4]);
    bytes.extend(operation.to_be_bytes());
    bytes.extend(mac);
    bytes.extend(octets(sender));
    // Who announces itself names itself: else Linux takes a reply for none of that kind.
    bytes.extend(if sender == target { mac } else { link[1] });
    bytes.extend(octets(target));
    bytes
}

/// An ICMPv6 message with its checksum: type, code, and all behind the checksum.
pub(crate) fn icmp6(ends: [&str; 2], (kind, code): (u8, u8), body: &[u8]) -> Vec<u8> {
    let mut message = vec![kind, code, 0, 0];
    message.extend(body);
    let mut pseudo: Vec<u8> = Vec::new();
    for end in ends {
        pseudo.extend(end.parse::<Ipv6Addr>().unwrap().octets());
    }
    pseudo.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    pseudo.extend([0, 0, 0, 58]);
    let words = [&*pseudo, &*message].map(|part| {
        let pairs = part
            .chunks(2)
            .map(|pair| u16::from_be_bytes([pair[0], *pair.get(1).unwrap_or(&0)]));
        pairs.map(u32::from).sum::<u32>()
    });
    let mut sum: u32 = words.iter().sum();
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    let sum = !u16::try_from(sum).unwrap();
    message[2..4].copy_from_slice(&sum.to_be_bytes());
    message
}

/// Whether it is neighbour discovery of this type, in plain IPv6.
pub(crate) fn is_neighbour(frame: &[u8], kind: u8) -> bool {
    frame.get(12..14) == Some(&[0x86, 0xdd])
        && frame.get(20) == Some(&58)
        && frame.get(54) == Some(&kind)
}

/// Whether it is for switches: their reserved addresses.
pub(crate) fn is_for_bridges(frame: &[u8]) -> bool {
    frame.get(..5) == Some(&[0x01, 0x80, 0xc2, 0, 0])
}
