//! What is filed of each profile: its networks, as slots of the peer tables.

use std::collections::HashMap;

use xiot_common::{
    capacity::MAX_PREFIX_LENGTHS,
    profile::{NO_PREFIX, PrefixLengths, ProfilePrefixes},
};

use super::reach::Reach;
use crate::compile::{
    ids::Scopes,
    peers::{Ends, Filed},
    slot::{Editable, Narrow, Wide},
};

/// Where the peers of all profiles are filed.
#[derive(Debug)]
pub(super) struct Sets {
    pub(super) narrow: Slots<Narrow>,
    pub(super) wide: Slots<Wide>,
}

impl Sets {
    /// As they were filed first.
    pub(super) fn new(filed: Filed) -> Self {
        let Filed {
            narrow, wide, ends, ..
        } = filed;
        let ends_of = |end: fn(&Ends) -> usize| ends.iter().map(end).collect();
        Self {
            narrow: Slots::new(narrow, ends_of(|it| it.narrow)),
            wide: Slots::new(wide, ends_of(|it| it.wide)),
        }
    }
}

/// The slots of one kind.
#[derive(Debug)]
pub(super) struct Slots<S> {
    first: Vec<S>,
    /// Where those of each profile end.
    ends: Vec<usize>,
    /// Of profiles that have others since.
    since: HashMap<usize, Vec<S>>,
}

impl<S> Slots<S> {
    fn new(mut first: Vec<S>, ends: Vec<usize>) -> Self {
        // What comes after the last are addresses of devices and servers.
        first.truncate(ends.last().copied().unwrap_or(0));
        first.shrink_to_fit();
        Self {
            first,
            ends,
            since: HashMap::new(),
        }
    }

    pub(super) fn of(&self, profile: usize) -> &[S] {
        if let Some(slots) = self.since.get(&profile) {
            return slots;
        }
        let start = profile.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.first[start..self.ends[profile]]
    }

    pub(super) fn set(&mut self, profile: usize, slots: Vec<S>) {
        self.since.insert(profile, slots);
    }
}

/// Slots of a profile, by whether a change reaches them.
#[derive(Debug)]
pub(super) struct Split<S> {
    pub(super) reached: Vec<S>,
    rest: Vec<S>,
}

impl<S: Editable> Split<S> {
    pub(super) fn of(slots: &[S], reach: &Reach, is_v4: bool) -> Self {
        let is_reached = |slot: &&S| reach.holds(**slot, is_v4);
        let (reached, rest) = slots.iter().partition::<Vec<&S>, _>(is_reached);
        let own = |slots: Vec<&S>| slots.into_iter().copied().collect();
        Self {
            reached: own(reached),
            rest: own(rest),
        }
    }

    /// The rest and these, in order.
    pub(super) fn with(self, reached: Vec<S>) -> Vec<S> {
        let mut all = self.rest;
        all.extend(reached);
        // Two runs: cheap where they are in order.
        all.sort_by_key(|slot| slot.network());
        all
    }
}

/// Prefix lengths that the networks of a profile have; none if there are too many.
pub(super) fn prefixes(
    scopes: Scopes,
    narrow: &[Narrow],
    wide: &[Wide],
) -> Option<ProfilePrefixes> {
    Some(ProfilePrefixes {
        to_v4: lengths(scopes.to, narrow)?,
        from_v4: lengths(scopes.from, narrow)?,
        to_v6: lengths(scopes.to, wide)?,
        from_v6: lengths(scopes.from, wide)?,
    })
}

fn lengths(scope: u32, slots: &[impl Editable]) -> Option<PrefixLengths> {
    let mut used = [false; 129];
    for (of, _, prefix) in slots.iter().map(|slot| slot.network()) {
        used[usize::try_from(prefix).ok()?] |= of == u64::from(scope);
    }
    let longest_first = (0..=128).rev().filter(|&n| used[usize::from(n)]);
    let mut lengths = [NO_PREFIX; MAX_PREFIX_LENGTHS];
    let mut places = lengths.iter_mut();
    for length in longest_first {
        *places.next()? = length;
    }
    Some(lengths)
}
