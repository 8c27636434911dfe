//! IPv4 (RFC 791).

use xiot_common::{addr::Addr, reason::Reason};

use super::Datagram;
use crate::{
    frame::{Frame, Wire},
    packet::{Fragment, Packet},
};

#[derive(Clone, Copy)]
#[repr(C)]
struct Header {
    version_length: u8,
    service: u8,
    total_length: u16,
    id: u16,
    fragment: u16,
    ttl: u8,
    protocol: u8,
    checksum: u16,
    src: u32,
    dst: u32,
}

// SAFETY: integers only.
unsafe impl Wire for Header {}

const MORE_FRAGMENTS: u16 = 0x2000;
const FRAGMENT_OFFSET: u16 = 0x1fff;

/// Reads addresses, protocol and fragment; options are skipped.
#[inline(always)]
pub(crate) fn parse(frame: &Frame, packet: &mut Packet, offset: usize) -> Result<Datagram, Reason> {
    let header: Header = frame.read(offset).ok_or(Reason::TruncatedIpv4)?;
    let header_length = usize::from(header.version_length & 0x0f) * 4;
    let total_length = usize::from(u16::from_be(header.total_length));
    if header.version_length >> 4 != 4 || header_length < 20 || total_length < header_length {
        return Err(Reason::BadIpv4Header);
    }
    if !super::reaches(frame, packet, offset + total_length) {
        return Err(Reason::TruncatedIpv4);
    }
    packet.protocol = header.protocol;
    packet.hop_limit = header.ttl;
    let fragment = u16::from_be(header.fragment);
    if fragment & FRAGMENT_OFFSET != 0 {
        packet.fragment = Fragment::Later;
    } else if fragment & MORE_FRAGMENTS != 0 {
        packet.fragment = Fragment::First;
    }
    Ok(Datagram {
        src: Addr::from_v4_word(header.src),
        dst: Addr::from_v4_word(header.dst),
        offset: offset + header_length,
        length: total_length - header_length,
    })
}
