//! What differs between two policies in what judges frames. What they share is not looked at.

use std::ops::Range;

use crate::{
    compile::profiles::uses_names,
    model::{
        list::Stretch,
        policy::{Device, Policy, Profile, Rule},
    },
};

/// Whether all but profiles and devices is the same, and there are as many profiles.
pub(super) fn is_small(before: &Policy, after: &Policy) -> bool {
    before.time_zone == after.time_zone
        && before.holidays == after.holidays
        && before.services.dns == after.services.dns
        && before.services.dhcp == after.services.dhcp
        && before.uplink_addresses == after.uplink_addresses
        && before.profiles.len() == after.profiles.len()
}

/// Places of the profiles that differ; none where these are better compiled with all others: most rules are new, or some are
/// not always in force, or name DNS names. `is_timed` says whether some were not before.
pub(super) fn profiles(before: &Policy, after: &Policy, is_timed: bool) -> Option<Vec<usize>> {
    let mut changed = Vec::new();
    let (mut rules, mut all) = (0, MANY);
    for (place, old, profile) in before.profiles.beside(&after.profiles) {
        // Those that are the same ones are as they were.
        let others = old.rules.stretch(&profile.rules, |_, _| false).after();
        if !in_order(profile, &others) {
            return None;
        }
        if profiles_alike(old, profile) {
            continue;
        }
        // What is filed of names belongs to no profile alone.
        if uses_names(old) || uses_names(profile) {
            return None;
        }
        let looked_at = if is_timed {
            0..profile.rules.len()
        } else {
            others
        };
        let mut looked_at = profile.rules.range(looked_at);
        if looked_at.any(|rule| !rule.times.is_always()) {
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

/// Whether the rules are numbered as they stand, of which only those at these places may not be.
fn in_order(profile: &Profile, places: &Range<usize>) -> bool {
    let with_neighbours = places.start.saturating_sub(1)..places.end + 1;
    let rules = profile.rules.range(with_neighbours);
    let ids = rules.map(|rule| rule.id);
    ids.clone().next() != Some(0) && ids.is_sorted_by(|one, next| one < next)
}

fn profiles_alike(one: &Profile, other: &Profile) -> bool {
    let head = |it: &Profile| (it.arp, it.nd, it.dhcp, it.timeouts, it.limits);
    one.name == other.name && head(one) == head(other) && rules(one, other).is_empty()
}

/// Where the rules of two profiles differ.
pub(super) fn rules(before: &Profile, after: &Profile) -> Stretch {
    // The name is in the key of each rule.
    if before.name != after.name {
        return Stretch::whole(&before.rules, &after.rules);
    }
    before.rules.stretch(&after.rules, rules_alike)
}

/// Not in what people say about them, nor in their places.
fn rules_alike(one: &Rule, other: &Rule) -> bool {
    one.initiator == other.initiator
        && one.peers == other.peers
        && one.names == other.names
        && one.clauses == other.clauses
        && one.times == other.times
}

pub(super) fn devices(before: &Policy, after: &Policy) -> Stretch {
    before.devices.stretch(&after.devices, devices_alike)
}

pub(super) fn devices_alike(one: &Device, other: &Device) -> bool {
    let small = |it: &Device| (it.mac, it.vlan, it.profile, it.mode);
    small(one) == small(other)
        && one.name == other.name
        && one.wire == other.wire
        && one.addresses == other.addresses
}
