//! A thousand swaps under traffic: every frame is explained by the old policy or by the new one, and flows that both
//! allow lose nothing.

mod policies;
mod timeline;
mod traffic;

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use xiot_agent::{
    collect::Counters,
    datapath::{self, AttachMode, Capacity, FailMode, Options, Plan, Wire, bring_up},
};
use xiot_common::reason::Reason;
use xiot_tests::{
    net::{
        rig::{DEVICE_PORT, Rig, UPLINK_PORT},
        traffic::{EchoServer, connect, exchange, udp},
    },
    until::until,
};

use self::{
    policies::Policies,
    timeline::Timeline,
    traffic::{CHANGING, Direction, STEADY, Stream},
};

/// Swaps, between two policies.
const SWAPS: usize = 1000;
/// Batches that a policy must judge before the next takes over, so that every phase is seen.
const PHASE: u64 = 4;

fn start(rig: &Rig, policies: &Policies) -> datapath::Gateway {
    let plan = Plan {
        wires: vec![Wire {
            name: "ward-3".to_owned(),
            device: DEVICE_PORT.to_owned(),
            uplink: Some(UPLINK_PORT.to_owned()),
            fail: FailMode::Closed,
        }],
        uplinks: Vec::new(),
        mode: AttachMode::Native,
        pins: rig.scratch.bpf().join("xiot"),
        grace: Duration::ZERO,
        adopt: false,
        settle: Duration::ZERO,
        options: Options {
            capacity: Capacity {
                slot_lines: policies::LIMITS.slot_lines,
                flows: 1024,
                half_open: 1024,
                devices: policies::LIMITS.devices,
                rules: policies::LIMITS.rules,
                observed: 1024,
                event_ring: 1 << 16,
            },
            ..Options::default()
        },
    };
    let gateway = rig.gateway.run(|| bring_up(&plan, policies.image(0)));
    gateway.unwrap().unwrap()
}

#[test]
fn a_thousand_swaps_under_traffic_are_explained_frame_by_frame() {
    let rig = Rig::new();
    let policies = Policies::new();
    let mut gateway = start(&rig, &policies);
    let over = AtomicBool::new(false);
    let streams = [Direction::FromDevice, Direction::ToDevice].map(|it| Stream::new(&rig, it));
    let mut timelines = [Timeline::default(), Timeline::default()];
    let mut settled = Vec::with_capacity(SWAPS);

    let (rounds, datagrams) = thread::scope(|scope| {
        for stream in &streams {
            scope.spawn(|| stream.send(&over));
            scope.spawn(|| stream.receive());
        }
        let session = scope.spawn(|| talk(&rig, &over));
        let datagrams = scope.spawn(|| ask(&rig, &over));
        let go_on = |from: [u64; 2]| {
            until("traffic under the policy in force", || {
                let all = streams.iter().zip(from);
                let mut all = all.map(|(stream, from)| stream.judged() >= from + PHASE);
                all.all(|enough| enough).then_some(())
            });
        };
        go_on([0, 0]);
        for swap in 1..=SWAPS {
            let judged = [0, 1].map(|n: usize| streams[n].judged());
            let start = Instant::now();
            gateway.datapath_mut().apply(policies.image(swap)).unwrap();
            settled.push(start.elapsed());
            let begun = [0, 1].map(|n: usize| streams[n].begun());
            for (n, timeline) in timelines.iter_mut().enumerate() {
                timeline.swap(judged[n], begun[n]);
            }
            go_on(begun);
        }
        over.store(true, Ordering::Release);
        (session.join().unwrap(), datagrams.join().unwrap())
    });

    let active = gateway.datapath().active().unwrap();
    assert_eq!(active.epoch as usize, SWAPS + 1);
    assert_eq!(active.header.digest, policies.image(SWAPS).header.digest);
    let report = check(&streams, &timelines, &gateway);
    settled.sort_unstable();
    println!(
        "{SWAPS} swaps: {report}; TCP rounds {rounds}, UDP questions {datagrams}; a swap took {:?} (median), {:?} (longest)",
        settled[SWAPS / 2],
        settled[SWAPS - 1],
    );
}

/// A real TCP conversation of a steady device: goes on until it is over, and breaks off never.
fn talk(rig: &Rig, over: &AtomicBool) -> u64 {
    let server = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let mut session = connect(&rig.device, server.address());
    let mut rounds = 0;
    while !over.load(Ordering::Acquire) {
        exchange(&mut session, 4_000);
        rounds += 1;
    }
    rounds
}

/// The same over UDP, one question at a time: a datagram that is lost is a failure.
fn ask(rig: &Rig, over: &AtomicBool) -> u64 {
    let here = udp(&rig.device, rig.device.v4.into(), 3614);
    let there = udp(&rig.uplink, rig.uplink.v4.into(), 3614);
    let mut questions = 0_u64;
    let mut buffer = [0; 64];
    while !over.load(Ordering::Acquire) {
        let question = questions.to_be_bytes();
        here.send_to(&question, there.local_addr().unwrap())
            .unwrap();
        let (length, from) = there.recv_from(&mut buffer).unwrap();
        assert_eq!(buffer.get(..length), Some(&question[..]));
        there.send_to(&question, from).unwrap();
        let length = here.recv(&mut buffer).unwrap();
        assert_eq!(buffer.get(..length), Some(&question[..]));
        questions += 1;
    }
    questions
}

/// Every frame of the streams against the timeline, and both against the counters.
fn check(streams: &[Stream; 2], timelines: &[Timeline; 2], gateway: &datapath::Gateway) -> String {
    let counters = Counters::open(gateway.datapath()).unwrap();
    let mut frames = BTreeMap::new();
    let mut dropped = 0;
    for (stream, timeline) in streams.iter().zip(timelines) {
        let sent = stream.begun();
        let arrived = stream.arrived();
        for device in STEADY {
            let missing = (0..sent).find(|batch| arrived[device].binary_search(batch).is_err());
            assert_eq!(missing, None, "of {sent} frames of device {device}");
            assert_eq!(arrived[device].len() as u64, sent, "device {device}");
        }
        for device in CHANGING {
            for (kind, count) in timeline.explain(sent, &arrived[device]) {
                *frames.entry(kind).or_insert(0) += count;
            }
            dropped += sent - arrived[device].len() as u64;
        }
        for (device, arrived) in arrived.iter().enumerate() {
            let counter = counters.device(policies::number(device)).unwrap();
            let (forwarded, dropped) = match stream.direction() {
                Direction::FromDevice => (counter.from_frames, counter.from_dropped),
                Direction::ToDevice => (counter.to_frames, counter.to_dropped),
            };
            assert_eq!(forwarded, arrived.len() as u64, "device {device}");
            assert_eq!(forwarded + dropped, sent, "device {device}");
        }
        *frames.entry("of steady flows").or_insert(0) += sent * STEADY.len() as u64;
    }
    let reasons = counters.reasons([0, 1]).unwrap();
    let drops = |wanted: &[Reason]| -> u64 {
        let of = reasons.iter().filter(|it| wanted.contains(&it.reason));
        of.map(|it| it.total.dropped_frames).sum()
    };
    // Whatever else was dropped came from the hosts' own kernels and belongs to no device.
    assert_eq!(drops(&[Reason::Revoked, Reason::NoPort]), dropped);
    let revoked = drops(&[Reason::Revoked]);
    let flips = (SWAPS / 2 * CHANGING.len()) as u64;
    assert!(
        (flips..=2 * flips).contains(&revoked),
        "{revoked} frames of {flips} revoked flows"
    );
    format!("{frames:?}, {revoked} frames found their flow revoked")
}
