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
    rule::RuleId,
    schedule::CHAIN,
};

use crate::model::policy::{Initiator, Profile};

use super::{
    address::{Address, Ip as _},
    claims::{Claim, Part, Parts},
    error::{CompileError, Resource},
    ids::Scopes,
    memo::Memo,
    names::Names,
    segment::Resolver,
    sets::{RuleSet, RuleSets, TooLong},
    slot::{Narrow, Wide},
    times::Chains,
};

/// A policy that needs more than so many times the lines there are is refused before it is counted to the end, lest
/// it takes all memory.
const PATIENCE: usize = 4;

/// Peers and rule sets of all profiles so far.
#[derive(Debug)]
pub(super) struct Peers {
    /// Lines in a slot.
    available: u32,
    narrow: Vec<Narrow>,
    wide: Vec<Wide>,
    /// Names: they stand behind all that [`Ends`] are of.
    named: Vec<Wide>,
    sets: SetBuilder,
    parts: Parts,
    chains: Chains,
    /// How many slots of either kind there are up to the end of each profile's.
    ends: Vec<Ends>,
}

/// Where the slots of a profile end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ends {
    pub(super) narrow: usize,
    pub(super) wide: usize,
}

/// All that was filed.
#[derive(Debug)]
pub(super) struct Filed {
    /// The lines of all rule sets.
    pub(super) lines: Vec<Line>,
    /// IPv4 peers: profile by profile, each by [`super::slot::Editable::network`], then addresses.
    pub(super) narrow: Vec<Narrow>,
    /// IPv6 peers, likewise; names last.
    pub(super) wide: Vec<Wide>,
    /// Chains that rule sets name.
    pub(super) chains: Chains,
    /// Where the slots of each profile end.
    pub(super) ends: Vec<Ends>,
}

impl Peers {
    /// No peers yet, for a slot of so many lines.
    pub(super) fn new(available: u32) -> Self {
        Self {
            available,
            narrow: Vec::new(),
            wide: Vec::new(),
            named: Vec::new(),
            sets: SetBuilder::default(),
            parts: Parts::default(),
            chains: Chains::default(),
            ends: Vec::new(),
        }
    }

    /// Adds the peers of a profile; returns which prefix lengths they use.
    pub(super) fn add(
        &mut self,
        profile: &Profile,
        scopes: Scopes,
    ) -> Result<ProfilePrefixes, CompileError> {
        let Self {
            available,
            narrow,
            wide,
            named,
            sets,
            parts,
            chains,
            ends,
        } = self;
        let asker = |initiator, scope| Asker {
            available: *available,
            profile,
            initiator,
            scope,
        };
        let to = asker(Initiator::Device, scopes.to);
        let from = asker(Initiator::Peer, scopes.from);
        let to_named = asker(Initiator::Device, scopes.names_to);
        let from_named = asker(Initiator::Peer, scopes.names_from);
        parts.fill(profile);
        chains.next_profile(profile);
        sets.sets.next_profile(profile.rules.len());
        let prefixes = ProfilePrefixes {
            to_v4: to.file(&mut parts.to_v4, sets, chains, narrow)?,
            from_v4: from.file(&mut parts.from_v4, sets, chains, narrow)?,
            to_v6: to.file(&mut parts.to_v6, sets, chains, wide)?,
            from_v6: from.file(&mut parts.from_v6, sets, chains, wide)?,
        };
        // A name has no prefix but its own.
        to_named.file(&mut parts.to_named.0, sets, chains, named)?;
        to_named.file(&mut parts.to_named.1, sets, chains, named)?;
        from_named.file(&mut parts.from_named.0, sets, chains, named)?;
        from_named.file(&mut parts.from_named.1, sets, chains, named)?;
        ends.push(Ends {
            narrow: narrow.len(),
            wide: wide.len(),
        });
        Ok(prefixes)
    }

    /// Files a single address that has no rules.
    pub(super) fn add_address(&mut self, scope: u32, addr: IpAddr) {
        match AddressSlot::new(scope, addr) {
            AddressSlot::V4(slot) => self.narrow.push(slot),
            AddressSlot::V6(slot) => self.wide.push(slot),
        }
    }

    /// Files a network that has no rules.
    pub(super) fn add_network(&mut self, scope: u32, network: IpNetwork) {
        if let Some((first, prefix)) = u32::network_of(&network) {
            self.narrow.push(first.slot(scope, prefix, 1));
        }
        if let Some((first, prefix)) = u128::network_of(&network) {
            self.wide.push(first.slot(scope, prefix, 1));
        }
    }

    /// Files what names are filed under.
    pub(super) fn add_names(&mut self, names: &Names) {
        self.named.extend_from_slice(&names.slots);
    }

    /// What was filed.
    pub(super) fn into_filed(self) -> Filed {
        let Self {
            narrow,
            mut wide,
            named,
            sets,
            chains,
            ends,
            ..
        } = self;
        wide.extend(named);
        Filed {
            lines: sets.sets.into_lines(),
            narrow,
            wide,
            chains,
            ends,
        }
    }
}

/// The slot of a single address that has no rules.
#[derive(Clone, Copy, Debug)]
pub(super) enum AddressSlot {
    V4(Narrow),
    V6(Wide),
}

impl AddressSlot {
    pub(super) fn new(scope: u32, addr: IpAddr) -> Self {
        match addr {
            IpAddr::V4(v4) => Self::V4(v4.to_bits().slot(scope, u32::FULL, 1)),
            IpAddr::V6(v6) => Self::V6(v6.to_bits().slot(scope, u128::FULL, 1)),
        }
    }
}

