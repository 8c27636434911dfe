//! Frames of more than one buffer: they go on, or are counted where they can't.

use xiot_agent::{
    collect::Counters,
    datapath::{
        AttachMode,
        UsedMode::{Generic, Native},
    },
};
use xiot_common::{
    port::{PortConfig, Side, egress_length},
    reason::Reason,
};
use xiot_tests::kernel;

use super::{
    edges::{dropped_bytes, long},
    modes::modes,
    ward::{Path, Ward},
};

const JUMBO: u32 = 9000;

/// The kernel hands frames of more than one buffer to drivers since it tells what these take.
fn hands_over_all() -> bool {
    kernel::tells_xdp_features()
}

#[test]
fn a_wire_for_them_comes_up_in_the_mode_that_sends_them_on() {
    let ward = Ward::with_mtus(&[JUMBO]);
    if hands_over_all() {
        let gateway = ward.bring_up(&ward.plan(AttachMode::Native)).unwrap();
        Path::open(&ward, 0).assert_forwards(&long(1, 9018));
        drop(gateway);
    } else {
        let before = ward.snapshot();
        let refused = ward.bring_up(&ward.plan(AttachMode::Native)).unwrap_err();
        assert_eq!(ward.snapshot(), before, "{refused}");
        let message = refused.to_string();
        assert!(
            message.contains("up0 has MTU 9000, but takes only redirected frames of one buffer"),
            "{message}"
        );
        assert!(message.contains("dev up0 mtu 3502"), "{message}");
        let auto = ward.plan(AttachMode::Auto);
        assert_eq!(modes(&ward, &auto), [Generic, Generic]);
        let gateway = ward.bring_up(&auto).unwrap();
        Path::open(&ward, 0).assert_forwards(&long(1, 9018));
        let down = ward.gateway.run(|| gateway.shut_down());
        down.unwrap().unwrap();
        ward.ip("link set dev dev0 mtu 3502\nlink set dev up0 mtu 3502");
        assert_eq!(modes(&ward, &auto), [Native, Native]);
    }
}

#[test]
fn where_the_other_port_takes_none_they_are_counted() {
    let ward = Ward::with_mtus(&[1500]);
    let mut gateway = ward.bring_up(&ward.plan(AttachMode::Native)).unwrap();
    ward.ip("link set dev dev0 mtu 9000\nlink set dev up0 mtu 9000");
    for namespace in [&ward.devices, &ward.uplinks] {
        namespace.ip("link set dev eth0 mtu 9000").unwrap();
    }
    let path = Path::open(&ward, 0);
    if hands_over_all() {
        path.assert_forwards(&long(0, 5000));
        path.assert_forwards(&long(1, 9018));
        let ports = gateway.report().ports.iter();
        let [device, uplink] = ports.map(|port| port.ifindex).collect::<Vec<_>>()[..] else {
            panic!("one wire");
        };
        let as_if_not = PortConfig {
            egress: 1,
            side: Side::Device as u8,
            egress_ifindex: uplink,
            egress_length: egress_length(JUMBO),
            egress_one_buffer: 1,
            ..PortConfig::NONE
        };
        gateway.datapath_mut().set_port(device, as_if_not).unwrap();
    }
    path.assert_forwards(&long(0, 3000));
    path.send(&long(0, 5000));
    path.send(&long(1, 9018));
    let counters = Counters::open(gateway.datapath()).unwrap();
    dropped_bytes(&counters, 0, Reason::EgressTooLong, 2, 5000 + 9018);
}
