//! A flow as a whole, put together from what lies in memory for it.

use crate::{
    flow::{FlowEntry, FlowKey, FlowTail},
    flow_line::{FlowLine, FlowRest, ShortKey},
};

/// What lies in memory for a flow.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct FlowSlot {
    /// What every frame touches.
    pub line: FlowLine,
    /// The rest.
    pub rest: FlowRest,
}

impl FlowSlot {
    /// Its key.
    #[inline(always)]
    pub const fn key(&self) -> FlowKey {
        let ShortKey([_, ports, mac]) = self.line.key;
        let mut key = FlowKey::from_words([0, 0, 0, 0, ports & !ShortKey::IPV6, mac]);
        key.device = self.rest.device;
        key.peer = self.rest.peer;
        key
    }

    /// How it stands.
    #[inline(always)]
    pub const fn entry(&self) -> FlowEntry {
        let (line, rest) = (&self.line, &self.rest);
        FlowEntry {
            epoch: line.epoch,
            last_seen: line.last_seen,
            idle_timeout: line.idle_timeout,
            device: line.device,
            from_frames: rest.from_frames + line.from.frames(),
            from_bytes: rest.from_bytes + line.from.bytes(),
            to_frames: rest.to_frames + line.to.frames(),
            to_bytes: rest.to_bytes + line.to.bytes(),
            rule: rest.rule,
            state: line.state,
            flags: line.flags,
            reason: line.reason,
            mode: line.mode,
            acknowledged_from: rest.acknowledged_from,
            acknowledged_to: rest.acknowledged_to,
            next_timeout: rest.next_timeout,
            generation: rest.generation,
            opened_at: rest.opened_at,
            closing_timeout: line.closing_timeout,
            objection: line.objection,
        }
    }

    /// What of it is for the learner and the clock.
    #[inline(always)]
    pub const fn tail(&self) -> FlowTail {
        let mut settled = *self;
        settled.rest.settle(&mut settled.line);
        let rest = &settled.rest;
        FlowTail {
            pending_bytes: rest.pending_bytes,
            pending_frames: rest.pending_frames,
            since: rest.since,
            until: rest.until,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{addr::Addr, flow::FLOW_LEARN, flow_line::Tally};

    #[test]
    fn what_a_line_counts_is_in_the_whole_once() {
        let mut slot = FlowSlot::default();
        slot.line.flags = FLOW_LEARN;
        slot.line.from = Tally::NONE.and_frame(60).and_frame(1500);
        slot.line.to = Tally::NONE.and_frame(64);
        let (before, pending) = (slot.entry(), slot.tail());
        assert_eq!((before.from_frames, before.from_bytes), (2, 1560));
        assert_eq!((before.to_frames, before.to_bytes), (1, 64));
        assert_eq!((pending.pending_frames, pending.pending_bytes), (3, 1624));
        slot.rest.settle(&mut slot.line);
        assert_eq!((slot.entry(), slot.tail()), (before, pending));
        assert_eq!(slot.line.from.frames(), 0);
    }

    #[test]
    fn a_short_key_and_the_addresses_are_the_key() {
        let v4 = FlowKey {
            device: Addr::v4([10, 30, 1, 12]),
            peer: Addr::v4([10, 20, 8, 11]),
            device_port: 40000,
            peer_port: 3613,
            wire: 3,
            protocol: 17,
            ..FlowKey::default()
        };
        let v6 = FlowKey {
            device: Addr::v6([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 30, 1, 12]),
            peer: Addr::v6([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 20, 8, 11]),
            ..v4
        };
        assert!(!v4.short().is(&v6.short()) && v6.short().is_ipv6() && !v4.short().is_ipv6());
        for key in [v4, v6] {
            let mut slot = FlowSlot::default();
            slot.line.key = key.short();
            slot.rest.device = key.device;
            slot.rest.peer = key.peer;
            assert_eq!(slot.key(), key);
        }
    }
}
