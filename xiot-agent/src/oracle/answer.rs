//! Reads what DNS servers answer (docs/judgement.md section 13.2).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{
    fragment::Fragment,
    frame::{Transport, after},
};

/// Port of servers.
const SERVER: u16 = 53;
/// Records that are looked at.
const MOST_RECORDS: usize = 32;
/// Steps in which a name ends.
const MOST_STEPS: usize = 128;
/// Bytes of a name (RFC 1035 2.3.4).
const LONGEST_NAME: usize = 255;

const INTERNET: u16 = 1;
const A: u16 = 1;
const AAAA: u16 = 28;

/// An answer to one question.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Answer {
    /// The labels of the question's name, in lower case.
    pub(super) name: Vec<Vec<u8>>,
    /// Addresses, each with its TTL.
    pub(super) addresses: Vec<Given>,
}

/// An address and its TTL.
type Given = (IpAddr, u32);

impl Answer {
    /// What a packet answers that may be from a server. `payload` begins with the UDP header.
    pub(super) fn of(fragment: Fragment, transport: Transport, payload: &[u8]) -> Option<Self> {
        let Transport::Udp { source: SERVER, .. } = transport else {
            return None;
        };
        if fragment != Fragment::No {
            return None;
        }
        let &[_, _, _, _, high, low, ..] = payload else {
            return None;
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        Self::read(payload.get(8..length)?)
    }

    fn read(message: &[u8]) -> Option<Self> {
        let (header, rest) = message.split_first_chunk::<12>()?;
        let word = |n: usize| u16::from_be_bytes([header[n], header[n + 1]]);
        // A response (QR) to a query (opcode 0) without error, to one question.
        if word(2) & 0xf80f != 0x8000 || word(4) != 1 {
            return None;
        }
        let (name, rest) = question_name(rest)?;
        let (kind_and_class, mut rest) = rest.split_first_chunk::<4>()?;
        if u16::from_be_bytes([kind_and_class[2], kind_and_class[3]]) != INTERNET {
            return None;
        }
        let mut addresses = Vec::new();
        for _ in 0..MOST_RECORDS.min(usize::from(word(6))) {
            let Some((address, behind)) = record(rest) else {
                break;
            };
            addresses.extend(address);
            rest = behind;
        }
        Some(Self { name, addresses })
    }
}

/// The name of a question, and what is behind it. It is not compressed.
fn question_name(bytes: &[u8]) -> Option<(Vec<Vec<u8>>, &[u8])> {
    let mut labels: Vec<Vec<u8>> = Vec::new();
    let mut rest = bytes;
    loop {
        let (&length, behind) = rest.split_first()?;
        if length > 63 {
            return None;
        }
        if length == 0 {
            let used = bytes.len() - behind.len();
            return (used <= LONGEST_NAME).then_some((labels, behind));
        }
        let (label, behind) = behind.split_at_checked(length.into())?;
        labels.push(label.to_ascii_lowercase());
        rest = behind;
    }
}

/// The address of a record, if it is one, and what is behind the record.
fn record(bytes: &[u8]) -> Option<(Option<Given>, &[u8])> {
    let (fixed, rest) = behind_name(bytes)?.split_first_chunk::<10>()?;
    let word = |n: usize| u16::from_be_bytes([fixed[n], fixed[n + 1]]);
    let ttl = u32::from(word(4)) << 16 | u32::from(word(6));
    let (data, rest) = (rest.get(..word(8).into())?, after(rest, word(8).into()));
    let address = match (word(0), word(2)) {
        (A, INTERNET) => <[u8; 4]>::try_from(data)
            .ok()
            .map(|it| IpAddr::V4(Ipv4Addr::from(it))),
        (AAAA, INTERNET) => <[u8; 16]>::try_from(data)
            .ok()
            .map(Ipv6Addr::from)
            .filter(|it| it.to_ipv4_mapped().is_none())
            .map(IpAddr::V6),
        _ => None,
    };
    let address = address.filter(|it| !it.is_unspecified());
    Some((address.map(|it| (it, ttl)), rest))
}

/// What is behind a name, which may end in a pointer.
fn behind_name(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes;
    for _ in 0..MOST_STEPS {
        let (&length, behind) = rest.split_first()?;
        rest = match length {
            0 => return Some(behind),
            1..=63 => behind.get(length.into()..)?,
            64..=191 => return None,
            192.. => return behind.get(1..),
        };
    }
    None
}
