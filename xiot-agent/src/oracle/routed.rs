//! Frames on the ports of a router (docs/judgement.md section 12): whose policies they are asked about, and what becomes of them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use xiot_common::reason::Reason;

use super::{
    Oracle, Outcome, Side,
    frame::{Content, Frame, Mac, Packet},
    hop::{ETHERNET, forwarded},
    owner::is_group,
    refused,
    router::{Hop, PortState, Router, RouterPort, Way},
};
use crate::model::policy::Mode;

/// What is said of a frame on a router's port, and what becomes of it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct Routed {
    /// The verdicts in order: one, or two where a segment's frame is for a segment.
    pub verdicts: Vec<RoutedVerdict>,
    /// What becomes of it.
    pub fate: Fate,
}

/// A verdict, and where it counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RoutedVerdict {
    /// Where it counts.
    pub place: Place,
    /// The verdict.
    pub outcome: Outcome,
}

/// What verdicts are counted by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    /// A side of a segment, by its wire index.
    Segment(usize, Side),
    /// A router uplink.
    Uplink(usize),
}

/// What becomes of a frame.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Fate {
    /// It goes no further.
    Dropped,
    /// The kernel's stack gets it as it is.
    Stack,
    /// It leaves by a port, with these bytes.
    Out(RouterPort, Vec<u8>),
}

impl From<RouterPort> for Place {
    fn from(port: RouterPort) -> Self {
        match port {
            RouterPort::Segment(wire) => Self::Segment(wire, Side::Device),
            RouterPort::Uplink(number) => Self::Uplink(number),
        }
    }
}

impl Routed {
    fn new(place: impl Into<Place>, outcome: Outcome, fate: Fate) -> Self {
        Self {
            verdicts: Vec::new(),
            fate,
        }
        .after(place, outcome)
    }

    fn refused(place: impl Into<Place>, reason: Reason) -> Self {
        Self::new(place, refused(reason), Fate::Dropped)
    }

    /// The same with a verdict that came before.
    fn after(mut self, place: impl Into<Place>, outcome: Outcome) -> Self {
        let place = place.into();
        self.verdicts.insert(0, RoutedVerdict { place, outcome });
        self
    }
}

impl Oracle<'_> {
    /// Judges a frame that comes in at second `now` on a port of the router. Its segments are wires.
    pub fn judge_routed(
        &mut self,
        router: &Router,
        port: RouterPort,
        bytes: &[u8],
        now: u64,
    ) -> Routed {
        let Some(state) = router.port(port) else {
            return Routed::refused(port, Reason::NotAPort);
        };
        let frame = match Frame::parse(bytes) {
            Ok(frame) if frame.is_tagged => return Routed::refused(port, Reason::RoutedVlan),
            Ok(frame) => frame,
            Err(reason) => return Routed::refused(port, reason),
        };
        if !is_group(frame.destination) && frame.destination != state.mac {
            return Routed::refused(port, Reason::NotForRouter);
        }
        match port {
            RouterPort::Segment(wire) => {
                self.judge_of_segment((router, state, wire), &frame, bytes, now)
            }
            RouterPort::Uplink(_) => self.judge_of_uplink((router, state), &frame, bytes, now),
        }
    }

    /// 12.2 and 12.4.
    fn judge_of_segment(
        &mut self,
        (router, state, wire): (&Router, &PortState, usize),
        frame: &Frame,
        bytes: &[u8],
        now: u64,
    ) -> Routed {
        let port = state.port;
        let first = self.judge_parsed(Side::Device, wire, frame, now);
        if first.dropped {
            return Routed::new(port, first, Fate::Dropped);
        }
        let packet = match &frame.content {
            Content::Ip(packet) if !is_group(frame.destination) => packet,
            Content::Ip(_) | Content::Arp(_) | Content::Other(_) => {
                return Routed::new(port, first, Fate::Stack);
            }
        };
        let way = router.way(state, packet);
        match way {
            Way::Here | Way::Nowhere => Routed::new(port, first, Fate::Stack),
            Way::Elsewhere | Way::Through(_) if is_martian(packet) => {
                Routed::refused(port, Reason::NotRoutable)
            }
            Way::Elsewhere => Routed::refused(port, Reason::NoEgress),
            Way::Through(
                hop @ Hop {
                    port: RouterPort::Segment(to),
                    ..
                },
            ) => {
                if packet.hop_limit <= 1 {
                    return Routed::new(port, first, Fate::Stack);
                }
                self.judge_for_segment((router, hop, to), (frame, packet), bytes, now)
                    .after(port, first)
            }
            Way::Through(
                hop @ Hop {
                    port: RouterPort::Uplink(_),
                    ..
                },
            ) => {
                let mac = router.mac_of(hop, packet.destination);
                let fate = mac.map_or(Fate::Stack, |mac| fate(router, hop, mac, packet, bytes));
                Routed::new(port, first, fate)
            }
        }
    }

    /// 12.3.
    fn judge_of_uplink(
        &mut self,
        (router, state): (&Router, &PortState),
        frame: &Frame,
        bytes: &[u8],
        now: u64,
    ) -> Routed {
        let port = state.port;
        if let Content::Ip(packet) = &frame.content
            && !is_group(frame.destination)
            && let Way::Through(hop) = router.way(state, packet)
            && let RouterPort::Segment(to) = hop.port
        {
            if is_martian(packet) {
                return Routed::refused(port, Reason::NotRoutable);
            }
            return self.judge_for_segment((router, hop, to), (frame, packet), bytes, now);
        }
        Routed::new(port, to_gateway(), Fate::Stack)
    }

    /// 12.6.
    fn judge_for_segment(
        &mut self,
        (router, hop, wire): (&Router, Hop, usize),
        (frame, packet): (&Frame, &Packet),
        bytes: &[u8],
        now: u64,
    ) -> Routed {
        let place = Place::Segment(wire, Side::Uplink);
        let (Some(mac), Some(egress)) = (
            router.mac_of(hop, packet.destination),
            router.port(hop.port),
        ) else {
            return Routed::refused(place, Reason::NeighbourUnknown);
        };
        let delivered = Frame {
            destination: mac,
            source: egress.mac,
            ..frame.clone()
        };
        let outcome = self.judge_parsed(Side::Uplink, wire, &delivered, now);
        let fate = if outcome.dropped {
            Fate::Dropped
        } else {
            fate(router, hop, mac, packet, bytes)
        };
        Routed::new(place, outcome, fate)
    }
}

