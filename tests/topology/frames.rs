//! Frames built by hand, and what is recognised about frames that arrive.

use etherparse::{PacketBuilder, PacketBuilderStep, TransportHeader};
use xiot_tests::net::rig::Host;

/// UDP port of frames that mark the end of a capture.
pub(crate) const MARKER_PORT: u16 = 3613;

/// Which way a frame goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way<'a> {
    pub(crate) from: &'a Host,
    pub(crate) to: &'a Host,
}

impl Way<'_> {
    /// UDP in IPv4.
    pub(crate) fn udp4(self, src_port: u16, dst_port: u16, payload: &[u8]) -> Vec<u8> {
        finish(
            PacketBuilder::ethernet2(self.from.mac, self.to.mac)
                .ipv4(self.from.v4.octets(), self.to.v4.octets(), 64)
                .udp(src_port, dst_port),
            payload,
        )
    }

    /// UDP in IPv6.
    pub(crate) fn udp6(self, src_port: u16, dst_port: u16, payload: &[u8]) -> Vec<u8> {
        finish(
            PacketBuilder::ethernet2(self.from.mac, self.to.mac)
                .ipv6(self.from.v6.octets(), self.to.v6.octets(), 64)
                .udp(src_port, dst_port),
            payload,
        )
    }

    /// A SYN in IPv4.
    pub(crate) fn syn4(self, src_port: u16, dst_port: u16) -> Vec<u8> {
        let builder = PacketBuilder::ethernet2(self.from.mac, self.to.mac)
            .ipv4(self.from.v4.octets(), self.to.v4.octets(), 64)
            .tcp(src_port, dst_port, 1, 4096)
            .syn();
        let mut frame = Vec::with_capacity(builder.size(0));
        builder.write(&mut frame, &[]).unwrap();
        frame
    }

    /// The frame after which nothing else of a test comes: allowed by every policy that lets the pump talk to
    /// UDP 3613 of its server.
    pub(crate) fn marker(self, number: u16) -> Vec<u8> {
        self.udp4(40_000 + number, MARKER_PORT, b"the end")
    }
}

fn finish(builder: PacketBuilderStep<etherparse::UdpHeader>, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(builder.size(payload.len()));
    builder.write(&mut frame, payload).unwrap();
    frame
}

/// The frame with tags between its addresses and its type: (type, control information), outer first.
pub(crate) fn tagged(frame: &[u8], tags: &[(u16, u16)]) -> Vec<u8> {
    let (addresses, rest) = frame.split_at(12);
    let mut bytes = addresses.to_vec();
    for (kind, control) in tags {
        bytes.extend(kind.to_be_bytes());
        bytes.extend(control.to_be_bytes());
    }
    bytes.extend(rest);
    bytes
}

/// The frame filled up to a length with bytes that belong to no header.
pub(crate) fn padded(mut frame: Vec<u8>, length: usize, with: u8) -> Vec<u8> {
    frame.resize(length, with);
    frame
}

/// Destination port of a TCP or UDP frame without tags.
pub(crate) fn destination_port(frame: &[u8]) -> Option<u16> {
    let parsed = etherparse::PacketHeaders::from_ethernet_slice(frame).ok()?;
    match parsed.transport? {
        TransportHeader::Udp(udp) => Some(udp.destination_port),
        TransportHeader::Tcp(tcp) => Some(tcp.destination_port),
        TransportHeader::Icmpv4(_) | TransportHeader::Icmpv6(_) | TransportHeader::Igmp(_) => None,
    }
}
