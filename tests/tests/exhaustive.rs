//! Each kind of frame, cut at each of its lengths and with each byte of its headers at each value, before program
//! and oracle.
#![expect(clippy::panic, reason = "helpers of a test fail it by panicking")]

use xiot_agent::{
    model::{
        gateway::Wire,
        guard::{Guards, Level},
        policy::{Mode, Policy},
    },
    oracle::{Limits, Side},
};
use xiot_tests::{
    compare::Trial,
    frame::{Extension, Frame, flag::*, frame},
    prog::Prog,
    shot::Shot,
    ward::{self, ALL_NODES, BROADCAST, PUMP, ROUTER, WATCHED},
};

/// Shortest frame that the kernel runs.
const SHORTEST: usize = 14;

/// Headers of the longest frame here end before this.
const HEADERS: usize = 150;

const OPTIONS: Extension = Extension::Options {
    kind: 60,
    units: 0,
    fourth: 0,
};

/// One frame of each kind, most of them allowed.
fn kinds() -> Vec<Frame> {
    let v4 = |destination: &str| frame(PUMP, ROUTER).ip("10.0.0.11", destination);
    let v6 = |destination: &str| frame(PUMP, ROUTER).ip("fd00::11", destination);
    let hop_by_hop = Extension::Options {
        kind: 0,
        units: 0,
        fourth: 0,
    };
    let routing = Extension::Options {
        kind: 43,
        units: 1,
        fourth: 0,
    };
    vec![
        frame(PUMP, BROADCAST).arp([10, 0, 0, 11].into(), [10, 0, 0, 1].into()),
        frame(WATCHED, ROUTER)
            .tagged(30)
            .arp([10, 0, 0, 12].into(), [10, 0, 0, 1].into()),
        frame(PUMP, ROUTER).other(0x88cc, &[0x42; 20]),
        v4("10.0.8.11").tcp(50000, 3613, SYN),
        v4("10.0.8.11").options(&[1; 12]).tcp(50000, 3613, SYN),
        v4("10.0.4.1").udp(50000, 514),
        v4("10.0.0.1").icmp(8, 0, 7),
        v4("10.0.7.1").protocol(50, &[0; 12]),
        v4("10.0.8.11").fragment(0, true).tcp(50000, 3613, SYN),
        v4("10.0.4.1").fragment(0, true).udp(50000, 514),
        v4("10.0.8.11").fragment(3, false).protocol(6, &[0; 12]),
        frame(WATCHED, ROUTER)
            .service_tagged(100)
            .tagged(30)
            .ip("10.0.0.12", "10.0.8.11")
            .tcp(50000, 3613, SYN),
        frame(PUMP, BROADCAST)
            .ip("0.0.0.0", "255.255.255.255")
            .udp(68, 67),
        v6("fd00:8::11").tcp(50000, 3613, SYN),
        v6("fd00::1").icmp(128, 0, 7),
        v6("ff02::1:2").udp(546, 547),
        v6("fd00:8::11")
            .extension(hop_by_hop)
            .extension(routing)
            .tcp(50000, 3613, SYN),
        v6("fd00:8::11")
            .extension(Extension::Authentication { words: 4 })
            .extension(OPTIONS)
            .tcp(50000, 3613, SYN),
        v6("fd00:8::11")
            .fragment(0, true)
            .extension(OPTIONS)
            .tcp(50000, 3613, SYN),
        v6("fd00:8::11").fragment(0, false).tcp(50000, 3613, SYN),
        (0..8)
            .fold(v6("fd00:8::11"), |packet, _| packet.extension(OPTIONS))
            .tcp(50000, 3613, SYN),
        frame(PUMP, ALL_NODES)
            .ip("fe80::11", "ff02::1")
            .hop_limit(255)
            .icmp(135, 0, 0),
        frame(WATCHED, ALL_NODES)
            .tagged(30)
            .ip("fe80::11", "ff02::16")
            .hop_limit(1)
            .extension(hop_by_hop)
            .icmp(143, 0, 0),
    ]
}

/// From the device side as it is, from the uplink as the reply to it. Groups do not reply: to them also from the uplink.
fn both_sides(frame: &Frame) -> [(Side, Vec<u8>); 2] {
    let is_to_group = frame.destination[0] & 1 == 1;
    let from_uplink = if is_to_group {
        frame.build()
    } else {
        frame.reply().build()
    };
    [(Side::Device, frame.build()), (Side::Uplink, from_uplink)]
}

/// Frames judged before a second is let pass: fewer than the flows or fragmented datagrams that anybody may have in one.
const IN_A_SECOND: usize = 256;

/// Has program and oracle judge these one after another, and gives how many they were. Each part begins without flows:
/// on a slow machine those of a first part would be over before the last one ends, and the oracle knows no such time.
fn agree(wires: &[Wire], parts: impl Iterator<Item: Iterator<Item = Shot>>) -> usize {
    // What is not listed is judged too, so that a changed MAC ends nothing early.
    let policy = Policy {
        onboarding: Mode::Enforce,
        ..ward::with_default_profile()
    };
    let mut prog = Prog::load_quiet(Limits {
        flows: 1 << 16,
        group_frames_per_sender: u32::MAX,
        group_frames_per_port: u32::MAX,
        ..Limits::default()
    });
    let mut judged = 0;
    for part in parts {
        let mut trial = Trial::new(&mut prog, &policy, wires);
        for (number, mut shot) in part.enumerate() {
            // Budgets are never met: in which second a frame came is the one thing that both need not agree on.
            shot.after = u32::from(number % IN_A_SECOND == IN_A_SECOND - 1);
            if let Err(difference) = trial.judge(&shot) {
                panic!("{:?} {:02x?}\n{difference}", shot.side, shot.frame);
            }
            judged += 1;
        }
        assert_eq!(trial.finish(), Ok(()));
    }
    judged
}

