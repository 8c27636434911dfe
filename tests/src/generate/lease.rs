//! What DHCP servers say: leases as they should be, and what is none for one reason or another.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use xiot_agent::{model::policy::Policy, oracle::Side};

use super::{
    addresses,
    dice::Dice,
    fresh, spoof,
    traffic::Draft,
    world::{GROUPS, HOSTS, ROUTER, SPECIAL, home},
};
use crate::frame::{
    Body, Extension, Frame, Ip, Mac, Transport, frame,
    lease::{message6, option6, reply},
};

/// For how long: around silences of the traffic, and what is without end.
const SECONDS: [u32; 14] = [
    0,
    1,
    1,
    30,
    60,
    61,
    300,
    3300,
    3600,
    3600,
    40_000,
    u32::MAX - 1,
    u32::MAX,
    u32::MAX,
];

pub(super) fn draw(dice: &mut Dice, policy: &Policy) -> Draft {
    let party = addresses::party(dice, policy);
    let client = if dice.percent(4) {
        spoof::some_mac(dice, policy)
    } else {
        party.mac
    };
    let v6 = dice.percent(50);
    let receiver = match dice.below(20) {
        0 => spoof::some_mac(dice, policy),
        1..6 if !v6 => dice.pick(&GROUPS),
        1 => dice.pick(&GROUPS),
        _ => party.mac,
    };
    let new = fresh::tagged(dice, frame(ROUTER, receiver), party.vlans);
    let (source, destination) = (server(dice, policy, v6), receiving(dice, client, v6));
    let payload = if v6 {
        replied(dice, policy, client)
    } else {
        acknowledged(dice, policy, client)
    };
    let (from, to) = match dice.below(40) {
        0 => (67, 68),
        1 => (547, 546),
        2 => (68, 67),
        3 => (546, 546),
        _ if v6 => (547, 546),
        _ => (67, 68),
    };
    let mut built = new.packet(source, destination).datagram(from, to, &payload);
    disturb(dice, &mut built);
    Draft {
        wire: u16::from(dice.percent(12)),
        side: if dice.percent(96) {
            Side::Uplink
        } else {
            Side::Device
        },
        frame: built,
    }
}

/// One that the policy knows, mostly.
fn server(dice: &mut Dice, policy: &Policy, v6: bool) -> IpAddr {
    let known: Vec<IpAddr> = policy
        .services
        .dhcp
        .iter()
        .copied()
        .filter(|address| address.is_ipv6() == v6)
        .collect();
    match dice.maybe_pick(&known) {
        Some(known) if dice.percent(85) => *known,
        _ if v6 && dice.percent(85) => Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 2).into(),
        _ => addresses::peer(dice, None, v6),
    }
}

fn receiving(dice: &mut Dice, client: Mac, v6: bool) -> IpAddr {
    if v6 {
        Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1).into()
    } else if dice.percent(50) {
        Ipv4Addr::BROADCAST.into()
    } else {
        home(client, false, 0)
    }
}

/// Too short, in a fragment, behind other headers.
fn disturb(dice: &mut Dice, frame: &mut Frame) {
    let Body::Ip(ip) = &mut frame.body else {
        return;
    };
    match dice.below(24) {
        0 => cut(dice, ip),
        1 if ip.source.is_ipv4() => ip.fragment = Some((0, true)),
        1 => ip.extensions.push(Extension::Fragment {
            offset: 0,
            more: dice.percent(50),
        }),
        2 | 3 if ip.source.is_ipv6() => ip.extensions.push(Extension::Options {
            kind: 60,
            units: dice.pick(&[0, 1, 3]),
            fourth: 0,
        }),
        2 => ip.options = vec![1; 4 * (1 + dice.below(10))],
        _ => {}
    }
}

/// The UDP header says that it is shorter.
fn cut(dice: &mut Dice, ip: &mut Ip) {
    let mut datagram = ip.payload();
    let length = datagram.len();
    let shorter = u16::try_from(length - dice.below(length.min(40))).unwrap_or(8);
    datagram[4..6].copy_from_slice(&shorter.to_be_bytes());
    ip.transport = Transport::Other {
        protocol: 17,
        payload: datagram,
    };
}

/// The client's home, or what is another's, or nobody's.
fn given(dice: &mut Dice, policy: &Policy, client: Mac, v6: bool) -> IpAddr {
    match dice.below(20) {
        0..12 => home(client, v6, 0),
        12 => home(client, v6, dice.byte() % 4),
        13 => {
            let of_family = |address: &&IpAddr| address.is_ipv6() == v6;
            let special: Vec<&IpAddr> = SPECIAL.iter().filter(of_family).collect();
            *dice.pick(&special)
        }
        14 => {
            let of_family = |address: &&IpAddr| address.is_ipv6() == v6;
            let hosts: Vec<&IpAddr> = HOSTS.iter().filter(of_family).collect();
            *dice.pick(&hosts)
        }
        _ => spoof::some_address(dice, policy, v6),
    }
}

