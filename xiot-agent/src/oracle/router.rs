//! A router as the kernel has it (docs/judgement.md section 12): ports, routes and neighbours, as plain values.

use std::net::IpAddr;

use ipnetwork::IpNetwork;

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
    /// The route to this destination, whoever asks.
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
    pub(super) fn way(&self, from: &PortState, source: IpAddr, destination: IpAddr) -> Way {
        let forwards = match destination {
            IpAddr::V4(_) => from.forwards_v4,
            IpAddr::V6(_) => from.forwards_v6,
        };
        if !forwards || is_of_one_link(source) || is_of_one_link(destination) {
            return Way::Nowhere;
        }
        self.route(destination)
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
