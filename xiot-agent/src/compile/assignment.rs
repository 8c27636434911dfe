//! Which numbers devices and rules have in the kernel: the same from one revision of the policy to the next as long as
//! they exist, so that flows, counters and events go on meaning what they meant.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use xiot_common::{device::DeviceId, rule::RuleId};

use crate::model::{list::List, policy::Policy};

use super::{
    error::{CompileError, Resource},
    fit::{self, Limits},
    ids, key,
};

/// Numbers of all devices and rules of one policy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assignment {
    pub(super) devices: Numbers,
    /// Without keys where `keys_of` is.
    pub(super) rules: Numbers,
    /// Whose rules they are, where keys were not needed so far: of a million there are few that one needs.
    pub(super) keys_of: Option<Arc<Policy>>,
}

/// What tells devices and rules from each other, with their numbers: all that another process needs to number alike what follows.
/// A key stands for a name or for content, and is the same in every version that has the same ABI.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Keyed {
    /// Key and number of each device.
    pub devices: Vec<(u64, u32)>,
    /// Key and number of each rule.
    pub rules: Vec<(u64, u32)>,
}

/// What a policy that follows another one has new numbers for.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Fresh {
    /// Devices.
    pub devices: FreshNumbers,
    /// Rules.
    pub rules: FreshNumbers,
}

/// Numbers whose counters have to begin at zero.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct FreshNumbers {
    /// Those that nothing has in the policy before. Ascending.
    pub free: Vec<u32>,
    /// Those that something else has there, for want of others.
    pub taken_over: Vec<u32>,
}

impl FreshNumbers {
    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &u32> {
        self.free.iter().chain(&self.taken_over)
    }
}

impl Assignment {
    /// Of a policy that follows none: everything is numbered as it stands.
    pub fn fresh(policy: &Policy) -> Self {
        Self {
            devices: Numbers::new(device_keys(policy), 1..),
            rules: Numbers::new(rule_keys(policy), places(policy)),
            keys_of: None,
        }
    }

    /// Of a policy of which only this is known: that others can follow it.
    pub fn of(keyed: &Keyed) -> Self {
        let numbers = |keyed: &[(u64, u32)]| {
            let keys = keyed.iter().map(|&(key, _)| key).collect();
            Numbers::new(keys, keyed.iter().map(|&(_, id)| id))
        };
        Self {
            devices: numbers(&keyed.devices),
            rules: numbers(&keyed.rules),
            keys_of: None,
        }
    }

    /// Of a policy that follows this one's. What is in both keeps its number: devices by name, rules by profile and content.
    /// The rest gets the lowest numbers that are free in both; those that only the policy before has come last.
    pub fn follow(&self, policy: &Policy, limits: &Limits) -> Result<(Self, Fresh), CompileError> {
        fit::check(Resource::Devices, policy.devices.len(), limits.devices)?;
        // Also that the places in the new policy are sound.
        ids::rule_count(policy)?;
        let rules: usize = policy.profiles.iter().map(|it| it.rules.len()).sum();
        fit::check(Resource::Rules, rules, limits.rules)?;
        let (devices, fresh_devices) = {
            let before = &self.devices;
            before.follow(&before.keys, device_keys(policy), limits.devices)
        };
        let keys = rule_keys(policy);
        let (rules, fresh_rules) = self.rules.follow(&self.rule_keys(), keys, limits.rules);
        Ok((
            Self {
                devices,
                rules,
                keys_of: None,
            },
            Fresh {
                devices: fresh_devices,
                rules: fresh_rules,
            },
        ))
    }

    /// Numbers of the devices in file order.
    pub const fn devices(&self) -> &List<DeviceId> {
        &self.devices.ids
    }

    /// Numbers of the rules in file order.
    pub const fn rules(&self) -> &List<RuleId> {
        &self.rules.ids
    }

    /// Keys of the rules in file order.
    pub(super) fn rule_keys(&self) -> Cow<'_, [u64]> {
        match &self.keys_of {
            Some(policy) => Cow::Owned(rule_keys(policy)),
            None => Cow::Borrowed(&self.rules.keys),
        }
    }

    /// The same for whoever keeps the policy, which it is of, and the keys of its rules.
    pub(super) fn without_keys(mut self, policy: &Arc<Policy>) -> (Self, Vec<u64>) {
        let keys = match self.keys_of {
            Some(_) => rule_keys(policy),
            None => Arc::unwrap_or_clone(std::mem::take(&mut self.rules.keys)),
        };
        self.keys_of = Some(Arc::clone(policy));
        (self, keys)
    }

    /// Whether it can be this policy's.
    pub(super) fn suits(&self, policy: &Policy) -> bool {
        let rules: usize = policy.profiles.iter().map(|it| it.rules.len()).sum();
        self.devices.ids.len() == policy.devices.len() && self.rules.ids.len() == rules
    }

    /// Numbers by place in the policy, which is what the rules of an image have at first; none if both are the same.
    pub(super) fn rules_by_place(&self, policy: &Policy) -> Option<Vec<RuleId>> {
        if places(policy).eq(self.rules.ids.iter().copied()) {
            return None;
        }
        let last = places(policy).max().unwrap_or(0);
        let mut by_place = vec![0; last as usize + 1];
        for (place, &id) in places(policy).zip(&self.rules.ids) {
            by_place[place as usize] = id;
        }
        Some(by_place)
    }
}