/// 12.7, of a frame whose next hop has this MAC.
fn fate(router: &Router, hop: Hop, mac: Mac, packet: &Packet, bytes: &[u8]) -> Fate {
    let is_too_long = bytes.len() > ETHERNET + hop.mtu;
    let is_for_stack = packet.hop_limit <= 1 || is_too_long || packet.has_options;
    match router.port(hop.port) {
        Some(egress) if !is_for_stack => {
            let is_v4 = packet.destination.is_ipv4();
            Fate::Out(hop.port, forwarded(bytes, is_v4, egress.mac, mac))
        }
        Some(_) | None => Fate::Stack,
    }
}

fn to_gateway() -> Outcome {
    Outcome {
        reason: Reason::ToGateway,
        dropped: false,
        rule: None,
        device: None,
        flow_hit: false,
        mode: Mode::Enforce,
    }
}

/// 12.5: whether one of the addresses is none that routers forward.
fn is_martian(packet: &Packet) -> bool {
    is_unroutable(packet.source) || is_unroutable(packet.destination)
}

fn is_unroutable(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [first, second, ..] = Ipv4Addr::octets(&v4);
            matches!((first, second), (0 | 127 | 224.., _) | (169, 254))
        }
        IpAddr::V6(v6) => {
            let first = Ipv6Addr::segments(&v6)[0];
            v6.is_unspecified()
                || v6.is_loopback()
                || first & 0xffc0 == 0xfe80
                || first & 0xff00 == 0xff00
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_unroutable;

    #[test]
    fn what_routers_do_not_forward_ends_where_it_should() {
        let table = [
            ("0.0.0.0", true),
            ("0.255.255.255", true),
            ("1.0.0.0", false),
            ("10.0.0.1", false),
            ("126.255.255.255", false),
            ("127.0.0.0", true),
            ("127.255.255.255", true),
            ("128.0.0.0", false),
            ("169.253.255.255", false),
            ("169.254.0.0", true),
            ("169.254.255.255", true),
            ("169.255.0.0", false),
            ("223.255.255.255", false),
            ("224.0.0.0", true),
            ("239.255.255.255", true),
            ("240.0.0.0", true),
            ("255.255.255.255", true),
            ("::", true),
            ("::1", true),
            ("::2", false),
            ("fd00::1", false),
            ("fe7f:ffff::1", false),
            ("fe80::", true),
            ("febf:ffff::1", true),
            ("fec0::1", false),
            ("feff::1", false),
            ("ff00::", true),
            ("ffff::1", true),
        ];
        for (address, expected) in table {
            let address = address.parse().unwrap();
            assert_eq!(is_unroutable(address), expected, "{address}");
        }
    }
}
