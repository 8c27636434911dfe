//! Entries of lists for one conversation: what the device sends, and what is sent to it.

use ipnetwork::IpNetwork;

use crate::mud::{
    file::{Ace, Actions, Ethernet, Icmp, Ip, Matches, Ports as FilePorts, Role, Transport},
    meaning::{Conversation, Opener, Peer, Ports, Service},
};

/// Which list an entry belongs in.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Kind {
    V4,
    V6,
    /// IPv4 with conditions on the Ethernet header.
    MixedV4,
}

/// Direction of the frames of a list.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Side {
    From,
    To,
}

/// Kinds of lists that a peer can be in.
pub(super) fn kinds(peer: &Peer, service: Service) -> Vec<Kind> {
    let of_peer = match peer {
        Peer::Network(IpNetwork::V4(_)) => &[Kind::V4][..],
        Peer::Network(IpNetwork::V6(_)) => &[Kind::V6],
        Peer::LocalBroadcast => &[Kind::MixedV4],
        Peer::Dns(_)
        | Peer::MyController
        | Peer::Controller(_)
        | Peer::Model(_)
        | Peer::Manufacturer(_)
        | Peer::LocalNetworks => &[Kind::V4, Kind::V6],
    };
    let fits = |kind: &Kind| match service {
        // The others are extension headers in IPv6.
        Service::Icmp(_) | Service::Protocol(0 | 1 | 43 | 44 | 60 | 135) => *kind != Kind::V6,
        Service::Icmpv6(_) | Service::Protocol(58) => *kind == Kind::V6,
        Service::Any | Service::Tcp(_) | Service::Udp(_) | Service::Protocol(_) => true,
    };
    of_peer.iter().copied().filter(fits).collect()
}

/// The entry of one side, if there is one: answers need one where a port tells them from questions, and where `direction-initiated` does.
pub(super) fn ace(
    name: String,
    conversation: &Conversation,
    kind: Kind,
    side: Side,
    maker: &str,
) -> Option<Ace> {
    let answers = match (conversation.opener, side) {
        (Opener::Device, Side::From) | (Opener::Peer, Side::To) => false,
        (Opener::Device, Side::To) | (Opener::Peer, Side::From) => true,
    };
    if answers && !answered(conversation) {
        return None;
    }
    let mut matches = of_peer(&conversation.peer, kind, side, maker);
    let number = of_service(conversation, answers, &mut matches);
    let ip = Ip {
        protocol: number,
        ..matches.ipv4.take().unwrap_or_default()
    };
    match kind {
        Kind::V4 | Kind::MixedV4 => matches.ipv4 = Some(ip),
        Kind::V6 => matches.ipv6 = Some(ip),
    }
    Some(entry(name, matches, "accept"))
}

/// An entry that takes away what the RFC allows by default.
pub(super) fn denial(name: String, default: &Conversation, kind: Kind, side: Side) -> Option<Ace> {
    let mut ace = ace(name, default, kind, side, "")?;
    "drop".clone_into(&mut ace.actions.forwarding);
    // Whoever opens: everything of it is denied.
    if let Some(tcp) = &mut ace.matches.tcp {
        tcp.direction_initiated = None;
    }
    Some(ace)
}

fn entry(name: String, matches: Matches, forwarding: &str) -> Ace {
    Ace {
        name,
        matches,
        actions: Actions {
            forwarding: forwarding.to_owned(),
            unknown: Default::default(),
        },
        unknown: Default::default(),
    }
}

/// Whether answers of a conversation are an entry of their own. Groups never answer; and where nothing tells answers from questions, an entry for
/// answers would let the other side ask.
fn answered(conversation: &Conversation) -> bool {
    let group = match &conversation.peer {
        Peer::Network(IpNetwork::V4(own)) => own.ip().is_multicast() || own.ip().is_broadcast(),
        Peer::Network(IpNetwork::V6(own)) => own.ip().is_multicast(),
        Peer::LocalBroadcast => true,
        Peer::Dns(_)
        | Peer::MyController
        | Peer::Controller(_)
        | Peer::Model(_)
        | Peer::Manufacturer(_)
        | Peer::LocalNetworks => false,
    };
    !group
        && match conversation.service {
            Service::Tcp(_) => true,
            Service::Udp(ports) => ports != Ports::ANY,
            Service::Icmp((kind, _)) => kind == 8,
            Service::Icmpv6((kind, _)) => kind == 128,
            Service::Any | Service::Protocol(_) => false,
        }
}

