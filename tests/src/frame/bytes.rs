//! Turns frames into bytes.

use std::net::IpAddr;

use super::{Body, Extension, Frame, Ip, Transport};

pub(super) fn build(frame: &Frame) -> Vec<u8> {
    let mut out = Vec::with_capacity(128);
    out.extend(frame.destination);
    out.extend(frame.source);
    for (kind, id) in &frame.tags {
        out.extend(kind.to_be_bytes());
        out.extend(id.to_be_bytes());
    }
    match &frame.body {
        Body::Arp {
            operation,
            sender_mac,
            sender,
            target,
        } => {
            out.extend([0x08, 0x06, 0, 1, 0x08, 0, 6, 4]);
            out.extend(operation.to_be_bytes());
            out.extend(sender_mac.unwrap_or(frame.source));
            out.extend(sender.octets());
            out.extend([0; 6]);
            out.extend(target.octets());
        }
        Body::Ip(ip) => match (ip.source, ip.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                out.extend([0x08, 0x00]);
                out.extend(v4(ip, source.octets(), destination.octets()));
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                out.extend([0x86, 0xdd]);
                out.extend(v6(ip, source.octets(), destination.octets()));
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => {
                panic!("a packet of two families: {ip:?}")
            }
        },
        Body::Other {
            ether_type,
            payload,
        } => {
            out.extend(ether_type.to_be_bytes());
            out.extend(payload);
        }
    }
    out.resize(out.len() + frame.padding, 0);
    out
}

fn v4(ip: &Ip, source: [u8; 4], destination: [u8; 4]) -> Vec<u8> {
    let header_bytes = 20 + ip.options.len();
    assert!(
        header_bytes.is_multiple_of(4) && header_bytes <= 60,
        "IPv4 options are whole words, ten at most"
    );
    let (offset, more) = ip.fragment.unwrap_or((0, false));
    let pseudo: Vec<u8> = source.iter().chain(&destination).copied().collect();
    let payload = transport(ip, &pseudo);
    let total = u16::try_from(header_bytes + payload.len()).expect("an IPv4 packet's length");
    let mut out = Vec::new();
    out.push(0x40 | low_byte(header_bytes / 4));
    out.push(0);
    out.extend(total.to_be_bytes());
    out.extend(&ip.identification.to_be_bytes()[2..]);
    out.extend((u16::from(more) << 13 | offset & 0x1fff).to_be_bytes());
    out.extend([ip.hop_limit, ip.protocol(), 0, 0]);
    out.extend(source);
    out.extend(destination);
    out.extend(&ip.options);
    let sum = checksum(&[&out]);
    out[10..12].copy_from_slice(&sum);
    out.extend(payload);
    out
}

fn v6(ip: &Ip, source: [u8; 16], destination: [u8; 16]) -> Vec<u8> {
    let pseudo: Vec<u8> = source.iter().chain(&destination).copied().collect();
    let mut payload = Vec::new();
    for (position, extension) in ip.extensions.iter().enumerate() {
        let next = ip
            .extensions
            .get(position + 1)
            .map_or_else(|| ip.protocol(), |next| next.kind());
        payload.extend(extension_bytes(*extension, next, ip.identification));
    }
    let first = ip
        .extensions
        .first()
        .map_or_else(|| ip.protocol(), |first| first.kind());
    payload.extend(transport(ip, &pseudo));
    let length = u16::try_from(payload.len()).expect("an IPv6 packet's length");
    let mut out = vec![0x60, 0, 0, 0];
    out.extend(length.to_be_bytes());
    out.extend([first, ip.hop_limit]);
    out.extend(source);
    out.extend(destination);
    out.extend(payload);
    out
}

fn extension_bytes(extension: Extension, next: u8, identification: u32) -> Vec<u8> {
    match extension {
        Extension::Options { units, fourth, .. } => {
            let mut out = vec![0; (usize::from(units) + 1) * 8];
            out[..4].copy_from_slice(&[next, units, 0, fourth]);
            out
        }
        Extension::Authentication { words } => {
            let mut out = vec![0; (usize::from(words) + 2) * 4];
            out[..2].copy_from_slice(&[next, words]);
            out
        }
        Extension::Fragment { offset, more } => {
            let field = (offset << 3 | u16::from(more)).to_be_bytes();
            let mut out = vec![next, 0, field[0], field[1]];
            out.extend(identification.to_be_bytes());
            out
        }
    }
}

pub(super) fn payload(ip: &Ip) -> Vec<u8> {
    let octets = |address: IpAddr| match address {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    };
    transport(ip, &[octets(ip.source), octets(ip.destination)].concat())
}

fn transport(ip: &Ip, addresses: &[u8]) -> Vec<u8> {
    let (mut out, sum_at) = match &ip.transport {
        Transport::Tcp {
            source,
            destination,
            flags,
            numbers: (sequence, acknowledgment),
            payload,
        } => {
            let mut out = ports(*source, *destination);
            out.extend(sequence.to_be_bytes());
            out.extend(acknowledgment.to_be_bytes());
            out.extend([0x50, *flags, 0x20, 0, 0, 0, 0, 0]);
            out.extend(payload);
            (out, 16)
        }
        Transport::Udp {
            source,
            destination,
            payload,
        } => {
            let mut out = ports(*source, *destination);
            let length = u16::try_from(8 + payload.len()).expect("a datagram's length");
            out.extend(length.to_be_bytes());
            out.extend([0, 0]);
            out.extend(payload);
            (out, 6)
        }
        Transport::Icmp {
            kind,
            code,
            identifier,
        } => {
            let mut out = vec![*kind, *code, 0, 0];
            out.extend(identifier.to_be_bytes());
            out.extend([0, 1]);
            (out, 2)
        }
        Transport::Other { payload, .. } => return payload.clone(),
    };
    let length = u32::try_from(out.len()).expect("a packet's length");
    let mut pseudo = addresses.to_vec();
    pseudo.extend(length.to_be_bytes());
    pseudo.extend([0, 0, 0, ip.protocol()]);
    let covers_pseudo = ip.protocol() != 1;
    let sum = checksum(&[if covers_pseudo { &pseudo } else { &[] }, &out]);
    out[sum_at..sum_at + 2].copy_from_slice(&sum);
    out
}

fn ports(source: u16, destination: u16) -> Vec<u8> {
    let mut out = source.to_be_bytes().to_vec();
    out.extend(destination.to_be_bytes());
    out
}

/// The internet checksum (RFC 1071) over parts of which all but the last are of even length.
fn checksum(parts: &[&[u8]]) -> [u8; 2] {
    let mut sum = 0u32;
    for part in parts {
        for pair in part.chunks(2) {
            let low = pair.get(1).copied().unwrap_or(0);
            sum += u32::from(u16::from_be_bytes([pair[0], low]));
        }
    }
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    let folded = u16::try_from(sum).expect("folded to 16 bits");
    (!folded).to_be_bytes()
}

fn low_byte(value: usize) -> u8 {
    u8::try_from(value).expect("a small number")
}
