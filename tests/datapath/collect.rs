//! What was counted, seen and reported, read back after known frames.

use rustix::time::{ClockId, clock_gettime};
use xiot_agent::{
    collect::{Counters, EventStream, FlowTable, ObservedTable},
    datapath::Datapath,
};
use xiot_common::{
    addr::Addr, counter::ReasonCounter, device::Mode, event::Event,
    observed::OBSERVED_PEER_INITIATED, port::Side, reason::Reason,
};

use xiot_tests::clock;

use crate::image::{nobody_listed, small, udp};

fn loaded(mode: Mode) -> Datapath {
    let mut datapath = Datapath::load(&small()).expect("the program loads");
    datapath
        .apply(&nobody_listed(mode, 1))
        .expect("the policy fits");
    datapath
}

fn now() -> u32 {
    u32::try_from(clock_gettime(ClockId::Monotonic).tv_sec).expect("up for less than 136 years")
}

#[test]
fn reasons_are_summed_by_port_and_the_others_stay_at_zero() {
    let mut datapath = loaded(Mode::Enforce);
    let counters = Counters::open(&datapath).unwrap();
    for _ in 0..3 {
        datapath.test_run(Side::Device, &udp()).unwrap();
    }
    datapath.test_run(Side::Uplink, &udp()[..20]).unwrap();
    let totals = counters.reasons([0, 1]).unwrap();
    assert_eq!(totals.len(), 2 * Reason::ALL.len());
    let length = udp().len() as u64;
    for total in totals {
        let (frames, bytes) = match (total.port, total.reason) {
            (0, Reason::UnknownDevice) => (3, 3 * length),
            (1, Reason::TruncatedIpv4) => (1, 20),
            _ => (0, 0),
        };
        let expected = ReasonCounter {
            dropped_frames: frames,
            dropped_bytes: bytes,
            ..ReasonCounter::default()
        };
        assert_eq!(total.total, expected, "{total:?}");
    }
}

#[test]
fn unlisted_devices_share_one_counter() {
    let mut datapath = loaded(Mode::Monitor);
    let counters = Counters::open(&datapath).unwrap();
    datapath.test_run(Side::Device, &udp()).unwrap();
    datapath.test_run(Side::Device, &udp()).unwrap();
    // What is refused before the device is known is of no device that is listed.
    datapath.test_run(Side::Device, &udp()[..20]).unwrap();
    let counter = counters.device(0).unwrap();
    assert_eq!((counter.from_frames, counter.from_dropped), (2, 1));
    assert_eq!(counter.from_bytes, 2 * udp().len() as u64);
    assert_eq!(counter.would_drop, 2);
    assert!(now() - u32::try_from(counter.last_seen).unwrap() < 60);
    let listed = counters.device(1).unwrap();
    assert_eq!(listed, Default::default());
    assert_eq!(counters.device(datapath.device_stride()), None);
    assert_eq!(counters.rule(16), Some(Default::default()));
    assert_eq!(counters.rule(17), None);
}

#[test]
fn flows_are_seen_and_swept_when_they_are_over() {
    let mut datapath = loaded(Mode::Monitor);
    let mut flows = FlowTable::open(&datapath).unwrap();
    datapath.test_run(Side::Device, &udp()).unwrap();
    let [flow] = flows.snapshot()[..] else {
        panic!("one flow");
    };
    assert_eq!(flow.device_end().address, Addr::v4([10, 30, 1, 12]));
    assert_eq!((flow.device_end().port, flow.peer_end().port), (12345, 53));
    assert!(flow.is_would_drop() && !flow.is_peer_initiated() && !flow.is_midstream());
    assert_eq!(flow.reason(), Some(Reason::UnknownDevice));
    assert!(flow.entry.idle(now()) <= flow.entry.idle_timeout);

    let over = flow.entry.last_seen + flow.entry.idle_timeout;
    assert_eq!(flows.sweep(over + 10).unwrap().removed, 0);
    let swept = flows.sweep(over + 11).unwrap();
    assert_eq!((swept.removed, swept.left, swept.folded), (1, 0, 0));
    assert_eq!(flows.snapshot(), []);
}

