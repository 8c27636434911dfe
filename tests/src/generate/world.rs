//! The small world that policies and traffic are drawn from: few MACs, addresses, ports and VLANs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::frame::Mac;

/// MAC of the router on the uplink side.
pub const ROUTER: Mac = [0x02, 0, 0, 0, 0xff, 1];

/// Group MACs: broadcast, IPv4 and IPv6 multicast, spanning tree.
pub(super) const GROUPS: [Mac; 4] = [
    [0xff; 6],
    [0x01, 0, 0x5e, 0, 0, 0x16],
    [0x33, 0x33, 0, 0, 0, 1],
    [0x01, 0x80, 0xc2, 0, 0, 0],
];

/// Addresses of [`GROUPS`], and of others with the same MAC.
pub(super) const GROUP_ADDRESSES: [IpAddr; 6] = [
    v4(255, 255, 255, 255),
    v4(10, 255, 255, 255),
    v4(224, 0, 0, 22),
    v4(225, 128, 0, 22),
    v6([0xff02, 0, 0], [0, 1]),
    v6([0xff05, 0, 0], [0, 1]),
];

/// Devices that a policy may list.
pub(super) const LISTABLE: u8 = 24;

/// MAC of a device; numbers from [`LISTABLE`] on are never listed.
pub(super) fn device_mac(number: u8) -> Mac {
    [0x02, 0, 0, 0, 0, number]
}

/// Inner id of a service tag that stands alone.
pub(super) const NO_CUSTOMER_TAG: u16 = 4095;

/// VLAN ids, outer and inner.
pub(super) const VLANS: [(u16, u16); 8] = [
    (0, 0),
    (30, 0),
    (1, 0),
    (4094, 0),
    (100, 30),
    (30, 100),
    (4094, 1),
    (30, NO_CUSTOMER_TAG),
];

/// Tags that no switch may be trusted with.
pub(super) const BAD_VLANS: [(u16, u16); 4] = [(4095, 0), (0, 30), (30, 4095), (4095, 4095)];

/// Group MACs of switches, and beside them.
pub(super) const SWITCHES: [Mac; 14] = [
    [0x01, 0x80, 0xc2, 0, 0, 0],
    [0x01, 0x80, 0xc2, 0, 0, 0x0e],
    [0x01, 0x80, 0xc2, 0, 0, 0x0f],
    [0x01, 0x80, 0xc2, 0, 0, 0x10],
    [0x01, 0x80, 0xc2, 0, 0, 0x11],
    [0x01, 0x80, 0xc2, 0, 0, 0x20],
    [0x01, 0x80, 0xc2, 0, 0, 0x2f],
    [0x01, 0x80, 0xc2, 0, 0, 0x30],
    [0x01, 0, 0x0c, 0xcc, 0xcc, 0xcc],
    [0x01, 0, 0x0c, 0xcc, 0xcc, 0xcd],
    [0x01, 0, 0x0c, 0xcc, 0xcc, 0xce],
    [0x01, 0, 0x0c, 0xcc, 0xcd, 0xcc],
    [0x01, 0, 0x0c, 0, 0, 0],
    [0x01, 0, 0x0d, 0xcc, 0xcc, 0xcc],
];

/// Other types than ARP and IP, lengths among them.
pub(super) const ETHERTYPES: [u16; 8] = [
    0x88cc, 0x888e, 0x0026, 0x05ff, 0x0600, 0x9100, 0x8892, 0xffff,
];

/// Names of the wires. Most frames come in on the first.
pub(super) const WIRES: [&str; 2] = ["ward-3", "ward-4"];

const fn v4(a: u8, b: u8, c: u8, d: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(a, b, c, d))
}

const fn v6(head: [u16; 3], tail: [u16; 2]) -> IpAddr {
    IpAddr::V6(Ipv6Addr::new(
        head[0], head[1], head[2], 0, 0, 0, tail[0], tail[1],
    ))
}

