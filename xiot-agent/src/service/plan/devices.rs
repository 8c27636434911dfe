//! Devices that two policies differ in.

use std::collections::{HashMap, HashSet};

use crate::{
    compile::{FreshNumbers, read::Reader},
    model::policy::Device,
    service::{
        files::Files,
        state::{Criticality, words},
    },
};

/// A device that a change touches.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DeviceChange {
    /// Its name.
    pub device: String,
    /// What becomes of it.
    pub kind: Kind,
    /// Its criticality, the higher one where that differs.
    pub criticality: Option<Criticality>,
    /// What differs, in words.
    pub what: Vec<String>,
}

/// What becomes of a device.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// It is listed no more.
    Removed,
    /// It is judged in another way.
    Changed,
    /// It is listed now.
    Added,
}

/// Those that lives depend on first.
pub(super) fn changes(old: &Files, new: &Files, fresh: &FreshNumbers) -> Vec<DeviceChange> {
    let fresh: HashSet<u32> = fresh.all().copied().collect();
    let by_number: HashMap<u32, &Device> = numbered(old).collect();
    let (before, after) = (Reader::new(&old.image), Reader::new(&new.image));
    let generation = |reader: &Reader<'_>, id| reader.record(id).map(|record| record.generation);
    let mut left: HashSet<u32> = by_number.keys().copied().collect();
    let mut changes = Vec::new();
    for (id, device) in numbered(new) {
        let old_one = by_number.get(&id).filter(|_| !fresh.contains(&id));
        let Some(old_one) = old_one else {
            changes.push(change(device, Kind::Added, Vec::new()));
            continue;
        };
        left.remove(&id);
        if generation(&before, id) != generation(&after, id) {
            let mut what = differences(old, old_one, new, device);
            if what.is_empty() {
                let profile = new.policy.profiles.get(device.profile);
                let name = profile.map_or("", |profile| profile.name.as_str());
                what.push(format!("what profile {name} allows"));
            }
            let mut change = change(device, Kind::Changed, what);
            change.criticality = change.criticality.max(old_one.criticality);
            changes.push(change);
        }
    }
    let gone = left.iter().filter_map(|id| by_number.get(id));
    changes.extend(gone.map(|device| change(device, Kind::Removed, Vec::new())));
    changes.sort_by(|a, b| {
        let order = |it: &DeviceChange| (std::cmp::Reverse(it.criticality), it.kind);
        order(a)
            .cmp(&order(b))
            .then_with(|| a.device.cmp(&b.device))
    });
    changes
}

fn numbered(files: &Files) -> impl Iterator<Item = (u32, &Device)> {
    files
        .ids
        .devices()
        .iter()
        .copied()
        .zip(&files.policy.devices)
}

fn change(device: &Device, kind: Kind, what: Vec<String>) -> DeviceChange {
    DeviceChange {
        device: device.name.clone(),
        kind,
        criticality: device.criticality,
        what,
    }
}

/// What is said of the device itself.
fn differences(old: &Files, before: &Device, new: &Files, after: &Device) -> Vec<String> {
    let mut what = Vec::new();
    if before.mode != after.mode {
        let [before, after] = [before.mode, after.mode].map(words::mode);
        what.push(format!("mode {before} -> {after}"));
    }
    let profile = |files: &Files, device: &Device| {
        let profile = files.policy.profiles.get(device.profile);
        profile
            .map(|profile| profile.name.clone())
            .unwrap_or_default()
    };
    let [was, is] = [profile(old, before), profile(new, after)];
    if was != is {
        what.push(format!("profile {was} -> {is}"));
    }
    for (differs, name) in [
        (before.mac != after.mac, "MAC"),
        (before.vlan != after.vlan, "VLAN"),
        (before.wire != after.wire, "wire"),
        (before.addresses != after.addresses, "addresses"),
    ] {
        if differs {
            what.push(name.to_owned());
        }
    }
    what
}
