//! Peers: which networks the rules of a profile speak of, and the rule set of each.
//!
//! The data path takes the longest prefix that contains an address and looks no further, so each prefix has the
//! rules of all prefixes around it too. One that has nothing to add to those around it is left out.

use std::{cmp::Reverse, collections::BTreeMap, net::IpAddr};

use ipnetwork::IpNetwork;
use xiot_common::{
    capacity::MAX_PREFIX_LENGTHS,
    image::Line,
    profile::{NO_PREFIX, PrefixLengths, ProfilePrefixes},
};

use crate::model::policy::{Initiator, Profile};

use super::{
    address::Address,
    error::{CompileError, Family},
    fingerprint::Fingerprint,
    ids::Scopes,
    memo::Memo,
    segment::{self, Resolver},
    sets::{RuleSet, RuleSets, TooLong},
    slot::{Narrow, Wide},
};

/// One network of one rule. Ordered so that a network follows those around it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Claim<A> {
    addr: A,
    prefix: u8,
    /// Index in the profile: file order.
    rule: u32,
}

impl<A: Address> Claim<A> {
    fn network(self) -> (A, u8) {
        (self.addr, self.prefix)
    }
}

/// A network around the one at hand.
#[derive(Clone, Copy, Debug)]
struct Around<A> {
    /// Its last address.
    last: A,
    set: RuleSet,
}

/// Peers and rule sets of all profiles so far.
#[derive(Debug, Default)]
pub(super) struct Peers {
    narrow: Vec<Narrow>,
    wide: Vec<Wide>,
    builder: Builder,
}

/// What the profile's own lines say of its peers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reach {
    /// Prefix lengths in use.
    pub prefixes: ProfilePrefixes,
    /// Of all peers with their rule sets.
    pub fingerprint: Fingerprint,
}

impl Peers {
    /// Adds the peers of a profile. The fingerprint goes on from that of the rest of the profile.
    pub(super) fn add(
        &mut self,
        profile: &Profile,
        scopes: Scopes,
        mut fingerprint: Fingerprint,
    ) -> Result<Reach, CompileError> {
        let part = |initiator, scope| Part {
            profile,
            initiator,
            scope,
        };
        let to = part(Initiator::Device, scopes.to);
        let from = part(Initiator::Peer, scopes.from);
        let build = &mut self.builder;
        let hash = &mut fingerprint;
        let prefixes = ProfilePrefixes {
            to_v4: build.add::<u32>(to, &mut self.narrow, hash)?,
            from_v4: build.add::<u32>(from, &mut self.narrow, hash)?,
            to_v6: build.add::<u128>(to, &mut self.wide, hash)?,
            from_v6: build.add::<u128>(from, &mut self.wide, hash)?,
        };
        Ok(Reach {
            prefixes,
            fingerprint,
        })
    }

    /// Files a single address that has no rules.
    pub(super) fn add_address(&mut self, scope: u32, addr: IpAddr) {
        match addr {
            IpAddr::V4(v4) => self.narrow.push(v4.to_bits().slot(scope, u32::FULL, 1)),
            IpAddr::V6(v6) => self.wide.push(v6.to_bits().slot(scope, u128::FULL, 1)),
        }
    }

    /// The lines of all rule sets, the slots of IPv4 peers and those of IPv6 peers.
    pub(super) fn into_parts(self) -> (Vec<Line>, Vec<Narrow>, Vec<Wide>) {
        (self.builder.sets.into_lines(), self.narrow, self.wide)
    }
}

/// The rules of a profile for one initiator.
#[derive(Clone, Copy, Debug)]
struct Part<'a> {
    profile: &'a Profile,
    initiator: Initiator,
    scope: u32,
}

/// Rule sets, and what finding them takes.
#[derive(Debug, Default)]
struct Builder {
    sets: RuleSets,
    resolver: Resolver,
    memo: Memo,
}

