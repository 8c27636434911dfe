//! Reads neighbour discovery (docs/judgement.md section 9.4).

use std::net::Ipv6Addr;

use super::frame::{Mac, Transport};

/// A message of neighbour discovery, valid or not.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Discovery {
    Invalid,
    Valid(Message),
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Message {
    pub(super) kind: u8,
    /// Of solicitations and advertisements of neighbours.
    pub(super) target: Option<Ipv6Addr>,
    /// MACs that its link-layer options name.
    pub(super) link_layers: Vec<Mac>,
}

pub(super) const ROUTER_SOLICITATION: u8 = 133;
pub(super) const NEIGHBOUR_SOLICITATION: u8 = 135;
pub(super) const NEIGHBOUR_ADVERTISEMENT: u8 = 136;
const REDIRECT: u8 = 137;

const MOST_OPTIONS: usize = 32;

impl Discovery {
    /// What an IPv6 packet with this payload behind all headers says; none where it is something else. `is_plain`:
    /// nothing lies between the IPv6 header and the message, and nobody has forwarded it.
    pub(super) fn of(transport: Transport, is_plain: bool, payload: &[u8]) -> Option<Self> {
        let Transport::Icmp { kind, code, .. } = transport else {
            return None;
        };
        let fixed = match kind {
            133 => 8,
            134 => 16,
            135 | 136 => 24,
            137 => 40,
            _ => return None,
        };
        let message = (is_plain && code == 0)
            .then(|| Message::read(kind, fixed, payload))
            .flatten();
        Some(message.map_or(Self::Invalid, Self::Valid))
    }
}

impl Message {
    fn read(kind: u8, fixed: usize, payload: &[u8]) -> Option<Self> {
        let (head, mut rest) = payload.split_at_checked(fixed)?;
        let mut options = 0;
        let mut link_layers = Vec::new();
        while let [option, units, ..] = *rest {
            options += 1;
            let (this, others) = rest.split_at_checked(usize::from(units) * 8)?;
            if units == 0 || options > MOST_OPTIONS {
                return None;
            }
            if kind != REDIRECT && matches!(option, 1 | 2) {
                let [_, _, mac @ ..] = this else { return None };
                link_layers.push(mac.try_into().ok()?);
            }
            rest = others;
        }
        let target = match kind {
            NEIGHBOUR_SOLICITATION | NEIGHBOUR_ADVERTISEMENT => {
                Some(Ipv6Addr::from(*head.last_chunk::<16>()?))
            }
            _ => None,
        };
        rest.is_empty().then_some(Self {
            kind,
            target,
            link_layers,
        })
    }
}
