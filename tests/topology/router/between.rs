//! Between devices: both policies judge.

use xiot_tests::net::{
    gateway::Gateway,
    rig::Host,
    router::RouterRig,
    traffic::{EchoServer, connect, connect_is_lost, exchange, ping, ping_is_lost},
};

use super::{reach, router};

/// Lets two hosts of a segment find each other by the gateway alone.
fn apart(host: &Host, other: &Host) {
    host.ip(&format!(
        "route add {}/32 via 10.40.1.1\nroute add {}/128 via fd00:40::1",
        other.v4, other.v6
    ));
}

/// What is counted on one side of a segment.
fn frames(gateway: &Gateway<'_>, wire: &str, side: &str, reason: &str) -> u64 {
    let status = gateway.json(&["status"]);
    let rows = status["frames"].as_array().cloned().unwrap_or_default();
    rows.iter()
        .filter(|row| row["wire"] == wire && row["side"] == side && row["reason"] == reason)
        .filter_map(|row| row["frames"].as_u64())
        .sum()
}

#[test]
fn what_both_policies_allow_passes_to_another_segment_and_is_counted_by_both() {
    let rig = RouterRig::new();
    let gateway = router(&rig);
    for address in rig.scanner.addresses() {
        let server = EchoServer::start(&rig.scanner, address, 9000);
        exchange(&mut connect(&rig.pump, server.address()), 1 << 20);
        assert!(ping(&rig.pump, address), "ping {address}");
    }
    // The first SYN found nobody; the one that TCP repeated belonged to the flow that the sender's policy had let it open.
    assert_eq!(frames(&gateway, "ward-7", "device", "allowed_rule"), 4);
    assert_eq!(frames(&gateway, "ward-8", "uplink", "allowed_rule"), 4);
    assert!(frames(&gateway, "ward-8", "device", "allowed_flow") > 700);
    assert!(frames(&gateway, "ward-7", "uplink", "allowed_flow") > 700);
}

#[test]
fn what_the_sender_or_the_receiver_may_not_is_dropped_by_its_reason() {
    let rig = RouterRig::new();
    let gateway = router(&rig);
    reach(&rig.pump, rig.scanner.v4.into());
    reach(&rig.pump, rig.scanner.v6.into());
    for address in rig.scanner.addresses() {
        // The pump may; the scanner lets nobody.
        let server = EchoServer::start(&rig.scanner, address, 9001);
        assert!(connect_is_lost(&rig.pump, server.address()), "{address}");
        // The scanner would let; the pump may not.
        let server = EchoServer::start(&rig.scanner, address, 9002);
        assert!(connect_is_lost(&rig.pump, server.address()), "{address}");
    }
    assert!(frames(&gateway, "ward-8", "uplink", "no_port") >= 2);
    assert!(frames(&gateway, "ward-7", "device", "no_port") >= 2);
    for address in rig.pump.addresses() {
        assert!(ping_is_lost(&rig.scanner, address), "ping {address}");
    }
    assert!(frames(&gateway, "ward-8", "device", "wrong_direction") >= 2);
}

#[test]
fn two_devices_of_one_segment_that_speak_by_the_gateway_are_judged_by_both_policies() {
    let rig = RouterRig::new();
    let gateway = router(&rig);
    apart(&rig.pump, &rig.monitor);
    apart(&rig.monitor, &rig.pump);
    for address in rig.monitor.addresses() {
        let server = EchoServer::start(&rig.monitor, address, 9000);
        exchange(&mut connect(&rig.pump, server.address()), 1 << 20);
        let server = EchoServer::start(&rig.monitor, address, 9001);
        assert!(connect_is_lost(&rig.pump, server.address()), "{address}");
    }
    assert!(frames(&gateway, "ward-7", "device", "allowed_flow") > 700);
    assert!(frames(&gateway, "ward-7", "uplink", "allowed_flow") > 700);
    assert!(frames(&gateway, "ward-7", "uplink", "no_port") >= 2);
    let flows = gateway.list(&["flows", "--device", "monitor"]);
    assert!(!flows.is_empty());
}
