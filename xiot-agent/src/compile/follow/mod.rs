//! A policy that follows one that is compiled: what did not change is not looked at again.
//!
//! Lookups find the same as in an image that is compiled as a whole under the same numbers; where things lie depends on what
//! went before. Whatever makes this more than a small change (other wires, times, more profiles, a table that is full) is
//! compiled as a whole.

mod devices;
mod difference;
mod draft;
mod ledger;
mod placing;
mod profiles;
mod reach;
mod room;
mod sets;

use std::{iter, sync::Arc};

use xiot_common::slot::SLOT_NAMES;

use crate::model::{list::List, policy::Policy};

use self::{draft::Draft, ledger::Ledger, room::Room, sets::Sets};
use super::{
    assignment::{Assignment, Fresh, Keyed, Numbers},
    devices::Owners,
    error::CompileError,
    fingerprint::Fingerprint,
    fit::Limits,
    header::{self, Stamp, Totals},
    image::Image,
    key,
    whole::{Whole, whole},
};

/// A policy that is compiled, and what it takes to compile one that differs little.
#[derive(Debug)]
pub struct Compilation {
    policy: Arc<Policy>,
    ids: Arc<Assignment>,
    image: Arc<Image>,
    basis: Basis,
}

/// What an image was made of.
#[derive(Debug)]
struct Basis {
    wires: Vec<String>,
    limits: Limits,
    zone: Fingerprint,
    holidays: Option<Fingerprint>,
    /// Of the profiles.
    fingerprints: Vec<Fingerprint>,
    /// Of each profile.
    services: Vec<u32>,
    /// Of all rules in file order.
    keys: Vec<u64>,
    /// How many rules come before those of each profile.
    starts: Vec<usize>,
    /// Where the peers of each profile are filed.
    sets: Sets,
    /// Profile of each device.
    profile_of: Vec<usize>,
    owners: Owners,
    by_vlan: usize,
    by_wire: usize,
    /// Some DNS name is listed.
    names: bool,
    /// Some rules were not always in force when all was compiled.
    is_timed: bool,
    /// Slots in use in the tables.
    slots: Slots,
    devices: Ledger,
    rules: Ledger,
    room: Room,
    /// Lines that there are for records of devices.
    record_lines: u32,
}

/// How many there are in each table.
#[derive(Clone, Copy, Debug)]
struct Slots {
    devices: usize,
    narrow: usize,
    wide: usize,
}

impl Compilation {
    /// Of a policy that follows none.
    pub fn fresh(
        policy: Arc<Policy>,
        wires: &[String],
        limits: &Limits,
        stamp: Stamp,
    ) -> Result<Self, CompileError> {
        let ids = Assignment::fresh(&policy);
        Self::whole(policy, wires, limits, ids, stamp)
    }

    /// Of a policy under these numbers.
    pub fn whole(
        policy: Arc<Policy>,
        wires: &[String],
        limits: &Limits,
        ids: Assignment,
        stamp: Stamp,
    ) -> Result<Self, CompileError> {
        let whole = whole(&policy, wires, limits, &ids, stamp)?;
        let (ids, keys) = ids.without_keys(&policy);
        let image = whole.image.clone();
        Ok(Self {
            basis: Basis::new(&policy, wires, limits, (&ids, keys), whole),
            policy,
            ids: Arc::new(ids),
            image: Arc::new(image),
        })
    }

    /// The policy.
    pub const fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// Numbers of its devices and rules.
    pub const fn ids(&self) -> &Arc<Assignment> {
        &self.ids
    }

    /// The policy for the kernel.
    pub const fn image(&self) -> &Arc<Image> {
        &self.image
    }

    /// What tells its devices and rules from each other.
    pub fn keyed(&self) -> Keyed {
        let with = |keys: &[u64], ids: &List<u32>| {
            let keys = keys.iter().copied();
            keys.zip(ids.iter().copied()).collect()
        };
        let devices = &self.ids.devices;
        Keyed {
            devices: with(&devices.keys, &devices.ids),
            rules: with(&self.basis.keys, self.ids.rules()),
        }
    }

    /// The same under another stamp.
    #[must_use]
    pub fn stamped(mut self, stamp: Stamp) -> Self {
        let header = &mut Arc::make_mut(&mut self.image).header;
        header.revision = stamp.revision;
        header.compiled_at = stamp.compiled_at;
        self
    }

