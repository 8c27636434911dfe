//! Frames that begin something: mostly what a rule or a service is about, or just beside it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use xiot_agent::{
    model::policy::{Clause, IcmpType, Initiator, Policy, Rule},
    oracle::Side,
};

use super::{
    addresses::{self, Party},
    dice::Dice,
    traffic::Draft,
    world::{ETHERTYPES, ICMP_TYPES, NO_CUSTOMER_TAG, PORTS, PROTOCOLS},
};
use crate::frame::{
    Body, Envelope, Extension, Frame, Ip, SERVICE_TAG, TAG, Transport,
    flag::{ACK, FIN, PSH, RST, SYN},
    frame,
};

pub(super) fn draw(dice: &mut Dice, policy: &Policy) -> Draft {
    let party = addresses::party(dice, policy);
    let rule = if dice.percent(85) {
        party
            .profile
            .and_then(|profile| dice.maybe_pick_of(&profile.rules))
    } else {
        None
    };
    let device_opens = match rule.map(|rule| rule.initiator) {
        Some(Initiator::Device) => dice.percent(85),
        Some(Initiator::Peer) => dice.percent(15),
        None => dice.percent(50),
    };
    let side = if device_opens {
        Side::Device
    } else {
        Side::Uplink
    };
    let other = addresses::other_mac(dice, policy, device_opens);
    let new = if device_opens {
        frame(party.mac, other)
    } else {
        frame(other, party.mac)
    };
    let new = tagged(dice, new, party.vlans);
    let built = match dice.below(100) {
        0..4 => new.arp(Ipv4Addr::new(10, 0, 0, 10), Ipv4Addr::new(10, 0, 0, 11)),
        4..7 => {
            let ether_type = dice.pick(&ETHERTYPES);
            new.other(ether_type, &[0x42; 46])
        }
        7..15 => service(dice, policy, side, new),
        _ => {
            let v6 = addresses::family(dice, rule);
            let own = addresses::own(dice, party.device, v6);
            let peer = addresses::peer(dice, rule, v6);
            let (source, destination) = if device_opens {
                (own, peer)
            } else {
                (peer, own)
            };
            let base = new.packet(source, destination).protocol(59, &[]);
            with_ip(base, |ip| {
                ip.transport = transport(dice, &party, rule, v6);
                embellish(dice, ip);
            })
        }
    };
    Draft {
        wire: u16::from(dice.percent(10)),
        side,
        frame: built,
    }
}

/// In these VLANs, or nearly.
pub(super) fn tagged(dice: &mut Dice, mut new: Envelope, (outer, inner): (u16, u16)) -> Envelope {
    let is_alone = inner == NO_CUSTOMER_TAG && dice.percent(90);
    let outer_tag = if is_alone {
        SERVICE_TAG
    } else {
        dice.pick(&[TAG, TAG, SERVICE_TAG])
    };
    if outer != 0 || inner != 0 || dice.percent(3) {
        new = if outer_tag == TAG {
            new.tagged(outer)
        } else {
            new.service_tagged(outer)
        };
        if !is_alone && (inner != 0 || dice.percent(3)) {
            new = new.tagged(inner);
        }
    }
    new
}

fn with_ip(mut frame: Frame, change: impl FnOnce(&mut Ip)) -> Frame {
    if let Body::Ip(ip) = &mut frame.body {
        change(ip);
    }
    frame
}

