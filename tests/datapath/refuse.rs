//! What the entry refuses by itself: the same as the program that judges, which is not asked.

use aya::maps::ProgramArray;
use etherparse::PacketBuilder;
use xiot_agent::{
    collect::{Counters, EventStream},
    compile::{Assignment, Limits, compile},
    datapath::Datapath,
    model,
};
use xiot_common::{device::Mode, map, port::Side, reason::Reason, stage};
use xiot_tests::cpu;

use crate::image::{nobody_listed, small, udp};

const POLICY: &str = r#"
onboarding: enforce
profiles:
  pump:
    allow:
      - {to: 10.20.8.11, udp: 53}
      - {to: 10.20.16.0/20, udp: 53}
      - {from: 10.20.9.0/24, tcp: 22}
  scale:
    allow:
      - {to: 10.20.8.11, udp: 53}
      - {to: [10.1.0.0/16, 10.2.1.0/24, 10.3.1.0/25, 10.4.1.0/26, 10.5.1.0/27], udp: 53}
devices:
  - {name: pump-1, mac: "00:03:b1:00:00:12", ip: [10.30.1.12, "fd00::12"], profile: pump, mode: enforce}
  - {name: pump-2, mac: "00:03:b1:00:00:13", ip: 10.30.1.13, profile: pump, mode: monitor}
  - {name: scale-1, mac: "00:03:b1:00:00:14", ip: 10.30.1.14, profile: scale, mode: enforce}
"#;

const CORE: [u8; 6] = [0x02, 0xc0, 0, 0, 0, 1];

/// With no events at all, or with as many as usual.
fn loaded(per_cpu: u32) -> Datapath {
    let policy = model::load_policy("refuse.yaml", POLICY)
        .value
        .expect("it is right");
    let mut options = small();
    options.capacity.slot_lines = 4096;
    options.events.per_cpu = per_cpu;
    let limits = Limits {
        slot_lines: options.capacity.slot_lines,
        devices: options.capacity.devices,
        rules: options.capacity.rules,
    };
    let image = compile(&policy, &[], &limits, &Assignment::fresh(&policy), 1, 0).expect("it fits");
    let mut datapath = Datapath::load(&options).expect("root and BPF");
    datapath.apply(&image).expect("it is taken");
    datapath
}

/// Of the device whose MAC ends like this, which has an address that does too.
fn between(
    device: u8,
    src: [u8; 4],
    dst: [u8; 4],
) -> etherparse::PacketBuilderStep<etherparse::IpHeaders> {
    let mac = [0x00, 0x03, 0xb1, 0, 0, device];
    let (from, to) = if src[1] == 30 || src == [0; 4] {
        (mac, CORE)
    } else {
        (CORE, mac)
    };
    PacketBuilder::ethernet2(from, to).ipv4(src, dst, 64)
}

fn datagram(device: u8, src: [u8; 4], dst: [u8; 4], port: u16) -> Vec<u8> {
    let mut frame = Vec::new();
    between(device, src, dst)
        .udp(40_000, port)
        .write(&mut frame, &[0; 22])
        .expect("a vector takes all");
    frame
}

fn segment(src: [u8; 4], dst: [u8; 4], ports: [u16; 2], syn: bool) -> Vec<u8> {
    let step = between(0x12, src, dst).tcp(ports[0], ports[1], 1, 1024);
    let step = if syn { step.syn() } else { step.ack(1) };
    let mut frame = Vec::new();
    step.write(&mut frame, &[0; 6]).expect("a vector takes all");
    frame
}

const PUMP: [u8; 4] = [10, 30, 1, 12];
const SERVER: [u8; 4] = [10, 20, 8, 11];
const NOBODY: [u8; 4] = [10, 99, 0, 1];

