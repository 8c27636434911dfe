//! A router as the kernel has it (docs/judgement.md section 12): ports, routes and neighbours, as plain values.

use std::net::IpAddr;

use ipnetwork::IpNetwork;

use super::frame::{Packet, Transport};

/// An interface that the router routes between.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum RouterPort {
    /// Towards the devices of a segment, by its wire index.
    Segment(usize),
    /// Towards the rest of the network, by its number among the router's uplinks.
    Uplink(usize),
}

/// What the kernel knows.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Router {
    /// The ports.
    pub ports: Vec<PortState>,
    /// No two are for the same network.
    pub routes: Vec<Route>,
    /// Asked before, in this order.
    pub detours: Vec<Detour>,
    /// Next hops whose MACs are known.
    pub neighbours: Vec<Neighbour>,
}

/// A port as its interface is set up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PortState {
    /// Which one.
    pub port: RouterPort,
    /// Its MAC.
    pub mac: [u8; 6],
    /// IPv4 packets that come in here are forwarded.
    pub forwards_v4: bool,
    /// IPv6 packets likewise.
    pub forwards_v6: bool,
}

/// Where packets to a network go.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Route {
    /// The longest prefix counts.
    pub to: IpNetwork,
    /// Where it leads.
    pub way: Way,
}

/// A route for some packets alone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Detour {
    /// For which.
    pub of: Selector,
    /// The route.
    pub route: Route,
}

/// What packets a detour is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Selector {
    /// Of TCP or UDP, by its number, to this port.
    Port(u8, u16),
    /// With this class, 1 to 7: bits 3 to 5 of the type of service, which Linux compares alone, or the upper six of the traffic
    /// class.
    Class(u8),
}

impl Selector {
    fn is_of(self, packet: &Packet) -> bool {
        match (self, packet.transport) {
            (Self::Class(class), _) if packet.source.is_ipv4() => packet.class >> 2 & 7 == class,
            (Self::Class(class), _) => packet.class >> 2 == class,
            (
                Self::Port(protocol, port),
                Transport::Tcp { destination, .. } | Transport::Udp { destination, .. },
            ) => (packet.protocol, destination) == (protocol, port),
            (Self::Port(..), Transport::Icmp { .. } | Transport::Portless) => false,
        }
    }
}

/// Where a route leads.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Way {
    /// To the gateway itself.
    Here,
    /// Nowhere: unreachable, prohibited, a blackhole.
    Nowhere,
    /// Out by an interface that is no port of the router.
    Elsewhere,
    /// Out by a port.
    Through(Hop),
}

/// The next step of a way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Hop {
    /// The port that packets leave by.
    pub port: RouterPort,
    /// The router that they are handed to; none: their destination itself.
    pub via: Option<IpAddr>,
    /// Bytes of the longest frame behind its Ethernet header.
    pub mtu: usize,
}

/// A next hop.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Neighbour {
    /// Behind which port.
    pub port: RouterPort,
    /// Its address.
    pub address: IpAddr,
    /// Its MAC.
    pub mac: [u8; 6],
}

impl Router {
    /// The route to this destination but for detours.
    pub fn route(&self, destination: IpAddr) -> Option<&Route> {
        self.routes
            .iter()
            .filter(|route| route.to.contains(destination))
            .max_by_key(|route| route.to.prefix())
    }

    pub(super) fn port(&self, port: RouterPort) -> Option<&PortState> {
        self.ports.iter().find(|state| state.port == port)
    }

    /// Where the kernel forwards a packet that comes in on this port.
    pub(super) fn way(&self, from: &PortState, packet: &Packet) -> Way {
        let (source, destination) = (packet.source, packet.destination);
        let forwards = match destination {
            IpAddr::V4(_) => from.forwards_v4,
            IpAddr::V6(_) => from.forwards_v6,
        };
        if !forwards || is_of_one_link(source) || is_of_one_link(destination) {
            return Way::Nowhere;
        }
        // The kernel finds what loops back before it asks rules.
        if destination.is_loopback() {
            return self
                .route(destination)
                .map_or(Way::Nowhere, |route| route.way);
        }
        let mut detours = self.detours.iter().filter(|it| it.of.is_of(packet));
        detours
            .find(|it| it.route.to.contains(destination))
            .map(|it| &it.route)
            .or_else(|| self.route(destination))
            .map_or(Way::Nowhere, |route| route.way)
    }

    /// MAC of the next hop to this destination.
    pub(super) fn mac_of(&self, hop: Hop, destination: IpAddr) -> Option<[u8; 6]> {
        let next = hop.via.unwrap_or(destination);
        self.neighbours
            .iter()
            .find(|neighbour| neighbour.port == hop.port && neighbour.address == next)
            .map(|neighbour| neighbour.mac)
    }
}

/// IPv6 addresses that mean something else on each link, for which Linux looks up no route.
fn is_of_one_link(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => false,
        IpAddr::V6(v6) => v6.is_multicast() || v6.is_loopback() || v6.is_unicast_link_local(),
    }
}
