//! Parses IPv4 and IPv6 headers with everything between them and the transport header.

use std::net::{IpAddr, Ipv6Addr};

use etherparse::{
    Ipv4HeaderSlice, Ipv6FragmentHeaderSlice, Ipv6HeaderSlice, err::ipv4::HeaderError,
    err::ipv4::HeaderSliceError,
};
use xiot_common::reason::Reason;

use super::{
    answer::Answer,
    fragment::{Fragment, Part},
    frame::{Packet, after},
    lease::Lease,
    neighbour::Discovery,
    quote::Quote,
    request::Request,
    transport,
};

const MAX_EXTENSIONS: usize = 8;

/// Family of a packet, where a protocol number alone does not say what it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Family {
    V4,
    V6,
}

pub(super) fn parse_v4(bytes: &[u8]) -> Result<Packet, Reason> {
    if bytes.len() < 20 {
        return Err(Reason::TruncatedIpv4);
    }
    let header = match Ipv4HeaderSlice::from_slice(bytes) {
        Ok(header) => header,
        Err(HeaderSliceError::Content(
            HeaderError::UnexpectedVersion { .. }
            | HeaderError::HeaderLengthSmallerThanHeader { .. },
        )) => return Err(Reason::BadIpv4Header),
        // The header is longer than the frame. It is bad all the same if it says that the packet is
        // shorter than itself.
        Err(HeaderSliceError::Len(_)) => {
            let header_length = usize::from(bytes[0] & 0x0f) * 4;
            let total_length = usize::from(u16::from_be_bytes([bytes[2], bytes[3]]));
            return Err(if total_length < header_length {
                Reason::BadIpv4Header
            } else {
                Reason::TruncatedIpv4
            });
        }
    };
    let header_length = header.slice().len();
    let total_length = usize::from(header.total_len());
    if total_length < header_length {
        return Err(Reason::BadIpv4Header);
    }
    let payload = bytes
        .get(header_length..total_length)
        .ok_or(Reason::TruncatedIpv4)?;
    if is_source_routed(header.options()) {
        return Err(Reason::Ipv4SourceRoute);
    }
    let protocol = header.protocol().0;
    let fragment = Fragment::of(Part {
        identification: u32::from(header.identification()),
        offset: usize::from(header.fragments_offset().value()),
        length: payload.len(),
        is_last: !header.more_fragments(),
    });
    fragment.check(Family::V4, protocol)?;
    let transport = transport::parse(Family::V4, protocol, fragment, payload)?;
    Ok(Packet {
        source: header.source_addr().into(),
        destination: header.destination_addr().into(),
        protocol,
        hop_limit: header.ttl(),
        class: bytes[1],
        has_options: header_length > 20,
        has_extensions: false,
        fragment,
        transport,
        quote: Quote::of_message(Family::V4, fragment, transport, payload),
        discovery: None,
        lease: Lease::of(Family::V4, fragment, transport, payload).map(Box::new),
        answer: Answer::of(fragment, transport, payload).map(Box::new),
        request: Request::of(fragment, transport, payload),
    })
}

/// Whether these options (RFC 791, 3.1) hold a loose or strict source route.
fn is_source_routed(options: &[u8]) -> bool {
    match options {
        [131 | 137, ..] => true,
        [1, rest @ ..] => is_source_routed(rest),
        [kind, length, ..] if *kind != 0 && *length >= 2 => options
            .get(usize::from(*length)..)
            .is_some_and(is_source_routed),
        _ => false,
    }
}