/// Addresses of hosts.
pub(super) const HOSTS: [IpAddr; 26] = [
    v4(10, 0, 0, 10),
    v4(10, 0, 0, 11),
    v4(10, 0, 0, 12),
    v4(10, 0, 0, 13),
    v4(10, 0, 1, 1),
    v4(10, 0, 1, 2),
    v4(10, 0, 1, 254),
    v4(10, 0, 200, 1),
    v4(10, 128, 0, 1),
    v4(10, 255, 255, 255),
    v4(127, 255, 255, 255),
    v4(128, 0, 0, 0),
    v4(192, 168, 1, 1),
    v4(223, 255, 255, 255),
    v6([0xfd00, 0, 0], [0, 0x10]),
    v6([0xfd00, 0, 0], [0, 0x11]),
    v6([0xfd00, 0, 0], [0, 0x12]),
    v6([0xfd00, 0, 0], [0, 0x8000]),
    v6([0xfd00, 0, 1], [0, 1]),
    v6([0xfd00, 0, 1], [1, 1]),
    v6([0xfd00, 0x20, 8], [0, 0x11]),
    v6([0x2001, 0xdb8, 0], [0, 1]),
    v6([0x2001, 0xdb8, 0xffff], [0xffff, 0xffff]),
    v6([0xfe80, 0, 0], [0, 1]),
    v6([0xfe80, 0, 0], [0, 2]),
    v6([0xfebf, 0xffff, 0], [0, 1]),
];

/// Addresses with a meaning of their own.
pub(super) const SPECIAL: [IpAddr; 20] = [
    v4(0, 0, 0, 0),
    v4(255, 255, 255, 255),
    v4(224, 0, 0, 1),
    v4(224, 0, 0, 0),
    v4(239, 255, 255, 255),
    v4(240, 0, 0, 0),
    v4(254, 255, 255, 255),
    v4(0, 0, 0, 1),
    v4(0, 255, 255, 255),
    v4(1, 0, 0, 0),
    v4(127, 0, 0, 1),
    v4(169, 254, 1, 1),
    v6([0, 0, 0], [0, 0]),
    v6([0, 0, 0], [0, 1]),
    v6([0xff02, 0, 0], [0, 1]),
    v6([0xff02, 0, 0], [1, 2]),
    v6([0xff00, 0, 0], [0, 0]),
    v6([0xfec0, 0, 0], [0, 1]),
    // ::ffff:10.0.0.10, and beside the mapped range.
    IpAddr::V6(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0x0a00, 0x000a)),
    IpAddr::V6(Ipv6Addr::new(0, 0, 0, 0, 1, 0xffff, 0x0a00, 0x000a)),
];

/// An address that is a device's if nobody else has it: what its leases are about, and what it uses. Devices of numbers that
/// differ by eight have the same. In IPv6 there are `more`.
pub(super) fn home(mac: Mac, v6: bool, more: u8) -> IpAddr {
    let number = mac[5] % 8;
    if v6 {
        v6_of_home(number, more)
    } else {
        v4(10, 0, 2, number + more % 2)
    }
}

fn v6_of_home(number: u8, more: u8) -> IpAddr {
    v6([0xfd00, 0, 2], [u16::from(more), u16::from(number)])
}

/// Ports, with both ends of the range and those that services use.
pub(super) const PORTS: [u16; 19] = [
    0, 1, 22, 53, 67, 68, 123, 443, 514, 546, 547, 1985, 3613, 8000, 8009, 40000, 40001, 65534,
    65535,
];

/// IP protocols, with those that a careless parser takes for something else.
pub(super) const PROTOCOLS: [u8; 21] = [
    0, 1, 2, 4, 6, 17, 41, 43, 44, 47, 50, 51, 58, 59, 60, 89, 112, 132, 135, 139, 255,
];

/// ICMP and ICMPv6 types.
pub(super) const ICMP_TYPES: [u8; 18] = [
    0, 3, 8, 11, 13, 128, 129, 130, 131, 132, 133, 134, 135, 136, 137, 143, 1, 2,
];
