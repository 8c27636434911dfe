//! Where a frame can't go on: the other port is gone, or the program sits on an interface that is no port.

use xiot_agent::{collect::Counters, datapath::AttachMode, netns::packet::PacketSocket};
use xiot_common::{counter::ReasonCounter, reason::Reason};
use xiot_tests::until::until;

use super::ward::Ward;
use crate::image::udp;

/// Waits until this many frames of a port were dropped for the reason, and none was forwarded.
#[track_caller]
fn dropped(counters: &Counters, port: u16, reason: Reason, frames: u64) {
    let expected = ReasonCounter {
        dropped_frames: frames,
        dropped_bytes: frames * udp().len() as u64,
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
