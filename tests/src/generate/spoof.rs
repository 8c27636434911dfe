//! Frames that say more than their sender may, or just not: what guards look at, right, nearly right and wrong.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use xiot_agent::{model::policy::Policy, oracle::Side};

use super::{
    addresses,
    dice::Dice,
    evade, fresh,
    traffic::Draft,
    world::{ETHERTYPES, GROUPS, HOSTS, ROUTER, SPECIAL, SWITCHES, device_mac, home},
};
use crate::frame::{Body, Envelope, Extension, Frame, Mac, frame};

pub(super) fn draw(dice: &mut Dice, policy: &Policy) -> Draft {
    if dice.percent(30) {
        return thief(dice, policy);
    }
    let party = addresses::party(dice, policy);
    let side = if dice.percent(65) {
        Side::Device
    } else {
        Side::Uplink
    };
    let sender = match side {
        Side::Device => party.mac,
        Side::Uplink if dice.percent(60) => ROUTER,
        Side::Uplink => some_mac(dice, policy),
    };
    let receiver = match side {
        Side::Device if dice.percent(50) => dice.pick(&GROUPS),
        Side::Device => ROUTER,
        Side::Uplink if dice.percent(40) => dice.pick(&GROUPS),
        Side::Uplink => party.mac,
    };
    let new = fresh::tagged(dice, frame(sender, receiver), party.vlans);
    let mut built = match dice.below(17) {
        0..4 => arp(dice, policy, sender, new),
        4..8 => neighbour(dice, policy, sender, new),
        8 => dhcp(dice, policy, new),
        9 => router(dice, policy, new),
        10 | 15 => evade::snap(dice, new),
        11 => evade::end(dice, policy, new),
        12 | 13 => evade::client(dice, policy, sender, new),
        14 => evade::standby(dice, policy, new),
        _ => switch(dice, policy, new),
    };
    disguise(dice, &mut built);
    Draft {
        wire: u16::from(dice.percent(15)),
        side,
        frame: built,
    }
}

/// A conversation like others, but from an address of somebody else, or of nobody.
fn thief(dice: &mut Dice, policy: &Policy) -> Draft {
    let mut draft = fresh::draw(dice, policy);
    if let Body::Ip(ip) = &mut draft.frame.body {
        let v6 = ip.source.is_ipv6();
        let address = some_address(dice, policy, v6);
        if !(address.is_ipv6() && is_mapped(address)) {
            match draft.side {
                Side::Device => ip.source = address,
                Side::Uplink => ip.destination = address,
            }
        }
        // Of who should be on the other side.
        let elsewhere: Vec<Mac> = policy
            .devices
            .iter()
            .filter(|device| device.wire.is_some())
            .map(|device| device.mac)
            .collect();
        if draft.side == Side::Uplink
            && dice.percent(25)
            && let Some(mac) = dice.maybe_pick(&elsewhere)
        {
            draft.frame.source = *mac;
        }
    }
    disguise(dice, &mut draft.frame);
    draft
}

fn is_mapped(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some())
}

/// MACs that no sender has.
fn disguise(dice: &mut Dice, frame: &mut Frame) {
    match dice.below(25) {
        0 => frame.source = [0; 6],
        1 => frame.destination = frame.source,
        2 => frame.destination = dice.pick(&SWITCHES),
        _ => {}
    }
}

pub(super) fn some_mac(dice: &mut Dice, policy: &Policy) -> Mac {
    match dice.maybe_pick_of(&policy.devices) {
        Some(device) if dice.percent(80) => device.mac,
        _ => device_mac(dice.byte() % 32),
    }
}

/// A device's, some host's, or one with a meaning of its own.
pub(super) fn some_address(dice: &mut Dice, policy: &Policy, v6: bool) -> IpAddr {
    let of_devices: Vec<IpAddr> = policy
        .devices
        .iter()
        .flat_map(|device| device.addresses.iter().copied())
        .filter(|address| address.is_ipv6() == v6)
        .collect();
    let of_family = |list: &[IpAddr]| -> Vec<IpAddr> {
        let all = list.iter().copied();
        all.filter(|address| address.is_ipv6() == v6).collect()
    };
    match dice.below(22) {
        20 | 21 => {
            let uplink = of_family(&policy.uplink_addresses);
            if let Some(address) = dice.maybe_pick(&uplink) {
                return *address;
            }
        }
        0..8 => {}
        8..13 => {
            let more = if dice.percent(25) { dice.byte() % 4 } else { 0 };
            return home(some_mac(dice, policy), v6, more);
        }
        13..16 => return dice.pick(&of_family(&HOSTS)),
        16 if v6 => return IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        16 => return IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        _ => return dice.pick(&of_family(&SPECIAL)),
    }
    match dice.maybe_pick(&of_devices) {
        Some(address) => *address,
        None => dice.pick(&of_family(&HOSTS)),
    }
}

/// The sender's, mostly.
pub(super) fn named_mac(dice: &mut Dice, policy: &Policy, sender: Mac) -> Mac {
    match dice.below(10) {
        0..7 => sender,
        7 => ROUTER,
        _ => some_mac(dice, policy),
    }
}

