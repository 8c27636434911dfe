//! Devices that changed, and those whose profile did.

use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

use xiot_common::{
    device::{DeviceId, DeviceRecord},
    table::scope,
};

use super::{
    Basis, difference,
    draft::{Draft, Edits},
};
use crate::{
    compile::{
        assignment::{FreshNumbers, Known, Numbers},
        devices::Compiled,
        encode::RECORDS_PER_LINE,
        key,
        peers::AddressSlot,
        slot::Narrow,
    },
    model::{
        list::Stretch,
        policy::{Device, Policy},
    },
};

/// The devices that differ.
#[derive(Debug)]
pub(super) struct Revision {
    stretch: Stretch,
    /// Keys of the names there, after.
    keys: Vec<u64>,
    /// Numbers there, after.
    ids: Vec<DeviceId>,
    /// Places before and after of those that there are no more, that are new, or that changed.
    differ: Vec<(Option<usize>, Option<usize>)>,
    pub(super) fresh: FreshNumbers,
    given_up: Vec<DeviceId>,
}

impl Revision {
    /// Numbers of all devices, from those before.
    pub(super) fn number(&self, before: &Numbers, highest: DeviceId) -> Numbers {
        let Stretch {
            start, before_end, ..
        } = self.stretch;
        if self.ids.is_empty() && start == before_end {
            return before.clone();
        }
        let keys = [
            &before.keys[..start],
            &self.keys,
            &before.keys[before_end..],
        ];
        let mut ids = before.ids.clone();
        ids.splice(start..before_end, self.ids.iter().copied());
        Numbers {
            keys: Arc::new(keys.concat()),
            ids,
            highest,
        }
    }

    /// Number of the device at this place, before or after, and the key of its name.
    fn known(&self, before: &Numbers, place: usize, is_after: bool) -> (DeviceId, u64) {
        let Stretch {
            start,
            before_end,
            after_end,
        } = self.stretch;
        let place = if !is_after || place < start {
            place
        } else if place < after_end {
            return (self.ids[place - start], self.keys[place - start]);
        } else {
            place - after_end + before_end
        };
        (before.ids[place], before.keys[place])
    }
}

impl Basis {
    /// Numbers the devices that differ; none if there are not enough numbers.
    pub(super) fn revise_devices(
        &self,
        before: &Policy,
        after: &Policy,
        numbers: &Numbers,
    ) -> Option<Revision> {
        let stretch = difference::devices(before, after);
        let (old, new) = (
            stretch.start..stretch.before_end,
            stretch.start..stretch.after_end,
        );
        let keys = new.map(|n| key::name(&after.devices[n].name).get());
        let keys: Vec<u64> = keys.collect();
        // From 1, because 0 is none.
        let places = (1..).take(old.len()).collect();
        let mut known = Known::new(&numbers.keys[old.clone()], places);
        let mut differ = Vec::new();
        let mut ids = vec![0; keys.len()];
        let mut gone = vec![true; old.len()];
        for (n, &key) in keys.iter().enumerate() {
            let after_place = stretch.start + n;
            let Some(place) = (known.take(key) as usize).checked_sub(1) else {
                differ.push((None, Some(after_place)));
                continue;
            };
            let before_place = stretch.start + place;
            gone[place] = false;
            ids[n] = numbers.ids[before_place];
            let devices = (&before.devices[before_place], &after.devices[after_place]);
            if !difference::devices_alike(devices.0, devices.1) {
                differ.push((Some(before_place), Some(after_place)));
            }
        }
        let gone: Vec<usize> = old
            .zip(gone)
            .filter_map(|(n, gone)| gone.then_some(n))
            .collect();
        differ.extend(gone.iter().map(|&place| (Some(place), None)));
        let missing = ids.iter().filter(|id| **id == 0).count();
        let free = self.devices.free(missing, self.limits.devices)?;
        for (id, &number) in ids.iter_mut().filter(|id| **id == 0).zip(&free) {
            *id = number;
        }
        Some(Revision {
            stretch,
            keys,
            ids,
            differ,
            fresh: FreshNumbers {
                free,
                taken_over: Vec::new(),
            },
            given_up: gone.iter().map(|&place| numbers.ids[place]).collect(),
        })
    }

