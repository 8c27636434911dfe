//! Reads the packet that an ICMP error quotes (docs/judgement.md section 4.5).

use std::net::{IpAddr, Ipv4Addr};

use etherparse::Ipv6HeaderSlice;

use super::{
    conversation::Endpoint,
    fragment::Fragment,
    frame::{Transport, after},
    ip::{Family, walk_extensions},
    transport::quoted_ports,
};

/// The packet that something went wrong with. It went the other way than the message about it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Quote {
    pub(super) protocol: u8,
    pub(super) source: Endpoint,
    pub(super) destination: Endpoint,
}

/// Bytes of the message before the quoted packet.
const MESSAGE_HEADER: usize = 8;

impl Quote {
    /// What a message with this payload quotes; none where that is no flow's packet, and in fragments.
    pub(super) fn of_message(
        family: Family,
        fragment: Fragment,
        transport: Transport,
        payload: &[u8],
    ) -> Option<Self> {
        if fragment != Fragment::No || !matches!(transport, Transport::Icmp { .. }) {
            return None;
        }
        let packet = after(payload, MESSAGE_HEADER);
        match family {
            Family::V4 => Self::of_v4(packet),
            Family::V6 => Self::of_v6(packet),
        }
    }

    fn of_v4(packet: &[u8]) -> Option<Self> {
        let first = *packet.first()?;
        let header_length = usize::from(first & 0x0f) * 4;
        if first >> 4 != 4 || header_length < 20 {
            return None;
        }
        let header = packet.get(..header_length)?;
        let offset = u16::from_be_bytes([header[6], header[7]]) & 0x1fff;
        if offset != 0 {
            return None;
        }
        let address = |at: usize| -> IpAddr {
            Ipv4Addr::new(header[at], header[at + 1], header[at + 2], header[at + 3]).into()
        };
        let rest = after(packet, header_length);
        Self::new(Family::V4, header[9], (address(12), address(16)), rest)
    }

    fn of_v6(packet: &[u8]) -> Option<Self> {
        let header = Ipv6HeaderSlice::from_slice(packet).ok()?;
        // Quotes are cut short: how long a quoted fragment is says nothing.
        let any_length = |_, _, _| Ok(());
        let chain = walk_extensions(header.next_header().0, after(packet, 40), any_length).ok()?;
        if matches!(chain.fragment, Fragment::Later(_)) {
            return None;
        }
        let addresses = (
            header.source_addr().into(),
            header.destination_addr().into(),
        );
        Self::new(Family::V6, chain.protocol, addresses, chain.rest)
    }

    fn new(
        family: Family,
        protocol: u8,
        (source, destination): (IpAddr, IpAddr),
        rest: &[u8],
    ) -> Option<Self> {
        let (source_port, destination_port) = quoted_ports(family, protocol, rest.first_chunk()?)?;
        Some(Self {
            protocol,
            source: Endpoint {
                address: source,
                port: source_port,
            },
            destination: Endpoint {
                address: destination,
                port: destination_port,
            },
        })
    }
}
