//! Routes and neighbours by chance, for the devices of a policy and the hosts that it talks of.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnetwork::IpNetwork;
use xiot_agent::{
    model::policy::Policy,
    oracle::{Detour, Hop, Neighbour, Route, Router, RouterPort, Selector, Way},
};

use super::{
    dice::Dice,
    world::{self, HOSTS, LISTABLE, device_mac},
};
use crate::net::routes::{PORTS, SEGMENTS, loopback, port_of, ports};

/// Networks that have a route mostly.
const NETWORKS: [&str; 16] = [
    "0.0.0.0/0",
    "10.0.0.0/24",
    "10.0.1.0/24",
    "10.0.200.0/24",
    "10.128.0.0/9",
    "10.255.0.0/16",
    "128.0.0.0/8",
    "192.168.1.0/24",
    "223.255.255.0/24",
    "::/0",
    "fd00::/64",
    "fd00:0:1::/64",
    "fd00:20:8::/48",
    "2001:db8::/48",
    "2001:db8:ffff::/48",
    "fec0::/10",
];

/// Networks that routers do not forward, which have a route now and then.
const MARTIAN: [&str; 3] = ["169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4"];

/// A router for this policy.
pub fn draw(seed: u64, policy: &Policy) -> Router {
    let dice = &mut Dice::new(seed);
    let mut router = Router {
        ports: ports(),
        routes: routes(dice, policy),
        detours: Vec::new(),
        neighbours: Vec::new(),
    };
    if dice.percent(15) {
        router.detours.push(detour(dice));
    }
    for port in &mut router.ports {
        port.forwards_v4 = dice.percent(96);
        port.forwards_v6 = dice.percent(96);
    }
    router.neighbours = neighbours(dice, policy, &router);
    router
}

/// Another way for some packets.
fn detour(dice: &mut Dice) -> Detour {
    let to = parse(dice.pick(&["0.0.0.0/0", "10.0.0.0/16", "::/0", "fd00::/32"]));
    let protocol = dice.pick(&[6, 17]);
    // The kernel takes neither end of the range.
    let ports: Vec<u16> = world::PORTS
        .into_iter()
        .filter(|port| (1..u16::MAX).contains(port))
        .collect();
    let port = dice.pick(&ports);
    Detour {
        of: Selector::Port(protocol, port),
        route: Route {
            to,
            way: way(dice, to),
        },
    }
}

fn routes(dice: &mut Dice, policy: &Policy) -> Vec<Route> {
    let mut routes = vec![loopback()];
    let mut lead = |to: IpNetwork, way: Way| {
        if !routes.iter().any(|route| route.to == to) {
            routes.push(Route { to, way });
        }
    };
    for network in NETWORKS {
        if dice.percent(88) {
            let to = parse(network);
            lead(to, way(dice, to));
        }
    }
    for network in MARTIAN {
        if dice.percent(20) {
            let to = parse(network);
            lead(to, way(dice, to));
        }
    }
    let single = |address| IpNetwork::from(address);
    for host in HOSTS {
        if dice.percent(12) && is_usual(host) {
            lead(single(host), way(dice, single(host)));
        }
    }
    let listed = policy.devices.iter().flat_map(|device| &device.addresses);
    for address in listed.copied().filter(|address| is_usual(*address)) {
        // On a segment, whatever the network around it.
        if dice.percent(60) {
            let segment = RouterPort::Segment(dice_segment(dice));
            lead(single(address), Way::Through(hop(dice, segment, None)));
        }
    }
    routes
}

/// Whether a route of its own and a neighbour are nothing special.
fn is_usual(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !v4.is_loopback() && !v4.is_multicast(),
        IpAddr::V6(v6) => !v6.is_unicast_link_local() && !v6.is_multicast(),
    }
}

fn parse(network: &str) -> IpNetwork {
    network.parse().expect("a network")
}