fn shot(side: Side, frame: Vec<u8>) -> Shot {
    Shot {
        after: 0,
        wire: 0,
        side,
        frame,
    }
}

#[test]
fn every_length() {
    assert!(agree(&ward::wires(), lengths(kinds())) > 4000);
}

/// Guards read on: what is left of ARP and neighbour discovery, and of which kind a packet is.
#[test]
fn every_length_that_guards_see() {
    assert!(agree(&guarded(), lengths(guarded_kinds())) > 1000);
}

fn lengths(kinds: Vec<Frame>) -> impl Iterator<Item: Iterator<Item = Shot>> {
    kinds.into_iter().map(|kind| {
        both_sides(&kind).into_iter().flat_map(|(side, frame)| {
            (SHORTEST..=frame.len()).flat_map(move |length| {
                let cut = frame[..length].to_vec();
                let honest = with_honest_length(cut.clone());
                [shot(side, cut), shot(side, honest)]
            })
        })
    })
}

/// All guards enforce, and two types pass.
fn guarded() -> Vec<Wire> {
    let mut wires = ward::wires();
    for wire in &mut wires {
        wire.guards = Guards::all(Level::Enforce);
        wire.ethertypes = vec![0x88cc, 0x888e];
    }
    wires
}

/// What guards look into, most of it fine.
fn guarded_kinds() -> Vec<Frame> {
    let discovery = |kind, fixed: usize, options: &[u8]| {
        let mut message = vec![kind, 0, 0, 0, 0, 0, 0, 0, 0xfd];
        message.resize(fixed - 1, 0);
        message.push(0x11);
        message.truncate(fixed);
        message.extend(options);
        frame(PUMP, ALL_NODES)
            .ip("fd00::11", "ff02::1")
            .hop_limit(255)
            .protocol(58, &message)
    };
    let named = [[1, 1].as_slice(), &PUMP].concat();
    let more = [&[3, 2], [0; 14].as_slice(), &[2, 1], &PUMP].concat();
    let v4 = || frame(WATCHED, ROUTER).ip("10.0.0.12", "10.0.4.7");
    vec![
        frame(PUMP, BROADCAST).arp([10, 0, 0, 11].into(), [10, 0, 0, 1].into()),
        frame(WATCHED, BROADCAST)
            .tagged(30)
            .arp_as(2, WATCHED, [10, 0, 0, 12].into()),
        discovery(133, 8, &named),
        discovery(134, 16, &named),
        discovery(135, 24, &named),
        discovery(136, 24, &more),
        discovery(137, 40, &more),
        v4().udp(67, 68),
        v4().icmp(5, 0, 0),
        frame(WATCHED, ROUTER)
            .ip("fd00::12", "fd00::1")
            .udp(546, 547),
        frame(WATCHED, [0x01, 0x80, 0xc2, 0, 0, 0x0e]).other(0x88cc, &[0; 20]),
        frame(WATCHED, [0x01, 0, 0x0c, 0xcc, 0xcc, 0xcc])
            .tagged(30)
            .other(0x0026, &[0x42; 20]),
    ]
}

/// The frame with an IP length that ends where the frame does, so that what is cut off is the transport header.
fn with_honest_length(mut frame: Vec<u8>) -> Vec<u8> {
    let mut at = 12;
    while matches!(frame.get(at..at + 2), Some([0x81, 0x00] | [0x88, 0xa8])) {
        at += 4;
    }
    let ip = at + 2;
    let (field, header) = match frame.get(at..ip) {
        Some([0x08, 0x00]) => (ip + 2, 0),
        Some([0x86, 0xdd]) => (ip + 4, 40),
        _ => return frame,
    };
    let length = frame.len().saturating_sub(ip + header);
    if let Some(bytes) = frame.get_mut(field..field + 2) {
        bytes.copy_from_slice(&u16::try_from(length).expect("a short frame").to_be_bytes());
    }
    frame
}

#[test]
fn every_value_of_every_header_byte() {
    assert!(agree(&ward::wires(), values(kinds())) > 500_000);
}

#[test]
fn every_value_of_every_byte_that_guards_see() {
    assert!(agree(&guarded(), values(guarded_kinds())) > 300_000);
}

fn values(kinds: Vec<Frame>) -> impl Iterator<Item: Iterator<Item = Shot>> {
    kinds.into_iter().map(|kind| {
        both_sides(&kind).into_iter().flat_map(|(side, frame)| {
            (0..frame.len().min(HEADERS)).flat_map(move |at| {
                let frame = frame.clone();
                (0..=u8::MAX).map(move |value| {
                    let mut changed = frame.clone();
                    changed[at] = value;
                    shot(side, changed)
                })
            })
        })
    })
}
