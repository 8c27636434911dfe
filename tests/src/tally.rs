//! Counts what verdicts should have counted, and holds it against the program's counters.

use std::{collections::BTreeMap, ops::Range};

use xiot_agent::{collect::Counters, compile::Assignment, model::list::List, oracle::Side};
use xiot_common::{
    counter::{DeviceCounter, ReasonCounter},
    reason::{Class, Reason},
};

use crate::{prog::must, verdict::Verdict};

/// Frames up to this lie in one buffer. Of a longer one that belongs to a flow, the program counts the first buffer
/// alone if the datagram ends there.
const ONE_BUFFER: usize = 3000;

/// Ports of two wires or segments, and two router uplinks.
const PORTS: Range<u16> = 0..8;

/// Counters before, and what was added since.
#[derive(Debug)]
pub(crate) struct Tally {
    reasons: BTreeMap<(u16, Reason), ReasonCounter>,
    devices: Vec<DeviceCounter>,
    /// Hits by rule id.
    rules: Vec<u64>,
    has_jumbo: bool,
    /// A first fragment that a rule may have allowed was refused for its number: whether the rule was hit, the verdict
    /// does not say.
    has_refused_fragment: bool,
}

impl Tally {
    /// Starts from where the program's counters stand.
    pub(crate) fn before(counters: &Counters, numbers: &[Assignment]) -> Self {
        let highest = |of: fn(&Assignment) -> &List<u32>| {
            let all = numbers.iter().flat_map(of).copied();
            usize::try_from(all.max().unwrap_or(0)).expect("a small number")
        };
        let most_devices = highest(Assignment::devices);
        let most_rules = highest(Assignment::rules);
        Self {
            reasons: reasons(counters),
            devices: (0..=most_devices)
                .map(|position| device(counters, position))
                .collect(),
            rules: (0..=most_rules).map(|rule| hits(counters, rule)).collect(),
            has_jumbo: false,
            has_refused_fragment: false,
        }
    }

    /// Adds a verdict on a frame of this length, by port index and side.
    pub(crate) fn count(&mut self, (port, side): (u16, Side), length: usize, verdict: Verdict) {
        let bytes = u64::try_from(length).expect("a frame's length");
        self.has_jumbo |= verdict.flow_hit && length > ONE_BUFFER;
        self.has_refused_fragment |= verdict.reason == Reason::FragmentBudget;
        let reason = self.reasons.entry((port, verdict.reason)).or_default();
        if verdict.reason == Reason::AllowedRule {
            self.rules[usize::try_from(verdict.rule).expect("a rule id")] += 1;
        }
        let position = usize::try_from(verdict.device).expect("a device number");
        let device = &mut self.devices[position];
        if verdict.dropped {
            reason.dropped_frames += 1;
            reason.dropped_bytes += bytes;
        } else {
            reason.forwarded_frames += 1;
            reason.forwarded_bytes += bytes;
        }
        match (verdict.dropped, side) {
            (true, Side::Device) => device.from_dropped += 1,
            (true, Side::Uplink) => device.to_dropped += 1,
            (false, Side::Device) => {
                device.from_frames += 1;
                device.from_bytes += bytes;
            }
            (false, Side::Uplink) => {
                device.to_frames += 1;
                device.to_bytes += bytes;
            }
        }
        if !verdict.dropped && verdict.reason.class() == Class::Denied {
            device.would_drop += 1;
        }
    }

    /// Whether the program counted the same; else what it has, and what it should have.
    pub(crate) fn check(&self, counters: &Counters) -> Result<(), (String, String)> {
        let now = reasons(counters);
        for (key, expected) in &self.reasons {
            let (has, should) = (self.plain(now[key]), self.plain(*expected));
            if has != should {
                return Err((format!("{key:?} {has:?}"), format!("{key:?} {should:?}")));
            }
        }
        for (position, expected) in self.devices.iter().enumerate() {
            let has = self.plain_device(device(counters, position));
            let should = self.plain_device(*expected);
            if has != should {
                return Err((
                    format!("device {position} {has:?}"),
                    format!("device {position} {should:?}"),
                ));
            }
        }
        for (rule, should) in self.rules.iter().enumerate() {
            let has = hits(counters, rule);
            if has != *should && !self.has_refused_fragment {
                return Err((
                    format!("rule {rule} hit {has} times"),
                    format!("{should} times"),
                ));
            }
        }
        Ok(())
    }

    fn plain(&self, counter: ReasonCounter) -> ReasonCounter {
        if self.has_jumbo {
            ReasonCounter {
                forwarded_bytes: 0,
                dropped_bytes: 0,
                ..counter
            }
        } else {
            counter
        }
    }

    fn plain_device(&self, counter: DeviceCounter) -> DeviceCounter {
        let counter = DeviceCounter {
            last_seen: 0,
            ..counter
        };
        if self.has_jumbo {
            DeviceCounter {
                from_bytes: 0,
                to_bytes: 0,
                ..counter
            }
        } else {
            counter
        }
    }
}

fn reasons(counters: &Counters) -> BTreeMap<(u16, Reason), ReasonCounter> {
    must("read the reason counters", counters.reasons(PORTS))
        .into_iter()
        .map(|total| ((total.port, total.reason), total.total))
        .collect()
}

fn hits(counters: &Counters, rule: usize) -> u64 {
    let id = u32::try_from(rule).expect("a rule id");
    counters.rule(id).expect("few rules").hits
}

fn device(counters: &Counters, position: usize) -> DeviceCounter {
    let id = u32::try_from(position).expect("a device number");
    counters.device(id).expect("few devices")
}
