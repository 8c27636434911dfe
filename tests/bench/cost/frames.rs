//! Frames of the scenarios that are no plain UDP datagram of a flow.

use std::net::IpAddr;

use crate::rig::{
    frames::{Family, Header, udp},
    site::Flow,
};

/// A frame, and the part of it that may differ from others.
fn split(mut bytes: Vec<u8>) -> (Header, Vec<u8>) {
    bytes.resize(bytes.len().max(size_of::<Header>()), 0);
    (header(&bytes), bytes)
}

fn bytes(header: &Header) -> Vec<u8> {
    header.iter().flat_map(|word| word.to_ne_bytes()).collect()
}

fn header(bytes: &[u8]) -> Header {
    let mut header = Header::default();
    for (word, part) in header.iter_mut().zip(bytes.chunks_exact(8)) {
        *word = u64::from_ne_bytes(part.try_into().expect("eight bytes"));
    }
    header
}

/// The same datagram over TCP, opening a connection.
pub(super) fn syn(flow: &Flow) -> Header {
    let mut bytes = bytes(&udp(Family::Ipv4, flow, false));
    bytes[23] = 6;
    sum(&mut bytes);
    bytes[38..].fill(0);
    // Data offset of 20 bytes, SYN, a window.
    bytes[46..50].copy_from_slice(&[0x50, 0x02, 0x20, 0]);
    header(&bytes)
}

/// Bytes of IP payload in the first fragment.
const FIRST: u16 = 1208;

/// The first and the second fragment of a datagram.
pub(super) fn fragments(flow: &Flow, id: u16) -> (Vec<u8>, Header) {
    let part = |offset: u16, more: bool, length: u16| {
        let mut frame = bytes(&udp(Family::Ipv4, flow, false));
        frame.resize(usize::from(34 + length), 0);
        frame[16..18].copy_from_slice(&(20 + length).to_be_bytes());
        frame[18..20].copy_from_slice(&id.to_be_bytes());
        let flags = (u16::from(more) << 13) | (offset / 8);
        frame[20..22].copy_from_slice(&flags.to_be_bytes());
        if offset == 0 {
            frame[38..40].copy_from_slice(&(FIRST + 24).to_be_bytes());
        }
        sum(&mut frame);
        frame
    };
    let last = part(FIRST, false, 24);
    let mut padded = last;
    padded.resize(size_of::<Header>(), 0);
    (part(0, true, FIRST), header(&padded))
}

/// A datagram behind hop-by-hop and destination options.
pub(super) fn extended(flow: &Flow, reply: bool) -> (Header, Vec<u8>) {
    let plain = bytes(&udp(Family::Ipv6, flow, reply));
    let mut frame = plain[..54].to_vec();
    frame[20] = 0;
    frame[18..20].copy_from_slice(&24_u16.to_be_bytes());
    // Six bytes of padding each; destination options next, UDP after that.
    frame.extend([60, 0, 1, 4, 0, 0, 0, 0]);
    frame.extend([17, 0, 1, 4, 0, 0, 0, 0]);
    frame.extend(&plain[54..58]);
    frame.extend([0, 8, 0, 0]);
    debug_assert!(matches!(flow.device, IpAddr::V6(_)), "an IPv6 flow");
    split(frame)
}

/// Writes the checksum of an IPv4 header anew.
fn sum(frame: &mut [u8]) {
    frame[24..26].fill(0);
    let sum: u32 = frame[14..34]
        .chunks_exact(2)
        .map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]])))
        .sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    let sum = !u16::try_from((folded & 0xffff) + (folded >> 16)).expect("folded");
    frame[24..26].copy_from_slice(&sum.to_be_bytes());
}