fn arp(dice: &mut Dice, policy: &Policy, sender: Mac, new: Envelope) -> Frame {
    let operation = dice.pick(&[1, 1, 1, 2, 2, 2, 0, 3, 0x100, 0x201]);
    let IpAddr::V4(address) = some_address(dice, policy, false) else {
        return new.other(0x0806, &[]);
    };
    let mac = named_mac(dice, policy, sender);
    let mut built = new.arp_as(operation, mac, address);
    if let Body::Arp { sender, target, .. } = &mut built.body
        && let IpAddr::V4(asked) = some_address(dice, policy, false)
    {
        *target = asked;
        if dice.percent(25) {
            *sender = Ipv4Addr::UNSPECIFIED;
        }
    }
    built
}

fn neighbour(dice: &mut Dice, policy: &Policy, sender: Mac, new: Envelope) -> Frame {
    let kind = dice.pick(&[133, 134, 135, 135, 135, 136, 136, 136, 137]);
    let mut fixed = match kind {
        133 => 8,
        134 => 16,
        137 => 40,
        _ => 24,
    };
    if dice.percent(6) {
        fixed = dice.pick(&[8, 12, 15, 16, 23, 24, 39]);
    }
    let mut message = vec![kind, 0, 0, 0, 0, 0, 0, 0];
    if dice.percent(4) {
        message[1] = dice.byte();
    }
    if let IpAddr::V6(target) = some_address(dice, policy, true) {
        message.extend(target.octets());
    }
    message.resize(fixed, 0);
    options(dice, policy, sender, &mut message);
    let source = if kind == 135 && dice.percent(25) {
        IpAddr::V6(Ipv6Addr::UNSPECIFIED)
    } else {
        some_address(dice, policy, true)
    };
    let destination = if dice.percent(80) {
        IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1))
    } else {
        some_address(dice, policy, true)
    };
    let mut packet = new
        .packet(source, destination)
        .hop_limit(if dice.percent(94) {
            255
        } else {
            dice.pick(&[254, 64, 1])
        });
    match dice.below(30) {
        0 => {
            packet = packet.extension(Extension::Options {
                kind: 0,
                units: 0,
                fourth: 0,
            });
        }
        1 => {
            let (offset, more) = fresh::fragment(dice);
            packet = packet.fragment(offset, more);
            message.resize(message.len().max(512), 0);
        }
        _ => {}
    }
    packet.protocol(58, &message)
}

/// Options as they should be, too many, or not quite.
fn options(dice: &mut Dice, policy: &Policy, sender: Mac, message: &mut Vec<u8>) {
    let count = dice.pick(&[0, 0, 1, 1, 1, 1, 2, 2, 3, 31, 32, 33]);
    let odd = dice.pick(&[0, 1, 2, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99]);
    let named = named_mac(dice, policy, sender);
    for number in 0..count {
        let kind = dice.pick(&[1, 1, 2, 2, 3, 5, 0, 14, 255]);
        let units = if number == odd {
            dice.pick(&[0, 1, 2, 3, 32])
        } else {
            1
        };
        let mac = if dice.percent(3) {
            some_mac(dice, policy)
        } else {
            named
        };
        let start = message.len();
        message.extend([kind, units]);
        message.extend(mac);
        if units > 1 && dice.percent(60) {
            message.resize(start + usize::from(units) * 8, 0);
        }
    }
    match dice.below(30) {
        0 => message.truncate(message.len() - 1 - dice.below(7)),
        1 => message.extend(vec![1; 1 + dice.below(8)]),
        _ => {}
    }
}

/// From and to the ports of servers and clients.
fn dhcp(dice: &mut Dice, policy: &Policy, new: Envelope) -> Frame {
    let v6 = dice.percent(50);
    let ports = [67, 68, 546, 547, 66, 69];
    let (source, destination) = (
        some_address(dice, policy, v6),
        some_address(dice, policy, v6),
    );
    let (from, to) = match dice.below(3) {
        0 if v6 => (547, 546),
        0 => (67, 68),
        _ => (dice.pick(&ports), dice.pick(&ports)),
    };
    let mut packet = new.packet(source, destination);
    if dice.percent(10) {
        packet = packet.fragment(0, true);
        let mut datagram = vec![0, dice.byte(), 0, 68, 2, 0, 0, 0];
        datagram[..2].copy_from_slice(&u16::to_be_bytes(from));
        datagram[2..4].copy_from_slice(&u16::to_be_bytes(to));
        datagram.resize(512, 0);
        return packet.protocol(17, &datagram);
    }
    packet.udp(from, to)
}

/// Redirects and advertisements, and their like.
fn router(dice: &mut Dice, policy: &Policy, new: Envelope) -> Frame {
    let v6 = dice.percent(40);
    let (source, destination) = (
        some_address(dice, policy, v6),
        some_address(dice, policy, v6),
    );
    let kind = dice.pick(if v6 {
        &[134, 137, 133, 138]
    } else {
        &[5, 9, 10, 4]
    });
    let code = if dice.percent(30) { dice.byte() } else { 0 };
    let mut packet = new.packet(source, destination);
    if dice.percent(20) {
        packet = packet.fragment(0, true);
        let mut message = vec![kind, code];
        message.resize(512, 0);
        return packet.protocol(if v6 { 58 } else { 1 }, &message);
    }
    packet.icmp(kind, code, 0)
}

/// To switches, in what they speak and in anything else.
fn switch(dice: &mut Dice, policy: &Policy, new: Envelope) -> Frame {
    let mut built = if dice.percent(70) {
        new.other(dice.pick(&ETHERTYPES), &[0x42; 46])
    } else {
        let (source, destination) = (
            some_address(dice, policy, false),
            some_address(dice, policy, false),
        );
        new.packet(source, destination).udp(50_000, 514)
    };
    built.destination = dice.pick(&SWITCHES);
    built
}