/// Frames that the entry refuses, and why.
fn refused() -> Vec<(Side, Vec<u8>, Reason)> {
    let clinic = [10, 20, 9, 7];
    vec![
        (
            Side::Device,
            datagram(0x99, [10, 30, 1, 99], SERVER, 53),
            Reason::UnknownDevice,
        ),
        (
            Side::Uplink,
            datagram(0x99, SERVER, [10, 30, 1, 99], 53),
            Reason::UnknownDevice,
        ),
        (
            Side::Device,
            datagram(0x12, PUMP, NOBODY, 53),
            Reason::NoPeer,
        ),
        (
            Side::Uplink,
            datagram(0x12, NOBODY, PUMP, 53),
            Reason::NoPeer,
        ),
        (
            Side::Device,
            datagram(0x12, PUMP, SERVER, 54),
            Reason::NoPort,
        ),
        (
            Side::Device,
            segment(PUMP, SERVER, [40_000, 53], true),
            Reason::NoProtocol,
        ),
        (
            Side::Device,
            segment(PUMP, clinic, [40_000, 22], true),
            Reason::WrongDirection,
        ),
        (
            Side::Uplink,
            datagram(0x12, SERVER, PUMP, 53),
            Reason::WrongDirection,
        ),
        (
            Side::Device,
            segment(PUMP, NOBODY, [40_000, 22], false),
            Reason::TcpNoFlow,
        ),
        (
            Side::Device,
            datagram(0x12, [10, 30, 1, 99], NOBODY, 53),
            Reason::AddressNotBound,
        ),
        (
            Side::Uplink,
            datagram(0x12, NOBODY, [10, 30, 1, 99], 53),
            Reason::AddressNotBound,
        ),
    ]
}

/// Frames that it leaves to the program that judges, whatever comes of them.
fn left_alone() -> Vec<(Side, Vec<u8>)> {
    let mut ipv6 = Vec::new();
    PacketBuilder::ethernet2([0x00, 0x03, 0xb1, 0, 0, 0x12], CORE)
        .ipv6(
            "fd00::12"
                .parse::<std::net::Ipv6Addr>()
                .expect("an address")
                .octets(),
            "fd00::99"
                .parse::<std::net::Ipv6Addr>()
                .expect("an address")
                .octets(),
            64,
        )
        .udp(40_000, 53)
        .write(&mut ipv6, &[0; 22])
        .expect("a vector takes all");
    // No flags that a segment can have.
    let mut stranger = segment(PUMP, NOBODY, [40_000, 22], true);
    (stranger[11], stranger[47]) = (0x99, 0);
    vec![
        (Side::Device, stranger),
        (Side::Device, datagram(0x12, PUMP, SERVER, 53)),
        (Side::Device, datagram(0x12, PUMP, [10, 20, 17, 1], 53)),
        (
            Side::Uplink,
            segment([10, 20, 9, 7], PUMP, [40_000, 22], true),
        ),
        (Side::Device, datagram(0x13, [10, 30, 1, 13], NOBODY, 53)),
        (Side::Device, datagram(0x12, PUMP, NOBODY, 67)),
        (Side::Device, datagram(0x12, [0; 4], NOBODY, 53)),
        (Side::Device, datagram(0x14, [10, 30, 1, 14], NOBODY, 53)),
        (Side::Device, ipv6),
    ]
}

/// Takes the program that judges out of it.
pub(crate) fn without_judge(datapath: &Datapath) {
    let stages = datapath.duplicate(map::STAGES).expect("it is there");
    let mut stages = ProgramArray::try_from(stages).expect("programs");
    stages.clear_index(&stage::JUDGE).expect("it is there");
}