fn places(policy: &Policy) -> impl Iterator<Item = u32> {
    let rules = policy.profiles.iter().flat_map(|profile| &profile.rules);
    rules.map(|rule| rule.id)
}

fn device_keys(policy: &Policy) -> Vec<u64> {
    let keys = policy.devices.iter().map(|it| key::name(&it.name).get());
    keys.collect()
}

fn rule_keys(policy: &Policy) -> Vec<u64> {
    let zone = key::zone(policy.time_zone.as_ref());
    let profiles = policy.profiles.iter();
    let keys = profiles.flat_map(|profile| key::rules(profile, zone));
    keys.map(super::fingerprint::Fingerprint::get).collect()
}

/// Numbers of things of one kind, in file order.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Numbers {
    /// What tells each from the others.
    pub(super) keys: Arc<Vec<u64>>,
    /// Its number, not 0.
    pub(super) ids: List<u32>,
    /// The highest of them; 0 for none.
    pub(super) highest: u32,
}

impl Numbers {
    fn new(keys: Vec<u64>, ids: impl Iterator<Item = u32>) -> Self {
        let ids: Vec<_> = ids.take(keys.len()).collect();
        let highest = ids.iter().copied().max().unwrap_or(0);
        Self {
            keys: Arc::new(keys),
            ids: ids.into(),
            highest,
        }
    }

    /// Numbers for what has these keys; there are at most `limit`, and none is higher. `before` are the keys so far.
    fn follow(&self, before: &[u64], keys: Vec<u64>, limit: u32) -> (Self, FreshNumbers) {
        let mut ids = self.kept(before, &keys);
        let mut used = vec![false; self.highest as usize + 1];
        for &id in &self.ids {
            used[id as usize] = true;
        }
        let free = (1..=limit).filter(|&id| !used.get(id as usize).copied().unwrap_or(false));
        let mut kept = vec![false; self.highest as usize + 1];
        for &id in &ids {
            kept[id as usize] = true;
        }
        let given_up = self.ids.iter().copied().filter(|&id| !kept[id as usize]);
        let mut unused = free
            .map(|id| (id, false))
            .chain(given_up.map(|id| (id, true)));
        let mut fresh = FreshNumbers::default();
        for id in ids.iter_mut().filter(|id| **id == 0) {
            let (number, taken_over) = unused
                .next()
                .expect("there are at most as many as there are numbers");
            *id = number;
            if taken_over {
                fresh.taken_over.push(number);
            } else {
                fresh.free.push(number);
            }
        }
        (Self::new(keys, ids.into_iter()), fresh)
    }
}

impl Numbers {
    /// The number of each of these keys that has one, else 0. Where several have one key, the first in file order is
    /// taken first.
    ///
    /// Most revisions differ in few places: what stands before the first and after the last of them is not looked up.
    fn kept(&self, before: &[u64], keys: &[u64]) -> Vec<u32> {
        let same = before.iter().zip(keys).take_while(|(a, b)| a == b);
        let start = same.count();
        let end = same_end(&before[start..], &keys[start..]);
        let (before_end, end) = (before.len() - end, keys.len() - end);
        let known_ids = self.ids.range(start..before_end).copied().collect();
        let mut known = Known::new(&before[start..before_end], known_ids);
        let mut ids = Vec::with_capacity(keys.len());
        ids.extend(self.ids.range(0..start));
        ids.extend(keys[start..end].iter().map(|&key| known.take(key)));
        ids.extend(self.ids.range(before_end..before.len()));
        ids
    }
}

/// How many keys at the end of both are the same, and none of them elsewhere: which of several equal ones is first is
/// decided from the front.
fn same_end(before: &[u64], after: &[u64]) -> usize {
    let same = before.iter().rev().zip(after.iter().rev());
    let length = same.take_while(|(a, b)| a == b).count();
    let (rest, end) = before.split_at(before.len() - length);
    let mut others = [rest, &after[..after.len() - length]].concat();
    others.sort_unstable();
    if end.iter().any(|key| others.binary_search(key).is_ok()) {
        return 0;
    }
    length
}

