//! Segments of no session, and strangers in somebody else's.

use xiot_tests::frame::{
    Body, Frame, Ip, Transport,
    flag::{ACK, FIN, PSH, RST, SYN, URG},
    frame,
};

use crate::{
    attempt::Attempt,
    bystander::{ARCHIVE, MONITOR},
    frames::{OPEN, PUMP, PUMP4, SERVED, SERVER, SERVER4, STRANGER, pump, pump6, server, server6},
    ground::{Deed, by_device, by_uplink, perform},
};

#[test]
fn tcp() {
    perform("sessions::tcp", TCP);
}

#[test]
fn conversations() {
    perform("sessions::conversations", CONVERSATIONS);
}

const TCP: &[Deed] = &[
    by_device("tcp-flags", flags),
    by_device("tcp-no-session", no_session),
    by_uplink("tcp-no-session-in", no_session_in),
    by_device("tcp-before-answer", before_answer),
    by_uplink("tcp-split-handshake", split_handshake),
    by_device("tcp-overlap", overlap),
    by_device("tcp-other-port", other_port),
    by_uplink("tcp-reset", reset),
    by_uplink("tcp-reset-bystander", reset_bystander),
    by_device("tcp-reset-as-another", reset_as_another),
];

const CONVERSATIONS: &[Deed] = &[
    by_uplink("answer-unasked", unasked),
    by_uplink("answer-other-address", other_address),
    by_device("wrong-direction", wrong_direction),
    by_device("other-peer", other_peer),
    by_device("hijack-stranger", hijack_stranger),
    by_device("hijack-device", hijack_device),
    by_uplink("hijack-far-side", hijack_far_side),
    by_device("broadcasts", broadcasts),
    by_uplink("broadcasts-in", broadcasts_in),
    by_device("allowed-port", allowed_port),
];

fn flags(a: &mut Attempt<'_>) {
    let bad = [
        0,
        FIN,
        PSH,
        URG,
        FIN | PSH | URG,
        SYN | FIN,
        SYN | RST,
        SYN | ACK | FIN,
    ];
    for flags in bad {
        a.lost(pump().tcp(46_000, OPEN, flags));
        a.lost(pump6().tcp(46_000, OPEN, flags));
    }
    a.lost(pump().tcp(46_000, OPEN, 0xff));
}

fn no_session(a: &mut Attempt<'_>) {
    for flags in [ACK, ACK | PSH, ACK | FIN, RST, RST | ACK, SYN | ACK] {
        a.lost(pump().tcp(46_001, OPEN, flags));
    }
}

fn no_session_in(a: &mut Attempt<'_>) {
    for flags in [ACK, ACK | PSH, ACK | FIN, RST, RST | ACK, SYN | ACK] {
        a.lost(server().tcp(OPEN, 46_002, flags));
        a.lost(server6().tcp(OPEN, 46_002, flags));
    }
}

fn before_answer(a: &mut Attempt<'_>) {
    a.through(pump().tcp(46_003, OPEN, SYN));
    a.lost(pump().tcp(46_003, OPEN, ACK | PSH));
    a.lost(pump().tcp(46_003, OPEN, SYN | ACK));
}

fn split_handshake(a: &mut Attempt<'_>) {
    a.answered(&pump().tcp(46_004, OPEN, SYN));
    a.lost(server().tcp(OPEN, 46_004, SYN));
}

/// The segment with these data.
fn with(mut segment: Frame, data: &[u8]) -> Frame {
    if let Body::Ip(Ip {
        transport: Transport::Tcp { payload, .. },
        ..
    }) = &mut segment.body
    {
        *payload = data.to_vec();
    }
    segment
}

/// Opens a session of the pump from this port, the pump being the attacker.
fn session_of_attacker(a: &mut Attempt<'_>, port: u16) {
    a.through(pump().tcp(port, OPEN, SYN).numbers(100, 0));
    a.answered(&server().tcp(OPEN, port, SYN | ACK).numbers(500, 101));
    a.through(pump().tcp(port, OPEN, ACK).numbers(101, 501));
}

fn overlap(a: &mut Attempt<'_>) {
    session_of_attacker(a, 46_005);
    let segment = |sequence, data| {
        let segment = pump().tcp(46_005, OPEN, ACK | PSH).numbers(sequence, 501);
        with(segment, data)
    };
    for (sequence, data) in [(101, b"harmless"), (105, b"less is "), (101, b"harmful!")] {
        a.through(segment(sequence, data));
    }
}

fn other_port(a: &mut Attempt<'_>) {
    session_of_attacker(a, 46_006);
    a.lost(pump().tcp(46_006, 22, SYN));
    a.lost(pump().tcp(46_006, 22, ACK).numbers(101, 501));
}

fn reset(a: &mut Attempt<'_>) {
    // The pump and its server have a session; the attacker knows all of it but the numbers.
    a.answered(&pump().tcp(46_007, OPEN, SYN).numbers(100, 0));
    a.through(server().tcp(OPEN, 46_007, SYN | ACK).numbers(500, 101));
    a.answered(&pump().tcp(46_007, OPEN, ACK).numbers(101, 501));
    for sequence in [0, 502, 0x4000_0000, u32::MAX] {
        a.through(server().tcp(OPEN, 46_007, RST).numbers(sequence, 0));
        a.through(server().tcp(OPEN, 46_007, RST | ACK).numbers(sequence, 101));
    }
    // It goes on.
    a.answered(&pump().tcp(46_007, OPEN, ACK | PSH).numbers(101, 501));
    a.through(server().tcp(OPEN, 46_007, ACK).numbers(501, 105));
}