fn transport(dice: &mut Dice, party: &Party<'_>, rule: Option<&Rule>, v6: bool) -> Transport {
    if dice.percent(3) {
        return stump(dice, v6);
    }
    // Sometimes the clause of another rule: no_port and no_protocol live there.
    let other = party
        .profile
        .and_then(|profile| dice.maybe_pick_of(&profile.rules));
    let rule = if dice.percent(85) { rule } else { other };
    let clause = rule.and_then(|rule| dice.maybe_pick(&rule.clauses));
    let (mut source, mut destination) = (client_port(dice), dice.pick(&PORTS));
    if dice.percent(4) {
        source = destination;
    }
    match clause {
        Some(Clause::Tcp(ranges) | Clause::Udp(ranges)) => {
            if let Some(range) = dice.maybe_pick(ranges) {
                destination = match dice.below(8) {
                    0 => range.start().wrapping_sub(1),
                    1 => range.end().wrapping_add(1),
                    2 => *range.end(),
                    _ => *range.start(),
                };
            }
            if dice.percent(8) {
                std::mem::swap(&mut source, &mut destination);
            }
            let is_tcp = matches!(clause, Some(Clause::Tcp(_))) != dice.percent(5);
            if is_tcp {
                tcp(dice, source, destination)
            } else {
                udp(dice, source, destination)
            }
        }
        Some(Clause::Icmp(types) | Clause::Icmpv6(types)) => icmp(dice, types, v6),
        Some(Clause::Protocol(number)) => raw(*number),
        Some(Clause::Any) | None => match dice.below(10) {
            0..4 => tcp(dice, source, destination),
            4..7 => udp(dice, source, destination),
            7 | 8 => icmp(dice, &[], v6),
            _ => {
                let number = dice.pick(&PROTOCOLS);
                raw(number)
            }
        },
    }
}

fn client_port(dice: &mut Dice) -> u16 {
    if dice.percent(80) {
        50000 + u16::from(dice.byte() % 8)
    } else {
        dice.pick(&PORTS)
    }
}

fn tcp(dice: &mut Dice, source: u16, destination: u16) -> Transport {
    let flags = match dice.below(20) {
        0..13 => SYN,
        13 => SYN | ACK,
        14 => ACK,
        15 => PSH | ACK,
        16 => FIN | ACK,
        17 => RST,
        18 => RST | ACK,
        _ => dice.byte(),
    };
    Transport::Tcp {
        source,
        destination,
        flags,
        numbers: (100, 200),
        payload: payload(dice),
    }
}

fn udp(dice: &mut Dice, source: u16, destination: u16) -> Transport {
    Transport::Udp {
        source,
        destination,
        payload: payload(dice),
    }
}

fn icmp(dice: &mut Dice, types: &[IcmpType], v6: bool) -> Transport {
    let (kind, code) = match dice.maybe_pick(types) {
        Some(wanted) if dice.percent(80) => (wanted.kind, wanted.code.unwrap_or(0)),
        _ if dice.percent(50) => (if v6 { 128 } else { 8 }, 0),
        _ => (dice.pick(&ICMP_TYPES), 0),
    };
    Transport::Icmp {
        kind,
        code: if dice.percent(8) { dice.byte() } else { code },
        // Identifier 0 is where both sides' requests would meet.
        identifier: dice.pick(&[0, 0, 1, 2, 0xffff]),
    }
}

fn raw(protocol: u8) -> Transport {
    Transport::Other {
        protocol,
        payload: vec![0; 24],
    }
}

/// A transport header that ends early, at the end of the packet.
fn stump(dice: &mut Dice, v6: bool) -> Transport {
    let protocol = dice.pick(&[6, 17, if v6 { 58 } else { 1 }]);
    let length = dice.below(if protocol == 6 { 24 } else { 9 });
    Transport::Other {
        protocol,
        payload: (0..length).map(|_| dice.byte()).collect(),
    }
}

fn payload(dice: &mut Dice) -> Vec<u8> {
    let length = match dice.below(200) {
        0 => 8000,
        1 => 3400 + dice.below(200),
        2..20 => dice.below(1400),
        _ => dice.below(8),
    };
    vec![0x5a; length]
}

