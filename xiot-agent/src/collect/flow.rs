//! Flows: snapshots, and the sweep that removes what is over.

use xiot_common::{
    addr::Addr,
    flow::{FLOW_LEARN, FLOW_MIDSTREAM, FLOW_PEER_INITIATED, FlowEntry, FlowKey, FlowTail},
    map,
    observed::{ObservedEntry, ObservedKey},
    reason::Reason,
};

use crate::datapath::{Datapath, FiledFlow, FlowSets, MapAccessError, Table};

/// Seconds that a flow is left alone once it is over: a frame that arrives right now may still look at it.
const GRACE: u32 = 10;

/// One flow at one instant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Flow {
    /// Which conversation it is.
    pub key: FlowKey,
    /// How it stands.
    pub entry: FlowEntry,
    /// The rest of it.
    pub tail: FlowTail,
    /// Only one side spoke in it so far.
    pub half_open: bool,
}

/// An address and, for protocols that have them, a port.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FlowEnd {
    /// The address.
    pub address: Addr,
    /// The port; 0 for none. ICMP echo: the identifier at the requester, 0 at the responder.
    pub port: u16,
}

impl Flow {
    /// The device's end.
    pub fn device_end(&self) -> FlowEnd {
        FlowEnd {
            address: self.key.device,
            port: self.key.device_port,
        }
    }

    /// The other end.
    pub fn peer_end(&self) -> FlowEnd {
        FlowEnd {
            address: self.key.peer,
            port: self.key.peer_port,
        }
    }

    /// Whether the other side opened it.
    pub fn is_peer_initiated(&self) -> bool {
        self.entry.flags & FLOW_PEER_INITIATED != 0
    }

    /// Whether policy denies it and only the device's mode lets it through.
    pub fn is_would_drop(&self) -> bool {
        self.entry.is_would_drop()
    }

    /// Frames of a device in mode learn, and their bytes, that are not in the observed map yet.
    pub(super) fn pending(&self) -> (u64, u64) {
        if self.entry.flags & FLOW_LEARN == 0 {
            return (0, 0);
        }
        (self.tail.pending_frames.into(), self.tail.pending_bytes)
    }

    /// Whether it was picked up after its start, so that who opened it is a guess.
    pub fn is_midstream(&self) -> bool {
        self.entry.flags & FLOW_MIDSTREAM != 0
    }

    /// Why its frames are forwarded. None for a number of a newer program.
    pub fn reason(&self) -> Option<Reason> {
        Reason::from_u8(self.entry.counted().0)
    }

    /// The conversation that it counts under in the observed map.
    pub(super) const fn observed_key(&self) -> ObservedKey {
        self.entry.observed_key(&self.key)
    }
}

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Swept {
    /// Flows that are left, without the half-open ones.
    pub left: usize,
    /// Half-open flows that are left.
    pub half_open: usize,
    /// Flows that were removed.
    pub removed: usize,
    /// Of those: frames were added to the observed map.
    pub folded: usize,
}

impl From<FiledFlow> for Flow {
    fn from(filed: FiledFlow) -> Self {
        Self {
            key: filed.key,
            entry: filed.entry,
            tail: filed.tail,
            half_open: filed.is_half_open(),
        }
    }
}

/// A handle to the flow table. Lives on its own.
#[derive(Debug)]
pub struct FlowTable {
    flows: FlowSets,
    observed: Table<ObservedKey, ObservedEntry>,
}

impl FlowTable {
    /// The flow table of this instance.
    pub fn open(datapath: &Datapath) -> Result<Self, MapAccessError> {
        Ok(Self {
            flows: datapath.flow_sets()?,
            observed: datapath.table(map::OBSERVED)?,
        })
    }

    /// All flows, also those that are over and not yet removed. Order means nothing.
    pub fn snapshot(&self) -> Vec<Flow> {
        self.flows.flows().map(Flow::from).collect()
    }

    /// Removes flows that have been over for [`GRACE`] seconds. Frames of devices in mode learn that were not
    /// yet in the observed map are added to it first.
    pub fn sweep(&mut self, now: u32) -> Result<Swept, MapAccessError> {
        self.sweep_and_visit(now, |_| {})
    }

    /// The same, and shows every flow that was there.
    pub fn sweep_and_visit(
        &mut self,
        now: u32,
        mut visit: impl FnMut(&Flow),
    ) -> Result<Swept, MapAccessError> {
        let mut swept = Swept::default();
        let Self { flows, observed } = self;
        for filed in flows.flows() {
            let flow = Flow::from(filed);
            visit(&flow);
            // Not if a frame has come since.
            let removed = is_over(&flow.entry, now)
                .then(|| flows.remove(&filed))
                .flatten();
            let Some(removed) = removed.map(Flow::from) else {
                *if flow.half_open {
                    &mut swept.half_open
                } else {
                    &mut swept.left
                } += 1;
                continue;
            };
            swept.removed += 1;
            if removed.pending() != (0, 0) {
                fold(observed, &removed)?;
                swept.folded += 1;
            }
        }
        Ok(swept)
    }
}

/// Adds a flow's pending frames to the observed map.
fn fold(
    observed: &mut Table<ObservedKey, ObservedEntry>,
    flow: &Flow,
) -> Result<(), MapAccessError> {
    let key = flow.observed_key();
    let (reason, rule) = flow.entry.counted();
    let mut entry = observed.get(&key)?.unwrap_or_else(|| ObservedEntry {
        // It fell out of the map while the flow was silent: noted anew.
        flows: 1,
        first_seen: flow.entry.opened_at,
        reason,
        rule,
        ..ObservedEntry::default()
    });
    let (frames, bytes) = flow.pending();
    entry.frames = entry.frames.wrapping_add(frames);
    entry.bytes = entry.bytes.wrapping_add(bytes);
    entry.last_seen = entry.last_seen.max(flow.entry.last_seen);
    observed.insert(&key, &entry)
}

fn is_over(entry: &FlowEntry, now: u32) -> bool {
    entry.idle(now) > entry.idle_timeout.saturating_add(GRACE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(idle_timeout: u32) -> FlowEntry {
        FlowEntry {
            last_seen: 100,
            idle_timeout,
            ..FlowEntry::default()
        }
    }

    #[test]
    fn a_flow_is_over_once_its_timeout_and_the_grace_have_passed() {
        let entry = entry(30);
        assert!(!is_over(&entry, 140) && is_over(&entry, 141));
        // A frame that came after the clock was read.
        assert!(!is_over(&entry, 99));
    }

    #[test]
    fn a_timeout_that_never_ends_does_not_wrap() {
        assert!(!is_over(&entry(u32::MAX), 1_000_000));
    }
}
