//! IPv6 (RFC 8200) and its extension headers.
#![expect(
    clippy::cast_possible_truncation,
    reason = "offsets and lengths fit 16 bits, and packed fields are cut out on purpose"
)]

use aya_ebpf::bindings::xdp_md;
use xiot_common::{addr::Addr, capacity::MAX_IPV6_EXTENSIONS, reason::Reason};

use super::{Datagram, fragment, quote::Quoted};
use crate::{
    frame::{Frame, Wire},
    packet::{Fragment, Packet},
    scratch::Part,
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

/// Reads addresses, protocol and fragment.
#[inline(always)]
pub(crate) fn parse(frame: &Frame, packet: &mut Packet, offset: usize) -> Result<Datagram, Reason> {
    let header: Header = frame.read(offset).ok_or(Reason::TruncatedIpv6)?;
    // A mapped address has no business on a wire, and its bits are those of an IPv4 address in every table here.
    if u32::from_be(header.version) >> 28 != 6 || header.src.is_v4() || header.dst.is_v4() {
        return Err(Reason::BadIpv6Header);
    }
    let payload = usize::from(u16::from_be(header.payload_length));
    let offset = offset + size_of::<Header>();
    if !super::reaches(frame, packet, offset + payload) {
        return Err(Reason::TruncatedIpv6);
    }
    packet.hop_limit = header.hop_limit;
    let mut datagram = Datagram {
        src: header.src,
        dst: header.dst,
        offset,
        length: payload,
    };
    if is_extension(header.next) {
        let chain = extensions(frame, offset, payload, header.next, false)?;
        packet.protocol = chain.protocol;
        packet.fragment = chain.fragment;
        datagram.offset = chain.offset;
        datagram.length = chain.length;
    } else {
        packet.protocol = header.next;
        packet.direct = 1;
    }
    Ok(datagram)
}

/// The headers of a quoted datagram, of which `length` bytes are there; none if they are not whole, or a later fragment's.
#[inline(always)]
pub(super) fn quoted(frame: &Frame, offset: usize, length: usize) -> Option<Quoted> {
    let header: Header = frame.read(offset)?;
    if u32::from_be(header.version) >> 28 != 6 {
        return None;
    }
    let offset = offset + size_of::<Header>();
    let length = length.checked_sub(size_of::<Header>())?;
    let mut quoted = Quoted {
        src: header.src,
        dst: header.dst,
        protocol: header.next,
        offset,
        length,
    };
    if is_extension(header.next) {
        let chain = extensions(frame, offset, length, header.next, true).ok()?;
        if chain.fragment == Fragment::Later {
            return None;
        }
        quoted.protocol = chain.protocol;
        quoted.offset = chain.offset;
        quoted.length = chain.length;
    }
    Some(quoted)
}

/// What the chain of extension headers leads to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Chain {
    protocol: u8,
    fragment: Fragment,
    offset: usize,
    length: usize,
}

/// Walks the chain that starts at `offset` with a header of kind `next`. Of a quoted one the end may be missing.
#[inline(always)]
fn extensions(
    frame: &Frame,
    offset: usize,
    length: usize,
    next: u8,
    quoted: bool,
) -> Result<Chain, Reason> {
    let packed = xiot_ipv6_extensions(
        frame.ctx(),
        offset as u32,
        length as u32,
        u32::from(next),
        u32::from(quoted),
    );
    match Reason::from_u8(packed as u8) {
        Some(reason) => Err(reason),
        None => Ok(Chain {
            protocol: (packed >> 8) as u8,
            fragment: match (packed >> 16) & 3 {
                0 => Fragment::No,
                1 => Fragment::First,
                _ => Fragment::Later,
            },
            offset: (packed >> 24) as u16 as usize,
            length: (packed >> 40) as u16 as usize,
        }),
    }
}

/// See [`extensions`]. The result holds, from the lowest bit: reason (8 bits, 0 for none), protocol (8), fragment (8),
/// offset (16), length (16).
///
/// A function of its own for the verifier: inlined, each of the ways through eight headers multiplies the paths
/// through everything that follows.
#[unsafe(no_mangle)]
#[inline(never)]
pub(crate) extern "C" fn xiot_ipv6_extensions(
    ctx: *mut xdp_md,
    offset: u32,
    length: u32,
    next: u32,
    quoted: u32,
) -> u64 {
    // SAFETY: the caller hands its context on.
    let frame = unsafe { Frame::of(ctx) };
    match walk(
        &frame,
        (offset & 0xffff) as usize,
        (length & 0xffff) as usize,
        next as u8,
        quoted != 0,
    ) {
        Ok(chain) => {
            u64::from(chain.protocol) << 8
                | (chain.fragment as u64) << 16
                | (chain.offset as u64 & 0xffff) << 24
                | (chain.length as u64 & 0xffff) << 40
        }
        Err(reason) => u64::from(reason as u8),
    }
}

#[inline(always)]
fn walk(
    frame: &Frame,
    mut offset: usize,
    mut length: usize,
    mut next: u8,
    quoted: bool,
) -> Result<Chain, Reason> {
    let mut fragment = Fragment::No;
    let mut has_fragment = false;
    let mut index = 0;
    while index < MAX_IPV6_EXTENSIONS {
        if next == HOP_BY_HOP && index != 0 {
            return Err(Reason::BadIpv6Extension);
        }
        let header: Extension = frame.read(offset).ok_or(Reason::BadIpv6Extension)?;
        let size = match next {
            FRAGMENT => 8,
            AUTHENTICATION => (usize::from(header.length) + 2) * 4,
            _ => (usize::from(header.length) + 1) * 8,
        };
        if size > length {
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
            if field & 0xfff9 != 0 && !quoted {
                let part = Part {
                    id: header.rest,
                    length: (length - size) as u16,
                    offset: field >> 3,
                    more: (field & 1) as u8,
                    protocol: header.next,
                    reserved: [0; 2],
                };
                fragment::note(&part, true)?;
            }
            if field & 0xfff8 != 0 {
                return Ok(Chain {
                    protocol: header.next,
                    fragment: Fragment::Later,
                    offset,
                    length,
                });
            }
            if field & 1 != 0 {
                fragment = Fragment::First;
            }
        }
        offset += size;
        length -= size;
        next = header.next;
        if !is_extension(next) {
            return Ok(Chain {
                protocol: next,
                fragment,
                offset,
                length,
            });
        }
        index += 1;
    }
    Err(Reason::BadIpv6Extension)
}
