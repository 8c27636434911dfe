//! Allowed frames arrive, each once, in order and byte for byte as they were sent.

use std::io::{Read as _, Write as _};

use etherparse::{IpFragOffset, Ipv4Options, PacketBuilder};
use xiot_tests::{
    kernel,
    net::{
        capture::{Capture, arrived, sent},
        rig::{Host, Rig},
        traffic::{EchoServer, connect},
    },
};

use crate::{
    frames::{Way, padded, tagged},
    gateway, policy,
};

const JUMBO: usize = 9000;

/// Frames of every shape, without padding unless said.
fn shapes(way: Way<'_>) -> Vec<(&'static str, Vec<u8>)> {
    let noise: Vec<u8> = (0..=u8::MAX).cycle().take(JUMBO).collect();
    let part = |length: usize| noise.get(..length).unwrap();
    vec![
        ("udp in ipv4, nothing in it", way.udp4(2000, 1, &[])),
        ("udp in ipv4, full frame", way.udp4(2000, 2, part(1472))),
        ("udp in ipv6", way.udp6(2000, 3, part(100))),
        ("udp in ipv6, full frame", way.udp6(2000, 4, part(1452))),
        ("padded with zeroes", padded(way.udp4(2000, 5, b"x"), 60, 0)),
        (
            "padded with something",
            padded(way.udp4(2000, 6, b"x"), 60, 0xa5),
        ),
        ("padded a lot", padded(way.udp6(2000, 7, b"x"), 1400, 0x5a)),
        (
            "vlan",
            tagged(&way.udp4(2000, 8, b"tagged"), &[(0x8100, 30)]),
        ),
        (
            "vlan with priority and drop eligible",
            tagged(&way.udp6(2000, 9, b"tagged"), &[(0x8100, 0xf01e)]),
        ),
        (
            "priority tag (vlan 0)",
            tagged(&way.udp4(2000, 10, b"tagged"), &[(0x8100, 0xe000)]),
        ),
        (
            "qinq",
            tagged(
                &way.udp4(2000, 11, b"tagged"),
                &[(0x88a8, 100), (0x8100, 30)],
            ),
        ),
        (
            "two 802.1q tags",
            tagged(
                &way.udp6(2000, 12, b"tagged"),
                &[(0x8100, 100), (0x8100, 30)],
            ),
        ),
        ("qinq, padded", {
            let frame = tagged(&way.udp4(2000, 13, &[]), &[(0x88a8, 1), (0x8100, 2)]);
            padded(frame, 64, 0xff)
        }),
        ("ipv4 with options", ipv4_with_options(way)),
        ("tcp syn", way.syn4(2000, 14)),
        ("esp, a protocol without ports", esp(way)),
        ("wrong udp checksum", {
            let mut frame = way.udp4(2000, 15, b"checksums are for the end");
            *frame.get_mut(40).unwrap() ^= 0xff;
            frame
        }),
    ]
}

fn ipv4_with_options(way: Way<'_>) -> Vec<u8> {
    let options = Ipv4Options::try_from([0x94, 0x04, 0, 0].as_slice()).unwrap();
    let mut ip = etherparse::Ipv4Header::new(
        0,
        17,
        etherparse::IpNumber::UDP,
        way.from.v4.octets(),
        way.to.v4.octets(),
    )
    .unwrap();
    ip.options = options;
    ip.identification = 0x1234;
    ip.dont_fragment = true;
    ip.fragment_offset = IpFragOffset::ZERO;
    let builder = PacketBuilder::ethernet2(way.from.mac, way.to.mac)
        .ip(etherparse::IpHeaders::Ipv4(ip, Default::default()))
        .udp(2000, 16);
    let mut frame = Vec::new();
    builder.write(&mut frame, b"router alert").unwrap();
    frame
}

fn esp(way: Way<'_>) -> Vec<u8> {
    let builder = PacketBuilder::ethernet2(way.from.mac, way.to.mac).ipv4(
        way.from.v4.octets(),
        way.to.v4.octets(),
        64,
    );
    let mut frame = Vec::new();
    builder
        .write(
            &mut frame,
            etherparse::IpNumber::ENCAPSULATING_SECURITY_PAYLOAD,
            &[7; 64],
        )
        .unwrap();
    frame
}

