//! Sums: frames by wire, side, verdict and reason; devices and traffic by profile.

use std::collections::HashSet;

use xiot_common::{
    counter::{DeviceCounter, RuleCounter},
    reason::Class,
};

use super::{Seen, devices};
use crate::{
    collect::ReasonTotal,
    service::{
        names::{Names, wire_and_side},
        state::{FrameTotal, Modes, ProfileTotals, Reason, Verdict},
    },
};

/// Frames by each verdict that a reason can have; those without a frame included, so that a series is there before it
/// counts.
pub fn frames(counters: &[ReasonTotal]) -> Vec<FrameTotal> {
    let mut totals = Vec::with_capacity(counters.len() * 2);
    for ReasonTotal {
        port,
        reason,
        total: counter,
    } in counters
    {
        let (wire, side) = wire_and_side(*port);
        let total = |verdict, frames, bytes| FrameTotal {
            wire: wire.into(),
            side,
            verdict,
            reason: *reason,
            frames,
            bytes,
        };
        if passes(*reason) || counter.forwarded_frames > 0 {
            totals.push(total(
                Verdict::of(*reason, false),
                counter.forwarded_frames,
                counter.forwarded_bytes,
            ));
        }
        if drops(*reason) || counter.dropped_frames > 0 {
            totals.push(total(
                Verdict::Dropped,
                counter.dropped_frames,
                counter.dropped_bytes,
            ));
        }
    }
    totals
}

const fn passes(reason: Reason) -> bool {
    matches!(reason.class(), Class::Allowed | Class::Denied)
}

const fn drops(reason: Reason) -> bool {
    !matches!(reason.class(), Class::Allowed)
}

/// Listed devices by mode.
pub fn modes(names: &Names) -> Modes {
    let mut modes = Modes::default();
    for device in &names.policy().devices {
        modes.add(device.mode);
    }
    modes
}

/// Number of devices that sent something and are not listed.
pub fn unlisted(names: &Names, seen: &[Seen]) -> u64 {
    let strangers: HashSet<_> = seen
        .iter()
        .map(|seen| seen.whose)
        .filter(|whose| !whose.is_listed(names))
        .collect();
    strangers.len() as u64
}

/// Devices, traffic and hits of each profile, in file order.
pub fn profiles(
    names: &Names,
    device: impl Fn(u32) -> DeviceCounter,
    rule: impl Fn(u32) -> RuleCounter,
) -> Vec<ProfileTotals> {
    let policy = names.policy();
    let mut totals: Vec<_> = policy
        .profiles
        .iter()
        .map(|profile| ProfileTotals {
            profile: profile.name.clone(),
            criticality: None,
            devices: Modes::default(),
            traffic: Default::default(),
            rule_hits: 0,
        })
        .collect();
    for (id, profile) in names.rules() {
        if let Some(total) = totals.get_mut(profile) {
            total.rule_hits += rule(id).hits;
        }
    }
    for (id, listed) in names.devices() {
        if let Some(total) = totals.get_mut(listed.profile) {
            total.criticality = total.criticality.max(listed.criticality);
            total.devices.add(listed.mode);
            total.traffic.add(&devices::traffic(&device(id)));
        }
    }
    totals
}
