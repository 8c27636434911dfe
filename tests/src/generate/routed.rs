//! Brings traffic to the ports of a router: devices where the router knows them, and each frame in by the port that its sender
//! is behind, mostly.

use std::net::IpAddr;

use xiot_agent::oracle::{Hop, Neighbour, Router, RouterPort, Side, Way};

use super::{
    dice::Dice,
    traffic::Draft,
    world::{SPECIAL, device_mac},
};
use crate::{
    frame::{Body, Frame, Ip, Mac, TAG, Transport},
    net::routes::{PORTS, port_of},
};

/// A router, and what traffic has to know of it.
#[derive(Clone, Debug)]
pub(super) struct Ground {
    router: Router,
    /// Neighbours that are the next hops to their own addresses, on segments.
    homes: Vec<Neighbour>,
}

impl Ground {
    pub(super) fn of(router: &Router) -> Self {
        let homes = router.neighbours.iter().copied();
        Self {
            router: router.clone(),
            homes: homes.filter(|it| is_next(router, it)).collect(),
        }
    }
}

/// Gives the device of a conversation an address that the router knows it by, and its peer sometimes that of another device.
pub(super) fn settle(dice: &mut Dice, ground: &Ground, draft: &mut Draft) {
    draft.frame.tags.clear();
    if draft.side == Side::Uplink && is_group(draft.frame.destination) && dice.percent(75) {
        let mac = dice.maybe_pick(&ground.homes).map(|it| it.mac);
        draft.frame.destination = mac.unwrap_or(draft.frame.destination);
    }
    let device = match draft.side {
        Side::Device => draft.frame.source,
        Side::Uplink => draft.frame.destination,
    };
    let Some(ip) = packet(&mut draft.frame) else {
        return;
    };
    let v6 = ip.source.is_ipv6();
    let known = |of: Option<Mac>| -> Vec<&Neighbour> {
        let homes = ground.homes.iter();
        homes
            .filter(|it| it.address.is_ipv6() == v6 && of.is_none_or(|mac| it.mac == mac))
            .collect()
    };
    if let Some(home) = dice.maybe_pick(&known(Some(device)))
        && dice.percent(90)
    {
        let RouterPort::Segment(wire) = home.port else {
            return;
        };
        draft.wire = u16::try_from(wire).expect("few wires");
        match draft.side {
            Side::Device => ip.source = home.address,
            Side::Uplink => ip.destination = home.address,
        }
    }
    let ends = [&mut ip.source, &mut ip.destination];
    for end in ends.into_iter().filter(|end| SPECIAL.contains(end)) {
        if let Some(other) = dice.maybe_pick(&known(None))
            && dice.percent(70)
        {
            *end = other.address;
        }
    }
    if dice.percent(15)
        && let Some(other) = dice.maybe_pick(&known(None))
    {
        match draft.side {
            Side::Device => ip.destination = other.address,
            Side::Uplink => ip.source = other.address,
        }
    }
    if dice.percent(3) {
        martian(dice, ip);
    }
    if dice.percent(2) && ip.source.is_ipv4() {
        // Router alert, or what stands for nothing.
        ip.options = dice.pick(&[[148, 4, 0, 0], [1, 1, 1, 1]]).to_vec();
    }
}

/// Whether it is the next hop to its own address, on a segment.
fn is_next(router: &Router, neighbour: &Neighbour) -> bool {
    let way = router.route(neighbour.address).map(|route| route.way);
    matches!(neighbour.port, RouterPort::Segment(_))
        && matches!(way, Some(Way::Through(Hop { port, via: None, .. })) if port == neighbour.port)
}

fn martian(dice: &mut Dice, ip: &mut Ip) {
    let v6 = ip.source.is_ipv6();
    let of_family = |address: &IpAddr| {
        let is_mapped = matches!(address, IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some());
        address.is_ipv6() == v6 && !is_mapped
    };
    let found: Vec<IpAddr> = SPECIAL.iter().copied().filter(of_family).collect();
    if dice.percent(50) {
        ip.source = dice.pick(&found);
    } else {
        ip.destination = dice.pick(&found);
    }
}

/// The frame as it comes in: on a segment port, or, for [`Side::Uplink`], on the router uplink with the number of the wire.
pub(super) fn enter(dice: &mut Dice, ground: &Ground, draft: &Draft) -> Draft {
    let mut out = draft.clone();
    let port = match draft.side {
        Side::Device => RouterPort::Segment(usize::from(draft.wire)),
        Side::Uplink => sender(dice, ground, &mut out.frame),
    };
    let (side, number) = match port {
        RouterPort::Segment(wire) => (Side::Device, wire),
        RouterPort::Uplink(number) => (Side::Uplink, number),
    };
    out.side = side;
    out.wire = u16::try_from(number).expect("few ports");
    if dice.percent(90) {
        out.frame.tags.clear();
    }
    if dice.percent(1) {
        out.frame.tags.push((TAG, dice.pick(&[0, 1, 30])));
    }
    if !is_group(draft.frame.destination) || dice.percent(2) {
        out.frame.destination = match dice.below(60) {
            0 => dice.pick(&PORTS).mac,
            1 => device_mac(dice.byte() % 32),
            2 => out.frame.destination,
            _ => port_of(port).mac,
        };
    }
    if let Some(ip) = packet(&mut out.frame) {
        if dice.percent(6) {
            ip.hop_limit = dice.pick(&[0, 1, 1, 2, 255]);
        }
        if dice.percent(5) {
            stretch(dice, &ground.router, ip);
        }
    }
    out
}

/// Who sends to a device: another one, if the address is one's, or somebody behind an uplink.
fn sender(dice: &mut Dice, ground: &Ground, frame: &mut Frame) -> RouterPort {
    if let Some(ip) = packet(frame) {
        let source = ip.source;
        let of_source = ground.homes.iter().find(|it| it.address == source);
        if let Some(device) = of_source
            && !is_group(device.mac)
            && dice.percent(88)
        {
            frame.source = device.mac;
            return device.port;
        }
    }
    RouterPort::Uplink(usize::from(dice.percent(30)))
}

/// About as long as its way takes.
fn stretch(dice: &mut Dice, router: &Router, ip: &mut Ip) {
    let Some(Way::Through(Hop { mtu, .. })) = router.route(ip.destination).map(|route| route.way)
    else {
        return;
    };
    let mtu = dice.pick(&[mtu, mtu, 1500]);
    let header = if ip.source.is_ipv4() {
        20 + ip.options.len()
    } else {
        40
    };
    let wanted = (mtu + dice.pick(&[0, 0, 1, 2])).saturating_sub(dice.pick(&[0, 0, 1]));
    let has = header + ip.payload().len();
    if let Transport::Tcp { payload, .. }
    | Transport::Udp { payload, .. }
    | Transport::Other { payload, .. } = &mut ip.transport
        && ip.extensions.is_empty()
        && wanted > has
    {
        payload.resize(payload.len() + wanted - has, 0x5a);
    }
}

fn is_group(mac: Mac) -> bool {
    mac[0] & 1 == 1
}

fn packet(frame: &mut Frame) -> Option<&mut Ip> {
    match &mut frame.body {
        Body::Ip(ip) => Some(ip),
        Body::Arp { .. } | Body::Other { .. } => None,
    }
}
