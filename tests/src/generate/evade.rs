//! What attackers send past guards, and what looks like it: SNAP, ends of datagrams, DHCP for others, standby routers.

use std::net::{IpAddr, Ipv4Addr};

use xiot_agent::model::policy::Policy;

use super::{
    dice::Dice,
    spoof::{named_mac, some_address},
};
use crate::frame::{Body, Envelope, Extension, Frame, Ip, Mac, Transport, lease::request};

/// LLC and SNAP behind a length, right or nearly.
pub(super) fn snap(dice: &mut Dice, new: Envelope) -> Frame {
    let mut bytes = vec![0xaa, 0xaa, 3, 0, 0, dice.pick(&[0, 0, 0, 0xf8, 0xf8, 0x0c])];
    let kind: u16 = dice.pick(&[
        0x0800, 0x0806, 0x86dd, 0x8100, 0x88a8, 0x0800, 0x0806, 0x86dd, 0x0801, 0x809b, 0x88cc,
    ]);
    bytes.extend(kind.to_be_bytes());
    if dice.percent(10) {
        let at = dice.below(8);
        bytes[at] ^= 1 << dice.below(8);
    }
    bytes.resize(46, 0);
    if dice.percent(10) {
        bytes.truncate(dice.pick(&[0, 3, 6, 7, 8, 9]));
    }
    new.other(
        dice.pick(&[46, 46, 0, 8, 0x05ff, 0x05ff, 0x0600, 0x88b5]),
        &bytes,
    )
}

/// The end of a datagram, of IPv6 mostly, which may hold anything.
pub(super) fn end(dice: &mut Dice, policy: &Policy, new: Envelope) -> Frame {
    let v6 = dice.percent(85);
    let (source, destination) = (
        some_address(dice, policy, v6),
        some_address(dice, policy, v6),
    );
    let mut packet = new
        .packet(source, destination)
        .identification(u32::from(dice.byte() % 4));
    if v6 && dice.percent(20) {
        packet = packet.extension(Extension::Options {
            kind: 60,
            units: 0,
            fourth: 0,
        });
    }
    let next = dice.pick(&[
        58, 58, 58, 0, 43, 44, 51, 60, 60, 135, 17, 6, 59, 50, 112, 139,
    ]);
    let offset = dice.pick(&[1, 8, 64, 65, 152]);
    packet
        .fragment(offset, dice.percent(20))
        .protocol(next, &[0; 512][..dice.pick(&[8, 16, 512, 512])])
}

/// From a DHCP client, for itself or for another, right or nearly.
pub(super) fn client(dice: &mut Dice, policy: &Policy, sender: Mac, new: Envelope) -> Frame {
    let address = match some_address(dice, policy, false) {
        IpAddr::V4(address) if dice.percent(40) => address,
        IpAddr::V4(_) | IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
    };
    let mut message = request(named_mac(dice, policy, sender), address);
    match dice.below(20) {
        0 | 1 => {
            let at = dice.pick(&[0, 1, 2, 3, 11, 12, 15, 16, 28, 33, 34, 43]);
            message[at] ^= 1 << dice.below(8);
        }
        2 | 3 => message.truncate(dice.pick(&[0, 3, 27, 34, 43, 43, 44, 44, 45])),
        _ => {}
    }
    let (source, destination) = if dice.percent(60) {
        (
            Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::from(Ipv4Addr::BROADCAST),
        )
    } else {
        (
            some_address(dice, policy, false),
            some_address(dice, policy, false),
        )
    };
    let from = dice.pick(&[68, 68, 68, 68, 67, 50_000]);
    let to = dice.pick(&[67, 67, 67, 67, 67, 67, 69]);
    let mut built = new.packet(source, destination).datagram(from, to, &message);
    if let Body::Ip(ip) = &mut built.body {
        match dice.below(16) {
            0 => {
                ip.fragment = Some((0, true));
                // Whole units.
                shape(ip, |bytes| bytes.resize(248, 0));
            }
            1 => shape(ip, |bytes| {
                let length = bytes.len() - dice.below(bytes.len() - 7);
                let length = u16::try_from(length).expect("a short message");
                bytes[4..6].copy_from_slice(&length.to_be_bytes());
            }),
            2 => ip.options = vec![1; 4 * (1 + dice.below(10))],
            _ => {}
        }
    }
    built
}

/// The same bytes, but for a change that its checksum does not know of.
fn shape(ip: &mut Ip, change: impl FnOnce(&mut Vec<u8>)) {
    let (protocol, mut payload) = (ip.protocol(), ip.payload());
    change(&mut payload);
    ip.transport = Transport::Other { protocol, payload };
}

/// Of a virtual or standby router, or beside it.
pub(super) fn standby(dice: &mut Dice, policy: &Policy, new: Envelope) -> Frame {
    let v6 = dice.percent(40);
    let (source, destination) = (
        some_address(dice, policy, v6),
        some_address(dice, policy, v6),
    );
    let packet = new.packet(source, destination);
    let packet = if dice.percent(12) {
        packet.fragment(dice.pick(&[0, 64]), dice.percent(60))
    } else {
        packet
    };
    if dice.percent(40) {
        return packet.protocol(dice.pick(&[112, 112, 112, 111, 113]), &[0; 512]);
    }
    let port = dice.pick(&[1985, 2029, 3222, 1985, 1984, 3223]);
    let payload = [0; 504];
    if dice.percent(80) {
        packet.datagram(dice.pick(&[1985, 50_000]), port, &payload)
    } else {
        packet.datagram(port, 50_000, &payload)
    }
}
