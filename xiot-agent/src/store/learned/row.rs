//! Rows of what was learned: keys in the order in which they are read, values as short as they are kept long.

use std::net::{IpAddr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use crate::learn::{
    conversation::{Conversation, Initiator, Seen},
    device::Identity,
    hours::{Hours, Run},
};

/// Key of a device: MAC, outer and inner VLAN, big-endian.
pub(super) type DeviceKey = [u8; 10];

/// Key of a conversation: number of the device, big-endian; then who opens it, whether it was picked up midstream, protocol, port (big-endian), and the peer
/// as an IPv6 address, those of IPv4 mapped into it (RFC 4291, 2.5.5.2).
pub(super) type ConversationKey = [u8; 29];

/// Key of an address that a device was told a name of: number of the device, big-endian, and the address as that of a peer.
pub(super) type ToldKey = [u8; 24];

pub(super) fn told_key(number: u64, address: IpAddr) -> ToldKey {
    let mut key = [0; 24];
    key[..8].copy_from_slice(&number.to_be_bytes());
    key[8..].copy_from_slice(&octets(address));
    key
}

pub(super) fn told_address(key: ToldKey) -> IpAddr {
    let mut octets = [0; 16];
    octets.copy_from_slice(&key[8..]);
    Ipv6Addr::from(octets).to_canonical()
}

fn octets(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}

/// A device: everything but its conversations.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct DeviceRow {
    pub(super) number: u64,
    pub(super) conversations: u32,
    pub(super) left_out: u64,
    pub(super) hours: HoursRow,
}

/// What was seen of a conversation.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct SeenRow {
    opened: u64,
    frames: u64,
    bytes: u64,
    first: u64,
    lasted: u64,
    hours: HoursRow,
}

/// A set of hours.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct HoursRow {
    forgotten: u32,
    /// Hours of the week, where some were forgotten: else they are those of the runs.
    week: Option<[u64; 3]>,
    /// Hours since the end of the run before, and in the run.
    runs: Vec<(u32, u32)>,
}

pub(super) fn device_key(identity: &Identity) -> DeviceKey {
    let mut key = [0; 10];
    key[..6].copy_from_slice(&identity.mac);
    key[6..8].copy_from_slice(&identity.vlans.0.to_be_bytes());
    key[8..].copy_from_slice(&identity.vlans.1.to_be_bytes());
    key
}

pub(super) fn identity(key: DeviceKey) -> Identity {
    let mut mac = [0; 6];
    mac.copy_from_slice(&key[..6]);
    Identity {
        mac,
        vlans: (
            u16::from_be_bytes([key[6], key[7]]),
            u16::from_be_bytes([key[8], key[9]]),
        ),
    }
}

pub(super) fn conversation_key(number: u64, conversation: &Conversation) -> ConversationKey {
    let mut key = [0; 29];
    key[..8].copy_from_slice(&number.to_be_bytes());
    key[8] = u8::from(conversation.initiator == Initiator::Peer);
    key[9] = u8::from(conversation.midstream);
    key[10] = conversation.protocol;
    key[11..13].copy_from_slice(&conversation.port.to_be_bytes());
    key[13..].copy_from_slice(&octets(conversation.peer));
    key
}

/// None: no agent writes such a key.
pub(super) fn conversation(key: ConversationKey) -> Option<Conversation> {
    let (head, peer) = key[8..].split_at(5);
    let peer = Ipv6Addr::from(<[u8; 16]>::try_from(peer).ok()?);
    let flag = |byte: u8| match byte {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    };
    Some(Conversation {
        initiator: if flag(head[0])? {
            Initiator::Peer
        } else {
            Initiator::Device
        },
        midstream: flag(head[1])?,
        protocol: head[2],
        port: u16::from_be_bytes([head[3], head[4]]),
        peer: peer.to_ipv4_mapped().map_or(IpAddr::V6(peer), IpAddr::V4),
    })
}

impl SeenRow {
    pub(super) fn of(seen: &Seen) -> Self {
        Self {
            opened: seen.opened,
            frames: seen.frames,
            bytes: seen.bytes,
            first: seen.first,
            lasted: seen.last.saturating_sub(seen.first),
            hours: HoursRow::of(&seen.hours),
        }
    }

    /// None: no agent writes such a row.
    pub(super) fn seen(self) -> Option<Seen> {
        Some(Seen {
            opened: self.opened,
            frames: self.frames,
            bytes: self.bytes,
            first: self.first,
            last: self.first.checked_add(self.lasted)?,
            hours: self.hours.hours()?,
        })
    }
}

impl HoursRow {
    pub(super) fn of(hours: &Hours) -> Self {
        let mut end = 0;
        let runs = hours.runs().iter().map(|run| {
            let gap = run.start - end;
            end = run.start + run.length;
            (gap, run.length)
        });
        Self {
            runs: runs.collect(),
            forgotten: hours.forgotten(),
            week: (hours.forgotten() > 0).then(|| hours.week()),
        }
    }

    /// None: no agent writes such a row.
    pub(super) fn hours(self) -> Option<Hours> {
        let mut end = 0_u32;
        let mut runs = Vec::with_capacity(self.runs.len());
        for (gap, length) in self.runs {
            let start = end.checked_add(gap)?;
            end = start.checked_add(length)?;
            runs.push(Run { start, length });
        }
        match (self.week, self.forgotten) {
            (Some(week), 1..) => Hours::of(runs, self.forgotten, week),
            (None, 0) => Hours::of_runs(runs),
            _ => None,
        }
    }
}
