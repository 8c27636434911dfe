//! What both directions of a conversation have in common (docs/judgement.md section 3).

use std::net::IpAddr;

use super::{
    Side,
    fragment::Fragment,
    frame::{Frame, Mac, Packet},
    owner::device_mac,
    quote::Quote,
    rules::{Asked, Service},
};

#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) struct Endpoint {
    pub(super) address: IpAddr,
    pub(super) port: u16,
}

/// The key of a flow.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Conversation {
    pub(super) wire: usize,
    pub(super) vlans: (u16, u16),
    pub(super) protocol: u8,
    /// MAC of the device, listed or not.
    pub(super) mac: Mac,
    /// ICMP echo: the requester's port is the identifier, the responder's 0.
    pub(super) device_end: Endpoint,
    pub(super) peer_end: Endpoint,
}

impl Conversation {
    /// The conversation of a packet that came in here; none for what belongs to no conversation.
    pub(super) fn of(side: Side, wire: usize, frame: &Frame, packet: &Packet) -> Option<Self> {
        if matches!(packet.fragment, Fragment::Later(_)) {
            return None;
        }
        let (source_port, destination_port) = packet.transport.flow_ports()?;
        let source = Endpoint {
            address: packet.source,
            port: source_port,
        };
        let destination = Endpoint {
            address: packet.destination,
            port: destination_port,
        };
        Some(Self::between(
            side,
            wire,
            frame,
            packet.protocol,
            (source, destination),
        ))
    }

    /// The conversation that is quoted in a frame which came in here.
    pub(super) fn of_quote(side: Side, wire: usize, frame: &Frame, quote: &Quote) -> Self {
        // The quoted packet went the other way.
        let ends = (quote.destination, quote.source);
        Self::between(side, wire, frame, quote.protocol, ends)
    }

    fn between(
        side: Side,
        wire: usize,
        frame: &Frame,
        protocol: u8,
        (near, far): (Endpoint, Endpoint),
    ) -> Self {
        let (device_end, peer_end) = match side {
            Side::Device => (near, far),
            Side::Uplink => (far, near),
        };
        Self {
            wire,
            vlans: frame.vlans,
            protocol,
            mac: device_mac(side, frame),
            device_end,
            peer_end,
        }
    }

    /// DHCP clients speak from 0.0.0.0: as flows they would all be one.
    pub(super) fn has_unspecified_end(&self) -> bool {
        self.device_end.address.is_unspecified() || self.peer_end.address.is_unspecified()
    }

    /// What its first frame asked for if this side opened it.
    pub(super) fn asked_by(&self, initiator: Side) -> Asked {
        let (from, to) = match initiator {
            Side::Device => (self.device_end, self.peer_end),
            Side::Uplink => (self.peer_end, self.device_end),
        };
        let (port, sender_port) = (to.port, from.port);
        let service = match (self.protocol, self.peer_end.address) {
            (6, _) => Service::Tcp { port, sender_port },
            (17, _) => Service::Udp { port, sender_port },
            (1, IpAddr::V4(_)) => Service::Icmp { kind: 8, code: 0 },
            (58, IpAddr::V6(_)) => Service::Icmp { kind: 128, code: 0 },
            _ => Service::Portless,
        };
        Asked::new(initiator, self.peer_end.address, self.protocol, service)
    }
}
