//! Things that devices do, as the frames on the wire.

use std::net::IpAddr;

use proptest::prelude::*;
use xiot_tests::{
    frame::{Frame, Mac, PacketEnvelope, dns, flag, frame, lease},
    shot::{Shot, from_device, from_uplink},
    ward::{BROADCAST, GROUP, ROUTER},
};

/// Devices that do something: the first two share a profile.
pub(crate) const DEVICES: usize = 3;

/// Names, and what they stand for: two of one domain are one address, and so is one of another with the fourth.
const NAMES: [(&str, u8); 4] = [
    ("cloud.vendor.example", 1),
    ("edge.vendor.example", 1),
    ("time.vendor.example", 2),
    ("cdn.other.example", 2),
];

/// What a device does with a peer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deed {
    Tcp {
        port: u16,
    },
    /// A TCP conversation of which only the middle is seen.
    Middle {
        port: u16,
    },
    Udp {
        port: u16,
        answered: bool,
    },
    Echo,
    /// A message of ICMP that is neither echo nor error.
    Message,
    Protocol {
        number: u8,
    },
    /// It asks for a name, and calls the address that it gets. The peer is no matter.
    Named {
        name: usize,
        port: u16,
    },
    Group {
        port: u16,
    },
    Everybody {
        port: u16,
    },
    Lease,
    Renewal,
    Clock,
    Arp,
    Neighbour,
    Listener,
}

/// Who does it, with whom, and who begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Did {
    pub(crate) device: usize,
    peer: IpAddr,
    by_device: bool,
    deed: Deed,
}

pub(crate) const fn profile_of(device: usize) -> &'static str {
    if device < 2 { "pump" } else { "scanner" }
}

fn port() -> impl Strategy<Value = u16> {
    prop_oneof![
        1_u16..6,
        Just(23),
        Just(104),
        Just(443),
        Just(445),
        Just(3613),
        50_000_u16..50_020
    ]
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => port().prop_map(|port| Deed::Tcp { port }),
        1 => port().prop_map(|port| Deed::Middle { port }),
        3 => (port(), any::<bool>()).prop_map(|(port, answered)| Deed::Udp { port, answered }),
        1 => Just(Deed::Echo),
        1 => Just(Deed::Message),
        1 => prop_oneof![Just(2_u8), Just(47), Just(50)].prop_map(|number| Deed::Protocol { number }),
        3 => (0..NAMES.len(), port()).prop_map(|(name, port)| Deed::Named { name, port }),
        1 => port().prop_map(|port| Deed::Group { port }),
        1 => port().prop_map(|port| Deed::Everybody { port }),
        1 => Just(Deed::Lease),
        1 => Just(Deed::Renewal),
        1 => Just(Deed::Clock),
        1 => Just(Deed::Arp),
        1 => Just(Deed::Neighbour),
        1 => Just(Deed::Listener),
    ]
}

/// Of a few networks, so that neighbours meet.
fn peer() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        2 => (0..40_u8).prop_map(|last| [192, 0, 2, last].into()),
        1 => (1..5_u8).prop_map(|last| [10, 9, 8, last].into()),
        1 => (1..20_u16).prop_map(|last| [0x2001, 0xdb8, 0, 0, 0, 0, 0, last].into()),
    ]
}

pub(crate) fn did() -> impl Strategy<Value = Did> {
    let by_device = prop_oneof![3 => Just(true), 1 => Just(false)];
    (0..DEVICES, peer(), by_device, deed()).prop_map(|(device, peer, by_device, deed)| Did {
        device,
        peer,
        by_device,
        deed,
    })
}

impl Did {
    fn mac(&self) -> Mac {
        [
            2,
            0,
            0,
            0,
            7,
            u8::try_from(self.device).expect("few devices"),
        ]
    }

    /// The device's address of the peer's family.
    fn own(&self, peer: IpAddr) -> IpAddr {
        let last = 10 + u8::try_from(self.device).expect("few devices");
        if peer.is_ipv4() {
            [10, 30, 0, last].into()
        } else {
            [0xfd00, 0x30, 0, 0, 0, 0, 0, last.into()].into()
        }
    }

