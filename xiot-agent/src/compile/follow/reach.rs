//! How far a change of some rules reaches: to the networks that they name, and those inside. What the rules of any other network
//! are does not depend on them.

use std::net::IpAddr;

use ipnetwork::IpNetwork;

use crate::{
    compile::{address::Address as _, ids::Scopes, slot::Editable},
    model::policy::{Initiator, Profile, Rule},
};

/// Networks whose rules may have changed.
#[derive(Clone, Debug)]
pub(super) struct Reach {
    scopes: Scopes,
    /// None: any network.
    networks: Option<Vec<Range>>,
}

/// One of them, with all inside.
#[derive(Clone, Copy, Debug)]
struct Range {
    initiator: Initiator,
    is_v4: bool,
    first: u128,
    last: u128,
    prefix: u8,
}

/// Networks up to which it is worth it to look for rules that have to do with one.
const FEW: usize = 64;

impl Reach {
    /// Everything.
    pub(super) const fn all(scopes: Scopes) -> Self {
        Self {
            scopes,
            networks: None,
        }
    }

    /// Of a change of these rules.
    pub(super) fn of(scopes: Scopes, rules: &[&Rule]) -> Self {
        let ranges = rules.iter().flat_map(|rule| {
            let peers = rule.peers.iter();
            peers.map(|peer| Range::of(rule.initiator, *peer))
        });
        let networks: Vec<_> = ranges.take(FEW + 1).collect();
        Self {
            scopes,
            networks: (networks.len() <= FEW).then_some(networks),
        }
    }

    /// Of the profile.
    pub(super) const fn scopes(&self) -> Scopes {
        self.scopes
    }

    /// Places of the rules of the profile that have a say in these networks: those that name one, one inside, or one around it.
    pub(super) fn rules(&self, profile: &Profile) -> Vec<usize> {
        let rules = profile.rules.iter().enumerate();
        let concerned = rules.filter(|(_, rule)| {
            let mut peers = rule.peers.iter();
            peers.any(|peer| self.meets(Range::of(rule.initiator, *peer)))
        });
        concerned.map(|(place, _)| place).collect()
    }

    fn meets(&self, other: Range) -> bool {
        self.networks.as_ref().is_none_or(|all| {
            all.iter().any(|one| {
                one.initiator == other.initiator
                    && one.is_v4 == other.is_v4
                    && one.first <= other.last
                    && other.first <= one.last
            })
        })
    }

    /// Whether the network of a slot is one of them; `is_v4` says of which family it is.
    pub(super) fn holds(&self, slot: impl Editable, is_v4: bool) -> bool {
        let (scope, addr, prefix) = slot.network();
        self.networks.as_ref().is_none_or(|all| {
            all.iter().any(|one| {
                let own = match one.initiator {
                    Initiator::Device => self.scopes.to,
                    Initiator::Peer => self.scopes.from,
                };
                u64::from(own) == scope
                    && one.is_v4 == is_v4
                    && (one.first..=one.last).contains(&addr)
                    && u64::from(one.prefix) <= prefix
            })
        })
    }
}

impl Range {
    fn of(initiator: Initiator, network: IpNetwork) -> Self {
        let prefix = network.prefix();
        let (first, last) = match network.network() {
            IpAddr::V4(first) => {
                let first = first.to_bits();
                (first.into(), first.last(prefix).into())
            }
            IpAddr::V6(first) => (first.to_bits(), first.to_bits().last(prefix)),
        };
        Self {
            initiator,
            is_v4: network.is_ipv4(),
            first,
            last,
            prefix,
        }
    }
}