#[test]
fn the_entry_refuses_what_is_plain_as_the_program_that_judges_does() {
    let mut judging = loaded(1_000_000);
    let mut alone = loaded(0);
    without_judge(&alone);
    for (side, frame, reason) in refused() {
        let judged = judging.test_run(side, &frame).unwrap().trace;
        let Ok(outcome) = alone.test_run(side, &frame) else {
            panic!("{reason:?} was left alone on {side:?}")
        };
        let refused = outcome.trace;
        assert_eq!(Reason::from_u8(judged.reason), Some(reason));
        for trace in [judged, refused] {
            let verdict = (
                trace.reason,
                trace.dropped,
                trace.mode,
                trace.device,
                trace.rule,
            );
            let expected = (judged.reason, 1, judged.mode, judged.device, 0);
            assert_eq!(verdict, expected, "{reason:?}");
        }
    }
    let counters = Counters::open(&alone).unwrap();
    let refused = refused().len() as u64;
    let dropped: u64 = counters
        .reasons([0, 1])
        .unwrap()
        .iter()
        .map(|total| total.total.dropped_frames)
        .sum();
    assert_eq!(dropped, refused);
    let events = counters.events().unwrap();
    assert_eq!((events.sent, events.suppressed), (0, refused));
    assert_eq!(counters.device(1).unwrap().from_dropped, 6);
}

#[test]
fn the_entry_leaves_alone_what_may_pass_or_is_out_of_the_ordinary() {
    let mut alone = loaded(0);
    without_judge(&alone);
    for (number, (side, frame)) in left_alone().into_iter().enumerate() {
        let error = alone.test_run(side, &frame).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the program gave no verdict",
            "frame {number}"
        );
    }
    // Nor does it refuse anything before somebody was told of it.
    let mut telling = loaded(1_000_000);
    without_judge(&telling);
    for (side, frame, reason) in refused() {
        assert!(telling.test_run(side, &frame).is_err(), "{reason:?}");
    }
}

#[test]
fn all_of_a_frame_counts_that_is_refused_by_its_first_buffer() {
    let mut alone = loaded(0);
    without_judge(&alone);
    let mut frame = datagram(0x99, [10, 30, 1, 99], SERVER, 53);
    // More than a page, which is more than a buffer.
    frame.resize(5000, 0);
    alone.test_run(Side::Device, &frame).unwrap();
    let counters = Counters::open(&alone).unwrap();
    let reasons = counters.reasons([0]).unwrap();
    let counted = reasons
        .iter()
        .find(|total| total.reason == Reason::UnknownDevice)
        .unwrap();
    assert_eq!(counted.total.dropped_bytes, 5000);
}

/// Frames sent before the second whose first event tells of them.
const FRAMES: u64 = 200;

#[tokio::test]
async fn what_was_held_back_of_a_sender_is_told_with_its_next_event() {
    // Each CPU tells what it held back itself.
    cpu::stay();
    let mut options = small();
    options.events.per_sender = 1;
    let mut datapath = Datapath::load(&options).unwrap();
    datapath.apply(&nobody_listed(Mode::Enforce, 1)).unwrap();
    let mut stream = EventStream::open(&datapath).unwrap();
    let counters = Counters::open(&datapath).unwrap();
    let mut frame = udp();
    let (mut sent, mut port) = (0, 0_u16);
    // Until the last frame was one that an event was sent of, after many that none was.
    loop {
        let before = counters.events().unwrap();
        frame[34..36].copy_from_slice(&port.to_be_bytes());
        datapath.test_run(Side::Device, &frame).unwrap();
        sent += 1;
        port = port.wrapping_add(1);
        if sent > FRAMES && counters.events().unwrap().sent > before.sent {
            break;
        }
        assert!(sent < 1_000_000, "no second ends");
        std::thread::yield_now();
    }
    let total = counters.events().unwrap();
    assert_eq!(total.sent + total.suppressed, sent);
    let mut told = (0, 0);
    while told.0 < total.sent {
        let read = stream.next().await.unwrap();
        told.0 += read.events.len() as u64;
        told.1 += read
            .events
            .iter()
            .map(|event| event.suppressed)
            .sum::<u64>();
    }
    assert_eq!(told, (total.sent, total.suppressed));
}