    /// A frame between the two, from the device or to it.
    fn between(
        &self,
        by_device: bool,
        peer: IpAddr,
        build: impl Fn(PacketEnvelope) -> Frame,
    ) -> Shot {
        let own = self.own(peer);
        if by_device {
            from_device(&build(frame(self.mac(), ROUTER).packet(own, peer)))
        } else {
            from_uplink(&build(frame(ROUTER, self.mac()).packet(peer, own)))
        }
    }

    /// A question and its answer, from whoever begins.
    fn exchange(&self, ports: (u16, u16), answered: bool) -> Vec<Shot> {
        let (client, server) = ports;
        let ask = self.between(self.by_device, self.peer, |it| it.udp(client, server));
        let answer = self.between(!self.by_device, self.peer, |it| it.udp(server, client));
        if answered {
            vec![ask, answer]
        } else {
            vec![ask]
        }
    }

    /// Segments with these flags, each from the one who begins or from the other.
    fn segments(
        &self,
        by_device: bool,
        peer: IpAddr,
        ports: (u16, u16),
        flags: &[(bool, u8)],
    ) -> Vec<Shot> {
        let (client, server) = ports;
        let segment = |(is_first, flags): &(bool, u8)| {
            let (from, to) = if *is_first {
                (client, server)
            } else {
                (server, client)
            };
            self.between(by_device == *is_first, peer, |it| it.tcp(from, to, *flags))
        };
        flags.iter().map(segment).collect()
    }

    fn sent(
        &self,
        to: Mac,
        source: &str,
        peer: &str,
        build: impl Fn(PacketEnvelope) -> Frame,
    ) -> Vec<Shot> {
        vec![from_device(&build(frame(self.mac(), to).ip(source, peer)))]
    }

    /// The frames of it. Client ports are its own.
    pub(crate) fn shots(&self, number: usize) -> Vec<Shot> {
        let client = 40_000 + u16::try_from(number).expect("few deeds");
        let own = self.own([0, 0, 0, 0].into()).to_string();
        match self.deed {
            Deed::Tcp { port } => self.segments(self.by_device, self.peer, (client, port), &WHOLE),
            Deed::Middle { port } => {
                self.segments(self.by_device, self.peer, (client, port), &MIDDLE)
            }
            Deed::Udp { port, answered } => self.exchange((client, port), answered),
            Deed::Clock => Self {
                by_device: true,
                ..*self
            }
            .exchange((client, 123), true),
            Deed::Echo => {
                let (ask, answer) = if self.peer.is_ipv4() {
                    (8, 0)
                } else {
                    (128, 129)
                };
                vec![
                    self.between(self.by_device, self.peer, |it| it.icmp(ask, 0, client)),
                    self.between(!self.by_device, self.peer, |it| it.icmp(answer, 0, client)),
                ]
            }
            Deed::Message => {
                let kind = if self.peer.is_ipv4() { 13 } else { 139 };
                vec![self.between(self.by_device, self.peer, |it| it.icmp(kind, 0, client))]
            }
            Deed::Protocol { number } => {
                vec![self.between(self.by_device, self.peer, |it| {
                    it.protocol(number, &[0; 16])
                })]
            }
            Deed::Named { name, port } => self.named(NAMES[name], (client, port)),
            Deed::Group { port } => {
                self.sent(GROUP, &own, "224.0.23.63", |it| it.udp(client, port))
            }
            Deed::Everybody { port } => self.sent(BROADCAST, &own, "255.255.255.255", |it| {
                it.udp(client, port)
            }),
            Deed::Lease => self.sent(BROADCAST, "0.0.0.0", "255.255.255.255", |it| {
                it.datagram(68, 67, &lease::request(self.mac(), [0, 0, 0, 0].into()))
            }),
            Deed::Renewal => self.sent(ROUTER, &own, "10.0.0.5", |it| {
                it.datagram(68, 67, &lease::request(self.mac(), [10, 30, 0, 10].into()))
            }),
            Deed::Arp => {
                let ask =
                    frame(self.mac(), BROADCAST).arp([10, 30, 0, 10].into(), [10, 30, 0, 1].into());
                vec![from_device(&ask)]
            }
            Deed::Neighbour => self.sent(
                [0x33, 0x33, 0xff, 0, 0, 1],
                "fe80::10",
                "ff02::1:ff00:1",
                |it| it.hop_limit(255).icmp(135, 0, 0),
            ),
            Deed::Listener => {
                self.sent([0x33, 0x33, 0, 0, 0, 0x16], "fe80::10", "ff02::16", |it| {
                    it.hop_limit(1).icmp(143, 0, 0)
                })
            }
        }
    }