/// Options, extension headers, fragments, hop limits.
fn embellish(dice: &mut Dice, ip: &mut Ip) {
    if dice.percent(10) {
        ip.hop_limit = dice.pick(&[0, 1, 2, 254, 255]);
    }
    let is_stump = matches!(&ip.transport, Transport::Other { payload, .. } if payload.len() < 24);
    let fragments = if is_stump { 40 } else { 6 };
    if ip.source.is_ipv4() {
        if dice.percent(8) {
            ip.options = options(dice);
        }
        if dice.percent(fragments) {
            ip.fragment = Some(fragment(dice));
        }
        return;
    }
    if dice.percent(20) {
        for _ in 0..dice.pick(&[1, 1, 1, 2, 3, 7, 8, 9]) {
            let extension = extension(dice, ip.extensions.is_empty());
            ip.extensions.push(extension);
        }
    }
    if dice.percent(fragments) {
        let (offset, more) = fragment(dice);
        ip.extensions.push(Extension::Fragment { offset, more });
    }
}

/// Whole words of options, and of what looks like some: padding, source routes, lengths that lie.
fn options(dice: &mut Dice) -> Vec<u8> {
    let length = 4 * (1 + dice.below(10));
    let bytes = [0, 1, 1, 1, 2, 3, 4, 7, 8, 68, 131, 137, 148, 255];
    if dice.percent(50) {
        vec![1; length]
    } else {
        (0..length).map(|_| dice.pick(&bytes)).collect()
    }
}

pub(super) fn fragment(dice: &mut Dice) -> (u16, bool) {
    (dice.pick(&[0, 0, 0, 1, 185, 0x1fff]), dice.percent(60))
}

fn extension(dice: &mut Dice, is_first: bool) -> Extension {
    let kind = match dice.below(12) {
        0..3 if is_first => 0,
        3 => 43,
        4 => 135,
        5 | 6 => {
            return Extension::Authentication {
                words: dice.pick(&[4, 0, 1, 5]),
            };
        }
        7 => {
            let (offset, more) = fragment(dice);
            return Extension::Fragment { offset, more };
        }
        8 if dice.percent(20) => 0,
        _ => 60,
    };
    Extension::Options {
        kind,
        units: dice.pick(&[0, 0, 0, 1, 2, 16]),
        fourth: u8::from(kind == 43 && dice.percent(30)),
    }
}

/// DHCP, DHCPv6, neighbour discovery and listener reports, right or nearly.
fn service(dice: &mut Dice, policy: &Policy, side: Side, new: Envelope) -> Frame {
    let server = dice.maybe_pick(&policy.services.dhcp).copied();
    let from_device = side == Side::Device;
    let v6 = dice.percent(60);
    let own: IpAddr = if v6 {
        IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1))
    } else {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED)
    };
    let peer: IpAddr = match server {
        Some(server) if server.is_ipv6() == v6 && dice.percent(50) => server,
        _ if dice.percent(25) => addresses::peer(dice, None, v6),
        _ if v6 && from_device => IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 1, 2)),
        _ if v6 => IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 2)),
        _ => IpAddr::V4(Ipv4Addr::BROADCAST),
    };
    let (source, destination) = if from_device {
        (own, peer)
    } else {
        (peer, own)
    };
    let packet = new.packet(source, destination);
    if v6 && dice.percent(60) {
        let packet = packet.hop_limit(dice.pick(&[255, 255, 1, 1, 64]));
        let packet = match dice.below(10) {
            0 => packet.fragment(0, dice.percent(50)),
            1 | 2 => packet.extension(Extension::Options {
                kind: 0,
                units: 0,
                fourth: 0,
            }),
            _ => packet,
        };
        let code = u8::from(dice.percent(10));
        return packet.icmp(dice.pick(&ICMP_TYPES[5..16]), code, 0);
    }
    let of_other_family = dice.percent(4);
    let (client, server) = if v6 == of_other_family {
        (68, 67)
    } else {
        (546, 547)
    };
    let reversed = dice.percent(10);
    if from_device == reversed {
        packet.udp(server, client)
    } else {
        packet.udp(client, server)
    }
}
