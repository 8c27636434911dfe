//! Flows: snapshots, and the sweep that removes what is over.

use xiot_common::{
    addr::Addr,
    flow::{
        FLOW_DEVICE_IS_LOW, FLOW_LEARN, FLOW_MIDSTREAM, FLOW_PEER_INITIATED, FLOW_WOULD_DROP,
        FlowEntry, FlowKey,
    },
    map,
    observed::{OBSERVED_MIDSTREAM, OBSERVED_PEER_INITIATED, ObservedEntry, ObservedKey},
    reason::Reason,
};

use crate::datapath::{Datapath, MapAccessError, Table};

/// Seconds that a flow is left alone once it is over: a frame that arrives right now may still look at it.
const GRACE: u32 = 10;

/// One flow at one instant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Flow {
    /// Which conversation it is.
    pub key: FlowKey,
    /// How it stands.
    pub entry: FlowEntry,
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
    fn device_is_low(&self) -> bool {
        self.entry.flags & FLOW_DEVICE_IS_LOW != 0
    }

    fn low(&self) -> FlowEnd {
        FlowEnd {
            address: self.key.low,
            port: self.key.low_port,
        }
    }

    fn high(&self) -> FlowEnd {
        FlowEnd {
            address: self.key.high,
            port: self.key.high_port,
        }
    }

    /// The device's end.
    pub fn device_end(&self) -> FlowEnd {
        if self.device_is_low() {
            self.low()
        } else {
            self.high()
        }
    }

    /// The other end.
    pub fn peer_end(&self) -> FlowEnd {
        if self.device_is_low() {
            self.high()
        } else {
            self.low()
        }
    }

    /// Whether the other side opened it.
    pub fn is_peer_initiated(&self) -> bool {
        self.entry.flags & FLOW_PEER_INITIATED != 0
    }

    /// Whether policy denies it and only the device's mode lets it through.
    pub fn is_would_drop(&self) -> bool {
        self.entry.flags & FLOW_WOULD_DROP != 0
    }

    /// Frames of a device in mode learn, and their bytes, that are not in the observed map yet.
    pub(super) fn pending(&self) -> (u64, u64) {
        if self.entry.flags & FLOW_LEARN == 0 {
            return (0, 0);
        }
        (self.entry.pending_frames, self.entry.pending_bytes)
    }

    /// Whether it was picked up after its start, so that who opened it is a guess.
    pub fn is_midstream(&self) -> bool {
        self.entry.flags & FLOW_MIDSTREAM != 0
    }

    /// Why its frames are forwarded. None for a number of a newer program.
    pub fn reason(&self) -> Option<Reason> {
        Reason::from_u8(self.entry.reason)
    }

    /// Seconds since its last frame.
    pub fn idle(&self, now: u32) -> u32 {
        // The frame may be younger than the caller's clock reading.
        let idle = now.wrapping_sub(self.entry.last_seen);
        if idle > u32::MAX / 2 { 0 } else { idle }
    }

    /// Whether a frame that comes now still belongs to it.
    pub fn is_live(&self, now: u32) -> bool {
        self.idle(now) <= self.entry.idle_timeout
    }

    /// The conversation that it counts under in the observed map; as `xiot_fold` in the program has it.
    pub(super) fn observed_key(&self) -> ObservedKey {
        const ICMP: u8 = 1;
        const ICMPV6: u8 = 58;
        let device = self.device_end();
        let responder = if self.is_peer_initiated() {
            device
        } else {
            self.peer_end()
        };
        let mut flags = 0;
        if self.is_peer_initiated() {
            flags |= OBSERVED_PEER_INITIATED;
        }
        if self.is_midstream() {
            flags |= OBSERVED_MIDSTREAM;
        }
        ObservedKey {
            peer: self.peer_end().address,
            address: device.address,
            mac: self.entry.mac,
            // ICMP flows are echo: type 8 and 128, code 0.
            port: match self.key.protocol {
                ICMP if device.address.is_v4() => 8 << 8,
                ICMPV6 if !device.address.is_v4() => 128 << 8,
                _ => responder.port,
            },
            vlans: self.key.vlans,
            wire: self.key.wire,
            protocol: self.key.protocol,
            flags,
        }
    }
}

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Swept {
    /// Flows that are left.
    pub left: usize,
    /// Flows that were removed.
    pub removed: usize,
    /// Of those: frames were added to the observed map.
    pub folded: usize,
}

/// A handle to the flow table. Lives on its own.
#[derive(Debug)]
pub struct FlowTable {
    flows: Table<FlowKey, FlowEntry>,
    observed: Table<ObservedKey, ObservedEntry>,
}

impl FlowTable {
    /// The flow table of this instance.
    pub fn open(datapath: &Datapath) -> Result<Self, MapAccessError> {
        Ok(Self {
            flows: datapath.table(map::FLOWS)?,
            observed: datapath.table(map::OBSERVED)?,
        })
    }

