//! What differs between two policies in what judges frames. What they share is not looked at.

use crate::model::policy::{Device, Policy, Profile, Rule};

/// Whether all but profiles and devices is the same, and there are as many profiles.
pub(super) fn is_small(before: &Policy, after: &Policy) -> bool {
    before.time_zone == after.time_zone
        && before.services.dhcp == after.services.dhcp
        && before.uplink_addresses == after.uplink_addresses
        && before.profiles.len() == after.profiles.len()
}

/// Places of the profiles that differ; none where these are better compiled with all others: most rules are new, or some are
/// not always in force.
pub(super) fn profiles(before: &Policy, after: &Policy) -> Option<Vec<usize>> {
    let mut changed = Vec::new();
    let (mut rules, mut all) = (0, MANY);
    for (place, profile) in after.profiles.iter().enumerate() {
        if before.profiles.shares(place, &after.profiles, place) {
            continue;
        }
        if !in_order(profile) {
            return None;
        }
        let old = before.profiles.get(place)?;
        if profiles_alike(old, profile) {
            continue;
        }
        if profile.rules.iter().any(|rule| !rule.times.is_always()) {
            return None;
        }
        rules += profile.rules.len();
        changed.push(place);
    }
    if rules > MANY {
        all += after
            .profiles
            .iter()
            .map(|it| it.rules.len())
            .sum::<usize>();
    }
    (rules <= all / 4).then_some(changed)
}

/// Rules of which at most a quarter may be in profiles that changed; with fewer it does not matter.
const MANY: usize = 4096;

/// Whether the rules are numbered as they stand.
fn in_order(profile: &Profile) -> bool {
    let ids = profile.rules.iter().map(|rule| rule.id);
    ids.clone().next() != Some(0) && ids.is_sorted_by(|one, next| one < next)
}

fn profiles_alike(one: &Profile, other: &Profile) -> bool {
    let head = |it: &Profile| (it.arp, it.nd, it.dhcp, it.timeouts, it.limits);
    let mut rules = one.rules.iter().zip(&other.rules);
    one.name == other.name
        && head(one) == head(other)
        && one.rules.len() == other.rules.len()
        && rules.all(|(one, other)| rules_alike(one, other))
}

/// Where the rules of two profiles differ: those before and after are alike, one by one.
pub(super) fn rules(before: &Profile, after: &Profile) -> Stretch {
    let (old, new) = (&before.rules, &after.rules);
    let (mut start, mut end) = (0, 0);
    // The name is in the key of each rule.
    if before.name == after.name {
        let same = old.iter().zip(new);
        start = same.take_while(|(a, b)| rules_alike(a, b)).count();
        let left = old[start..].iter().rev().zip(new[start..].iter().rev());
        end = left.take_while(|(a, b)| rules_alike(a, b)).count();
    }
    Stretch {
        start,
        before_end: old.len() - end,
        after_end: new.len() - end,
    }
}

/// Not in what people say about them, nor in their places.
fn rules_alike(one: &Rule, other: &Rule) -> bool {
    one.initiator == other.initiator
        && one.peers == other.peers
        && one.clauses == other.clauses
        && one.times == other.times
}

/// Where two lists of devices, or of rules, differ: what comes before and after is alike, one by one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Stretch {
    /// How many come before it.
    pub(super) start: usize,
    /// Where it ends in the policy before.
    pub(super) before_end: usize,
    /// Where it ends in the policy after.
    pub(super) after_end: usize,
}

pub(super) fn devices(before: &Policy, after: &Policy) -> Stretch {
    let alike = |old: usize, new: usize| {
        before.devices.shares(old, &after.devices, new)
            || devices_alike(&before.devices[old], &after.devices[new])
    };
    let (old, new) = (before.devices.len(), after.devices.len());
    let shorter = old.min(new);
    let start = (0..shorter).take_while(|&n| alike(n, n)).count();
    let left = 1..=shorter - start;
    let end = left.take_while(|&n| alike(old - n, new - n)).count();
    Stretch {
        start,
        before_end: old - end,
        after_end: new - end,
    }
}

pub(super) fn devices_alike(one: &Device, other: &Device) -> bool {
    let small = |it: &Device| (it.mac, it.vlan, it.profile, it.mode);
    small(one) == small(other)
        && one.name == other.name
        && one.wire == other.wire
        && one.addresses == other.addresses
}
