//! Counters: by port and reason, by device, by rule, and of the event ring. Sums over CPUs.

use std::fmt;

use aya::maps::{MapData, PerCpuArray};
use xiot_common::{
    counter::{DeviceCounter, EventCounter, ReasonCounter, RuleCounter},
    device::DeviceId,
    map,
    reason::Reason,
    rule::RuleId,
};

use crate::datapath::{Datapath, MapAccessError, Shared};

/// Row length of the reason counters.
const REASONS_PER_PORT: u32 = 128;
const _: () = assert!(REASONS_PER_PORT as usize == Reason::CAPACITY);

/// Frames and bytes of one reason on one port of ingress.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ReasonTotal {
    /// Port index.
    pub port: u16,
    /// The reason.
    pub reason: Reason,
    /// Sums over all CPUs.
    pub total: ReasonCounter,
}

/// What became of events.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct EventTotal {
    /// Written to the ring.
    pub sent: u64,
    /// Held back by a budget.
    pub suppressed: u64,
    /// Found the ring full.
    pub lost: u64,
}

/// Handles to all counters. They live on their own.
pub struct Counters {
    reasons: PerCpuArray<MapData, ReasonCounter>,
    events: PerCpuArray<MapData, EventCounter>,
    devices: Shared<DeviceCounter>,
    rules: Shared<RuleCounter>,
    cpus: u32,
    device_stride: u32,
}

impl fmt::Debug for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counters").finish_non_exhaustive()
    }
}

impl Counters {
    /// The counters of this instance.
    pub fn open(datapath: &Datapath) -> Result<Self, MapAccessError> {
        let per_cpu = |name| move |source| MapAccessError { map: name, source };
        Ok(Self {
            reasons: PerCpuArray::try_from(datapath.duplicate(map::REASONS)?)
                .map_err(per_cpu(map::REASONS))?,
            events: PerCpuArray::try_from(datapath.duplicate(map::EVENT_COUNTERS)?)
                .map_err(per_cpu(map::EVENT_COUNTERS))?,
            devices: datapath.map_memory(map::DEVICE_COUNTERS)?,
            rules: datapath.map_memory(map::RULE_COUNTERS)?,
            cpus: datapath.cpus(),
            device_stride: datapath.device_stride(),
        })
    }

    /// Every reason on each of these ports, also those that never came up. One system call each.
    pub fn reasons(
        &self,
        ports: impl IntoIterator<Item = u16>,
    ) -> Result<Vec<ReasonTotal>, MapAccessError> {
        let mut totals = Vec::new();
        for port in ports {
            for &reason in Reason::ALL {
                let index = u32::from(port) * REASONS_PER_PORT + u32::from(reason as u8);
                let values = self
                    .reasons
                    .get(&index, 0)
                    .map_err(|source| MapAccessError {
                        map: map::REASONS,
                        source,
                    })?;
                let total =
                    values
                        .iter()
                        .fold(ReasonCounter::default(), |sum, cpu| ReasonCounter {
                            forwarded_frames: sum
                                .forwarded_frames
                                .wrapping_add(cpu.forwarded_frames),
                            forwarded_bytes: sum.forwarded_bytes.wrapping_add(cpu.forwarded_bytes),
                            dropped_frames: sum.dropped_frames.wrapping_add(cpu.dropped_frames),
                            dropped_bytes: sum.dropped_bytes.wrapping_add(cpu.dropped_bytes),
                        });
                totals.push(ReasonTotal {
                    port,
                    reason,
                    total,
                });
            }
        }
        Ok(totals)
    }

    /// What one device sent and received; id 0 is all devices that are not listed. None beyond the capacity.
    /// Costs no system call.
    pub fn device(&self, device: DeviceId) -> Option<DeviceCounter> {
        if device >= self.device_stride {
            return None;
        }
        (0..self.cpus)
            .map(|cpu| self.devices.get(cpu * self.device_stride + device))
            .try_fold(DeviceCounter::default(), |sum, cpu| {
                let cpu = cpu?;
                Some(DeviceCounter {
                    from_frames: sum.from_frames.wrapping_add(cpu.from_frames),
                    from_bytes: sum.from_bytes.wrapping_add(cpu.from_bytes),
                    to_frames: sum.to_frames.wrapping_add(cpu.to_frames),
                    to_bytes: sum.to_bytes.wrapping_add(cpu.to_bytes),
                    from_dropped: sum.from_dropped.wrapping_add(cpu.from_dropped),
                    to_dropped: sum.to_dropped.wrapping_add(cpu.to_dropped),
                    would_drop: sum.would_drop.wrapping_add(cpu.would_drop),
                    last_seen: sum.last_seen.max(cpu.last_seen),
                })
            })
    }

    /// How often one rule allowed something new. None beyond the capacity. Costs no system call.
    pub fn rule(&self, rule: RuleId) -> Option<RuleCounter> {
        self.rules.get(rule)
    }

    /// What became of events.
    pub fn events(&self) -> Result<EventTotal, MapAccessError> {
        let values = self.events.get(&0, 0).map_err(|source| MapAccessError {
            map: map::EVENT_COUNTERS,
            source,
        })?;
        Ok(values
            .iter()
            .fold(EventTotal::default(), |sum, cpu| EventTotal {
                sent: sum.sent.wrapping_add(cpu.sent),
                suppressed: sum.suppressed.wrapping_add(cpu.suppressed),
                lost: sum.lost.wrapping_add(cpu.lost),
            }))
    }
}