    /// Of the policy that follows, on the same gateway or another.
    pub fn follow(
        mut self,
        policy: Arc<Policy>,
        wires: &[String],
        limits: &Limits,
        stamp: Stamp,
    ) -> Result<(Self, Fresh), CompileError> {
        if wires == self.basis.wires
            && *limits == self.basis.limits
            && let Some(fresh) = self.revise(&policy, stamp)
        {
            return Ok((self, fresh));
        }
        let Self { ids, .. } = self;
        let (ids, fresh) = ids.follow(&policy, limits)?;
        let next = Self::whole(policy, wires, limits, ids, stamp)?;
        Ok((next, fresh))
    }

    /// Changes what differs; none where that can't be told, or not done: then only the numbers may be used any more.
    fn revise(&mut self, policy: &Arc<Policy>, stamp: Stamp) -> Option<Fresh> {
        let (before, ids) = (&*self.policy, &*self.ids);
        if !difference::is_small(before, policy) {
            return None;
        }
        let both = (before, &**policy);
        let basis = &mut self.basis;
        let is_timed = basis.is_timed;
        let places = difference::profiles(before, policy, is_timed)?;
        let rules = basis.revise_profiles(both, ids, &places)?;
        let devices = basis.revise_devices(before, policy, &ids.devices)?;

        let mut draft = Draft::of(&self.image);
        basis.set_profiles(&rules, &mut draft)?;
        basis.set_devices(&devices, both, &ids.devices, &places, &mut draft)?;
        basis.slots = draft.file(basis.slots)?;
        let totals = basis.totals();
        let header =
            header::complete(draft.header, policy, &basis.fingerprints, totals, stamp).ok()?;
        let ids = Assignment {
            devices: devices.number(&ids.devices, totals.devices),
            rules: Numbers {
                keys: Arc::default(),
                ids: rules.number(&ids.rules.ids),
                highest: totals.rules,
            },
            keys_of: Some(Arc::clone(policy)),
        };
        rules.shift(&mut basis.starts);
        self.image = Arc::new(Image::new(header, draft.lines.lines));
        self.ids = Arc::new(ids);
        self.policy = Arc::clone(policy);
        Some(Fresh {
            devices: devices.fresh,
            rules: rules.fresh,
        })
    }
}

impl Basis {
    fn new(
        policy: &Policy,
        wires: &[String],
        limits: &Limits,
        (ids, keys): (&Assignment, Vec<u64>),
        whole: Whole,
    ) -> Self {
        let Whole {
            image,
            fingerprints,
            services,
            filed,
            owners,
            by_vlan,
            by_wire,
        } = whole;
        let header = &image.header;
        let is_timed = filed.chains.has_timed();
        Self {
            wires: wires.to_vec(),
            limits: *limits,
            zone: key::zone(policy.time_zone.as_ref()),
            holidays: key::holidays(&policy.holidays),
            fingerprints,
            services,
            keys,
            starts: starts(policy),
            slots: Slots {
                devices: policy.devices.len(),
                narrow: filed.narrow.len(),
                wide: filed.wide.len(),
            },
            sets: Sets::new(filed),
            profile_of: policy.devices.iter().map(|it| it.profile).collect(),
            owners,
            by_vlan,
            by_wire,
            names: header.flags & SLOT_NAMES != 0,
            is_timed,
            devices: Ledger::of(ids.devices()),
            rules: Ledger::of(ids.rules()),
            room: Room::new(limits.slot_lines),
            record_lines: header.devices.base - header.device_records,
        }
    }

    fn totals(&self) -> Totals {
        Totals {
            devices: self.devices.highest(),
            rules: self.rules.highest(),
            services: self.services.iter().fold(0, |all, it| all | it),
            by_vlan: self.by_vlan > 0,
            by_wire: self.by_wire > 0,
            names: self.names,
        }
    }
}

/// How many rules come before those of each profile, and how many there are.
fn starts(policy: &Policy) -> Vec<usize> {
    let profiles = policy.profiles.iter();
    let starts = profiles.scan(0, |rules, profile| {
        *rules += profile.rules.len();
        Some(*rules)
    });
    iter::once(0).chain(starts).collect()
}

#[cfg(test)]
mod tests;
