//! Fragments made to get past filters.

use xiot_tests::frame::{Frame, PacketEnvelope, flag::SYN, frame};

use crate::{
    attempt::Attempt,
    frames::{OPEN, PUMP, PUMP4, SERVER, SERVER4, datagram, pump, pump6, segment, server},
    ground::{Deed, by_device, by_uplink, perform},
};

const UDP: u8 = 17;
const TCP: u8 = 6;

#[test]
fn fragments() {
    perform("fragments::fragments", DEEDS);
}

const DEEDS: &[Deed] = &[
    by_device("tiny", tiny),
    by_device("offset-one", offset_one),
    by_device("half-header", half_header),
    by_device("teardrop", teardrop),
    by_device("overlap-before", overlap_before),
    by_device("second-first", second_first),
    by_device("two-lasts", two_lasts),
    by_device("rose", rose),
    by_device("no-first", no_first),
    by_device("overtaken", overtaken),
    by_device("refused-first", refused_first),
    by_device("gaps", gaps),
    by_device("ping-of-death", ping_of_death),
    by_device("odd-length", odd_length),
    by_device("six-tiny", six_tiny),
    by_device("six-no-first", six_no_first),
    by_uplink("other-side", other_side),
    by_uplink("reverse", reverse),
];

/// A part of a datagram of the pump to its server, `bytes` from `offset` units on.
fn part(id: u32, offset: u16, more: bool, bytes: usize) -> Frame {
    let data = if offset == 0 {
        datagram(41_000, OPEN, 1500, bytes)
    } else {
        vec![0x41; bytes]
    };
    cut(pump(), id, offset, more).protocol(UDP, &data)
}

fn cut(packet: PacketEnvelope, id: u32, offset: u16, more: bool) -> PacketEnvelope {
    packet.identification(id).fragment(offset, more)
}

fn tiny(a: &mut Attempt<'_>) {
    a.lost(cut(pump(), 1, 0, true).protocol(TCP, &segment(41_001, OPEN, SYN, 24)));
    a.lost(part(1, 0, true, 8));
    a.lost(part(1, 1, true, 8));
    a.lost(part(1, 2, true, 40));
}

fn offset_one(a: &mut Attempt<'_>) {
    a.through(cut(pump(), 2, 0, true).protocol(TCP, &segment(41_002, OPEN, SYN, 48)));
    a.lost(cut(pump(), 2, 1, false).protocol(TCP, &segment(41_002, 22, SYN, 40)));
}

fn half_header(a: &mut Attempt<'_>) {
    let mut reaching_beyond = segment(41_003, OPEN, SYN, 48);
    reaching_beyond[12] = 0xf0;
    a.lost(cut(pump(), 3, 0, true).protocol(TCP, &reaching_beyond));
}

fn teardrop(a: &mut Attempt<'_>) {
    a.through(part(4, 0, true, 64));
    a.lost(part(4, 4, false, 16));
}

fn overlap_before(a: &mut Attempt<'_>) {
    a.through(part(5, 0, true, 64));
    a.through(part(5, 16, true, 64));
    a.lost(part(5, 12, true, 64));
    // Nothing more of it: the receiver never completes it.
    a.lost(part(5, 8, true, 64));
    a.lost(part(5, 24, false, 64));
}

fn second_first(a: &mut Attempt<'_>) {
    a.through(part(6, 0, true, 64));
    a.lost(cut(pump(), 6, 0, true).protocol(UDP, &datagram(41_000, 514, 1500, 64)));
    a.lost(part(6, 8, false, 64));
}

fn two_lasts(a: &mut Attempt<'_>) {
    a.through(part(7, 0, true, 64));
    a.through(part(7, 16, false, 64));
    a.lost(part(7, 32, false, 64));
}

fn rose(a: &mut Attempt<'_>) {
    // Two ends of a datagram that is never whole, many times over.
    for id in 0x800..0x840 {
        a.through(part(id, 0, true, 64));
        a.through(part(id, 8100, false, 64));
        a.lost(part(id, 8100, false, 64));
    }
}

fn no_first(a: &mut Attempt<'_>) {
    for offset in [6, 12, 100, 8000] {
        a.lost(part(9, offset, true, 64));
    }
    a.lost(part(9, 20, false, 8));
}

fn overtaken(a: &mut Attempt<'_>) {
    a.lost(part(10, 16, false, 64));
    a.lost(part(10, 8, true, 64));
    a.through(part(10, 0, true, 64));
}

fn refused_first(a: &mut Attempt<'_>) {
    a.lost(cut(pump(), 11, 0, true).protocol(UDP, &datagram(41_000, 514, 128, 64)));
    a.lost(part(11, 8, false, 64));
}

fn gaps(a: &mut Attempt<'_>) {
    a.through(part(12, 0, true, 64));
    for gap in [16, 32, 48] {
        a.through(part(12, gap, true, 64));
    }
    a.lost(part(12, 64, true, 64));
    a.lost(part(12, 80, true, 64));
}

fn ping_of_death(a: &mut Attempt<'_>) {
    let echo = [&[8, 0, 0, 0, 0, 1, 0, 1], [7; 1472].as_slice()].concat();
    a.through(cut(pump(), 13, 0, true).protocol(1, &echo));
    a.lost(cut(pump(), 13, 8189, false).protocol(1, &[7; 400]));
}

fn odd_length(a: &mut Attempt<'_>) {
    a.lost(part(14, 0, true, 63));
    a.lost(part(14, 8, true, 61));
    a.lost(part(14, 8, false, 0));
}

fn six_tiny(a: &mut Attempt<'_>) {
    a.lost(cut(pump6(), 15, 0, true).protocol(TCP, &segment(41_015, OPEN, SYN, 64)));
    a.lost(cut(pump6(), 15, 8, true).protocol(TCP, &[7; 504]));
}

fn six_no_first(a: &mut Attempt<'_>) {
    a.lost(cut(pump6(), 16, 64, true).protocol(UDP, &[7; 512]));
    a.lost(cut(pump6(), 16, 128, false).protocol(UDP, &[7; 64]));
}

fn other_side(a: &mut Attempt<'_>) {
    // The pump's own first part goes out; the attacker in the core adds to it under the pump's addresses.
    a.answered(&part(17, 0, true, 64));
    let as_the_pump = frame(SERVER, PUMP).ip(PUMP4, SERVER4);
    a.lost(cut(as_the_pump, 17, 8, false).protocol(UDP, &[7; 64]));
    a.lost(cut(server(), 17, 8, false).protocol(UDP, &[7; 64]));
}

fn reverse(a: &mut Attempt<'_>) {
    // An answer in parts passes behind its first part, and only there.
    a.answered(&pump().udp(41_018, OPEN));
    a.through(cut(server(), 18, 0, true).protocol(UDP, &datagram(OPEN, 41_018, 128, 64)));
    a.through(cut(server(), 18, 8, false).protocol(UDP, &[7; 64]));
    a.lost(cut(server(), 19, 8, false).protocol(UDP, &[7; 64]));
}
