//! Between devices and what is behind the router uplink.

use aya::maps::{Map, MapData, ProgramArray};
use xiot_tests::net::{
    capture::{Capture, arrived},
    gateway::{Gateway, Place as _},
    router::{ROUTER_PORT, RouterRig},
    traffic::{EchoServer, connect, connect_is_lost, exchange, ping, ping_is_lost, udp},
};

use super::{POLICY, reach, router};
use crate::AGENT;

#[test]
fn without_the_agent_the_kernel_routes_everything() {
    let rig = RouterRig::new();
    for (from, to) in [
        (&rig.pump, &rig.server),
        (&rig.server, &rig.scanner),
        (&rig.scanner, &rig.monitor),
    ] {
        for address in to.addresses() {
            assert!(ping(from, address), "ping {address}");
        }
    }
}

#[test]
fn what_the_policy_allows_passes_both_ways() {
    let rig = RouterRig::new();
    let gateway = router(&rig);
    for (here, there) in rig.pump.addresses().into_iter().zip(rig.server.addresses()) {
        let server = EchoServer::start(&rig.server, there, 3613);
        exchange(&mut connect(&rig.pump, server.address()), 4 << 20);
        let server = EchoServer::start(&rig.pump, here, 8000);
        exchange(&mut connect(&rig.server, server.address()), 1 << 20);
        assert!(ping(&rig.pump, there), "ping {there}");
        assert!(ping(&rig.server, here), "ping {here}");
        let server = udp(&rig.server, there, 3613);
        let client = udp(&rig.pump, here, 0);
        client.send_to(b"alarm", (there, 3613)).unwrap();
        let mut buffer = [0; 64];
        let (length, from) = server.recv_from(&mut buffer).unwrap();
        assert_eq!(buffer.get(..length), Some(b"alarm".as_slice()));
        server.send_to(b"acknowledged", from).unwrap();
        assert_eq!(client.recv_from(&mut buffer).unwrap().0, 12);
    }
    assert_eq!(gateway.frames("dropped", "tcp_no_flow"), 0);
    assert!(gateway.frames("forwarded", "allowed_flow") > 2 * (5 << 20) / 1448);
}

#[test]
fn frames_leave_with_the_routers_mac_and_one_hop_less() {
    let rig = RouterRig::new();
    let _gateway = router(&rig);
    // Both know each other's router by now, and the router them.
    assert!(ping(&rig.pump, rig.server.v4.into()));
    assert!(ping(&rig.pump, rig.server.v6.into()));
    let [at_server, at_pump] = [&rig.server, &rig.pump].map(Capture::start);
    for there in rig.server.addresses() {
        assert!(ping(&rig.pump, there));
    }
    for (capture, host, port) in [(at_server, &rig.server, 2), (at_pump, &rig.pump, 0)] {
        let frames = capture.so_far();
        let v4 = |frame: &[u8]| frame.get(12..14) == Some(&[8, 0]) && frame.get(23) == Some(&1);
        let frames_v4 = arrived(&frames, v4);
        assert_eq!(frames_v4.len(), 1, "{}", host.v4);
        let v6 = |frame: &[u8]| {
            frame.get(12..14) == Some(&[0x86, 0xdd]) && matches!(frame.get(54), Some(128 | 129))
        };
        let frames_v6 = arrived(&frames, v6);
        assert_eq!(frames_v6.len(), 1, "{}", host.v6);
        for (frame, hop_limit) in [(frames_v4[0], 22), (frames_v6[0], 21)] {
            assert_eq!(frame[..6], host.mac);
            assert_eq!(frame[6..12], rig.ports[port]);
            assert_eq!(frame[hop_limit], 63);
        }
    }
}

#[test]
fn what_the_policy_does_not_allow_is_dropped() {
    let rig = RouterRig::new();
    let gateway = router(&rig);
    for (here, there) in rig.pump.addresses().into_iter().zip(rig.server.addresses()) {
        let server = EchoServer::start(&rig.server, there, 445);
        assert!(connect_is_lost(&rig.pump, server.address()), "{there}");
        let server = EchoServer::start(&rig.pump, here, 22);
        assert!(ping(&rig.server, here));
        assert!(connect_is_lost(&rig.server, server.address()), "{here}");
    }
    for address in rig.scanner.addresses() {
        reach(&rig.pump, address);
        assert!(ping_is_lost(&rig.server, address), "ping {address}");
    }
    for address in rig.server.addresses() {
        assert!(ping_is_lost(&rig.scanner, address), "ping {address}");
    }
    assert!(gateway.frames("dropped", "no_port") >= 4);
    assert!(gateway.frames("dropped", "no_peer") >= 4);
}

#[test]
fn the_gateway_itself_is_reached_from_a_segment_only_as_the_policy_says() {
    let rig = RouterRig::new();
    let gateway = router(&rig);
    let own = "10.40.1.1".parse().unwrap();
    assert!(ping(&rig.pump, own));
    assert!(ping_is_lost(&rig.monitor, own));
    assert!(ping_is_lost(&rig.pump, "10.60.1.1".parse().unwrap()));
    assert!(gateway.frames("dropped", "no_peer") >= 2);
    // From the uplink the gateway's own firewall is what there is.
    assert!(ping(&rig.server, "10.60.1.1".parse().unwrap()));
    assert!(gateway.frames("forwarded", "to_gateway") > 0);
}

#[test]
fn a_conversation_outlives_the_agent() {
    let rig = RouterRig::new();
    let mut gateway = Gateway::start_with(&rig, AGENT, POLICY, &["--keep-attached"]);
    let server = EchoServer::start(&rig.server, rig.server.v4.into(), 3613);
    let mut stream = connect(&rig.pump, server.address());
    exchange(&mut stream, 1 << 20);
    gateway.kill();
    exchange(&mut stream, 1 << 20);
    let denied = EchoServer::start(&rig.server, rig.server.v4.into(), 445);
    assert!(connect_is_lost(&rig.pump, denied.address()));
    exchange(&mut connect(&rig.pump, server.address()), 1 << 20);
    // The next agent takes over without a gap.
    let _next = router(&rig);
    exchange(&mut stream, 1 << 20);
}

#[test]
fn another_mac_of_a_port_is_followed() {
    let rig = RouterRig::new();
    let gateway = router(&rig);
    assert!(ping(&rig.pump, rig.server.v4.into()));
    rig.gateway
        .ip("link set seg0 address 02:00:00:00:28:99")
        .unwrap();
    rig.pump.ip("neighbour flush dev eth0");
    reach(&rig.pump, rig.server.v4.into());
    assert!(
        gateway.log().contains("has another MAC"),
        "{}",
        gateway.log()
    );
    rig.gateway
        .ip(&format!("link set {ROUTER_PORT} address 02:00:00:00:3c:99"))
        .unwrap();
    rig.server.ip("neighbour flush dev eth0");
    reach(&rig.server, rig.pump.v4.into());
}

#[test]
fn without_the_second_program_nothing_reaches_a_segment() {
    let rig = RouterRig::new();
    let gateway = router(&rig);
    reach(&rig.pump, rig.server.v4.into());
    let pin = rig.scratch().bpf().join("xiot/STAGES");
    let map = Map::from_map_data(MapData::from_pin(pin).unwrap()).unwrap();
    ProgramArray::try_from(map)
        .unwrap()
        .clear_index(&xiot_common::stage::HOP)
        .unwrap();
    assert!(ping_is_lost(&rig.pump, rig.server.v4.into()));
    assert!(ping_is_lost(&rig.server, rig.pump.v4.into()));
    assert!(gateway.frames("dropped", "no_egress") >= 2);
}
