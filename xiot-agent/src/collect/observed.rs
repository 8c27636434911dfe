//! Observed conversations: snapshots for learning and inventory.

use std::collections::HashMap;

use xiot_common::{
    map,
    observed::{ObservedEntry, ObservedKey},
};

use super::flow::Flow;
use crate::datapath::{Datapath, MapAccessError, Table};

/// One conversation of a device.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Observed {
    /// Which one.
    pub key: ObservedKey,
    /// What was seen of it.
    pub entry: ObservedEntry,
}

/// A handle to the observed map. Lives on its own.
#[derive(Debug)]
pub struct ObservedTable(Table<ObservedKey, ObservedEntry>);

impl ObservedTable {
    /// The observed map of this instance.
    pub fn open(datapath: &Datapath) -> Result<Self, MapAccessError> {
        datapath.table(map::OBSERVED).map(Self)
    }

    /// Everything that was observed. Order means nothing.
    pub fn snapshot(&self) -> Result<Vec<Observed>, MapAccessError> {
        let entries = self.0.entries()?;
        Ok(entries
            .into_iter()
            .map(|(key, entry)| Observed { key, entry })
            .collect())
    }
}

/// The conversations with the frames that their flows hold back: the program adds those only when a later second has a
/// frame too. A conversation that fell out of the map stays out.
pub fn with_pending(mut observed: Vec<Observed>, flows: &[Flow]) -> Vec<Observed> {
    let mut pending: HashMap<ObservedKey, (u64, u64, u32)> = HashMap::new();
    for flow in flows {
        let (frames, bytes) = flow.pending();
        if frames > 0 {
            let sum = pending.entry(flow.observed_key()).or_default();
            sum.0 += frames;
            sum.1 += bytes;
            sum.2 = sum.2.max(flow.entry.last_seen);
        }
    }
    for Observed { key, entry } in &mut observed {
        if let Some((frames, bytes, last_seen)) = pending.get(key) {
            entry.frames += frames;
            entry.bytes += bytes;
            entry.last_seen = entry.last_seen.max(*last_seen);
        }
    }
    observed
}

#[cfg(test)]
mod tests {
    use xiot_common::{
        addr::Addr,
        flow::{FLOW_LEARN, FlowEntry, FlowKey, FlowTail},
    };

    use super::*;

    fn flow(client: u16, flags: u8) -> Flow {
        Flow {
            key: FlowKey {
                device: Addr::v4([10, 0, 0, 1]),
                peer: Addr::v4([10, 0, 0, 2]),
                device_port: client,
                peer_port: 3613,
                protocol: 6,
                ..FlowKey::default()
            },
            entry: FlowEntry {
                flags,
                last_seen: 50,
                ..FlowEntry::default()
            },
            tail: FlowTail {
                pending_frames: 3,
                pending_bytes: 300,
                ..FlowTail::default()
            },
            half_open: false,
        }
    }

    #[test]
    fn what_flows_hold_back_counts() {
        let flows = [
            flow(1000, FLOW_LEARN),
            flow(1001, FLOW_LEARN),
            flow(1002, 0),
        ];
        let entry = ObservedEntry {
            frames: 2,
            bytes: 120,
            last_seen: 40,
            ..ObservedEntry::default()
        };
        let other = ObservedKey {
            port: 23,
            ..flows[0].observed_key()
        };
        let observed = [flows[0].observed_key(), other].map(|key| Observed { key, entry });
        let [with, without] = with_pending(observed.to_vec(), &flows)
            .try_into()
            .expect("as many as before");
        assert_eq!(
            (with.entry.frames, with.entry.bytes, with.entry.last_seen),
            (2 + 6, 120 + 600, 50)
        );
        assert_eq!(without, observed[1]);
    }
}
