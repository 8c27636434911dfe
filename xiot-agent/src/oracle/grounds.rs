//! What a judgement rests on: a policy, and whose frame it is. Two that would judge everything alike are of one generation.

use jiff::tz::TimeZone;

use super::{
    decided::{Decided, Decision},
    owner::{Owner, is_group},
};
use crate::model::policy::{Device, Mode, Policy, Profile, Rule, Timeouts};

/// A policy and a device, or none, in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grounds<'p> {
    pub(super) policy: &'p Policy,
    pub(super) owner: Owner,
    /// What was decided of the device beside the policy.
    pub(super) decided: Option<Decided>,
}

impl<'p> Grounds<'p> {
    pub(super) fn mode(self) -> Mode {
        match self.decision() {
            Some(Decision::Quarantine) => Mode::Enforce,
            Some(Decision::Monitor) => Mode::Monitor,
            None => self
                .device()
                .map_or(self.policy.onboarding, |device| device.mode),
        }
    }

    pub(super) fn decision(self) -> Option<Decision> {
        self.decided.map(|decided| decided.decision)
    }

    pub(super) fn device(self) -> Option<&'p Device> {
        Some(&self.policy.devices[self.owner.device()?])
    }

    pub(super) fn profile(self) -> Option<&'p Profile> {
        let position = match self.owner {
            Owner::Listed(device) => Some(self.policy.devices[device].profile),
            Owner::Unlisted => self.policy.default_profile,
            Owner::Nobody => None,
        };
        position.map(|position| &self.policy.profiles[position])
    }

    /// Whether the frame is for a group, and so for everybody who hears it.
    pub(super) fn is_to_group(self) -> bool {
        self.is_of_nobody() || self.device().is_some_and(|device| is_group(device.mac))
    }

    pub(super) fn is_of_nobody(self) -> bool {
        self.owner == Owner::Nobody
    }

    pub(super) fn timeouts(self) -> Timeouts {
        self.profile()
            .map_or_else(Timeouts::default, |profile| profile.timeouts)
    }

    /// Id of the rule at this position of the profile.
    pub(super) fn rule_id(self, position: usize) -> Option<u32> {
        Some(self.profile()?.rules.get(position)?.id)
    }

    /// Whether the device is judged by the same in both. Ids and notes judge nothing; names do not
    /// either, but say whose a flow and its rule are.
    pub(super) fn is_same_generation(self, other: Self) -> bool {
        self.decision() == other.decision() && self.is_same_by_policy(other)
    }

    fn is_same_by_policy(self, other: Self) -> bool {
        match (self.device(), other.device()) {
            (Some(one), Some(two)) => {
                let same_device = one.name == two.name
                    && one.mac == two.mac
                    && one.vlan == two.vlan
                    && one.wire == two.wire
                    && one.addresses == two.addresses
                    && one.mode == two.mode;
                same_device && self.judge_alike(other, self.profile(), other.profile())
            }
            // Frames of no device count with those of devices that are not listed.
            (None, None) => {
                self.policy.onboarding == other.policy.onboarding
                    && self.judge_alike(other, self.default_profile(), other.default_profile())
            }
            (Some(_), None) | (None, Some(_)) => false,
        }
    }

    fn default_profile(self) -> Option<&'p Profile> {
        Some(&self.policy.profiles[self.policy.default_profile?])
    }

    /// Whether a profile of this policy and one of the other's judge alike.
    fn judge_alike(self, other: Self, one: Option<&Profile>, two: Option<&Profile>) -> bool {
        match (one, two) {
            (Some(one), Some(two)) => {
                let zone = |policy: &Policy| policy.time_zone.clone().unwrap_or(TimeZone::UTC);
                let same_week = zone(self.policy) == zone(other.policy)
                    && self.policy.holidays == other.policy.holidays;
                is_alike(one, two, same_week)
            }
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        }
    }
}

fn is_alike(one: &Profile, two: &Profile, same_week: bool) -> bool {
    let same_rule = |(a, b): (&Rule, &Rule)| {
        let same_times = a.times == b.times && (same_week || a.times.windows.is_empty());
        let same_peers = a.peers == b.peers && a.names == b.names;
        a.initiator == b.initiator && same_peers && a.clauses == b.clauses && same_times
    };
    one.name == two.name
        && (one.arp, one.nd, one.dhcp) == (two.arp, two.nd, two.dhcp)
        && one.timeouts == two.timeouts
        && one.limits == two.limits
        && one.rules.len() == two.rules.len()
        && one.rules.iter().zip(&two.rules).all(same_rule)
}
