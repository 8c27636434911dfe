//! The first bytes of frames: all that differs between those of one run.

use std::net::IpAddr;

use super::site::Flow;

/// Bytes of a frame, without FCS.
pub(crate) const LENGTH: usize = 64;

/// The first bytes as words in memory order.
pub(crate) type Header = [u64; 8];

/// MAC of what the devices speak to.
pub(crate) const CORE: [u8; 6] = [0x02, 0xff, 0, 0, 0, 1];

/// What frames look like.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Family {
    /// IPv4, untagged.
    Ipv4,
    /// IPv6, untagged.
    Ipv6,
    /// IPv4 behind two VLAN tags.
    QinQ,
}

impl Family {
    /// What figures of it are called.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ipv4 => "IPv4",
            Self::Ipv6 => "IPv6",
            Self::QinQ => "QinQ",
        }
    }

    const fn tags(self) -> &'static [u8] {
        match self {
            Self::Ipv4 | Self::Ipv6 => &[],
            Self::QinQ => &[0x88, 0xa8, 0, 100, 0x81, 0, 0, 200],
        }
    }

    /// VLAN ids of devices, outer first.
    pub(crate) const fn vlan(self) -> Option<(u16, u16)> {
        match self {
            Self::Ipv4 | Self::Ipv6 => None,
            Self::QinQ => Some((100, 200)),
        }
    }

    /// Where the source port is.
    pub(crate) const fn port_at(self) -> u32 {
        match self {
            Self::Ipv4 => 34,
            Self::Ipv6 => 54,
            Self::QinQ => 42,
        }
    }
}

/// A frame of a conversation from its device, or the answer.
pub(crate) fn udp(family: Family, flow: &Flow, reply: bool) -> Header {
    let mut ends = [
        (flow.mac, flow.device, flow.ports[0]),
        (CORE, flow.peer, flow.ports[1]),
    ];
    if reply {
        ends.reverse();
    }
    let [from, to] = ends;
    let mut bytes = Vec::with_capacity(LENGTH);
    bytes.extend(to.0);
    bytes.extend(from.0);
    bytes.extend(family.tags());
    match (from.1, to.1) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            bytes.extend([0x08, 0x00]);
            let start = bytes.len();
            let length = u8::try_from(LENGTH - start).expect("short");
            bytes.extend([0x45, 0, 0, length, 0, 0, 0x40, 0, 64, 17, 0, 0]);
            bytes.extend(from.octets());
            bytes.extend(to.octets());
            let sum = checksum(&bytes[start..]);
            bytes[start + 10..start + 12].copy_from_slice(&sum.to_be_bytes());
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            bytes.extend([0x86, 0xdd, 0x60, 0, 0, 0]);
            let length = u16::try_from(LENGTH - 54).expect("short");
            bytes.extend(length.to_be_bytes());
            bytes.extend([17, 64]);
            bytes.extend(from.octets());
            bytes.extend(to.octets());
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => {
            unreachable!("both ends are of one family")
        }
    }
    let length = u16::try_from(LENGTH - bytes.len()).expect("short");
    bytes.extend(from.2.to_be_bytes());
    bytes.extend(to.2.to_be_bytes());
    bytes.extend(length.to_be_bytes());
    bytes.resize(LENGTH, 0);
    let mut header = [0; 8];
    for (word, part) in header.iter_mut().zip(bytes.chunks_exact(8)) {
        *word = u64::from_ne_bytes(part.try_into().expect("eight bytes"));
    }
    header
}

/// Internet checksum (RFC 1071).
fn checksum(bytes: &[u8]) -> u16 {
    let sum: u32 = bytes
        .chunks_exact(2)
        .map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]])))
        .sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    !u16::try_from((folded & 0xffff) + (folded >> 16)).expect("folded")
}
