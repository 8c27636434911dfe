//! What somebody does to a policy.

use std::collections::HashSet;

use proptest::{prelude::*, sample::Index};

use crate::{
    compile::tests::generate,
    model::policy::{Device, Mode, Policy, Rule},
};

/// One thing.
#[derive(Clone, Debug)]
pub(super) enum Edit {
    Nothing,
    RuleOf(Index, Index, Box<Rule>),
    RuleAdded(Index, Index, Box<Rule>),
    RuleRemoved(Index, Index),
    Moved(Index, Index),
    DeviceAdded(Index, Box<Device>),
    DeviceRemoved(Index),
    DeviceChanged(Index, Box<Device>),
    DevicesTurned,
    Mode(Index, Mode),
    Services(Index, bool, bool),
    Onboarding(Mode, Option<Index>),
    Profiles(Index, Index),
    Other(Box<Policy>),
}

/// Any.
pub(super) fn edit() -> impl Strategy<Value = Edit> {
    let place = any::<Index>;
    let rule = || generate::steady_rule().prop_map(Box::new);
    let device = || generate::device().prop_map(Box::new);
    let mode = || prop_oneof![Just(Mode::Learn), Just(Mode::Monitor), Just(Mode::Enforce)];
    prop_oneof![
        1 => Just(Edit::Nothing),
        8 => (place(), place(), rule()).prop_map(|(a, b, it)| Edit::RuleOf(a, b, it)),
        4 => (place(), place(), rule()).prop_map(|(a, b, it)| Edit::RuleAdded(a, b, it)),
        4 => (place(), place()).prop_map(|(a, b)| Edit::RuleRemoved(a, b)),
        2 => (place(), place()).prop_map(|(a, b)| Edit::Moved(a, b)),
        6 => (place(), device()).prop_map(|(a, it)| Edit::DeviceAdded(a, it)),
        4 => place().prop_map(Edit::DeviceRemoved),
        8 => (place(), device()).prop_map(|(a, it)| Edit::DeviceChanged(a, it)),
        1 => Just(Edit::DevicesTurned),
        2 => (place(), mode()).prop_map(|(a, it)| Edit::Mode(a, it)),
        2 => (place(), any::<bool>(), any::<bool>()).prop_map(|(a, b, c)| Edit::Services(a, b, c)),
        1 => (mode(), proptest::option::of(place())).prop_map(|(a, b)| Edit::Onboarding(a, b)),
        1 => (place(), place()).prop_map(|(a, b)| Edit::Profiles(a, b)),
        1 => policy().prop_map(|it| Edit::Other(Box::new(it))),
    ]
}

/// One to rules.
pub(super) fn edit_of_rules() -> impl Strategy<Value = Edit> {
    let place = any::<Index>;
    let rule = || small_rule().prop_map(Box::new);
    prop_oneof![
        4 => (place(), place(), rule()).prop_map(|(a, b, it)| Edit::RuleOf(a, b, it)),
        2 => (place(), place(), rule()).prop_map(|(a, b, it)| Edit::RuleAdded(a, b, it)),
        2 => (place(), place()).prop_map(|(a, b)| Edit::RuleRemoved(a, b)),
    ]
}

/// A rule for networks of few addresses, so that most others have nothing to do with it.
fn small_rule() -> impl Strategy<Value = Rule> {
    generate::steady_rule().prop_map(|mut rule| {
        let least = |is_v4| if is_v4 { 27 } else { 122 };
        rule.names.clear();
        rule.peers.truncate(2);
        rule.peers.retain(|it| it.prefix() >= least(it.is_ipv4()));
        rule
    })
}

/// One profile of many such rules.
pub(super) fn many_rules() -> impl Strategy<Value = Policy> {
    (policy(), prop::collection::vec(small_rule(), 20..50)).prop_map(|(mut policy, rules)| {
        policy.profiles.truncate(1);
        policy.profiles[0].rules = rules.into();
        policy.default_profile = None;
        numbered(policy)
    })
}

