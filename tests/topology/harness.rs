//! Controls: what the harness sees without xiot. A test of a verdict means nothing if these fail.

use xiot_tests::net::{
    capture::{Capture, arrived},
    rig::Rig,
    traffic::{EchoServer, connect, connect_is_lost, exchange, ping, ping_is_lost},
};

use crate::frames::{Way, tagged};

#[test]
fn a_plain_bridge_passes_everything() {
    let rig = Rig::new();
    rig.bridge();
    for (from, to) in [(&rig.device, &rig.uplink), (&rig.uplink, &rig.device)] {
        for address in to.addresses() {
            assert!(ping(from, address), "ping {address}");
        }
    }
    for address in rig.uplink.addresses() {
        let server = EchoServer::start(&rig.uplink, address, 3613);
        exchange(&mut connect(&rig.device, server.address()), 1 << 20);
    }
}

#[test]
fn without_anything_between_the_ports_nothing_passes() {
    let rig = Rig::new();
    let seen = Capture::start(&rig.uplink);
    let way = Way {
        from: &rig.device,
        to: &rig.uplink,
    };
    rig.device.packets().send(&way.marker(1)).unwrap();
    assert!(ping_is_lost(&rig.device, rig.uplink.v4.into()));
    let server = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    assert!(connect_is_lost(&rig.device, server.address()));
    assert!(arrived(&seen.so_far(), |_| true).is_empty());
}

#[test]
fn a_plain_bridge_carries_tagged_frames_byte_for_byte() {
    let rig = Rig::new();
    rig.bridge();
    let way = Way {
        from: &rig.device,
        to: &rig.uplink,
    };
    let frame = tagged(&way.udp4(1, 2, b"tagged"), &[(0x88a8, 100), (0x8100, 30)]);
    let seen = Capture::start(&rig.uplink);
    let socket = rig.device.packets();
    socket.send(&frame).unwrap();
    socket.send(&way.marker(1)).unwrap();
    let frames = seen.up_to("the marker", |f| f.bytes == way.marker(1));
    assert_eq!(arrived(&frames, |f| f == frame).len(), 1);
}