#[test]
fn a_sweep_adds_what_a_learning_flow_still_holds() {
    let mut datapath = loaded(Mode::Learn);
    let mut flows = FlowTable::open(&datapath).unwrap();
    let observed = ObservedTable::open(&datapath).unwrap();
    for _ in 0..50 {
        datapath.test_run(Side::Device, &udp()).unwrap();
    }
    flows.sweep(now() + 100_000).unwrap();
    let [seen] = observed.snapshot().unwrap()[..] else {
        panic!("one conversation");
    };
    assert_eq!((seen.entry.frames, seen.entry.flows), (50, 1));
    assert_eq!(seen.entry.bytes, 50 * udp().len() as u64);
    assert_eq!(seen.key.port, 53);
    assert_eq!(seen.key.flags & OBSERVED_PEER_INITIATED, 0);
    assert_eq!(seen.entry.reason, Reason::UnknownDevice as u8);
}

#[test]
fn a_conversation_that_fell_out_of_the_observed_map_is_noted_anew() {
    let mut datapath = loaded(Mode::Learn);
    let mut flows = FlowTable::open(&datapath).unwrap();
    let observed = ObservedTable::open(&datapath).unwrap();
    for _ in 0..5 {
        datapath.test_run(Side::Device, &udp()).unwrap();
    }
    datapath.clear_observed().unwrap();
    let swept = flows.sweep(now() + 100_000).unwrap();
    // Frames of a second that was over were folded before; some of the five are left in any case.
    assert_eq!((swept.removed, swept.folded), (1, 1));
    let [seen] = observed.snapshot().unwrap()[..] else {
        panic!("one conversation");
    };
    assert!(seen.entry.frames >= 1 && seen.entry.frames <= 4);
    assert_eq!((seen.entry.flows, seen.key.port), (1, 53));
}

#[test]
fn more_flows_than_a_batch_are_read_and_swept() {
    let mut options = small();
    options.capacity.flows = 200_000;
    options.capacity.half_open = 200_000;
    options.new_flows.unlisted = u32::MAX;
    options.new_flows.per_cpu = u32::MAX;
    let mut datapath = Datapath::load(&options).unwrap();
    datapath.apply(&nobody_listed(Mode::Monitor, 1)).unwrap();
    let mut frame = udp();
    for n in 0..100_000u32 {
        // The peer's address and port.
        frame[31..34].copy_from_slice(&n.to_be_bytes()[1..]);
        datapath.test_run(Side::Device, &frame).unwrap();
    }
    let mut flows = FlowTable::open(&datapath).unwrap();
    let start = std::time::Instant::now();
    assert_eq!(flows.snapshot().len(), 100_000);
    println!("snapshot of 100,000 flows: {:?}", start.elapsed());
    let start = std::time::Instant::now();
    assert_eq!(flows.sweep(now()).unwrap().half_open, 100_000);
    println!("sweep that removes none: {:?}", start.elapsed());
    let start = std::time::Instant::now();
    assert_eq!(flows.sweep(now() + 100_000).unwrap().removed, 100_000);
    println!("sweep that removes all: {:?}", start.elapsed());
}

/// Seconds of the program's clock that this was done in, at most, and what it gave.
fn seconds_of<T>(act: impl FnOnce() -> T) -> (u64, T) {
    let before = clock::second();
    let result = act();
    // The program's clock may be a tick behind at the start.
    (u64::from(clock::second() - before) + 2, result)
}