impl Edit {
    pub(super) fn make(self, policy: &mut Policy) {
        let profiles = policy.profiles.len();
        let devices = policy.devices.len();
        match self {
            Self::RuleOf(profile, place, rule) => {
                let rules = &mut policy.profiles[profile.index(profiles)].rules;
                if let Some(last) = rules.len().checked_sub(1) {
                    rules[place.index(last + 1)] = *rule;
                }
            }
            Self::RuleAdded(profile, place, rule) => {
                let rules = &mut policy.profiles[profile.index(profiles)].rules;
                rules.insert(place.index(rules.len() + 1), *rule);
            }
            Self::RuleRemoved(profile, place) => {
                let rules = &mut policy.profiles[profile.index(profiles)].rules;
                if !rules.is_empty() {
                    rules.remove(place.index(rules.len()));
                }
            }
            Self::Moved(profile, place) => {
                let rules = &mut policy.profiles[profile.index(profiles)].rules;
                if !rules.is_empty() {
                    let by = place.index(rules.len());
                    let (front, back) = (rules.range(0..by), rules.range(by..rules.len()));
                    *rules = back.chain(front).cloned().collect();
                }
            }
            Self::DeviceAdded(place, device) => {
                policy.devices.insert(place.index(devices + 1), *device);
            }
            Self::DeviceRemoved(place) if devices > 0 => {
                policy.devices.remove(place.index(devices));
            }
            Self::DeviceChanged(place, device) if devices > 0 => {
                policy.devices[place.index(devices)] = *device;
            }
            Self::DevicesTurned => {
                policy.devices = policy.devices.iter().rev().cloned().collect();
            }
            Self::Mode(place, mode) if devices > 0 => {
                policy.devices[place.index(devices)].mode = mode;
            }
            Self::Services(profile, arp, dhcp) => {
                let profile = &mut policy.profiles[profile.index(profiles)];
                (profile.arp, profile.dhcp) = (arp, dhcp);
            }
            Self::Onboarding(mode, profile) => {
                policy.onboarding = mode;
                policy.default_profile = profile.map(|it| it.index(profiles));
            }
            Self::Profiles(one, other) => {
                policy
                    .profiles
                    .swap(one.index(profiles), other.index(profiles));
            }
            Self::Other(other) => *policy = *other,
            // Of nothing there is nothing to change.
            Self::Nothing | Self::DeviceRemoved(_) | Self::DeviceChanged(..) | Self::Mode(..) => (),
        }
    }
}

/// Most of them without rules that are not always in force: those are compiled as a whole.
pub(super) fn policy() -> impl Strategy<Value = Policy> {
    (generate::policy(), prop::bool::weighted(0.2)).prop_map(|(mut policy, is_timed)| {
        let rules = policy.profiles.iter_mut().flat_map(|it| &mut it.rules);
        for rule in rules.filter(|_| !is_timed) {
            rule.times = Default::default();
        }
        with_names(policy)
    })
}

fn with_names(mut policy: Policy) -> Policy {
    for (n, profile) in policy.profiles.iter_mut().enumerate() {
        profile.name = format!("profile-{n}");
    }
    for (n, device) in policy.devices.iter_mut().enumerate() {
        device.name = format!("device-{n}");
    }
    numbered(policy)
}

/// Rules numbered as they stand, where they are not; devices with profiles that there are, names and keys of their own.
pub(super) fn numbered(mut policy: Policy) -> Policy {
    let mut id = 0;
    for place in 0..policy.profiles.len() {
        for rule in 0..policy.profiles[place].rules.len() {
            id += 1;
            if policy.profiles[place].rules[rule].id != id {
                policy.profiles[place].rules[rule].id = id;
            }
        }
    }
    let profiles = policy.profiles.len();
    let mut seen = HashSet::new();
    let mut names = HashSet::new();
    let devices = &mut policy.devices;
    devices.retain(|it| seen.insert((it.mac, it.vlan)) && names.insert(it.name.clone()));
    for place in 0..policy.devices.len() {
        if policy.devices[place].profile >= profiles {
            policy.devices[place].profile %= profiles;
        }
    }
    policy
}
