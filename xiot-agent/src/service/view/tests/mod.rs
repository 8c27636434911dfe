//! From raw entries to snapshots.

use std::time::Duration;

use xiot_common::{
    addr::{Addr, Mac},
    counter::{DeviceCounter, ReasonCounter, RuleCounter},
    event::Event,
    flow::{FLOW_PEER_INITIATED, FLOW_WOULD_DROP, FlowEntry, FlowKey, FlowState, FlowTail},
    observed::{OBSERVED_MIDSTREAM, OBSERVED_PEER_INITIATED, ObservedEntry, ObservedKey},
};

mod bindings;
mod devices;
mod observed;

use super::*;
use crate::collect::{self, ReasonTotal};
use crate::service::{
    clock::Now,
    sample,
    state::{Flow, FlowFilter, ObservedFilter, Opener, Reason, Side, Stage, Verdict},
};

fn now() -> Now {
    Now {
        monotonic: Duration::from_millis(1_000_500),
        wall: sample::time(),
    }
}

fn raw(key: FlowKey, entry: FlowEntry) -> collect::Flow {
    collect::Flow {
        key,
        entry,
        tail: FlowTail::default(),
        half_open: false,
    }
}

fn key(device: [u8; 4], device_port: u16, peer: [u8; 4], peer_port: u16) -> FlowKey {
    FlowKey {
        device: Addr::v4(device),
        peer: Addr::v4(peer),
        device_port,
        peer_port,
        mac: Mac(sample::PUMP),
        protocol: 6,
        ..FlowKey::default()
    }
}

fn entry(flags: u8) -> FlowEntry {
    FlowEntry {
        device: 1,
        rule: 1,
        opened_at: 900,
        last_seen: 990,
        idle_timeout: 86_400,
        state: FlowState::TcpEstablished as u8,
        reason: Reason::AllowedFlow as u8,
        flags,
        ..FlowEntry::default()
    }
}

#[test]
fn a_flow_has_names_and_ages() {
    let key = key([10, 30, 1, 12], 49_152, [10, 20, 8, 11], 3613);
    let flow = flow(&sample::names(), now(), &raw(key, entry(0))).unwrap();
    assert_eq!(flow.device.as_deref(), Some("pump-icu-12"));
    assert_eq!(
        (flow.device_address.to_string(), flow.device_port),
        ("10.30.1.12".to_owned(), 49_152)
    );
    assert_eq!(
        (flow.peer_address.to_string(), flow.peer_port),
        ("10.20.8.11".to_owned(), 3613)
    );
    assert_eq!(
        (flow.opener, flow.stage),
        (Opener::Device, Stage::Established)
    );
    assert_eq!(flow.rule.as_ref().unwrap().line, 11);
    assert_eq!(flow.idle, Duration::from_secs(10));
    assert_eq!(flow.opened.unwrap().to_string(), "2026-05-01T11:58:20Z");
    let other = super::flow(
        &sample::names(),
        now(),
        &raw(key, entry(FLOW_PEER_INITIATED)),
    )
    .unwrap();
    assert_eq!(other.device_address, flow.device_address);
    assert_eq!(other.opener, Opener::Peer);
}

#[test]
fn entries_of_another_version_are_left_out() {
    let key = key([10, 0, 0, 1], 1, [10, 0, 0, 2], 2);
    for broken in [
        FlowEntry {
            state: 0,
            ..entry(0)
        },
        FlowEntry {
            reason: 0,
            ..entry(0)
        },
    ] {
        assert_eq!(flow(&sample::names(), now(), &raw(key, broken)), None);
    }
    let event = Event {
        reason: 255,
        ..Event::default()
    };
    assert_eq!(drop(&sample::names(), now(), 1, &event), None);
}

fn flows() -> Vec<Flow> {
    let names = sample::names();
    let make = |port, last_seen, flags| {
        let key = key([10, 30, 1, 12], port, [10, 20, 8, 11], 3613);
        let entry = FlowEntry {
            last_seen,
            ..entry(flags)
        };
        flow(&names, now(), &raw(key, entry)).unwrap()
    };
    let dead = FlowEntry {
        last_seen: 900,
        idle_timeout: 30,
        ..entry(0)
    };
    let dead_key = key([10, 30, 1, 12], 5, [10, 20, 8, 11], 3613);
    vec![
        make(1, 950, 0),
        make(2, 999, FLOW_WOULD_DROP),
        flow(&names, now(), &raw(dead_key, dead)).unwrap(),
        make(3, 960, 0),
    ]
}