    /// Brings them in, and the records of those whose profile is at one of these places; none if it can't be done.
    pub(super) fn set_devices(
        &mut self,
        revision: &Revision,
        (before, after): (&Policy, &Policy),
        numbers: &Numbers,
        profiles: &[usize],
        draft: &mut Draft,
    ) -> Option<()> {
        for &id in &revision.given_up {
            self.devices.remove(id);
        }
        for &id in &revision.fresh.free {
            self.devices.add(id);
        }
        self.make_records(draft)?;
        let Stretch {
            start,
            before_end,
            after_end,
        } = revision.stretch;
        let profile_of = (start..after_end).map(|n| after.devices[n].profile);
        self.profile_of.splice(start..before_end, profile_of);

        for place in self.devices_of(profiles) {
            let (id, name) = revision.known(numbers, place, true);
            let compiled = self.compile(&after.devices[place], name)?;
            draft.put(id, &compiled.record);
        }
        let mut owned = Owned::default();
        for &(old, new) in &revision.differ {
            let filed = |policy: &Policy, place: Option<usize>, is_after| {
                let Some(place) = place else {
                    return Some(None);
                };
                let (id, name) = revision.known(numbers, place, is_after);
                let compiled = self.compile(&policy.devices[place], name)?;
                Some(Some(Filed { id, compiled }))
            };
            let (filed_old, filed_new) = (filed(before, old, false)?, filed(after, new, true)?);
            if let Some(old) = &filed_old {
                draft.put(old.id, &DeviceRecord::default());
                owned.less.extend(old.compiled.owned());
            }
            if let Some(new) = &filed_new {
                draft.put(new.id, &new.compiled.record);
                owned.more.extend(new.compiled.owned());
            }
            replace(filed_old.as_ref(), filed_new.as_ref(), &mut draft.edits);
            let count = |policy: &Policy, place: Option<usize>, has: fn(&Device) -> bool| {
                usize::from(place.is_some_and(|place| has(&policy.devices[place])))
            };
            let has_vlan = |device: &Device| device.vlan.is_some();
            let has_wire = |device: &Device| device.wire.is_some();
            self.by_vlan += count(after, new, has_vlan);
            self.by_vlan -= count(before, old, has_vlan);
            self.by_wire += count(after, new, has_wire);
            self.by_wire -= count(before, old, has_wire);
        }
        self.own(owned, &mut draft.edits)
    }

    /// Places of the devices of these profiles.
    fn devices_of(&self, profiles: &[usize]) -> Vec<usize> {
        if profiles.is_empty() {
            return Vec::new();
        }
        let mut is_one = vec![false; self.fingerprints.len()];
        for &place in profiles {
            is_one[place] = true;
        }
        let devices = self.profile_of.iter().enumerate();
        let of_one = devices.filter(|&(_, &profile)| is_one.get(profile) == Some(&true));
        of_one.map(|(place, _)| place).collect()
    }

    /// `name` is the key of its name.
    fn compile(&self, device: &Device, name: u64) -> Option<Compiled> {
        Compiled::new(device, name, &self.wires, &self.fingerprints).ok()
    }

    /// Makes room for the records of all numbers.
    fn make_records(&mut self, draft: &mut Draft) -> Option<()> {
        let needed = u32::try_from(self.devices.highest() as usize / RECORDS_PER_LINE + 1).ok()?;
        if needed <= self.record_lines {
            return Some(());
        }
        let length = needed + needed / 16;
        let start = self.room.take(length, &mut draft.lines)?;
        let old = draft.header.device_records;
        for n in 0..length {
            let kept = (n < self.record_lines).then(|| draft.lines[(old + n) as usize]);
            draft.lines[(start + n) as usize] = kept.unwrap_or_default();
        }
        self.room.give(old, self.record_lines);
        draft.header.device_records = start;
        self.record_lines = length;
        Some(())
    }

    /// Counts who owns which address, and files those that somebody owns only now, or nobody any more. Up first, then down: what
    /// one device gives to another never comes to none.
    fn own(&mut self, owned: Owned, edits: &mut Edits) -> Option<()> {
        let mut new = Vec::new();
        for key in owned.more {
            let count = self.owners.entry(key).or_default();
            *count += 1;
            if *count == 1 {
                new.push(key);
            }
        }
        let mut gone = Vec::new();
        for key in owned.less {
            let count = self.owners.get_mut(&key)?;
            *count -= 1;
            if *count == 0 {
                self.owners.remove(&key);
                gone.push(key);
            }
        }
        for (scope, addr) in new {
            edits.add(AddressSlot::new(scope, addr));
        }
        for (scope, addr) in gone {
            edits.remove(AddressSlot::new(scope, addr));
        }
        Some(())
    }
}

/// A device under its number.
struct Filed {
    id: DeviceId,
    compiled: Compiled,
}

/// Addresses that devices own at places.
#[derive(Default)]
struct Owned {
    /// Before.
    less: Vec<(u32, IpAddr)>,
    /// After.
    more: Vec<(u32, IpAddr)>,
}

/// What a device is found under, and the addresses bound to it.
fn replace(old: Option<&Filed>, new: Option<&Filed>, edits: &mut Edits) {
    let slot = |device: &Filed| (device.compiled.key, device.id);
    if old.map(slot) != new.map(slot) {
        let slot = |device: &Filed| Narrow::new(device.compiled.key, device.id);
        edits.devices.gone.extend(old.map(slot));
        edits.devices.new.extend(new.map(slot));
    }
    let bound = |device: Option<&Filed>| -> BTreeSet<(u32, IpAddr)> {
        let all = device.iter().flat_map(|device| {
            let addresses = device.compiled.addresses.iter();
            addresses.map(|&addr| (scope::binding(device.id), addr))
        });
        all.collect()
    };
    let (old, new) = (bound(old), bound(new));
    for &(scope, addr) in old.difference(&new) {
        edits.remove(AddressSlot::new(scope, addr));
    }
    for &(scope, addr) in new.difference(&old) {
        edits.add(AddressSlot::new(scope, addr));
    }
}
