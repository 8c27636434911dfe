//! IPv4 (RFC 791).
#![expect(
    clippy::cast_possible_truncation,
    reason = "offsets and lengths of headers fit 16 bits"
)]

use aya_ebpf::bindings::xdp_md;
use xiot_common::{addr::Addr, reason::Reason};

use super::{Datagram, fragment, quote::Quoted};
use crate::{
    frame::{Frame, Wire},
    packet::{Fragment, Packet},
    scratch::{self, Forgetful, Part},
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

/// Options that take up a single byte.
const END_OF_OPTIONS: u8 = 0;
const NO_OPERATION: u8 = 1;
/// Options that send the datagram elsewhere than its destination address says.
const LOOSE_SOURCE_ROUTE: u8 = 131;
const STRICT_SOURCE_ROUTE: u8 = 137;

/// Bytes of options in the longest header.
const MAX_OPTIONS: usize = 40;

/// Reads addresses, protocol and fragment. Of options only source routes matter.
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
    if header_length > size_of::<Header>() {
        let options = offset + size_of::<Header>();
        let length = header_length - size_of::<Header>();
        if xiot_ipv4_source_route(frame.ctx(), options as u32, length as u32) != 0 {
            return Err(Reason::Ipv4SourceRoute);
        }
    }
    packet.protocol = header.protocol;
    packet.hop_limit = header.ttl;
    let field = u16::from_be(header.fragment);
    if field & (FRAGMENT_OFFSET | MORE_FRAGMENTS) != 0 {
        packet.fragment = if field & FRAGMENT_OFFSET == 0 {
            Fragment::First
        } else {
            Fragment::Later
        };
        let part = Part {
            id: u32::from(header.id),
            length: (total_length - header_length) as u16,
            offset: field & FRAGMENT_OFFSET,
            more: u8::from(field & MORE_FRAGMENTS != 0),
            protocol: header.protocol,
            reserved: [0; 2],
        };
        fragment::note(&part, false)?;
    }
    Ok(Datagram {
        src: Addr::from_v4_word(header.src),
        dst: Addr::from_v4_word(header.dst),
        offset: offset + header_length,
        length: total_length - header_length,
    })
}

/// Whether the header at this offset, which was parsed, has options.
#[inline(always)]
pub(crate) fn has_options(frame: &Frame, offset: usize) -> bool {
    frame
        .read::<u8>(offset)
        .is_none_or(|first| usize::from(first & 0x0f) * 4 != size_of::<Header>())
}

/// The header of a quoted datagram, of which `length` bytes are there; none if it is not whole, or a later fragment's.
#[inline(always)]
pub(super) fn quoted(frame: &Frame, offset: usize, length: usize) -> Option<Quoted> {
    let header: Header = frame.read(offset)?;
    let header_length = usize::from(header.version_length & 0x0f) * 4;
    if header.version_length >> 4 != 4
        || header_length < size_of::<Header>()
        || header_length > length
        || u16::from_be(header.fragment) & FRAGMENT_OFFSET != 0
    {
        return None;
    }
    Some(Quoted {
        src: Addr::from_v4_word(header.src),
        dst: Addr::from_v4_word(header.dst),
        protocol: header.protocol,
        offset: offset + header_length,
        length: length - header_length,
    })
}

/// Whether a source route is among the options, which start at `offset`: 1, else 0. The list ends with its end, with an
/// option whose length is impossible, which no host reads beyond, and with the header.
///
/// A function of its own for the verifier, as the walk through IPv6 extension headers is.
#[unsafe(no_mangle)]
#[inline(never)]
pub(crate) extern "C" fn xiot_ipv4_source_route(ctx: *mut xdp_md, offset: u32, length: u32) -> u32 {
    // SAFETY: the caller hands its context on.
    let frame = unsafe { Frame::of(ctx) };
    let Some(place) = scratch::forgetful() else {
        return 0;
    };
    u32::from(has_source_route(
        &frame,
        &place,
        (offset & 0xffff) as usize,
        (length & 0xff) as usize,
    ))
}

#[inline(always)]
fn has_source_route(frame: &Frame, place: &Forgetful, offset: usize, length: usize) -> bool {
    let mut at = 0;
    let mut options = 0;
    while options < MAX_OPTIONS {
        if at >= length {
            return false;
        }
        let Some(kind) = frame.read::<u8>(offset + at) else {
            return false;
        };
        let size = match kind {
            LOOSE_SOURCE_ROUTE | STRICT_SOURCE_ROUTE => return true,
            END_OF_OPTIONS => return false,
            NO_OPERATION => 1,
            _ => match frame.read::<u8>(offset + at + 1) {
                Some(size) if size >= 2 => usize::from(size),
                _ => return false,
            },
        };
        at = place.forget((at + size) as u32) as usize;
        options += 1;
    }
    false
}
