//! IPv6 (RFC 8200) and its extension headers.

use xiot_common::{addr::Addr, capacity::MAX_IPV6_EXTENSIONS, reason::Reason};

use super::Datagram;
use crate::{
    frame::{Frame, Wire},
    packet::{Fragment, Packet},
};

#[derive(Clone, Copy)]
#[repr(C)]
struct Header {
    version: u32,
    payload_length: u16,
    next: u8,
    hop_limit: u8,
    src: Addr,
    dst: Addr,
}

// SAFETY: integers only.
unsafe impl Wire for Header {}

/// The first eight bytes of any extension header. What bytes 1 to 3 mean depends on the kind.
#[derive(Clone, Copy)]
#[repr(C)]
struct Extension {
    next: u8,
    length: u8,
    /// Fragment header: offset and M, network order. Routing header: type, then segments left.
    third: u8,
    fourth: u8,
    rest: u32,
}

// SAFETY: integers only.
unsafe impl Wire for Extension {}

const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const AUTHENTICATION: u8 = 51;
const DESTINATION: u8 = 60;
const MOBILITY: u8 = 135;

const fn is_extension(protocol: u8) -> bool {
    matches!(
        protocol,
        HOP_BY_HOP | ROUTING | FRAGMENT | AUTHENTICATION | DESTINATION | MOBILITY
    )
}

/// Reads addresses, protocol and fragment, walking the extension headers.
#[inline(always)]
pub(crate) fn parse(frame: &Frame, packet: &mut Packet, offset: usize) -> Result<Datagram, Reason> {
    let header: Header = frame.read(offset).ok_or(Reason::TruncatedIpv6)?;
    // A mapped address has no business on a wire, and its bits are those of an IPv4 address in every table here.
    if u32::from_be(header.version) >> 28 != 6 || header.src.is_v4() || header.dst.is_v4() {
        return Err(Reason::BadIpv6Header);
    }
    let payload = usize::from(u16::from_be(header.payload_length));
    let offset = offset + size_of::<Header>();
    if offset + payload > frame.length() as usize {
        return Err(Reason::TruncatedIpv6);
    }
    packet.hop_limit = header.hop_limit;
    let datagram = Datagram {
        src: header.src,
        dst: header.dst,
        offset,
        length: payload,
    };
    if is_extension(header.next) {
        return extensions(frame, packet, header.next, datagram);
    }
    packet.protocol = header.next;
    packet.direct = 1;
    Ok(datagram)
}

/// Walks the chain that starts with a header of kind `next`.
#[inline(always)]
fn extensions(
    frame: &Frame,
    packet: &mut Packet,
    mut next: u8,
    mut datagram: Datagram,
) -> Result<Datagram, Reason> {
    let mut has_fragment = false;
    for index in 0..MAX_IPV6_EXTENSIONS {
        if next == HOP_BY_HOP && index != 0 {
            return Err(Reason::BadIpv6Extension);
        }
        let header: Extension = frame
            .read(datagram.offset)
            .ok_or(Reason::BadIpv6Extension)?;
        let length = match next {
            FRAGMENT => 8,
            AUTHENTICATION => (usize::from(header.length) + 2) * 4,
            _ => (usize::from(header.length) + 1) * 8,
        };
        if length > datagram.length {
            return Err(Reason::BadIpv6Extension);
        }
        if next == ROUTING && header.fourth != 0 {
            return Err(Reason::Ipv6SourceRoute);
        }
        if next == FRAGMENT {
            if has_fragment {
                return Err(Reason::BadIpv6Extension);
            }
            has_fragment = true;
            let field = u16::from(header.third) << 8 | u16::from(header.fourth);
            if field & 0xfff8 != 0 {
                packet.fragment = Fragment::Later;
                packet.protocol = header.next;
                return Ok(datagram);
            }
            if field & 1 != 0 {
                packet.fragment = Fragment::First;
            }
        }
        datagram.offset += length;
        datagram.length -= length;
        next = header.next;
        if !is_extension(next) {
            packet.protocol = next;
            return Ok(datagram);
        }
    }
    Err(Reason::BadIpv6Extension)
}