/// Numbers by key. Where several have one key, the first in file order is taken first.
#[derive(Debug)]
pub(super) struct Known {
    /// Place of the first that has the key and is not taken.
    first: HashMap<u64, usize>,
    /// Place of the next with the same key.
    next: Vec<usize>,
    ids: Vec<u32>,
}

/// No place.
const NONE: usize = usize::MAX;

impl Known {
    pub(super) fn new(keys: &[u64], ids: Vec<u32>) -> Self {
        let mut first = HashMap::with_capacity(keys.len());
        let mut next = vec![NONE; keys.len()];
        for (place, &key) in keys.iter().enumerate().rev() {
            if let Some(after) = first.insert(key, place) {
                next[place] = after;
            }
        }
        Self { first, next, ids }
    }

    /// The number of the next one with this key; 0 for none.
    pub(super) fn take(&mut self, key: u64) -> u32 {
        let Some(first) = self.first.get_mut(&key) else {
            return 0;
        };
        let place = *first;
        let Some(&id) = self.ids.get(place) else {
            return 0;
        };
        *first = self.next[place];
        id
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn numbers(keys: &[u64], ids: &[u32]) -> Numbers {
        Numbers::new(keys.to_vec(), ids.iter().copied())
    }

    fn follow(before: &Numbers, keys: &[u64], limit: u32) -> (Vec<u32>, FreshNumbers) {
        let (after, fresh) = before.follow(&before.keys, keys.to_vec(), limit);
        assert_eq!(*after.keys, keys);
        assert_eq!(after.highest, after.ids.iter().copied().max().unwrap_or(0));
        (after.ids.iter().copied().collect(), fresh)
    }

    fn fresh(free: &[u32], taken_over: &[u32]) -> FreshNumbers {
        FreshNumbers {
            free: free.to_vec(),
            taken_over: taken_over.to_vec(),
        }
    }

    #[test]
    fn what_stays_keeps_its_number_and_what_comes_gets_one_that_nobody_had() {
        let before = numbers(&[10, 20, 30], &[1, 2, 3]);
        assert_eq!(
            follow(&before, &[30, 40, 10], 100),
            (vec![3, 4, 1], fresh(&[4], &[]))
        );
        // 2 is free from the next policy on.
        let before = numbers(&[30, 40, 10], &[3, 4, 1]);
        assert_eq!(
            follow(&before, &[50, 30, 60, 10], 100),
            (vec![2, 3, 5, 1], fresh(&[2, 5], &[]))
        );
    }

    #[test]
    fn a_number_changes_hands_at_once_only_where_there_is_no_other() {
        let before = numbers(&[10, 20, 30], &[1, 2, 3]);
        assert_eq!(
            follow(&before, &[40, 50, 30], 4),
            (vec![4, 1, 3], fresh(&[4], &[1]))
        );
        assert_eq!(
            follow(&before, &[40, 50, 60], 3),
            (vec![1, 2, 3], fresh(&[], &[1, 2, 3]))
        );
    }

    #[test]
    fn equal_ones_are_told_apart_by_their_order() {
        let before = numbers(&[10, 10, 10], &[5, 6, 7]);
        assert_eq!(follow(&before, &[10, 10], 9), (vec![5, 6], fresh(&[], &[])));
        assert_eq!(
            follow(&before, &[10, 10, 10, 10], 9),
            (vec![5, 6, 7, 1], fresh(&[1], &[]))
        );
    }

    proptest! {
        /// With few different keys, so that many are equal.
        #[test]
        fn what_is_not_looked_up_has_the_number_that_a_look_up_gives(
            before in vec(0..6_u64, 0..12),
            after in vec(0..6_u64, 0..12),
            start in vec(0..9_u64, 0..6),
            end in vec(0..9_u64, 0..6),
        ) {
            let whole = |middle: &[u64]| [&start, middle, &end].concat();
            let (before, after) = (whole(&before), whole(&after));
            let ids: Vec<_> = (1..).zip(&before).map(|(id, _)| id).collect();
            let mut known = Known::new(&before, ids.clone());
            let looked_up: Vec<_> = after.iter().map(|&key| known.take(key)).collect();
            prop_assert_eq!(numbers(&before, &ids).kept(&before, &after), looked_up);
        }
    }

    #[test]
    fn nothing_follows_nothing() {
        let none = Numbers::default();
        assert_eq!(follow(&none, &[], 0), (vec![], fresh(&[], &[])));
        assert_eq!(follow(&none, &[1, 2], 2), (vec![1, 2], fresh(&[1, 2], &[])));
        let some = numbers(&[1, 2], &[1, 2]);
        assert_eq!(follow(&some, &[], 2), (vec![], fresh(&[], &[])));
    }
}