    /// All flows, also those that are over and not yet removed. Order means nothing.
    pub fn snapshot(&self) -> Result<Vec<Flow>, MapAccessError> {
        let entries = self.flows.entries()?;
        Ok(entries
            .into_iter()
            .map(|(key, entry)| Flow { key, entry })
            .collect())
    }

    /// Removes flows that have been over for [`GRACE`] seconds. Frames of devices in mode learn that were not
    /// yet in the observed map are added to it first.
    pub fn sweep(&mut self, now: u32) -> Result<Swept, MapAccessError> {
        let snapshot = self.snapshot()?;
        let mut swept = Swept::default();
        let total = snapshot.len();
        for flow in snapshot.into_iter().filter(|flow| is_over(flow, now)) {
            // Not if a frame brought it back to life since.
            let Some(entry) = self.flows.get(&flow.key)? else {
                continue;
            };
            let flow = Flow { entry, ..flow };
            if !is_over(&flow, now) {
                continue;
            }
            if flow.pending() != (0, 0) {
                self.fold(&flow)?;
                swept.folded += 1;
            }
            if self.flows.remove(&flow.key)? {
                swept.removed += 1;
            }
        }
        swept.left = total - swept.removed;
        Ok(swept)
    }

    fn fold(&mut self, flow: &Flow) -> Result<(), MapAccessError> {
        let key = flow.observed_key();
        let pending = &flow.entry;
        let mut observed = self.observed.get(&key)?.unwrap_or_else(|| ObservedEntry {
            // It fell out of the map while the flow was silent: noted anew.
            flows: 1,
            first_seen: pending.opened_at,
            reason: pending.reason,
            rule: pending.rule,
            ..ObservedEntry::default()
        });
        observed.frames = observed.frames.wrapping_add(pending.pending_frames);
        observed.bytes = observed.bytes.wrapping_add(pending.pending_bytes);
        observed.last_seen = observed.last_seen.max(pending.last_seen);
        self.observed.insert(&key, &observed)
    }
}

fn is_over(flow: &Flow, now: u32) -> bool {
    flow.idle(now) > flow.entry.idle_timeout.saturating_add(GRACE)
}

#[cfg(test)]
mod tests {
    use super::{Flow, is_over};
    use xiot_common::{
        addr::{Addr, Mac},
        flow::{FLOW_DEVICE_IS_LOW, FLOW_MIDSTREAM, FLOW_PEER_INITIATED, FlowEntry, FlowKey},
        observed::{OBSERVED_MIDSTREAM, OBSERVED_PEER_INITIATED},
    };

    const DEVICE: Addr = Addr::v4([10, 30, 1, 12]);
    const PEER: Addr = Addr::v4([10, 20, 8, 11]);

    /// The device is the lower end, port 40000; the peer the higher, port 3613.
    fn flow(protocol: u8, flags: u8) -> Flow {
        Flow {
            key: FlowKey {
                low: DEVICE,
                high: PEER,
                low_port: 40000,
                high_port: 3613,
                protocol,
                ..FlowKey::default()
            },
            entry: FlowEntry {
                mac: Mac([0, 3, 0xb1, 0, 0, 0x12]),
                flags: FLOW_DEVICE_IS_LOW | flags,
                last_seen: 100,
                idle_timeout: 30,
                ..FlowEntry::default()
            },
        }
    }

    #[test]
    fn ends_are_told_apart() {
        let mut flow = flow(6, 0);
        assert_eq!(
            (flow.device_end().address, flow.peer_end().port),
            (DEVICE, 3613)
        );
        flow.entry.flags = 0;
        assert_eq!(
            (flow.device_end().address, flow.peer_end().port),
            (PEER, 40000)
        );
    }

    #[test]
    fn the_service_port_is_that_of_the_side_that_did_not_open() {
        assert_eq!(flow(6, 0).observed_key().port, 3613);
        let key = flow(6, FLOW_PEER_INITIATED | FLOW_MIDSTREAM).observed_key();
        assert_eq!(key.port, 40000);
        assert_eq!(key.flags, OBSERVED_PEER_INITIATED | OBSERVED_MIDSTREAM);
        assert_eq!((key.address, key.peer), (DEVICE, PEER));
    }

    #[test]
    fn echo_counts_as_its_type() {
        assert_eq!(flow(1, 0).observed_key().port, 8 << 8);
        // ICMPv6 within IPv4 is a protocol without ports.
        let mut odd = flow(58, 0);
        odd.key.high_port = 0;
        assert_eq!(odd.observed_key().port, 0);
    }

    #[test]
    fn a_flow_is_over_once_its_timeout_and_the_grace_have_passed() {
        let flow = flow(17, 0);
        assert!(flow.is_live(130) && !flow.is_live(131));
        assert!(!is_over(&flow, 140) && is_over(&flow, 141));
        // A frame that came after the clock was read.
        assert_eq!(flow.idle(99), 0);
        assert!(!is_over(&flow, 99));
    }

    #[test]
    fn a_timeout_that_never_ends_does_not_wrap() {
        let mut flow = flow(17, 0);
        flow.entry.idle_timeout = u32::MAX;
        assert!(!is_over(&flow, 1_000_000));
    }
}