fn reset_bystander(a: &mut Attempt<'_>) {
    let port = a.ground.bystander.port;
    for guess in 0..16_u32 {
        let sequence = guess << 28 | 0x0123_4567;
        let segment = frame(SERVER, MONITOR)
            .ip("10.30.1.2", "10.30.1.13")
            .tcp(104, port, RST);
        a.through(segment.numbers(sequence, 0));
    }
    a.ground.bystander.goes_on();
}

fn reset_as_another(a: &mut Attempt<'_>) {
    let port = a.ground.bystander.port;
    for flags in [RST, FIN | ACK, SYN] {
        let as_the_monitor = |mac| frame(mac, ARCHIVE).ip("10.30.1.13", "10.30.1.2");
        a.lost(as_the_monitor(PUMP).tcp(port, 104, flags));
        a.lost(as_the_monitor(STRANGER).tcp(port, 104, flags));
    }
    a.ground.bystander.goes_on();
}

fn unasked(a: &mut Attempt<'_>) {
    a.lost(server().udp(OPEN, 47_000));
    a.lost(server6().udp(OPEN, 47_000));
}

fn other_address(a: &mut Attempt<'_>) {
    a.answered(&pump().udp(47_001, OPEN));
    a.through(server().udp(OPEN, 47_001));
    let another = frame(SERVER, PUMP).ip("10.30.1.99", PUMP4);
    a.lost(another.udp(OPEN, 47_001));
    a.lost(server().udp(OPEN + 1, 47_001));
    a.lost(server().udp(OPEN, 47_002));
}

fn wrong_direction(a: &mut Attempt<'_>) {
    a.lost(pump().tcp(47_003, SERVED, SYN));
    a.lost(pump().udp(47_003, SERVED));
    a.lost(pump().tcp(SERVED, 47_003, SYN));
}

fn other_peer(a: &mut Attempt<'_>) {
    for peer in ["10.30.1.2", "10.30.1.99", "8.8.8.8", "0.0.0.0", "10.30.1.0"] {
        let packet = frame(PUMP, SERVER).ip(PUMP4, peer);
        a.lost(packet.clone().udp(47_004, OPEN));
        a.lost(packet.tcp(47_004, OPEN, SYN));
    }
    a.lost(
        frame(PUMP, SERVER)
            .ip("fd00:30::c", "2001:db8::1")
            .udp(47_004, OPEN),
    );
}

fn hijack_stranger(a: &mut Attempt<'_>) {
    a.through(pump().udp(47_005, OPEN));
    a.answered(&server().udp(OPEN, 47_005));
    a.lost(frame(STRANGER, SERVER).ip(PUMP4, SERVER4).udp(47_005, OPEN));
}

fn hijack_device(a: &mut Attempt<'_>) {
    a.through(pump().udp(47_006, OPEN));
    a.answered(&server().udp(OPEN, 47_006));
    a.lost(frame(MONITOR, SERVER).ip(PUMP4, SERVER4).udp(47_006, OPEN));
}

fn hijack_far_side(a: &mut Attempt<'_>) {
    a.answered(&pump().udp(47_007, OPEN));
    // Under the pump's MAC and address, from the core.
    a.lost(frame(PUMP, SERVER).ip(PUMP4, SERVER4).udp(47_007, OPEN));
    // An answer for it to another device, and to nobody.
    a.lost(frame(SERVER, MONITOR).ip(SERVER4, PUMP4).udp(OPEN, 47_007));
    a.lost(frame(SERVER, STRANGER).ip(SERVER4, PUMP4).udp(OPEN, 47_007));
}

fn broadcasts(a: &mut Attempt<'_>) {
    // NetBIOS, SSDP, mDNS, LLMNR.
    let groups = [
        ([0xff; 6], "10.30.1.255", 137),
        ([0x01, 0, 0x5e, 0x7f, 0xff, 0xfa], "239.255.255.250", 1900),
        ([0x01, 0, 0x5e, 0, 0, 0xfb], "224.0.0.251", 5353),
        ([0x01, 0, 0x5e, 0, 0, 0xfc], "224.0.0.252", 5355),
    ];
    for (mac, address, port) in groups {
        a.lost(frame(PUMP, mac).ip(PUMP4, address).udp(port, port));
    }
}

fn broadcasts_in(a: &mut Attempt<'_>) {
    a.lost(
        frame(SERVER, [0xff; 6])
            .ip(SERVER4, "10.30.1.255")
            .udp(137, 137),
    );
    a.lost(
        frame(SERVER, [0xff; 6])
            .ip(SERVER4, PUMP4)
            .udp(47_008, SERVED),
    );
    a.lost(
        frame(SERVER, [0x01, 0, 0x5e, 0, 0, 0xfb])
            .ip(SERVER4, "224.0.0.251")
            .udp(5353, 5353),
    );
    // A magic packet that wakes what listens.
    let magic = [vec![0xff; 6], PUMP.repeat(16)].concat();
    a.lost(frame(SERVER, [0xff; 6]).other(0x0842, &magic));
}

fn allowed_port(a: &mut Attempt<'_>) {
    // A question to a name server, as tunnels ask it, on a port that is for something else.
    let question = [
        &[0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 6][..],
        b"secret",
        &[4],
        b"evil",
        &[0, 0, 16, 0, 1],
    ]
    .concat();
    let mut tunnel = pump().udp(47_009, OPEN);
    if let Body::Ip(Ip {
        transport: Transport::Udp { payload, .. },
        ..
    }) = &mut tunnel.body
    {
        *payload = question;
    }
    a.through(tunnel);
    a.lost(pump().udp(47_009, 53));
}
