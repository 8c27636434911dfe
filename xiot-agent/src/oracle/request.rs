//! Reads in whose name DHCP servers are asked (docs/judgement.md section 9.3).

use std::net::Ipv4Addr;

use super::{
    fragment::Fragment,
    frame::{Mac, Transport},
};

/// What a client says to a DHCP server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Request {
    /// It is no client's, or does not hold what says whose it is.
    Unreadable,
    Of {
        hardware: Mac,
        /// Unspecified where it has none.
        address: Ipv4Addr,
    },
}

/// Bytes up to the end of the client's hardware address and what pads it.
const HEAD: usize = 44;

impl Request {
    /// What an IPv4 packet asks for that is for a server. `payload` begins with the UDP header.
    pub(super) fn of(fragment: Fragment, transport: Transport, payload: &[u8]) -> Option<Self> {
        let Transport::Udp {
            destination: 67, ..
        } = transport
        else {
            return None;
        };
        let read = (fragment == Fragment::No).then(|| read(payload)).flatten();
        Some(read.unwrap_or(Self::Unreadable))
    }
}

/// RFC 2131.
fn read(payload: &[u8]) -> Option<Request> {
    let length = u16::from_be_bytes(*payload.get(4..)?.first_chunk()?);
    let message = payload.get(8..usize::from(length))?;
    let head: &[u8; HEAD] = message.first_chunk()?;
    let hardware: Mac = *head[28..].first_chunk()?;
    let address: [u8; 4] = *head[12..].first_chunk()?;
    (head[..3] == [1, 1, 6]).then_some(Request::Of {
        hardware,
        address: address.into(),
    })
}