pub(super) fn parse_v6(bytes: &[u8]) -> Result<Packet, Reason> {
    if bytes.len() < 40 {
        return Err(Reason::TruncatedIpv6);
    }
    let header = Ipv6HeaderSlice::from_slice(bytes).map_err(|_version| Reason::BadIpv6Header)?;
    let (source, destination) = (header.source_addr(), header.destination_addr());
    if is_mapped(source) || is_mapped(destination) {
        return Err(Reason::BadIpv6Header);
    }
    let payload = after(bytes, 40)
        .get(..usize::from(header.payload_length()))
        .ok_or(Reason::TruncatedIpv6)?;
    let chain = walk_extensions(header.next_header().0, payload, Fragment::check)?;
    let transport = transport::parse(Family::V6, chain.protocol, chain.fragment, chain.rest)?;
    let is_plain = chain.extensions == 0 && header.hop_limit() == 255;
    Ok(Packet {
        source: IpAddr::V6(source),
        destination: IpAddr::V6(destination),
        protocol: chain.protocol,
        hop_limit: header.hop_limit(),
        class: header.traffic_class(),
        has_options: false,
        has_extensions: chain.extensions > 0,
        fragment: chain.fragment,
        transport,
        quote: Quote::of_message(Family::V6, chain.fragment, transport, chain.rest),
        discovery: Discovery::of(transport, is_plain, chain.rest),
        lease: Lease::of(Family::V6, chain.fragment, transport, chain.rest).map(Box::new),
        answer: Answer::of(chain.fragment, transport, chain.rest).map(Box::new),
        request: None,
    })
}

/// Where a chain of extension headers ends.
pub(super) struct Chain<'b> {
    pub(super) protocol: u8,
    pub(super) fragment: Fragment,
    extensions: usize,
    pub(super) rest: &'b [u8],
}

/// Walks a chain from its first header number on. `check` is asked about a fragment where its header stands.
pub(super) fn walk_extensions(
    first: u8,
    payload: &[u8],
    check: impl Fn(Fragment, Family, u8) -> Result<(), Reason>,
) -> Result<Chain<'_>, Reason> {
    let mut chain = Chain {
        protocol: first,
        fragment: Fragment::No,
        extensions: 0,
        rest: payload,
    };
    let mut fragment_seen = false;
    while let Some(kind) = Extension::of(chain.protocol) {
        if chain.extensions == MAX_EXTENSIONS {
            return Err(Reason::BadIpv6Extension);
        }
        if kind == Extension::HopByHop && chain.extensions > 0 {
            return Err(Reason::BadIpv6Extension);
        }
        let length = kind.length(chain.rest).ok_or(Reason::BadIpv6Extension)?;
        let header = chain.rest.get(..length).ok_or(Reason::BadIpv6Extension)?;
        if kind == Extension::Routing && header[3] > 0 {
            return Err(Reason::Ipv6SourceRoute);
        }
        chain.protocol = header[0];
        chain.rest = after(chain.rest, length);
        chain.extensions += 1;
        if kind == Extension::Fragment {
            if fragment_seen {
                return Err(Reason::BadIpv6Extension);
            }
            fragment_seen = true;
            let slice = Ipv6FragmentHeaderSlice::from_slice(header)
                .map_err(|_short| Reason::BadIpv6Extension)?;
            chain.fragment = Fragment::of(Part {
                identification: slice.identification(),
                offset: usize::from(slice.fragment_offset().value()),
                length: chain.rest.len(),
                is_last: !slice.more_fragments(),
            });
            check(chain.fragment, Family::V6, chain.protocol)?;
            if matches!(chain.fragment, Fragment::Later(_)) {
                break;
            }
        }
    }
    Ok(chain)
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Extension {
    HopByHop,
    Routing,
    Fragment,
    Authentication,
    /// Destination options, mobility: skipped unread.
    Plain,
}

impl Extension {
    fn of(next_header: u8) -> Option<Self> {
        match next_header {
            0 => Some(Self::HopByHop),
            43 => Some(Self::Routing),
            44 => Some(Self::Fragment),
            51 => Some(Self::Authentication),
            60 | 135 => Some(Self::Plain),
            _ => None,
        }
    }

    /// Bytes of the header at the start of `bytes`; none where its length field is missing.
    fn length(self, bytes: &[u8]) -> Option<usize> {
        let field = usize::from(*bytes.get(1)?);
        Some(match self {
            Self::HopByHop | Self::Routing | Self::Plain => (field + 1) * 8,
            Self::Authentication => (field + 2) * 4,
            Self::Fragment => 8,
        })
    }
}

fn is_mapped(address: Ipv6Addr) -> bool {
    address.to_ipv4_mapped().is_some()
}
