//! Frames by hand: what a router must not take.

use etherparse::PacketBuilder;
use xiot_tests::{
    net::{
        capture::{Capture, arrived},
        rig::Host,
        router::RouterRig,
        traffic::ping,
    },
    until::until,
};

use super::router;
use crate::frames::{destination_port, tagged};

const PORT: u16 = 3613;

fn udp(from: &Host, gateway: [u8; 6], source: [u8; 4], destination: [u8; 4]) -> Vec<u8> {
    let builder = PacketBuilder::ethernet2(from.mac, gateway)
        .ipv4(source, destination, 64)
        .udp(40_000, PORT);
    let mut frame = Vec::with_capacity(builder.size(4));
    builder.write(&mut frame, b"data").unwrap();
    frame
}

#[test]
fn tagged_frames_frames_for_others_and_addresses_of_no_host_do_not_pass() {
    let rig = RouterRig::new();
    let gateway = router(&rig);
    assert!(ping(&rig.pump, rig.server.v4.into()));
    let seen = Capture::start(&rig.server);
    let (pump, server) = (rig.pump.v4.octets(), rig.server.v4.octets());
    // Not by the switch, which gives tags to its card.
    let direct = rig.scanner.packets();
    let scanner = udp(&rig.scanner, rig.ports[1], rig.scanner.v4.octets(), server);
    for tag in [0, 7] {
        let before = gateway.frames("dropped", "routed_vlan");
        direct.send(&tagged(&scanner, &[(0x8100, tag)])).unwrap();
        gateway.dropped_more_than(before, "routed_vlan");
    }
    let plain = udp(&rig.pump, rig.ports[0], pump, server);
    let socket = rig.pump.packets();
    for (frame, reason) in [
        (
            udp(&rig.pump, [2, 0, 0, 0, 0x77, 7], pump, server),
            "not_for_router",
        ),
        (
            udp(&rig.pump, rig.ports[0], [127, 0, 0, 1], server),
            "address_not_bound",
        ),
    ] {
        let before = gateway.frames("dropped", reason);
        socket.send(&frame).unwrap();
        gateway.dropped_more_than(before, reason);
    }
    let outside = rig.server.packets();
    for source in [
        [127, 0, 0, 1],
        [169, 254, 1, 1],
        [0, 0, 0, 1],
        [240, 0, 0, 1],
    ] {
        let before = gateway.frames("dropped", "not_routable");
        outside
            .send(&udp(&rig.server, rig.ports[2], source, pump))
            .unwrap();
        gateway.dropped_more_than(before, "not_routable");
    }
    socket.send(&plain).unwrap();
    until("the frame that may pass", || {
        let frames = seen.so_far();
        let passed = arrived(&frames, |frame| destination_port(frame) == Some(PORT));
        match passed.len() {
            0 => None,
            many => {
                assert_eq!(many, 1);
                Some(())
            }
        }
    });
}
