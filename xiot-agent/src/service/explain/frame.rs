//! Builds the frame that opens a conversation, as a device or peer would send it.

use std::net::IpAddr;

use etherparse::{
    IpNumber, Ipv4Header, Ipv6FlowLabel, Ipv6Header, PacketBuilder, PacketBuilderStep, VlanId,
    err::packet::BuildWriteError,
};

use xiot_common::addr::NO_CUSTOMER_TAG;

use super::Service;
use crate::service::state::{MacBytes, Vlans};

/// Hops left in the frames; neighbour discovery asks for all of them (RFC 4861, 7.1).
const HOP_LIMIT: u8 = 255;

/// A port that clients choose, from the dynamic range (RFC 6335, 6).
const CLIENT_PORT: u16 = 49_152;

/// Receive window of the SYN in bytes.
const WINDOW: u16 = 64_240;

/// Everything that a frame is made of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Opening {
    pub(super) src_mac: MacBytes,
    pub(super) dst_mac: MacBytes,
    pub(super) vlans: Vlans,
    pub(super) src: IpAddr,
    pub(super) dst: IpAddr,
    pub(super) service: Service,
}

/// A frame can't be built.
#[derive(Debug, thiserror::Error)]
pub(super) enum FrameError {
    /// Source and destination are of two families.
    #[error("{src} and {dst} are addresses of two families")]
    TwoFamilies { src: IpAddr, dst: IpAddr },
    /// The builder refuses.
    #[error("the opening frame can't be built")]
    Build(#[from] BuildWriteError),
}

/// The frame from its first MAC byte, without FCS.
pub(super) fn build(opening: &Opening) -> Result<Vec<u8>, FrameError> {
    let ethernet = PacketBuilder::ethernet2(opening.src_mac, opening.dst_mac);
    let vlans = opening.vlans;
    let id = |id: u16| VlanId::try_new(id & 0x0fff).unwrap_or_default();
    match (vlans.outer, vlans.inner) {
        (0, 0) => network(opening, |header| ethernet.ip(header)),
        (outer, 0) => network(opening, |header| ethernet.single_vlan(id(outer)).ip(header)),
        (outer, NO_CUSTOMER_TAG) => {
            let frame = network(opening, |header| ethernet.single_vlan(id(outer)).ip(header));
            frame.map(with_service_tag)
        }
        (outer, inner) => network(opening, |header| {
            ethernet.double_vlan(id(outer), id(inner)).ip(header)
        }),
    }
}

/// The builder has customer tags alone.
fn with_service_tag(mut frame: Vec<u8>) -> Vec<u8> {
    if let Some(tag) = frame.get_mut(12..14) {
        tag.copy_from_slice(&[0x88, 0xa8]);
    }
    frame
}

fn network(
    opening: &Opening,
    tagged: impl FnOnce(etherparse::IpHeaders) -> PacketBuilderStep<etherparse::IpHeaders>,
) -> Result<Vec<u8>, FrameError> {
    // The builder fills in lengths, protocol and checksums.
    let headers = match (opening.src, opening.dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => {
            let header = Ipv4Header {
                time_to_live: HOP_LIMIT,
                source: src.octets(),
                destination: dst.octets(),
                ..Ipv4Header::default()
            };
            etherparse::IpHeaders::Ipv4(header, etherparse::Ipv4Extensions::default())
        }
        (IpAddr::V6(src), IpAddr::V6(dst)) => {
            let header = Ipv6Header {
                traffic_class: 0,
                flow_label: Ipv6FlowLabel::ZERO,
                hop_limit: HOP_LIMIT,
                source: src.octets(),
                destination: dst.octets(),
                ..Ipv6Header::default()
            };
            etherparse::IpHeaders::Ipv6(header, etherparse::Ipv6Extensions::default())
        }
        (src, dst) => return Err(FrameError::TwoFamilies { src, dst }),
    };
    transport(opening.service, tagged(headers))
}

fn transport(
    service: Service,
    packet: PacketBuilderStep<etherparse::IpHeaders>,
) -> Result<Vec<u8>, FrameError> {
    let mut frame = Vec::new();
    match service {
        Service::Tcp(port) => packet
            .tcp(CLIENT_PORT, port, 0, WINDOW)
            .syn()
            .write(&mut frame, &[])?,
        Service::Udp(port) => packet.udp(CLIENT_PORT, port).write(&mut frame, &[])?,
        Service::Icmp(message) => packet
            .icmpv4_raw(message.kind, message.code, [0; 4])
            .write(&mut frame, &[])?,
        Service::Icmpv6(message) => packet
            .icmpv6_raw(message.kind, message.code, [0; 4])
            .write(&mut frame, &[])?,
        Service::Other(number) => packet.write(&mut frame, IpNumber(number), &[])?,
    }
    Ok(frame)
}