    fn named(&self, (name, last): (&str, u8), (client, port): (u16, u16)) -> Vec<Shot> {
        let server = [10, 0, 0, 53].into();
        let address: IpAddr = [198, 51, 100, last].into();
        let answer = dns::answer(name, &[address]);
        let mut shots = vec![
            self.between(true, server, |it| {
                it.datagram(client, 53, &dns::question(name))
            }),
            self.between(false, server, |it| it.datagram(53, client, &answer)),
        ];
        shots.extend(self.segments(true, address, (client, port), &WHOLE));
        shots
    }

    /// The same opened by the other side, with another peer, at another port, by another protocol: what may be allowed only if it was seen as well.
    pub(crate) fn changed(&self) -> Vec<Shot> {
        let client = 39_999;
        let (peer, by_device, port) = match self.deed {
            Deed::Tcp { port } | Deed::Middle { port } | Deed::Udp { port, .. } => {
                (self.peer, self.by_device, port)
            }
            Deed::Named { name, port } => ([198, 51, 100, NAMES[name].1].into(), true, port),
            Deed::Echo | Deed::Message | Deed::Protocol { .. } => (self.peer, self.by_device, 4000),
            Deed::Group { .. }
            | Deed::Everybody { .. }
            | Deed::Lease
            | Deed::Renewal
            | Deed::Clock
            | Deed::Arp
            | Deed::Neighbour
            | Deed::Listener => return Vec::new(),
        };
        let stranger: IpAddr = if peer.is_ipv4() {
            [203, 0, 113, 9].into()
        } else {
            [0x2001, 0xdb8, 0xffff, 0, 0, 0, 0, 9].into()
        };
        let tries = [
            (!by_device, peer, port),
            (by_device, stranger, port),
            (by_device, peer, port + 1),
            (by_device, peer, 61_987),
        ];
        let mut shots = Vec::new();
        for (by_device, peer, port) in tries {
            shots.push(self.between(by_device, peer, |it| it.tcp(client, port, flag::SYN)));
            shots.push(self.between(by_device, peer, |it| it.udp(client, port)));
        }
        for (by_device, peer) in [(!by_device, peer), (by_device, stranger), (by_device, peer)] {
            let ask = if peer.is_ipv4() { 8 } else { 128 };
            shots.push(self.between(by_device, peer, |it| it.icmp(ask, 0, client)));
            shots.push(self.between(by_device, peer, |it| it.protocol(46, &[0; 16])));
            shots.push(self.between(by_device, peer, |it| it.protocol(47, &[0; 16])));
        }
        shots
    }
}

/// Who begins opens it, both speak, both end it.
const WHOLE: [(bool, u8); 8] = [
    (true, flag::SYN),
    (false, flag::SYN | flag::ACK),
    (true, flag::ACK),
    (true, flag::PSH | flag::ACK),
    (false, flag::ACK),
    (true, flag::FIN | flag::ACK),
    (false, flag::FIN | flag::ACK),
    (true, flag::ACK),
];

/// Nobody saw who opened it.
const MIDDLE: [(bool, u8); 3] = [
    (true, flag::PSH | flag::ACK),
    (false, flag::ACK),
    (true, flag::ACK),
];