#[track_caller]
fn check_arrival(way: Way<'_>, frames: &[(&str, Vec<u8>)]) {
    let seen = Capture::start(way.to);
    let socket = way.from.packets();
    for (name, frame) in frames {
        socket
            .send(frame)
            .unwrap_or_else(|error| panic!("{name}: {error:?}"));
    }
    let marker = way.udp4(3000, 3000, b"the end");
    socket.send(&marker).unwrap();
    let all = seen.up_to("the marker", |frame| frame.bytes == marker);
    let mut got = arrived(&all, |frame| {
        frame.get(..12) == marker.get(..12) && frame != marker
    })
    .into_iter();
    for (name, frame) in frames {
        assert_eq!(got.next(), Some(frame.as_slice()), "{name}");
    }
    assert_eq!(got.next(), None, "more arrived than was sent");
}

fn ends(rig: &Rig, from_device: bool) -> (&Host, &Host) {
    if from_device {
        (&rig.device, &rig.uplink)
    } else {
        (&rig.uplink, &rig.device)
    }
}

#[test]
fn frames_of_every_shape_from_the_device() {
    check_shapes(true);
}

#[test]
fn frames_of_every_shape_from_the_uplink() {
    check_shapes(false);
}

fn check_shapes(from_device: bool) {
    let rig = Rig::new();
    rig.quiet();
    let _gateway = gateway(&rig, policy::OPEN);
    let (from, to) = ends(&rig, from_device);
    let way = Way { from, to };
    check_arrival(way, &shapes(way));
}

#[test]
fn jumbo_frames_up_to_the_mtu_from_the_device() {
    check_jumbo(true);
}

#[test]
fn jumbo_frames_up_to_the_mtu_from_the_uplink() {
    check_jumbo(false);
}

fn check_jumbo(from_device: bool) {
    if !kernel::tells_xdp_features() {
        println!("skipped: Linux before 6.3 redirects no frame of several buffers in native mode");
        return;
    }
    let rig = Rig::with_mtu(u32::try_from(JUMBO).unwrap());
    rig.quiet();
    let _gateway = gateway(&rig, policy::OPEN);
    let (from, to) = ends(&rig, from_device);
    let way = Way { from, to };
    // Around one page, where a frame becomes one of several parts; and the MTU itself.
    let payloads = [1473, 3000, 3300, 3500, 4000, 4096, 5000, 8000, JUMBO - 28];
    let noise: Vec<u8> = (0..=u8::MAX).cycle().take(JUMBO).collect();
    let frames: Vec<_> = payloads
        .iter()
        .zip(1..)
        .map(|(length, port)| {
            let frame = way.udp4(2000, port, noise.get(..*length).unwrap());
            ("jumbo", frame)
        })
        .chain([("jumbo with a tag", {
            let frame = way.udp6(2000, 20, noise.get(..JUMBO - 48).unwrap());
            tagged(&frame, &[(0x8100, 30)])
        })])
        .collect();
    check_arrival(way, &frames);
}

#[test]
fn both_ends_of_a_tcp_conversation_see_the_same_frames() {
    let rig = Rig::new();
    let _gateway = gateway(&rig, policy::OPEN);
    let server = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let [here, there] = [&rig.device, &rig.uplink].map(Capture::start);
    let mut stream = connect(&rig.device, server.address());
    // One segment at a time: the receiver would merge segments before the capture sees them.
    for round in 0..200_u16 {
        let line = format!("infusion rate {round} ml/h\n");
        let mut back = vec![0; line.len()];
        stream.write_all(line.as_bytes()).unwrap();
        stream.read_exact(&mut back).unwrap();
        assert_eq!(back, line.as_bytes());
    }
    drop(stream);
    let is_tcp = |frame: &[u8]| frame.get(12..14) == Some(&[8, 0]) && frame.get(23) == Some(&6);
    let is_last = |frame: &[u8]| is_tcp(frame) && frame.get(47).is_some_and(|f| f & 1 == 1);
    // The FIN of the server is the last that both see with data behind it; the device's last ACK follows.
    let here = here.up_to("the server's FIN", |f| !f.outgoing && is_last(&f.bytes));
    let there = there.up_to("the server's FIN", |f| f.outgoing && is_last(&f.bytes));
    let from_device = sent(&here, is_tcp);
    let to_uplink = arrived(&there, is_tcp);
    let both = from_device.len().min(to_uplink.len());
    assert!(both > 200);
    assert_eq!(from_device.get(..both), to_uplink.get(..both));
    assert_eq!(sent(&there, is_tcp), arrived(&here, is_tcp));
}
