//! Sums: frames by wire, side, verdict and reason; devices and traffic by profile.

use std::collections::HashSet;

use xiot_common::{
    counter::{DeviceCounter, ReasonCounter, RuleCounter},
    reason::Class,
};

use super::{Seen, devices};
use crate::service::{
    names::Names,
    state::{FrameTotal, Modes, ProfileTotals, Reason, Side, Verdict},
};

/// Frames of every wire, side and reason, by each verdict that the reason can have; those without a frame included, so
/// that a series is there before it counts. `counter` gives the sum over all CPUs for a port index and a reason.
pub fn frames(wires: usize, counter: impl Fn(u16, Reason) -> ReasonCounter) -> Vec<FrameTotal> {
    let mut totals = Vec::new();
    let sides = (0_u16..).step_by(2).take(wires).enumerate();
    for (wire, device_port) in sides {
        for (side, port) in [(Side::Device, device_port), (Side::Uplink, device_port + 1)] {
            for &reason in Reason::ALL {
                let counter = counter(port, reason);
                let total = |verdict, frames, bytes| FrameTotal {
                    wire,
                    side,
                    verdict,
                    reason,
                    frames,
                    bytes,
                };
                let passed = Verdict::of(reason, false);
                if passes(reason) || counter.forwarded_frames > 0 {
                    totals.push(total(
                        passed,
                        counter.forwarded_frames,
                        counter.forwarded_bytes,
                    ));
                }
                if drops(reason) || counter.dropped_frames > 0 {
                    totals.push(total(
                        Verdict::Dropped,
                        counter.dropped_frames,
                        counter.dropped_bytes,
                    ));
                }
            }
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

/// Number of devices that were seen and are not listed.
pub fn unlisted(names: &Names, seen: &[Seen]) -> u64 {
    let strangers: HashSet<_> = seen
        .iter()
        .filter(|seen| !devices::is_listed(names, seen))
        .map(|seen| (seen.mac, seen.vlans, seen.wire))
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
            devices: Modes::default(),
            traffic: Default::default(),
            rule_hits: profile
                .rules
                .iter()
                .map(|content| rule(content.id).hits)
                .sum(),
        })
        .collect();
    for (id, listed) in (1..).zip(&policy.devices) {
        if let Some(total) = totals.get_mut(listed.profile) {
            total.devices.add(listed.mode);
            total.traffic.add(&devices::traffic(&device(id)));
        }
    }
    totals
}
