//! The flow table: who gives way to whom, and what a frame needs to pass without being judged.

use std::{collections::HashSet, num::NonZero, sync::Barrier, thread};

use xiot_agent::datapath::{Datapath, FiledFlow, Options};
use xiot_common::{device::Mode, port::Side, reason::Reason};
use xiot_tests::cpu;

use crate::{
    image::{nobody_listed, small, udp},
    refuse::without_judge,
};

const XDP_REDIRECT: u32 = 4;

/// Everything passes; as many flows may be opened as one likes.
fn open_to_all(change: impl FnOnce(&mut Options)) -> Datapath {
    let mut options = small();
    options.new_flows.unlisted = u32::MAX;
    options.new_flows.per_cpu = u32::MAX;
    change(&mut options);
    let mut datapath = Datapath::load(&options).expect("the program loads");
    datapath
        .apply(&nobody_listed(Mode::Monitor, 1))
        .expect("the policy fits");
    datapath
}

/// A frame of conversation `n`, and the answer to it.
pub(crate) fn question(n: u16) -> Vec<u8> {
    let mut frame = udp();
    frame[34..36].copy_from_slice(&n.to_be_bytes());
    frame
}

pub(crate) fn answer(n: u16) -> Vec<u8> {
    let mut frame = question(n);
    for (one, other, length) in [(0, 6, 6), (26, 30, 4), (34, 36, 2)] {
        for at in 0..length {
            frame.swap(one + at, other + at);
        }
    }
    frame
}

fn talk(datapath: &mut Datapath, n: u16) {
    for (side, frame) in [(Side::Device, question(n)), (Side::Uplink, answer(n))] {
        let outcome = datapath.test_run(side, &frame).expect("it runs");
        assert_eq!(outcome.trace.dropped, 0, "{:?}", outcome.trace);
    }
}

/// Whether the frame was answered from the flow table.
fn is_hit(datapath: &mut Datapath, side: Side, frame: &[u8]) -> bool {
    let outcome = datapath.test_run(side, frame).expect("it runs");
    outcome.trace.flow_hit == 1
}

#[test]
fn half_open_flows_give_way_to_each_other_and_never_push_out_the_others() {
    const STEADY: u16 = 200;
    const FLOOD: u16 = 20_000;
    let mut datapath = open_to_all(|options| options.capacity.half_open = 16);
    for n in 0..STEADY {
        talk(&mut datapath, n);
    }
    for n in STEADY..STEADY + FLOOD {
        let outcome = datapath.test_run(Side::Device, &question(n)).unwrap();
        assert_eq!(outcome.trace.dropped, 0);
        assert_eq!(outcome.trace.reason, Reason::UnknownDevice as u8);
        assert!(is_hit(&mut datapath, Side::Device, &question(n)), "{n}");
    }
    let flows = datapath.flow_sets().unwrap();
    let (half_open, steady): (Vec<_>, Vec<_>) = flows.flows().partition(FiledFlow::is_half_open);
    // One whose two frames came in different seconds is none that only one side speaks in by chance.
    assert!((200..220).contains(&steady.len()), "{}", steady.len());
    // 64 sets of eight are the fewest.
    assert!(
        (250..=512 - steady.len()).contains(&half_open.len()),
        "{}",
        half_open.len()
    );
    for n in 0..STEADY {
        assert!(is_hit(&mut datapath, Side::Device, &question(n)), "{n}");
        assert!(is_hit(&mut datapath, Side::Uplink, &answer(n)), "{n}");
    }
}

#[test]
fn every_flow_is_found_while_the_table_is_as_full_as_it_may_be() {
    const ROOM: u16 = 4096;
    let mut datapath = open_to_all(|options| options.capacity.flows = ROOM.into());
    for n in 0..ROOM {
        talk(&mut datapath, n);
    }
    for n in 0..ROOM {
        assert!(is_hit(&mut datapath, Side::Device, &question(n)), "{n}");
    }
    let flows = datapath.flow_sets().unwrap();
    assert_eq!(flows.flows().count(), usize::from(ROOM));
    assert!(flows.flows().all(|flow| !flow.is_half_open()));
    // One more finds a place, and no room to stay in.
    let outcome = datapath.test_run(Side::Device, &question(ROOM)).unwrap();
    assert_eq!(outcome.trace.dropped, 0);
    datapath.test_run(Side::Uplink, &answer(ROOM)).unwrap();
    let half_open = flows.flows().filter(FiledFlow::is_half_open).count();
    assert_eq!(half_open, 1);
    // Removed one by one, each makes room for one.
    let one = flows.flows().find(|flow| !flow.is_half_open()).unwrap();
    assert!(flows.remove(&one).is_some());
    assert!(flows.remove(&one).is_none(), "it is gone");
    datapath.test_run(Side::Uplink, &answer(ROOM)).unwrap();
    assert!(flows.flows().all(|flow| !flow.is_half_open()));
}

