//! Neighbours whose MAC the gateway does not know yet.

use xiot_tests::{
    net::{
        gateway::Gateway,
        router::RouterRig,
        traffic::{EchoServer, connect, exchange, ping, ping_is_lost},
    },
    until::until,
};

use super::{POLICY, router};
use crate::AGENT;

fn flush(rig: &RouterRig) {
    for port in ["seg0", "seg1", "up0"] {
        rig.gateway
            .ip(&format!("neighbour flush dev {port}"))
            .unwrap();
    }
}

#[test]
fn of_a_device_the_agent_has_the_kernel_ask_for() {
    let rig = RouterRig::new();
    let gateway = router(&rig);
    for address in rig.pump.addresses() {
        flush(&rig);
        let server = EchoServer::start(&rig.pump, address, 8000);
        // The first SYN finds nobody; the one that TCP repeats does.
        exchange(&mut connect(&rig.server, server.address()), 1000);
    }
    assert!(gateway.frames("dropped", "neighbour_unknown") >= 1);
    let drops = gateway.list(&["drops"]);
    let drop = drops
        .iter()
        .find(|drop| drop["reason"] == "neighbour_unknown");
    let drop = drop.unwrap_or_else(|| panic!("{drops:?}"));
    assert_eq!(
        (&drop["wire"], &drop["side"]),
        (&"ward-7".into(), &"uplink".into())
    );
}

#[test]
fn without_an_agent_nobody_asks() {
    let rig = RouterRig::new();
    let mut gateway = Gateway::start_with(&rig, AGENT, POLICY, &["--keep-attached"]);
    gateway.kill();
    flush(&rig);
    assert!(ping_is_lost(&rig.server, rig.pump.v4.into()));
    // The device speaks, so that the gateway knows it again.
    assert!(ping(&rig.pump, rig.server.v4.into()));
    assert!(ping(&rig.server, rig.pump.v4.into()));
}

#[test]
fn of_a_router_uplink_the_stack_asks_for() {
    let rig = RouterRig::new();
    let gateway = router(&rig);
    for there in rig.server.addresses() {
        flush(&rig);
        assert!(ping(&rig.pump, there), "ping {there}");
    }
    assert_eq!(gateway.frames("dropped", "no_egress"), 0);
}

#[test]
fn a_host_that_is_not_there_is_asked_for_and_stays_unknown() {
    let rig = RouterRig::new();
    let gateway = router(&rig);
    rig.server.ip("route add 10.40.1.77 via 10.60.1.1");
    until("a drop", || {
        assert!(ping_is_lost(&rig.server, "10.40.1.77".parse().unwrap()));
        (gateway.frames("dropped", "neighbour_unknown") > 1).then_some(())
    });
}