fn way(dice: &mut Dice, to: IpNetwork) -> Way {
    let is_default = to.prefix() == 0;
    let uplink = RouterPort::Uplink(usize::from(dice.percent(25)));
    let segment = RouterPort::Segment(dice_segment(dice));
    let (port, is_direct) = match dice.below(100) {
        0..5 => return Way::Here,
        5..10 => return Way::Nowhere,
        10..14 => return Way::Elsewhere,
        14..19 => (segment, false),
        19..30 => (uplink, true),
        30..38 => (uplink, false),
        _ if is_default => (uplink, false),
        _ => (segment, true),
    };
    let via = (!is_direct).then(|| gateway(dice, to));
    Way::Through(hop(dice, port, via))
}

fn dice_segment(dice: &mut Dice) -> usize {
    if dice.percent(70) {
        0
    } else {
        dice.below(SEGMENTS)
    }
}

/// A router behind the port; some IPv4 networks are behind one of IPv6.
fn gateway(dice: &mut Dice, to: IpNetwork) -> IpAddr {
    let number = 1 + dice.byte() % 3;
    if to.is_ipv4() && !dice.percent(20) {
        Ipv4Addr::new(198, 18, 0, number).into()
    } else {
        Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0x18, u16::from(number)).into()
    }
}

fn hop(dice: &mut Dice, port: RouterPort, via: Option<IpAddr>) -> Hop {
    let own = port_of(port).mtu;
    let mtu = if dice.percent(12) {
        dice.pick(&[1280, 1281, 1300, 1400]).min(own)
    } else {
        own
    };
    Hop {
        port,
        via,
        mtu: usize::from(mtu),
    }
}

/// Who is known: most next hops, of devices mostly their own addresses.
fn neighbours(dice: &mut Dice, policy: &Policy, router: &Router) -> Vec<Neighbour> {
    let mut found: Vec<Neighbour> = Vec::new();
    let listed = policy.devices.iter().flat_map(|device| &device.addresses);
    let hosts: Vec<IpAddr> = HOSTS.iter().chain(listed).copied().collect();
    for address in hosts.into_iter().filter(|address| is_usual(*address)) {
        for port in PORTS {
            let is_known = found
                .iter()
                .any(|it| (it.port, it.address) == (port.at, address));
            // Only the first of them is the next hop; the others are there to be mistaken for it.
            let leads = matches!(
                router.route(address).map(|route| route.way),
                Some(Way::Through(hop)) if hop.port == port.at && hop.via.is_none()
            );
            if !is_known && dice.percent(if leads { 92 } else { 5 }) {
                let mac = mac(dice, policy, port.at, Some(address));
                found.push(Neighbour {
                    port: port.at,
                    address,
                    mac,
                });
            }
        }
    }
    let detours = router.detours.iter().map(|detour| &detour.route);
    let gateways: Vec<(RouterPort, IpAddr)> = router
        .routes
        .iter()
        .chain(detours)
        .filter_map(|route| match route.way {
            Way::Through(Hop {
                port,
                via: Some(via),
                ..
            }) => Some((port, via)),
            Way::Through(_) | Way::Here | Way::Nowhere | Way::Elsewhere => None,
        })
        .collect();
    for (port, address) in gateways {
        let is_known = found
            .iter()
            .any(|it| (it.port, it.address) == (port, address));
        if !is_known && dice.percent(92) {
            let mac = mac(dice, policy, port, None);
            found.push(Neighbour { port, address, mac });
        }
    }
    found
}

fn mac(dice: &mut Dice, policy: &Policy, port: RouterPort, address: Option<IpAddr>) -> [u8; 6] {
    if matches!(port, RouterPort::Uplink(_)) {
        return [0x02, 0, 0, 0, 0xfe, dice.byte() % 4];
    }
    let owner = policy
        .devices
        .iter()
        .find(|device| address.is_some_and(|address| device.addresses.contains(&address)));
    match owner {
        Some(device) if dice.percent(92) => device.mac,
        _ if dice.percent(2) => [0x01, 0, 0x5e, 0, 0, 0x16],
        _ => match dice.maybe_pick_of(&policy.devices) {
            Some(device) if dice.percent(80) => device.mac,
            _ => device_mac(dice.byte() % (LISTABLE + 8)),
        },
    }
}