#[test]
fn flows_are_selected_and_sorted_by_activity() {
    let ports = |filter: FlowFilter| -> Vec<u16> {
        let selected = select(flows().into_iter(), &filter);
        selected
            .items
            .iter()
            .map(|flow| flow.device_port.min(flow.peer_port))
            .collect()
    };
    let all = FlowFilter::default;
    assert_eq!(ports(all()), [2, 3, 1], "what is over is not shown");
    assert_eq!(
        ports(FlowFilter {
            limit: Some(1),
            ..all()
        }),
        [2]
    );
    assert_eq!(
        ports(FlowFilter {
            would_drop: true,
            ..all()
        }),
        [2]
    );
    assert_eq!(
        ports(FlowFilter {
            port: Some(3),
            ..all()
        }),
        [3]
    );
    assert_eq!(
        ports(FlowFilter {
            protocol: Some(17),
            ..all()
        }),
        [0; 0]
    );
    let device = |name: &str| Some(name.to_owned());
    assert_eq!(
        ports(FlowFilter {
            device: device("pump-icu-12"),
            ..all()
        })
        .len(),
        3
    );
    assert_eq!(
        ports(FlowFilter {
            device: device("0003.b100.0012"),
            ..all()
        })
        .len(),
        3
    );
    assert_eq!(
        ports(FlowFilter {
            device: device("monitor-7"),
            ..all()
        })
        .len(),
        0
    );
}

#[test]
fn an_event_becomes_a_drop_of_its_wire_and_side() {
    let event = Event {
        time: 1_000_000_000_000,
        src: Addr::v4([10, 30, 1, 12]),
        dst: Addr::v4([10, 20, 8, 11]),
        src_port: 1,
        dst_port: 22,
        device: 1,
        port: 1,
        reason: Reason::NoPort as u8,
        dropped: 1,
        mode: 2,
        protocol: 6,
        suppressed: 7,
        ..Event::default()
    };
    let told = drop(&sample::names(), now(), 42, &event).unwrap();
    assert_eq!((told.wire.as_str(), told.side), ("ward-3", Side::Uplink));
    assert_eq!(told.time.to_string(), "2026-05-01T11:59:59.5Z");
    assert_eq!(told.dst.unwrap().port, 22);
    assert_eq!((told.sequence, told.suppressed), (42, 7));
    let unparsed = Event {
        src: Addr::default(),
        dst: Addr::default(),
        ..event
    };
    let told = drop(&sample::names(), now(), 1, &unparsed).unwrap();
    assert_eq!((told.src, told.dst), (None, None));
}

#[test]
fn counters_go_to_their_device_and_profile() {
    let device = |id| DeviceCounter {
        from_frames: u64::from(id) * 10,
        last_seen: 1_000,
        ..DeviceCounter::default()
    };
    let rule = |id| RuleCounter {
        hits: u64::from(id),
        last_hit: 1,
    };
    let names = sample::names();
    let devices = devices(&names, now(), device, &[]);
    assert_eq!(devices[1].traffic.unwrap().from_frames, 20);
    assert_eq!(devices[1].last_seen, Some(sample::time()));
    let profiles = profiles(&names, device, rule);
    assert_eq!(
        (profiles[0].traffic.from_frames, profiles[0].rule_hits),
        (10, 1 + 2 + 3)
    );
    assert_eq!(
        (profiles[1].traffic.from_frames, profiles[1].rule_hits),
        (20, 4)
    );
    assert_eq!(profiles[1].devices.monitor, 1);
}

#[test]
fn frames_are_told_apart_by_what_the_reason_means() {
    let ports = 0..4;
    let mut counters: Vec<_> = ports
        .flat_map(|port| {
            Reason::ALL.iter().map(move |&reason| ReasonTotal {
                port,
                reason,
                total: ReasonCounter::default(),
            })
        })
        .collect();
    for counter in &mut counters {
        if (counter.port, counter.reason) == (0, Reason::NoPort) {
            counter.total = ReasonCounter {
                forwarded_frames: 5,
                forwarded_bytes: 500,
                dropped_frames: 2,
                dropped_bytes: 200,
            };
        }
    }
    let totals = frames(&counters);
    let some: Vec<_> = totals.iter().filter(|total| total.frames > 0).collect();
    let [would, dropped] = some.as_slice() else {
        panic!("{some:?}");
    };
    assert_eq!(
        (would.verdict, would.frames, would.bytes),
        (Verdict::WouldDrop, 5, 500)
    );
    assert_eq!(
        (dropped.verdict, dropped.frames, dropped.bytes),
        (Verdict::Dropped, 2, 200)
    );
    assert_eq!((dropped.wire, dropped.side), (0, Side::Device));
    let malformed = |total: &&state::FrameTotal| total.reason == Reason::BadArp;
    assert!(
        totals
            .iter()
            .filter(malformed)
            .all(|total| total.verdict == Verdict::Dropped)
    );
    assert_eq!(totals.iter().filter(malformed).count(), 4);
}

use crate::service::state;