/// DHCP.
fn acknowledged(dice: &mut Dice, policy: &Policy, client: Mac) -> Vec<u8> {
    let IpAddr::V4(address) = given(dice, policy, client, false) else {
        return Vec::new();
    };
    let mut message = reply(client, address);
    if dice.percent(8) {
        let at = dice.pick(&[0, 1, 2, 3, 16, 28, 33, 34, 235, 236, 237, 238, 239]);
        message[at] = dice.byte();
    }
    let mut options = vec![option(dice, 53, &[5]), {
        let seconds = dice.pick(&SECONDS).to_be_bytes();
        option(dice, 51, &seconds)
    }];
    if dice.percent(10) {
        options.remove(dice.below(2));
    }
    for _ in 0..dice.pick(&[0, 0, 1, 2, 5]) {
        let more = match dice.below(10) {
            0..4 => vec![0; 1 + dice.below(4)],
            4 => vec![255],
            5 => {
                let kind = dice.pick(&[1, 2, 3, 4, 5, 5, 5, 6, 7]);
                option(dice, 53, &[kind])
            }
            6 => {
                let seconds = dice.pick(&SECONDS).to_be_bytes();
                option(dice, 51, &seconds)
            }
            _ => {
                let code = dice.pick(&[1, 3, 12, 52, 54, 82]);
                let length = dice.pick(&[0, 1, 4, 51, 255]);
                option(dice, code, &vec![53; length])
            }
        };
        options.insert(dice.below(options.len() + 1), more);
    }
    if dice.percent(4) {
        // As many as are read, or nearly.
        let count = dice.pick(&[124, 125, 126, 127, 128]);
        let one = dice.pick(&[&[0][..], &[12, 0], &[12, 1, 51]]);
        let at = dice.below(options.len() + 1);
        options.insert(at, one.repeat(count));
    }
    message.extend(options.concat());
    if dice.percent(60) {
        message.push(255);
    }
    if dice.percent(30) {
        message.resize(message.len() + dice.below(64), 0);
    }
    if dice.percent(4) {
        message.truncate(message.len() - dice.below(24));
    }
    message
}

/// An option, of a length that it mostly has.
fn option(dice: &mut Dice, code: u8, value: &[u8]) -> Vec<u8> {
    let length = u8::try_from(value.len()).expect("a short option");
    let claimed = match dice.below(40) {
        0 => length.wrapping_add(1),
        1 => length.saturating_sub(1),
        2 => dice.byte(),
        _ => length,
    };
    [&[code, claimed], value].concat()
}

/// `DHCPv6`.
fn replied(dice: &mut Dice, policy: &Policy, client: Mac) -> Vec<u8> {
    let mut options = Vec::new();
    for _ in 0..dice.pick(&[0, 1, 1, 1, 2, 3]) {
        let address = address6(dice, policy, client);
        options.push(match dice.below(12) {
            0 => address,
            1 => within(dice, 4, 4, &address),
            2 => {
                let inner = within(dice, 4, 4, &address);
                within(dice, 3, 12, &inner)
            }
            3 => within(dice, 25, 12, &address),
            4 => {
                let more = address6(dice, policy, client);
                within(dice, 3, 12, &[address, more].concat())
            }
            _ => within(dice, 3, 12, &address),
        });
    }
    for _ in 0..dice.pick(&[0, 0, 1, 2]) {
        let length = dice.pick(&[0, 2, 10, 14, 40]);
        let more = match dice.below(12) {
            0 => dice
                .pick(&[&[0][..], &[0, 3], &[0, 3, 0], &[0, 5, 0, 24]])
                .to_vec(),
            _ => option6(dice.pick(&[1, 2, 13, 23]), &vec![5; length]),
        };
        options.insert(dice.below(options.len() + 1), more);
    }
    if dice.percent(4) {
        let count = dice.pick(&[61, 62, 63, 64]);
        let one = option6(dice.pick(&[13, 3]), &[0; 12]);
        options.insert(dice.below(options.len() + 1), one.repeat(count));
    }
    let kind = dice.pick(&[7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 2, 6, 8, 10]);
    let mut message = message6(kind, &options.concat());
    if dice.percent(5) {
        message.truncate(message.len() - dice.below(message.len().min(30)));
    }
    message
}

/// An IAADDR with its valid lifetime, whole or nearly.
fn address6(dice: &mut Dice, policy: &Policy, client: Mac) -> Vec<u8> {
    let IpAddr::V6(address) = given(dice, policy, client, true) else {
        return Vec::new();
    };
    let mut value = address.octets().to_vec();
    value.extend(dice.next_u64().to_be_bytes());
    let valid = dice.pick(&SECONDS);
    value[20..24].copy_from_slice(&valid.to_be_bytes());
    match dice.below(20) {
        0 => value.truncate(dice.pick(&[0, 15, 16, 20, 23])),
        1 => value.extend(option6(13, &[0; 2])),
        _ => {}
    }
    off(dice, option6(5, &value))
}

/// Options in one of this code, behind what it begins with, whole or nearly.
fn within(dice: &mut Dice, code: u16, fixed: usize, options: &[u8]) -> Vec<u8> {
    let fixed = match dice.below(30) {
        0 => fixed - 1,
        1 => 0,
        _ => fixed,
    };
    let option = option6(code, &[&vec![0; fixed], options].concat());
    off(dice, option)
}

/// Its length may be wrong.
fn off(dice: &mut Dice, mut option: Vec<u8>) -> Vec<u8> {
    match dice.below(40) {
        0 => option[3] = option[3].wrapping_add(1),
        1 => option[3] = option[3].wrapping_sub(1),
        2 => option[2] = 1,
        _ => {}
    }
    option
}
