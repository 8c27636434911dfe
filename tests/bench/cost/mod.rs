//! What a frame costs in the program: nanoseconds by scenario through `BPF_PROG_TEST_RUN`.
//!
//! Rounds take all scenarios in turn, so that what disturbs the machine disturbs all alike; medians and the range
//! are printed. A test run repeats one frame, so that everything it touches is in the cache: these are costs of
//! instructions, not of memory.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

mod empty;

use std::time::Duration;

use xiot_agent::{
    compile::{Assignment, Limits, compile},
    datapath::{Datapath, NewFlows, Options},
    model,
};
use xiot_common::port::Side;

const ROUNDS: usize = 15;
const REPEAT: u32 = 200_000;
const COLD: u16 = 4000;

const POLICY: &str = r#"
onboarding: enforce
peer_sets:
  server: [10.20.8.11]
  net: [10.20.0.0/16]
profiles:
  pump:
    limits: {new-flows: 1000000}
    allow:
      - {to: server, tcp: 3613}
      - {to: server, udp: 53}
      - {to: net, udp: [514, 5000-6000]}
devices:
  - {name: pump-1, mac: "00:03:b1:00:00:12", ip: 10.30.1.12, profile: pump, mode: enforce}
"#;

fn main() {
    let loaded = model::load_policy("cost.yaml", POLICY);
    let policy = loaded.value.expect("the policy is right");
    let mut datapath = Datapath::load(&Options {
        new_flows: NewFlows {
            per_cpu: u32::MAX,
            ..NewFlows::default()
        },
        ..Options::default()
    })
    .expect("root and a kernel with BPF");
    let image = compile(
        &policy,
        &[],
        &Limits {
            slot_lines: 4096,
            devices: 16,
            rules: 16,
        },
        &Assignment::fresh(&policy),
        1,
        0,
    )
    .expect("a small policy fits");
    datapath.apply(&image).expect("a fresh data path takes it");
    let empty = empty::Empty::load();

    let allowed = udp([0x00, 0x03, 0xb1, 0, 0, 0x12], 40_000, 53);
    let denied = |port| udp([0x00, 0x03, 0xb1, 0, 0, 0x12], port, 54);
    let unknown = |port| udp([0x02, 0, 0, 0, 0, 1], port, 53);

    let mut rows: Vec<(&str, Vec<u64>)> = [
        "empty program",
        "flow hit",
        "half-open hit",
        "drop, unknown device, again",
        "drop, no port, again",
        "empty program, single runs",
        "cold allow, single runs",
        "drop, unknown device, single runs",
        "drop, no port, single runs",
    ]
    .map(|name| (name, Vec::new()))
    .into();
    for _ in 0..ROUNDS {
        let mut take = |row: usize, time: Duration| {
            rows[row]
                .1
                .push(u64::try_from(time.as_nanos()).expect("short"));
        };
        let mut time = |frame: &[u8], repeat| {
            datapath
                .time(Side::Device, frame, repeat)
                .expect("the program runs")
        };
        take(0, empty.time(&allowed, REPEAT));
        // The second frame finds the flow half-open; once a reply has come, it is one like any other.
        time(&allowed, 1);
        let half_open = time(&allowed, 1);
        take(2, half_open);
        datapath
            .time(Side::Uplink, &reply(&allowed), 1)
            .expect("the program runs");
        let mut time = |frame: &[u8], repeat| {
            datapath
                .time(Side::Device, frame, repeat)
                .expect("the program runs")
        };
        take(1, time(&allowed, REPEAT));
        take(3, time(&unknown(40_000), REPEAT));
        take(4, time(&denied(40_000), REPEAT));
        take(
            5,
            median((0..COLD).map(|_| empty.time(&allowed, 1)).collect()),
        );
        let mut each = |frame: &dyn Fn(u16) -> Vec<u8>| {
            median(
                (0..COLD)
                    .map(|port| time(&frame(10_000 + port), 1))
                    .collect(),
            )
        };
        take(
            6,
            each(&|port| udp([0x00, 0x03, 0xb1, 0, 0, 0x12], port, 53)),
        );
        take(7, each(&unknown));
        take(8, each(&denied));
        datapath.clear_flows().expect("flows can be forgotten");
    }
    show(rows);
    println!(
        "verified instructions: {:?}",
        datapath.verified_instructions()
    );
}

fn show(rows: Vec<(&str, Vec<u64>)>) {
    println!(
        "{ROUNDS} rounds of {REPEAT} runs; single runs: median of {COLD} frames, one conversation each, timer included"
    );
    println!(
        "{:<38} {:>8} {:>8} {:>8}",
        "ns per frame", "median", "min", "max"
    );
    for (name, mut times) in rows {
        times.sort_unstable();
        println!(
            "{name:<38} {:>8} {:>8} {:>8}",
            times[times.len() / 2],
            times[0],
            times[times.len() - 1]
        );
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// The answer to a frame of [`udp`].
fn reply(frame: &[u8]) -> Vec<u8> {
    let mut reply = frame.to_vec();
    for (from, to, length) in [(0, 6, 6), (26, 30, 4), (34, 36, 2)] {
        reply[from..from + length].copy_from_slice(&frame[to..to + length]);
        reply[to..to + length].copy_from_slice(&frame[from..from + length]);
    }
    reply
}

/// A 64-byte frame (60 without FCS) with a UDP datagram of the device to the server.
fn udp(mac: [u8; 6], src_port: u16, dst_port: u16) -> Vec<u8> {
    let mut frame = vec![0x02, 0, 0, 0, 0, 0x99];
    frame.extend(mac);
    frame.extend([8, 0, 0x45, 0, 0, 46, 0, 1, 0, 0, 64, 17, 0, 0]);
    frame.extend([10, 30, 1, 12, 10, 20, 8, 11]);
    frame.extend(src_port.to_be_bytes());
    frame.extend(dst_port.to_be_bytes());
    frame.extend([0, 26, 0, 0]);
    frame.resize(60, 0);
    frame
}
