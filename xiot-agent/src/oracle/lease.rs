//! Reads what DHCP servers say that clients have (docs/judgement.md section 9.7).

use std::{
    collections::HashMap,
    net::{Ipv4Addr, Ipv6Addr},
};

use super::{
    fragment::Fragment,
    frame::{Mac, Transport, after},
    ip::Family,
};

/// What a server grants.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Lease {
    /// An acknowledgement of DHCP.
    Acknowledged {
        client: Mac,
        address: Ipv4Addr,
        seconds: u32,
    },
    /// Addresses in a reply of DHCPv6, each for so many seconds.
    Replied(Vec<(Ipv6Addr, u32)>),
}

/// Options of DHCP that are read.
const MOST_OPTIONS: usize = 128;
/// The same of DHCPv6.
const MOST_OPTIONS_V6: usize = 64;

impl Lease {
    /// What a packet grants that may be from a server. `payload` begins with the UDP header.
    pub(super) fn of(
        family: Family,
        fragment: Fragment,
        transport: Transport,
        payload: &[u8],
    ) -> Option<Self> {
        let Transport::Udp {
            source,
            destination,
        } = transport
        else {
            return None;
        };
        if fragment != Fragment::No {
            return None;
        }
        let &[_, _, _, _, high, low, ..] = payload else {
            return None;
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let message = payload.get(8..length)?;
        match (family, source, destination) {
            (Family::V4, 67, 68) => acknowledged(message),
            (Family::V6, 547, 546) => replied(message),
            _ => None,
        }
    }
}

/// RFC 2131.
fn acknowledged(message: &[u8]) -> Option<Lease> {
    let (head, options) = message.split_at_checked(240)?;
    let is_reply = head[..3] == [2, 1, 6] && head[236..] == [0x63, 0x82, 0x53, 0x63];
    if !is_reply {
        return None;
    }
    let said = options_of(options);
    let seconds: [u8; 4] = (*said.get(&51)?).try_into().ok()?;
    let address: [u8; 4] = head[16..20].try_into().ok()?;
    (said.get(&53) == Some(&&[5][..])).then_some(Lease::Acknowledged {
        client: head[28..34].try_into().ok()?,
        address: address.into(),
        seconds: u32::from_be_bytes(seconds),
    })
}

/// The last of each code.
fn options_of(mut rest: &[u8]) -> HashMap<u8, &[u8]> {
    let mut said = HashMap::new();
    for _ in 0..MOST_OPTIONS {
        match *rest {
            [0, ..] => rest = after(rest, 1),
            [code, length, ..] if code != 255 => {
                let end = 2 + usize::from(length);
                let Some(value) = rest.get(2..end) else {
                    break;
                };
                said.insert(code, value);
                rest = after(rest, end);
            }
            _ => break,
        }
    }
    said
}

/// RFC 8415.
fn replied(message: &[u8]) -> Option<Lease> {
    let &[7, _, _, _, ref options @ ..] = message else {
        return None;
    };
    let mut granted = Vec::new();
    let mut rest = options;
    for _ in 0..MOST_OPTIONS_V6 {
        let &[c, d, l, m, ref behind @ ..] = rest else {
            break;
        };
        let code = u16::from_be_bytes([c, d]);
        let length = usize::from(u16::from_be_bytes([l, m]));
        let Some(value) = behind.get(..length) else {
            break;
        };
        let skipped = match code {
            // An association goes on with the options in it.
            3 if length >= 12 => 12,
            4 if length >= 4 => 4,
            _ => length,
        };
        rest = after(behind, skipped);
        if code == 5
            && let Some((address, others)) = value.split_first_chunk::<16>()
            && let [_, _, _, _, lifetime @ ..] = others
            && let Some(valid) = lifetime.first_chunk::<4>()
        {
            granted.push((Ipv6Addr::from(*address), u32::from_be_bytes(*valid)));
        }
    }
    Some(Lease::Replied(granted))
}