fn of_peer(peer: &Peer, kind: Kind, side: Side, maker: &str) -> Matches {
    let mut matches = Matches::default();
    let mut ip = Ip::default();
    let mut role = None;
    match peer {
        Peer::Network(network) if network.prefix() == 0 => {}
        Peer::Network(network) => {
            let text = Some(network.to_string());
            match (network, side) {
                (IpNetwork::V4(_), Side::From) => ip.destination_ipv4_network = text,
                (IpNetwork::V4(_), Side::To) => ip.source_ipv4_network = text,
                (IpNetwork::V6(_), Side::From) => ip.destination_ipv6_network = text,
                (IpNetwork::V6(_), Side::To) => ip.source_ipv6_network = text,
            }
        }
        Peer::Dns(name) => match side {
            Side::From => ip.dst_dnsname = Some(name.to_string()),
            Side::To => ip.src_dnsname = Some(name.to_string()),
        },
        Peer::MyController => {
            role = Some(Role {
                my_controller: Some(()),
                ..Role::default()
            });
        }
        Peer::Controller(class) => {
            role = Some(Role {
                controller: Some(class.clone()),
                ..Role::default()
            });
        }
        Peer::Model(url) => {
            role = Some(Role {
                model: Some(url.clone()),
                ..Role::default()
            });
        }
        Peer::Manufacturer(other) if other == maker => {
            role = Some(Role {
                same_manufacturer: Some(()),
                ..Role::default()
            });
        }
        Peer::Manufacturer(other) => {
            role = Some(Role {
                manufacturer: Some(other.clone()),
                ..Role::default()
            });
        }
        Peer::LocalNetworks | Peer::LocalBroadcast => {
            role = Some(Role {
                local_networks: Some(()),
                ..Role::default()
            });
        }
    }
    matches.mud = role;
    if kind == Kind::MixedV4 {
        matches.eth = Some(Ethernet {
            ethertype: Some("0x0800".to_owned()),
            destination_mac_address: Some("ff:ff:ff:ff:ff:ff".to_owned()),
            ..Ethernet::default()
        });
    }
    matches.ipv4 = Some(ip);
    matches
}

/// Puts what is spoken in; the number of its protocol.
fn of_service(conversation: &Conversation, answers: bool, matches: &mut Matches) -> Option<u8> {
    let transport = |ports: Ports, opener| {
        let range = match ports {
            Ports::ANY => None,
            Ports { low, high } if low == high => Some(FilePorts::One {
                operator: Some("eq".to_owned()),
                port: low,
            }),
            Ports { low, high } => Some(FilePorts::Range {
                lower_port: low,
                upper_port: high,
                operator: None,
            }),
        };
        let (source_port, destination_port) = if answers {
            (range, None)
        } else {
            (None, range)
        };
        Transport {
            destination_port,
            source_port,
            direction_initiated: opener,
            ..Transport::default()
        }
    };
    let opener = match conversation.opener {
        Opener::Device => "from-device",
        Opener::Peer => "to-device",
    };
    let message = |(kind, code): (u8, Option<u8>), reply: u8| {
        Some(Icmp {
            kind: Some(if answers { reply } else { kind }),
            code,
            ..Icmp::default()
        })
    };
    match conversation.service {
        Service::Any => None,
        Service::Tcp(ports) => {
            matches.tcp = Some(transport(ports, Some(opener.to_owned())));
            Some(6)
        }
        Service::Udp(ports) => {
            matches.udp = (ports != Ports::ANY).then(|| transport(ports, None));
            Some(17)
        }
        Service::Icmp(kind) => {
            matches.icmp = message(kind, 0);
            Some(1)
        }
        Service::Icmpv6(kind) => {
            matches.icmp = message(kind, 129);
            Some(58)
        }
        Service::Protocol(number) => Some(number),
    }
}
