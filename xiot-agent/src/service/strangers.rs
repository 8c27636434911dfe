//! Devices that are not listed and that the observed map does not show: those whose frames were refused, or who only
//! answered. Taken from events and flows as they come by, bounded, the longest silent out first.

use std::{collections::HashMap, net::IpAddr};

use xiot_common::{
    abi::seconds,
    event::Event,
    port::Side,
    reason::{Class, Reason},
};

use super::{
    names::{Names, wire_and_side},
    view::{MAX_ADDRESSES, Seen, Whose},
};
use crate::collect::Flow;

/// Devices kept. More than this behind one gateway are forged MACs.
pub(super) const KEPT: usize = 4096;

/// Devices forgotten at once when there is no room: looking for the oldest each time would take long under a flood.
const FORGOTTEN: usize = KEPT / 8;

/// The devices.
#[derive(Debug, Default)]
pub(super) struct Strangers {
    seen: HashMap<Whose, Traces>,
    forgotten: u64,
}

#[derive(Debug, Default)]
struct Traces {
    addresses: Vec<IpAddr>,
    last_frame: u32,
}

impl Strangers {
    /// Notes the sender of a frame that policy denies, if it came in at a device port and is not listed.
    pub(super) fn note_event(&mut self, names: &Names, event: &Event) {
        let (wire, side) = wire_and_side(event.port);
        let denied =
            Reason::from_u8(event.reason).is_some_and(|reason| reason.class() == Class::Denied);
        if !denied || side != Side::Device || event.device != 0 {
            return;
        }
        let whose = Whose::new(event.src_mac, event.vlans, wire);
        let address = (!event.src.is_unspecified()).then(|| super::view::address(event.src));
        self.note(names, whose, address, seconds(event.time));
    }

    /// Whether the flow tells of a device that is not listed and that the observed map may not show: one that answered.
    pub(super) fn is_told_by(flow: &Flow) -> bool {
        flow.entry.device == 0 && flow.is_peer_initiated() && flow.entry.from_frames > 0
    }

    /// Notes the device of a flow that tells of one.
    pub(super) fn note_flow(&mut self, names: &Names, flow: &Flow) {
        if !Self::is_told_by(flow) {
            return;
        }
        let whose = Whose::new(flow.key.mac, flow.key.vlans, flow.key.wire.into());
        let address = super::view::address(flow.device_end().address);
        self.note(names, whose, Some(address), flow.entry.last_seen);
    }

    fn note(&mut self, names: &Names, whose: Whose, address: Option<IpAddr>, second: u32) {
        if whose.is_listed(names) {
            return;
        }
        if self.seen.len() >= KEPT && !self.seen.contains_key(&whose) {
            self.forget();
        }
        let traces = self.seen.entry(whose).or_default();
        traces.last_frame = traces.last_frame.max(second);
        if let Some(address) = address
            && traces.addresses.len() < MAX_ADDRESSES
            && !traces.addresses.contains(&address)
        {
            traces.addresses.push(address);
        }
    }

    fn forget(&mut self) {
        let mut ages: Vec<_> = self
            .seen
            .iter()
            .map(|(whose, traces)| (traces.last_frame, *whose))
            .collect();
        ages.sort_unstable();
        for (_, whose) in ages.into_iter().take(FORGOTTEN) {
            self.seen.remove(&whose);
            self.forgotten += 1;
        }
    }

    /// How many were forgotten for want of room.
    pub(super) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Those that are known.
    pub(super) fn seen(&self) -> impl Iterator<Item = Seen> {
        self.seen.iter().map(|(whose, traces)| Seen {
            whose: *whose,
            addresses: traces.addresses.clone(),
            last_frame: traces.last_frame,
        })
    }
}

#[cfg(test)]
mod tests {
    use xiot_common::{
        addr::{Addr, Mac},
        flow::{FLOW_PEER_INITIATED, FlowEntry, FlowKey, FlowTail},
    };

    use super::*;
    use crate::service::sample;

    fn refused(mac: [u8; 6], second: u64) -> Event {
        Event {
            time: second * 1_000_000_000,
            src_mac: Mac(mac),
            src: Addr::v4([10, 30, 1, 66]),
            reason: Reason::UnknownDevice as u8,
            dropped: 1,
            ..Event::default()
        }
    }

    fn after(events: &[Event]) -> Vec<Seen> {
        let mut strangers = Strangers::default();
        for event in events {
            strangers.note_event(&sample::names(), event);
        }
        strangers.seen().collect()
    }

    #[test]
    fn the_sender_of_a_refused_frame_is_seen_once() {
        let first = refused(sample::STRANGER, 900);
        let arp = Event {
            src: Addr::default(),
            ..refused(sample::STRANGER, 950)
        };
        let seen = after(&[arp, first, first]);
        let [seen] = seen.as_slice() else {
            panic!("{seen:?}");
        };
        assert_eq!(seen.whose.mac, sample::STRANGER);
        assert!((949..=951).contains(&seen.last_frame));
        assert_eq!(seen.addresses, ["10.30.1.66".parse::<IpAddr>().unwrap()]);
    }

    #[test]
    fn others_are_not() {
        let stranger = refused(sample::STRANGER, 900);
        for (why, event) in [
            (
                "uplink",
                Event {
                    port: 1,
                    ..stranger
                },
            ),
            ("listed", refused(sample::PUMP, 900)),
            (
                "listed, on another wire",
                Event {
                    device: 1,
                    ..stranger
                },
            ),
            (
                "malformed",
                Event {
                    reason: Reason::BadArp as u8,
                    ..stranger
                },
            ),
            (
                "a newer program",
                Event {
                    reason: 255,
                    ..stranger
                },
            ),
        ] {
            assert!(after(&[event]).is_empty(), "{why}");
        }
    }

    #[test]
    fn who_answers_is_seen_and_who_is_only_asked_is_not() {
        let names = sample::names();
        let flow = |from_frames| Flow {
            key: FlowKey {
                device: Addr::v4([10, 30, 1, 66]),
                mac: Mac(sample::STRANGER),
                ..FlowKey::default()
            },
            entry: FlowEntry {
                flags: FLOW_PEER_INITIATED,
                to_frames: 1,
                from_frames,
                last_seen: 900,
                ..FlowEntry::default()
            },
            tail: FlowTail::default(),
            half_open: from_frames == 0,
        };
        let mut strangers = Strangers::default();
        strangers.note_flow(&names, &flow(0));
        assert_eq!(strangers.seen().count(), 0);
        strangers.note_flow(&names, &flow(1));
        assert_eq!(strangers.seen().count(), 1);
    }

    #[test]
    fn a_flood_of_macs_pushes_out_the_longest_silent() {
        let names = sample::names();
        let mut strangers = Strangers::default();
        strangers.note_event(&names, &refused(sample::STRANGER, 1));
        let total = 2 * KEPT as u64;
        for number in 1..=total {
            let [.., a, b, c] = number.to_be_bytes();
            strangers.note_event(&names, &refused([0x02, 0xff, 0, a, b, c], 100 + number));
        }
        let seen: Vec<_> = strangers.seen().collect();
        assert!(seen.len() <= KEPT);
        assert_eq!(strangers.forgotten() + seen.len() as u64, total + 1);
        assert!(seen.iter().all(|seen| seen.whose.mac != sample::STRANGER));
        let [.., a, b, c] = total.to_be_bytes();
        let newest = [0x02, 0xff, 0, a, b, c];
        assert!(seen.iter().any(|seen| seen.whose.mac == newest));
    }
}
