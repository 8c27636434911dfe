//! ICMP as a tunnel, and errors that are about nothing.

use xiot_tests::frame::{Frame, PacketEnvelope, frame};

use crate::{
    attempt::Attempt,
    bystander::{ARCHIVE, MONITOR},
    frames::{OPEN, PUMP, SERVER, SERVER4, pump, pump6, server, server6},
    ground::{Deed, by_device, by_uplink, perform},
};

#[test]
fn icmp() {
    perform("icmp::icmp", DEEDS);
}

const DEEDS: &[Deed] = &[
    by_device("icmp-tunnel-out", tunnel_out),
    by_uplink("icmp-tunnel-in", tunnel_in),
    by_device("icmp-data", data),
    by_uplink("icmp-error-about-nothing", about_nothing),
    by_uplink("icmp-error-forged", forged),
    by_uplink("icmp-error-real", real),
    by_device("icmp-error-wrong-way", wrong_way),
    by_device("icmp-error-of-another", of_another),
    by_device("icmp-types", types),
    by_device("icmp-six-types", six_types),
    by_uplink("icmp-types-in", types_in),
    by_device("icmp-smurf", smurf),
];

/// A message with data.
fn message(packet: PacketEnvelope, kind: u8, code: u8, data: &[u8]) -> Frame {
    let protocol = if packet.clone().udp(1, 1).build()[12..14] == [8, 0] {
        1
    } else {
        58
    };
    packet.protocol(protocol, &[&[kind, code, 0, 0, 0, 0, 0, 0], data].concat())
}

fn tunnel_out(a: &mut Attempt<'_>) {
    a.lost(message(pump(), 0, 0, b"records of patients"));
    a.lost(message(pump6(), 129, 0, b"records of patients"));
    a.lost(pump().icmp(0, 0, 7));
}

fn tunnel_in(a: &mut Attempt<'_>) {
    // Beside a conversation that is there: of another identifier.
    a.answered(&pump().icmp(8, 0, 9));
    a.through(server().icmp(0, 0, 9));
    a.lost(server().icmp(0, 0, 10));
    a.lost(message(server6(), 129, 0, b"commands"));
}

fn data(a: &mut Attempt<'_>) {
    a.through(message(pump(), 8, 0, b"records of patients"));
}

/// What an error about a frame in IPv4 quotes: header and 8 bytes.
fn quote(frame: &Frame) -> Vec<u8> {
    frame.build()[14..42].to_vec()
}

fn about_nothing(a: &mut Attempt<'_>) {
    let never = quote(&pump().udp(45_000, OPEN));
    for (kind, code) in [(3, 0), (3, 3), (3, 4), (11, 0), (12, 0)] {
        a.lost(message(server(), kind, code, &never));
        a.lost(message(server(), kind, code, &[]));
    }
}

fn forged(a: &mut Attempt<'_>) {
    let call = pump().udp(45_001, OPEN);
    a.answered(&call);
    let mut other_port = quote(&call);
    other_port[23] ^= 1;
    let mut later = quote(&call);
    later[7] = 8;
    let mut other_protocol = quote(&call);
    other_protocol[9] = 6;
    let own = quote(&server().udp(OPEN, 45_001));
    let short = quote(&call)[..24].to_vec();
    for about in [other_port, later, other_protocol, own, short] {
        a.lost(message(server(), 3, 4, &about));
    }
}

fn real(a: &mut Attempt<'_>) {
    let call = pump().udp(45_002, OPEN);
    a.answered(&call);
    a.through(message(server(), 3, 3, &quote(&call)));
    // From a router on the way too.
    let router = frame(SERVER, PUMP).ip("10.99.0.1", "10.30.1.12");
    a.through(message(router, 3, 4, &quote(&call)));
}

fn wrong_way(a: &mut Attempt<'_>) {
    let call = pump().udp(45_003, OPEN);
    a.through(&call);
    // About what it sent itself, and in another's name.
    a.lost(message(pump(), 3, 3, &quote(&call)));
    let as_another = frame(PUMP, SERVER).ip("10.30.1.99", SERVER4);
    a.lost(message(as_another, 3, 3, &quote(&call.reply())));
}

fn of_another(a: &mut Attempt<'_>) {
    // The monitor's conversation with the archive, which must go on.
    let theirs = frame(ARCHIVE, MONITOR).ip("10.30.1.2", "10.30.1.13").tcp(
        104,
        a.ground.bystander.port,
        0x10,
    );
    let to_archive = |source| frame(PUMP, ARCHIVE).ip(source, "10.30.1.2");
    a.lost(message(to_archive("10.30.1.12"), 3, 3, &quote(&theirs)));
    a.lost(message(to_archive("10.30.1.13"), 3, 3, &quote(&theirs)));
}

fn types(a: &mut Attempt<'_>) {
    // Quench, redirects, router messages, timestamp, information, mask, and what nobody knows.
    for kind in [4, 5, 6, 9, 10, 13, 15, 17, 18, 40, 42, 255] {
        a.lost(message(pump(), kind, 0, &quote(&pump().udp(1, 1))));
    }
}

fn six_types(a: &mut Attempt<'_>) {
    // Router advertisement, redirect, renumbering, node information.
    for kind in [134, 137, 138, 139, 144, 200] {
        let packet = pump6().hop_limit(255);
        a.lost(message(packet, kind, 0, &[0; 40]));
    }
}

fn types_in(a: &mut Attempt<'_>) {
    for kind in [5, 9, 13, 17] {
        a.lost(message(server(), kind, 0, &quote(&pump().udp(1, 1))));
    }
    a.lost(server().icmp(8, 0, 1));
}

fn smurf(a: &mut Attempt<'_>) {
    for to in ["10.30.1.255", "255.255.255.255", "224.0.0.1"] {
        a.lost(frame(PUMP, [0xff; 6]).ip("10.30.1.12", to).icmp(8, 0, 1));
    }
    a.lost(
        frame(PUMP, [0xff; 6])
            .ip("10.30.1.13", "10.30.1.255")
            .icmp(8, 0, 1),
    );
}
