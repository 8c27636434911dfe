//! Section 9: guards.

mod again;
mod arp;
mod group;
mod levels;
mod nd;
mod others;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::world::{OWN, OWN6, PEER, PUMP, ROUTER, device, policy, wires};
use crate::model::{
    gateway::Wire,
    guard::{Guards, Level},
    policy::{Mode, Policy},
};

/// The other listed device.
const MONITOR: [u8; 6] = [2, 0, 0, 0, 0, 2];
const BROADCAST: [u8; 6] = [0xff; 6];
const OTHERS: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 12));
const OTHERS6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 0x12));

/// The pump and another device, both with their addresses.
fn ward_of_two(mode: Mode) -> Policy {
    let mut policy = policy(mode);
    policy.devices[0].addresses = vec![OWN, OWN6];
    policy.devices.push(device(MONITOR, mode));
    policy.devices[1].addresses = vec![OTHERS, OTHERS6];
    policy
}

fn guarded(guards: Guards) -> Vec<Wire> {
    let mut wires = wires();
    wires[0].guards = guards;
    wires
}

fn all(level: Level) -> Vec<Wire> {
    guarded(Guards::all(level))
}

fn frame(to: [u8; 6], from: [u8; 6], kind: u16, payload: &[u8]) -> Vec<u8> {
    [&to[..], &from, &kind.to_be_bytes(), payload].concat()
}

/// The bytes of an address.
fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    }
}

/// An ARP message from this MAC, whose sender is said to be that.
fn arp(from: [u8; 6], operation: u16, (sender_mac, sender): ([u8; 6], IpAddr)) -> Vec<u8> {
    let mut message = vec![0, 1, 8, 0, 6, 4];
    message.extend(operation.to_be_bytes());
    message.extend(sender_mac);
    message.extend(octets(sender));
    message.extend([0; 6]);
    message.extend(octets(PEER));
    frame(BROADCAST, from, 0x0806, &message)
}

/// A message of neighbour discovery: type, source, hop limit, and all behind the first four bytes.
struct Nd {
    kind: u8,
    code: u8,
    source: IpAddr,
    hops: u8,
    rest: Vec<u8>,
}

const ALL_NODES: IpAddr = IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1));
const NOBODY6: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

impl Nd {
    /// With a target or what else belongs there.
    fn new(kind: u8, source: IpAddr, fixed: &[u8]) -> Self {
        Self {
            kind,
            code: 0,
            source,
            hops: 255,
            rest: [&[0; 4], fixed].concat(),
        }
    }

    fn about(kind: u8, source: IpAddr, target: IpAddr) -> Self {
        Self::new(kind, source, &octets(target))
    }

    fn option(mut self, option: &[u8]) -> Self {
        self.rest.extend(option);
        self
    }

    fn naming(self, kind: u8, mac: [u8; 6]) -> Self {
        self.option(&[&[kind, 1], &mac[..]].concat())
    }

    fn packet(&self) -> Vec<u8> {
        let message = [&[self.kind, self.code, 0, 0], &self.rest[..]].concat();
        let mut packet =
            super::world::ip(self.source, ALL_NODES, 58, super::world::WHOLE, &message);
        packet[7] = self.hops;
        packet
    }

    fn from(&self, mac: [u8; 6]) -> Vec<u8> {
        frame([0x33, 0x33, 0, 0, 0, 1], mac, 0x86dd, &self.packet())
    }
}

/// Who is on the other side.
const GATEWAY: [u8; 6] = ROUTER;
const DEVICE: [u8; 6] = PUMP;
