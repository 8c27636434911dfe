//! Up, and down again without a trace.

use xiot_agent::datapath::{
    AttachMode, Attachments, Datapath, Detached, PortState, UsedMode, detach,
};
use xiot_common::{capacity::MAX_PORTS, map, port::Side};

use super::ward::Ward;
use crate::image::small;

#[test]
fn a_gateway_forwards_while_it_is_up_and_leaves_nothing_behind() {
    let ward = Ward::new();
    let before = ward.snapshot();
    assert!(before["features dev0"].contains("rx-vlan-offload: on"));
    let gateway = ward.bring_up(&ward.plan(AttachMode::Native)).unwrap();

    let ports = &gateway.report().ports;
    assert_eq!(ports.len(), 2);
    for (port, (interface, side)) in ports
        .iter()
        .zip([("dev0", Side::Device), ("up0", Side::Uplink)])
    {
        assert_eq!((port.interface.as_str(), port.side), (interface, side));
        assert_eq!(
            (port.mode, port.mtu, port.taken_over),
            (UsedMode::Native, 1500, false)
        );
        let link = ward.link(interface);
        assert!(link.contains("PROMISC") && link.contains(" xdp "), "{link}");
        assert!(ward.snapshot()[&format!("features {interface}")].contains("rx-vlan-offload: off"));
    }
    assert_eq!((ports[0].index, ports[1].index), (0, 1));
    assert_eq!(gateway.report().warnings, []);
    assert_eq!(gateway.datapath().header().unwrap().revision, 1);
    let pinned = ward.pinned().unwrap();
    for name in ["program", "restore", map::FLOWS, map::IMAGE] {
        assert!(pinned.iter().any(|pin| pin == name), "{name}: {pinned:?}");
    }
    assert!(
        !pinned.iter().any(|pin| pin.starts_with("new-")),
        "{pinned:?}"
    );
    ward.assert_forwards(0);

    let down = ward.gateway.run(|| gateway.shut_down()).unwrap().unwrap();
    // Per port: promiscuous, and two kinds of VLAN tags.
    assert_eq!((down.links, down.restored, down.elsewhere), (2, 6, 0));
    assert_eq!(ward.snapshot(), before);
}

#[test]
fn a_port_is_attached_to_its_own_program_only() {
    let ward = Ward::new();
    let gateway = ward.bring_up(&ward.plan(AttachMode::Native)).unwrap();
    let other = Datapath::load(&small()).unwrap();
    let [ours, theirs] = [gateway.datapath(), &other].map(Datapath::attachments);
    let device = gateway.report().ports[0].ifindex;
    let look = |attachments: Attachments, ifindex| {
        let looked = ward.gateway.run(|| attachments.look(ifindex));
        looked.unwrap().unwrap()
    };
    let state = |attached| PortState {
        attached,
        carrier: true,
    };
    assert_eq!(look(ours, device), state(true));
    assert_eq!(look(theirs, device), state(false));
    // The loopback interface runs nothing, and what is not there does not either.
    assert!(!look(ours, 1).attached);
    assert_eq!(look(ours, 0x7fff_fff0), PortState::default());
    ward.gateway.run(|| gateway.shut_down()).unwrap().unwrap();
    assert_eq!(look(ours, device), state(false));
}

#[test]
fn settings_that_were_there_before_stay() {
    let ward = Ward::new();
    ward.ip("link set dev dev0 promisc on");
    Ward::ethtool(&ward.gateway, &["-K", "up0", "rxvlan", "off"]);
    let before = ward.snapshot();
    let gateway = ward.bring_up(&ward.plan(AttachMode::Native)).unwrap();
    ward.gateway.run(|| gateway.shut_down()).unwrap().unwrap();
    assert_eq!(ward.snapshot(), before);
    assert!(ward.link("dev0").contains("PROMISC"));
}

#[test]
fn a_full_house_of_wires_comes_up() {
    let wires = MAX_PORTS / 2;
    let ward = Ward::with_mtus(&vec![1500; wires]);
    let gateway = ward.bring_up(&ward.plan(AttachMode::Native)).unwrap();
    assert_eq!(gateway.report().ports.len(), MAX_PORTS);
    ward.assert_forwards(0);
    ward.assert_forwards(wires - 1);
    let down = ward.gateway.run(|| gateway.shut_down()).unwrap().unwrap();
    assert_eq!(down.links, MAX_PORTS);
}

#[test]
fn the_death_of_the_agent_changes_nothing_and_detach_cleans_up_after_it() {
    let ward = Ward::new();
    let before = ward.snapshot();
    let gateway = ward.bring_up(&ward.plan(AttachMode::Native)).unwrap();
    let program = ward.program("dev0");
    assert!(program.is_some());
    // Closes every descriptor, as the kernel does for a process that is killed.
    drop(gateway);
    assert_eq!(ward.program("dev0"), program);
    ward.assert_forwards(0);

    let down = ward.gateway.run(|| detach(&ward.pins())).unwrap().unwrap();
    assert_eq!((down.links, down.restored), (2, 6));
    assert_eq!(ward.snapshot(), before);
    let again = ward.gateway.run(|| detach(&ward.pins())).unwrap().unwrap();
    assert_eq!(again, Detached::default());
}

#[test]
fn interfaces_that_are_gone_are_no_obstacle() {
    let ward = Ward::with_mtus(&[1500, 1500]);
    drop(ward.bring_up(&ward.plan(AttachMode::Native)).unwrap());
    ward.ip("link del dev dev1");
    let down = ward.gateway.run(|| detach(&ward.pins())).unwrap().unwrap();
    assert_eq!(down.links, 3);
    assert_eq!(ward.pinned(), None);
}