#[test]
fn a_flow_that_speaks_meanwhile_is_not_removed() {
    let mut datapath = open_to_all(|_| {});
    talk(&mut datapath, 1);
    let flows = datapath.flow_sets().unwrap();
    let mut read = flows.flows().next().unwrap();
    // As if it had been silent for a while when it was read.
    read.entry.last_seen -= 10;
    flows.rewrite(&read);
    let read = flows.flows().next().unwrap();
    assert!(is_hit(&mut datapath, Side::Device, &question(1)));
    assert!(flows.remove(&read).is_none());
    assert!(is_hit(&mut datapath, Side::Device, &question(1)));
}

#[test]
fn without_the_program_that_judges_only_live_flows_pass() {
    let mut datapath = open_to_all(|_| {});
    talk(&mut datapath, 1);
    without_judge(&datapath);
    assert!(is_hit(&mut datapath, Side::Device, &question(1)));
    // Nobody judges it, so there is no verdict either.
    let error = datapath.test_run(Side::Device, &question(2)).unwrap_err();
    assert_eq!(error.to_string(), "the program gave no verdict");
    let counters = xiot_agent::collect::Counters::open(&datapath).unwrap();
    let dropped: u64 = counters
        .reasons([0])
        .unwrap()
        .iter()
        .filter(|total| total.reason == Reason::NoPolicy)
        .map(|total| total.total.dropped_frames)
        .sum();
    assert_eq!(dropped, 1);
}

/// Flows of each CPU, and those that both see at once, in one round.
const OWN: u16 = 60;
const ROUNDS: u16 = 300;

#[test]
fn cpus_that_file_flows_at_once_lose_none_and_file_none_twice() {
    let cpus = thread::available_parallelism().map_or(1, NonZero::get);
    if cpus < 2 {
        println!("skipped: one CPU files nothing at once");
        return;
    }
    let mut datapath = open_to_all(|options| {
        options.trace = false;
        options.capacity.half_open = 16;
    });
    // Sets the port up.
    datapath.time(Side::Device, &question(0), 1).unwrap();
    let flows = datapath.flow_sets().unwrap();
    let barrier = Barrier::new(2);
    for _ in 0..ROUNDS {
        datapath.clear_flows().unwrap();
        thread::scope(|scope| {
            for (cpu, first) in [(0, 10_000), (1, 20_000)] {
                let (datapath, barrier) = (&datapath, &barrier);
                scope.spawn(move || {
                    cpu::go(cpu);
                    barrier.wait();
                    for n in 0..OWN {
                        for number in [n, first + n] {
                            let action = datapath.pass(&question(number)).unwrap();
                            assert_eq!(action, XDP_REDIRECT);
                        }
                    }
                });
            }
        });
        let keys: Vec<_> = flows.flows().map(|flow| flow.key).collect();
        let distinct: HashSet<_> = keys.iter().copied().collect();
        assert_eq!(keys.len(), distinct.len(), "a flow is there twice");
        assert_eq!(distinct.len(), 3 * usize::from(OWN), "a flow was lost");
    }
}

/// A frame between hosts whose addresses differ from one number to the next in bits that the short key leaves out.
fn wide(from_device: bool, n: u16) -> Vec<u8> {
    let device = (udp()[6..12].try_into().expect("a MAC"), host(1, 0));
    let peer = ([0x02, 0xc0, 0, 0, 0, 1], host(2, n));
    let [(src_mac, src), (dst_mac, dst)] = if from_device {
        [device, peer]
    } else {
        [peer, device]
    };
    let mut frame = Vec::new();
    etherparse::PacketBuilder::ethernet2(src_mac, dst_mac)
        .ipv6(src, dst, 64)
        .udp(5000, 5000)
        .write(&mut frame, &[0; 8])
        .expect("a vector takes all");
    frame
}

const fn host(last: u8, n: u16) -> [u8; 16] {
    let [a, b] = n.to_be_bytes();
    [0xfd, 0, 0, 0, 0, 0, 0, 0, a, b, 0, 0, 0, 0, 0, last]
}

/// The table is so small that some share slot and hint with the flow, of which they differ in nothing else that the line has.
#[test]
fn hosts_that_differ_where_the_line_does_not_say_so_are_not_taken_for_each_other() {
    let mut datapath = open_to_all(|options| options.capacity.half_open = 16);
    for (side, from_device) in [(Side::Device, true), (Side::Uplink, false)] {
        datapath.test_run(side, &wide(from_device, 0)).unwrap();
    }
    assert!(is_hit(&mut datapath, Side::Device, &wide(true, 0)));
    for n in 1..=60_000 {
        assert!(!is_hit(&mut datapath, Side::Device, &wide(true, n)), "{n}");
    }
    assert!(is_hit(&mut datapath, Side::Uplink, &wide(false, 0)));
}
