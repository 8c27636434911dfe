//! Where a frame can't go on: the other port is gone, or the program sits on an interface that is no port.

use std::time::{Duration, Instant};

use xiot_agent::{collect::Counters, datapath::AttachMode, netns::packet::PacketSocket};
use xiot_common::{counter::ReasonCounter, reason::Reason};
use xiot_tests::until::until;

use super::ward::Ward;
use crate::image::udp;

/// Waits until this many frames of a port were dropped for the reason, and none was forwarded.
#[track_caller]
fn dropped(counters: &Counters, port: u16, reason: Reason, frames: u64) {
    dropped_bytes(counters, port, reason, frames, frames * udp().len() as u64);
}

#[track_caller]
pub(super) fn dropped_bytes(
    counters: &Counters,
    port: u16,
    reason: Reason,
    frames: u64,
    bytes: u64,
) {
    let expected = ReasonCounter {
        dropped_frames: frames,
        dropped_bytes: bytes,
        ..ReasonCounter::default()
    };
    until(reason.name(), || {
        let totals = counters.reasons([port]).expect("the counters can be read");
        let total = totals.iter().find(|total| total.reason == reason)?;
        (total.total == expected).then_some(())
    });
}

#[test]
fn a_frame_whose_way_out_is_gone_is_dropped_with_that_reason() {
    let ward = Ward::new();
    let gateway = ward.bring_up(&ward.plan(AttachMode::Native)).unwrap();
    ward.assert_forwards(0);
    let counters = Counters::open(gateway.datapath()).unwrap();
    ward.ip("link delete dev up0");
    let from = PacketSocket::open(&ward.devices, "eth0").unwrap();
    for _ in 0..3 {
        from.send(&udp()).unwrap();
    }
    dropped(&counters, 0, Reason::NoEgress, 3);
}

#[test]
fn the_program_on_an_interface_that_is_no_port_drops_everything() {
    let ward = Ward::with_mtus(&[1500, 1500]);
    let mut plan = ward.plan(AttachMode::Native);
    plan.wires.truncate(1);
    let gateway = ward.bring_up(&plan).unwrap();
    let counters = Counters::open(gateway.datapath()).unwrap();
    let program = ward.pins().join("program");
    ward.ip("link set dev dev1 up");
    let attached = ward
        .gateway
        .command("ip")
        .unwrap()
        .args(["link", "set", "dev", "dev1", "xdpdrv", "pinned"])
        .arg(program)
        .status()
        .unwrap();
    assert!(attached.success());
    let from = PacketSocket::open(&ward.devices, "eth1").unwrap();
    from.send(&udp()).unwrap();
    dropped(&counters, 0, Reason::NotAPort, 1);
    // The wire beside it does not notice.
    ward.assert_forwards(0);
}

/// A frame of this many bytes behind so many tags, which any host may send to any.
pub(super) fn long(tags: usize, length: usize) -> Vec<u8> {
    let mut frame = udp();
    for _ in 0..tags {
        frame.splice(12..12, [0x81, 0, 0, 20]);
    }
    frame.resize(length, 0);
    frame
}

/// What is longer than the other port sends is counted where it is dropped, and not taken for forwarded. The MTU that
/// counts is the one of the moment.
#[test]
fn a_frame_that_the_other_port_is_too_narrow_for_is_dropped_with_that_reason() {
    let ward = Ward::with_mtus(&[1500]);
    let gateway = ward.bring_up(&ward.plan(AttachMode::Native)).unwrap();
    ward.ip("link set dev dev0 mtu 9000");
    for namespace in [&ward.devices, &ward.uplinks] {
        namespace.ip("link set dev eth0 mtu 9000").unwrap();
    }
    let counters = Counters::open(gateway.datapath()).unwrap();
    let from = PacketSocket::open(&ward.devices, "eth0").unwrap();
    let to = PacketSocket::open(&ward.uplinks, "eth0").unwrap();
    let arrives = |frame: &[u8]| {
        from.send(frame).unwrap();
        until("the frame", || {
            let deadline = Instant::now() + Duration::from_millis(200);
            let got = to.receive(deadline).unwrap()?;
            (got.bytes == frame).then_some(())
        });
    };
    arrives(&long(0, 1514));
    arrives(&long(1, 1518));
    arrives(&long(2, 1518));
    for frame in [long(0, 1519), long(2, 1522), long(0, 5000)] {
        from.send(&frame).unwrap();
    }
    dropped_bytes(&counters, 0, Reason::EgressTooLong, 3, 1519 + 1522 + 5000);
    ward.ip("link set dev up0 mtu 1504");
    arrives(&long(2, 1522));
    ward.ip("link set dev up0 mtu 9000");
    arrives(&long(0, 3000));
    ward.ip("link set dev up0 mtu 1500");
    from.send(&long(2, 1522)).unwrap();
    dropped_bytes(
        &counters,
        0,
        Reason::EgressTooLong,
        4,
        1519 + 1522 + 5000 + 1522,
    );
}
