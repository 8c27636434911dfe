//! Modes: what learn and monitor let through, what they say about it, and that enforce does not.

use serde_json::Value;
use xiot_tests::{
    net::{
        gateway::Gateway,
        rig::Rig,
        traffic::{EchoServer, connect, connect_is_lost, exchange},
    },
    until::until,
};

use crate::{gateway, policy};

/// A conversation that the pump's profile does not have.
fn telnet(rig: &Rig) -> EchoServer {
    EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 23)
}

fn device(gateway: &Gateway<'_>, key: &str, value: &str) -> Option<Value> {
    let mut devices = gateway.list(&["devices"]).into_iter();
    devices.find(|device| device[key] == value)
}

#[test]
fn learn_and_monitor_let_a_denied_conversation_through_and_count_it() {
    for mode in ["learn", "monitor"] {
        let rig = Rig::new();
        let gateway = gateway(&rig, &policy::pump_in_mode(mode));
        exchange(&mut connect(&rig.device, telnet(&rig).address()), 1 << 20);
        assert_eq!(gateway.frames("dropped", "no_port"), 0, "{mode}");
        // The whole conversation counts under the one reason that its first frame had.
        assert!(gateway.frames("would_drop", "no_port") > 1000, "{mode}");
        assert_eq!(gateway.frames("would_drop", "tcp_no_flow"), 0, "{mode}");
        let pump = device(&gateway, "name", "pump").unwrap();
        assert_eq!(pump["mode"], mode);
        assert!(
            pump["traffic"]["would_drop"].as_u64() > Some(1000),
            "{pump}"
        );
    }
}

#[test]
fn enforce_stops_the_same_conversation_and_reports_it() {
    let rig = Rig::new();
    let gateway = gateway(&rig, policy::PUMP);
    assert!(connect_is_lost(&rig.device, telnet(&rig).address()));
    gateway.dropped_more_than(0, "no_port");
    let drop = until("the drop", || {
        let mut drops = gateway.list(&["drops"]).into_iter();
        drops.find(|drop| drop["dst_port"] == 23)
    });
    assert_eq!(drop["verdict"], "dropped");
    assert_eq!(drop["reason"], "no_port");
    assert_eq!(drop["device"], "pump");
    assert_eq!(drop["dst"], rig.uplink.v4.to_string());
}

#[test]
fn onboarding_enforce_keeps_an_unknown_device_out() {
    let rig = Rig::new();
    rig.device
        .ip("link set eth0 down\nlink set eth0 address 02:00:00:00:66:66\nlink set eth0 up");
    let gateway = gateway(&rig, policy::PUMP);
    let server = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    assert!(connect_is_lost(&rig.device, server.address()));
    gateway.dropped_more_than(0, "unknown_device");
}

#[test]
fn onboarding_learn_blocks_nothing_and_shows_the_unknown_device() {
    let rig = Rig::new();
    rig.device
        .ip("link set eth0 down\nlink set eth0 address 02:00:00:00:66:66\nlink set eth0 up");
    // Its address is no listed device's, or a guard would say so.
    let policy = policy::pump_onboarding("learn").replace("10.30.1.12", "10.30.1.112");
    let gateway = gateway(&rig, &policy);
    let server = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    exchange(&mut connect(&rig.device, server.address()), 1 << 20);
    assert_eq!(gateway.frames("dropped", "unknown_device"), 0);
    assert!(gateway.frames("would_drop", "unknown_device") > 1000);
    let seen = until("the unknown device", || {
        device(&gateway, "mac", "02:00:00:00:66:66")
    });
    assert_eq!(seen["listed"], false);
    assert_eq!(seen["mode"], "learn");
}
