//! What frames take, in empty programs: by test runs, which repeat one frame, so that everything it touches is in the cache. These
//! are costs of instructions; `cargo xtask bench` measures what memory costs.
//!
//! No absolute times: both run in turn, and the fastest of many rounds counts, which is least disturbed.

use std::time::Duration;

use xiot_agent::{
    collect::Counters,
    compile::{Assignment, Limits, compile},
    datapath::{Datapath, Options},
    model,
};
use xiot_common::{port::Side, reason::Reason};

use crate::empty::Empty;

const ROUNDS: usize = 20;
const REPEAT: u32 = 50_000;

const POLICY: &str = r#"
onboarding: enforce
profiles:
  pump:
    allow:
      - {to: 10.20.8.11, udp: 53}
devices:
  - {name: pump-1, mac: "00:03:b1:00:00:12", ip: 10.30.1.12, profile: pump, mode: enforce}
"#;

const PUMP: [u8; 6] = [0x00, 0x03, 0xb1, 0, 0, 0x12];
const STRANGER: [u8; 6] = [0x02, 0, 0, 0, 0, 1];
const ENDS: [[u8; 4]; 2] = [[10, 30, 1, 12], [10, 20, 8, 11]];

/// What a scenario may take at most, in empty programs: half as much again as was measured on Linux 6.18 when it was written
/// down. Find what got slower before you raise one.
const SCENARIOS: [(Reason, [u8; 6], u16, f64); 3] = [
    (Reason::AllowedFlow, PUMP, 53, 3.9),
    (Reason::NoPort, PUMP, 54, 8.2),
    (Reason::UnknownDevice, STRANGER, 53, 8.0),
];

#[test]
fn frames_take_few_empty_programs() {
    let mut datapath = loaded();
    let empty = Empty::load();
    let mut limit = Duration::MAX;
    let mut fastest = [Duration::MAX; SCENARIOS.len()];
    for _ in 0..ROUNDS {
        // Frames of a flow are forwarded by the entry once both sides spoke.
        let question = udp(PUMP, ENDS, [40_000, 53]);
        datapath.time(Side::Device, &question, 1).unwrap();
        let answer = udp(PUMP, [ENDS[1], ENDS[0]], [53, 40_000]);
        datapath.time(Side::Uplink, &answer, 1).unwrap();
        limit = limit.min(empty.time(&question, REPEAT));
        for ((reason, mac, port, _), fastest) in SCENARIOS.iter().zip(&mut fastest) {
            let frame = udp(*mac, ENDS, [40_000, *port]);
            let before = counted(&datapath, *reason);
            let time = datapath.time(Side::Device, &frame, REPEAT).unwrap();
            let counts = counted(&datapath, *reason) - before;
            assert_eq!(counts, u64::from(REPEAT), "{reason:?}");
            *fastest = time.min(*fastest);
        }
    }
    for ((reason, _, _, most), fastest) in SCENARIOS.iter().zip(fastest) {
        let ratio = fastest.as_secs_f64() / limit.as_secs_f64();
        println!("{reason:?}: {ratio:.2} empty programs ({fastest:?} over {limit:?})");
        assert!(
            ratio > 1.0,
            "{reason:?} cannot take less than nothing: {ratio:.2}"
        );
        assert!(
            ratio <= *most,
            "{reason:?} takes {ratio:.2} empty programs, {most} are allowed"
        );
    }
}

/// Frames that counted under a reason so far.
fn counted(datapath: &Datapath, reason: Reason) -> u64 {
    let counters = Counters::open(datapath)
        .and_then(|all| all.reasons([0, 1]))
        .expect("they can be read");
    let all = counters.iter().filter(|counter| counter.reason == reason);
    all.map(|counter| counter.total.forwarded_frames + counter.total.dropped_frames)
        .sum()
}

fn loaded() -> Datapath {
    let policy = model::load_policy("cost.yaml", POLICY)
        .value
        .expect("it is right");
    let limits = Limits {
        slot_lines: 4096,
        devices: 16,
        rules: 16,
    };
    let image = compile(&policy, &[], &limits, &Assignment::fresh(&policy), 1, 0).expect("it fits");
    let mut datapath = Datapath::load(&Options::default()).expect("root and BPF");
    datapath.apply(&image).expect("it is taken");
    datapath
}

/// From the device or to it: test runs say by the side which MAC is its own.
fn udp(mac: [u8; 6], [src, dst]: [[u8; 4]; 2], [src_port, dst_port]: [u16; 2]) -> Vec<u8> {
    const CORE: [u8; 6] = [0x02, 0xc0, 0, 0, 0, 1];
    let macs = if src == ENDS[0] {
        (mac, CORE)
    } else {
        (CORE, mac)
    };
    let mut frame = Vec::new();
    etherparse::PacketBuilder::ethernet2(macs.0, macs.1)
        .ipv4(src, dst, 64)
        .udp(src_port, dst_port)
        .write(&mut frame, &[0; 22])
        .expect("a vector takes all");
    frame
}