/// Whose peers are looked for.
#[derive(Clone, Copy, Debug)]
struct Asker<'a> {
    available: u32,
    profile: &'a Profile,
    initiator: Initiator,
    scope: u32,
}

/// The lengths in use as the data path wants them; as they are if there are too many.
pub(super) fn lengths(used: &[bool; 129]) -> Result<PrefixLengths, Vec<u8>> {
    let used: Vec<u8> = (0..=128).rev().filter(|&n| used[usize::from(n)]).collect();
    if used.len() > MAX_PREFIX_LENGTHS {
        return Err(used);
    }
    let mut lengths = [NO_PREFIX; MAX_PREFIX_LENGTHS];
    lengths[..used.len()].copy_from_slice(&used);
    Ok(lengths)
}

/// A network around the one at hand.
#[derive(Clone, Copy, Debug)]
struct Around<A> {
    /// Its last address.
    last: A,
    set: RuleSet,
}

impl Asker<'_> {
    /// Files the networks of one family; returns their prefix lengths.
    fn file<A: Address>(
        self,
        part: &mut Part<A>,
        sets: &mut SetBuilder,
        chains: &mut Chains,
        slots: &mut Vec<A::Slot>,
    ) -> Result<PrefixLengths, CompileError> {
        part.claims.sort_unstable();
        part.claims.dedup();
        sets.memo = Memo::default();

        let mut used = [false; 129];
        let mut around: Vec<Around<A>> = Vec::new();
        for same in part.claims.chunk_by(|a, b| a.network() == b.network()) {
            let (addr, prefix) = same[0].network();
            while around.pop_if(|outer| outer.last < addr).is_some() {}
            let outer = around.last().map(|outer| outer.set);
            let set = sets.set_of(part, outer, same, chains).map_err(|found| {
                self.too_many_ranges(sets, chains, addr.words(prefix, self.profile), found)
            })?;
            self.check_chains(chains)?;
            if outer == Some(set) {
                continue;
            }
            self.stay_within_reason(&sets.sets)?;
            around.push(Around {
                last: addr.last(prefix),
                set,
            });
            used[usize::from(prefix)] = true;
            slots.push(addr.slot(self.scope, prefix, set.first + 1));
        }
        lengths(&used).map_err(|used| CompileError::TooManyPrefixLengths {
            profile: self.profile.name.clone(),
            initiator: self.initiator,
            family: A::FAMILY,
            used,
        })
    }

    fn stay_within_reason(self, sets: &RuleSets) -> Result<(), CompileError> {
        if sets.lines() <= PATIENCE * self.available as usize {
            return Ok(());
        }
        Err(CompileError::DoesNotFit {
            what: Resource::SlotLines,
            needed: sets.lines() as u64,
            available: self.available.into(),
        })
    }

    /// The error for the set that was resolved last.
    fn too_many_ranges(
        self,
        sets: &SetBuilder,
        chains: &Chains,
        peer: String,
        found: TooLong,
    ) -> CompileError {
        let mut ranges = BTreeMap::new();
        for segment in sets.resolver.resolved() {
            *ranges.entry(chains.first(segment.rule)).or_insert(0) += 1;
        }
        let most = ranges
            .into_iter()
            .max_by_key(|&(rule, count)| (count, Reverse(rule)));
        let rule = most.map_or(0, |(rule, _)| rule);
        CompileError::TooManyRanges {
            profile: self.profile.name.clone(),
            initiator: self.initiator,
            peer,
            lines: found.lines,
            rule,
            label: self.label(rule),
        }
    }

    fn check_chains(self, chains: &Chains) -> Result<(), CompileError> {
        let Some(rule) = chains.too_long() else {
            return Ok(());
        };
        Err(CompileError::TooManyTimedRules {
            profile: self.profile.name.clone(),
            rule,
            label: self.label(rule),
        })
    }

    fn label(self, rule: RuleId) -> String {
        let found = self.profile.rules.iter().find(|it| it.id == rule);
        found.map_or_else(String::new, |rule| rule.label.clone())
    }
}

/// Intervals that are resolved sooner than remembered.
const CHEAP: usize = 8;

/// Rule sets, and what finding them takes.
#[derive(Debug, Default)]
struct SetBuilder {
    sets: RuleSets,
    resolver: Resolver,
    memo: Memo,
}

impl SetBuilder {
    /// The set of `outer` and the rules of these claims together.
    fn set_of<A: Address>(
        &mut self,
        part: &Part<A>,
        outer: Option<RuleSet>,
        claims: &[Claim<A>],
        chains: &mut Chains,
    ) -> Result<RuleSet, TooLong> {
        self.resolver.clear();
        for &claim in claims {
            part.segments(claim)
                .for_each(|segment| self.resolver.add(segment));
        }
        // These rules can meet again only if each has another network.
        let again = !claims.iter().any(|claim| claim.single);
        let costly = outer.is_some() || self.resolver.len() > CHEAP;
        let remember = again && costly;
        let rules = || claims.iter().map(|claim| claim.rule);
        if remember && let Some(set) = self.memo.get(outer, &rules()) {
            return Ok(set);
        }
        if let Some(outer) = outer {
            for segment in self.sets.segments(outer) {
                if segment.rule & CHAIN == 0 {
                    self.resolver.add(segment);
                    continue;
                }
                for &rule in chains.rules(segment.rule) {
                    self.resolver.add(segment.of(rule));
                }
            }
        }
        let set = self.sets.intern(self.resolver.resolve(chains))?;
        if remember {
            self.memo.insert(outer, rules(), set);
        }
        Ok(set)
    }
}