#[tokio::test]
async fn events_arrive_in_order_and_within_their_budgets() {
    let mut options = small();
    options.events.per_sender = 4;
    let mut datapath = Datapath::load(&options).unwrap();
    datapath.apply(&nobody_listed(Mode::Enforce, 1)).unwrap();
    let mut stream = EventStream::open(&datapath).unwrap();
    let counters = Counters::open(&datapath).unwrap();
    let ring = datapath.ring_level().unwrap();
    assert_eq!(
        (ring.used(), ring.capacity()),
        (0, options.capacity.event_ring.into())
    );
    // Within one second all but four are held back; a new second fills the budget.
    let (seconds, ()) = seconds_of(|| {
        let mut frame = udp();
        for _ in 0..10 {
            datapath.test_run(Side::Device, &frame).unwrap();
            // The source port: each is a conversation of its own.
            frame[35] += 1;
        }
    });
    let waiting = ring.used();
    let read = stream.next().await.unwrap();
    // Each record has a header of eight bytes.
    let record = size_of::<Event>() as u64 + 8;
    assert_eq!(
        (waiting, ring.used()),
        (read.events.len() as u64 * record, 0)
    );
    assert_eq!(read.malformed, 0);
    let event = read.events[0];
    assert_eq!(event.reason, Reason::UnknownDevice as u8);
    assert_eq!(
        (event.dropped, event.src_port, event.dst_port),
        (1, 12345, 53)
    );
    assert_eq!(event.dst, Addr::v4([10, 20, 8, 11]));
    assert!(read.events.is_sorted_by_key(|event| event.time));
    let total = counters.events().unwrap();
    assert_eq!(total.sent, read.events.len() as u64);
    assert!(
        (4..=4 * seconds).contains(&total.sent),
        "{total:?} in {seconds} seconds"
    );
    assert_eq!(total.sent + total.suppressed, 10);
    assert_eq!(total.lost, 0);
}

#[tokio::test]
async fn a_conversation_that_is_denied_again_takes_no_event_from_others() {
    let mut datapath = Datapath::load(&small()).unwrap();
    datapath.apply(&nobody_listed(Mode::Enforce, 1)).unwrap();
    let mut stream = EventStream::open(&datapath).unwrap();
    let counters = Counters::open(&datapath).unwrap();
    let mut other = udp();
    other[35] += 1;
    let (seconds, ()) = seconds_of(|| {
        for _ in 0..1000 {
            datapath.test_run(Side::Device, &udp()).unwrap();
        }
        datapath.test_run(Side::Device, &other).unwrap();
    });
    let read = stream.next().await.unwrap();
    let of_port = |port| {
        read.events
            .iter()
            .filter(|event| event.src_port == port)
            .count() as u64
    };
    assert!((1..=seconds).contains(&of_port(12345)));
    assert_eq!(of_port(12346), 1);
    let total = counters.events().unwrap();
    assert_eq!((total.sent + total.suppressed, total.lost), (1001, 0));
    // All of them are counted as what they are.
    let denied = counters.reasons([0]).unwrap().into_iter();
    let denied = denied.filter(|total| total.reason == Reason::UnknownDevice);
    assert_eq!(
        denied.map(|total| total.total.dropped_frames).sum::<u64>(),
        1001
    );
}

#[tokio::test]
async fn a_full_ring_loses_events_and_says_how_many() {
    let mut options = small();
    options.events.per_sender = 1_000_000;
    options.events.per_cpu = 1_000_000;
    let mut datapath = Datapath::load(&options).unwrap();
    datapath.apply(&nobody_listed(Mode::Enforce, 1)).unwrap();
    let mut stream = EventStream::open(&datapath).unwrap();
    let counters = Counters::open(&datapath).unwrap();
    for round in 1..=2 {
        // Malformed: such frames are told each time.
        datapath.time(Side::Device, &udp()[..20], 1000).unwrap();
        let read = stream.next().await.unwrap();
        let total = counters.events().unwrap();
        // 104 bytes with their header, in a ring of one page.
        assert_eq!(read.events.len(), 39);
        assert_eq!((total.sent, total.lost), (round * 39, round * 961));
    }
}