impl Builder {
    /// Files the networks of one family; returns their prefix lengths.
    fn add<A: Address>(
        &mut self,
        part: Part<'_>,
        slots: &mut Vec<A::Slot>,
        fingerprint: &mut Fingerprint,
    ) -> Result<PrefixLengths, CompileError> {
        self.memo.clear();
        let mut claims = part.claims::<A>();
        claims.sort_unstable();
        claims.dedup();

        let mut used = [false; 129];
        let mut around: Vec<Around<A>> = Vec::new();
        let mut own = Vec::new();
        for same in claims.chunk_by(|a, b| a.network() == b.network()) {
            let (addr, prefix) = same[0].network();
            while around.pop_if(|outer| outer.last < addr).is_some() {}
            let outer = around.last().map(|outer| outer.set);
            own.clear();
            own.extend(same.iter().map(|claim| claim.rule));
            let set = self
                .set_of(part.profile, A::FAMILY, outer, &own)
                .map_err(|found| self.too_many_ranges(part, addr.network(prefix), found))?;
            if outer == Some(set) {
                continue;
            }
            around.push(Around {
                last: addr.last(prefix),
                set,
            });
            used[usize::from(prefix)] = true;
            slots.push(addr.slot(part.scope, prefix, set.first + 1));
            let (high, low) = addr.halves();
            let kind = u64::from(prefix) << 1 | u64::from(part.scope & 1);
            *fingerprint = fingerprint.add(high, low).add(kind, set.fingerprint);
        }
        part.lengths(A::FAMILY, &used)
    }

    /// The set of `outer` and these rules of the profile together.
    fn set_of(
        &mut self,
        profile: &Profile,
        family: Family,
        outer: Option<RuleSet>,
        own: &[u32],
    ) -> Result<RuleSet, TooLong> {
        let rules = || own.iter().map(|&index| &profile.rules[index as usize]);
        // A rule with one network is asked for once.
        let again = rules().all(|rule| rule.peers.len() > 1);
        if again && let Some(set) = self.memo.get(outer, own) {
            return Ok(set);
        }
        self.resolver.clear();
        if let Some(outer) = outer {
            self.sets
                .segments(outer)
                .for_each(|segment| self.resolver.add(segment));
        }
        for rule in rules() {
            segment::of_rule(rule, family, |segment| self.resolver.add(segment));
        }
        let set = self.sets.intern(self.resolver.resolve())?;
        if again {
            self.memo.insert(outer, own, set);
        }
        Ok(set)
    }

    /// The error for the set that was resolved last.
    fn too_many_ranges(&self, part: Part<'_>, peer: IpNetwork, found: TooLong) -> CompileError {
        let mut ranges = BTreeMap::new();
        for segment in self.resolver.resolved() {
            *ranges.entry(segment.rule).or_insert(0) += 1;
        }
        let widest = ranges
            .into_iter()
            .max_by_key(|&(rule, count)| (count, Reverse(rule)));
        let rule = widest.map_or(0, |(rule, _)| rule);
        let label = part.profile.rules.iter().find(|it| it.id == rule);
        CompileError::TooManyRanges {
            profile: part.profile.name.clone(),
            initiator: part.initiator,
            peer,
            lines: found.lines,
            rule,
            label: label.map_or_else(String::new, |rule| rule.label.clone()),
        }
    }
}

impl Part<'_> {
    /// All networks of one family with the rules that name them.
    fn claims<A: Address>(&self) -> Vec<Claim<A>> {
        let mut claims = Vec::new();
        for (index, rule) in self.profile.rules.iter().enumerate() {
            if rule.initiator != self.initiator {
                continue;
            }
            let index = u32::try_from(index).expect("rules have distinct 32-bit numbers");
            let networks = rule.peers.iter().filter_map(A::network_of);
            claims.extend(networks.map(|(addr, prefix)| Claim {
                addr,
                prefix,
                rule: index,
            }));
        }
        claims
    }

    /// The lengths in use as the data path wants them.
    fn lengths(&self, family: Family, used: &[bool; 129]) -> Result<PrefixLengths, CompileError> {
        let used: Vec<u8> = (0..=128).rev().filter(|&n| used[usize::from(n)]).collect();
        if used.len() > MAX_PREFIX_LENGTHS {
            return Err(CompileError::TooManyPrefixLengths {
                profile: self.profile.name.clone(),
                initiator: self.initiator,
                family,
                used,
            });
        }
        let mut lengths = [NO_PREFIX; MAX_PREFIX_LENGTHS];
        lengths[..used.len()].copy_from_slice(&used);
        Ok(lengths)
    }
}
