//! Real conversations with real stacks: who may open them, and that they work once opened.

use std::net::IpAddr;

use xiot_tests::net::{
    rig::{Host, Rig},
    traffic::{EchoServer, connect, connect_is_lost, exchange, ping, ping_is_lost, udp},
};

use crate::{gateway, policy};

fn both_families(host: &Host) -> [IpAddr; 2] {
    host.addresses()
}

#[test]
fn the_device_opens_tcp_to_its_server_and_megabytes_pass_both_ways() {
    let rig = Rig::new();
    let gateway = gateway(&rig, policy::PUMP);
    for address in both_families(&rig.uplink) {
        let server = EchoServer::start(&rig.uplink, address, 3613);
        exchange(&mut connect(&rig.device, server.address()), 8 << 20);
    }
    // One rule lookup opens each conversation; the rest is one flow lookup a frame.
    assert_eq!(gateway.frames("forwarded", "allowed_rule"), 2);
    assert!(gateway.frames("forwarded", "allowed_flow") > 2 * (8 << 20) / 1448);
}

#[test]
fn the_device_opens_nothing_else() {
    let rig = Rig::new();
    let gateway = gateway(&rig, policy::PUMP);
    for address in both_families(&rig.uplink) {
        for port in [445, 8000] {
            let server = EchoServer::start(&rig.uplink, address, port);
            assert!(
                connect_is_lost(&rig.device, server.address()),
                "{address} {port}"
            );
        }
        assert!(ping_is_lost(&rig.device, address), "ping {address}");
    }
    assert!(gateway.frames("dropped", "no_port") >= 2);
    assert!(gateway.frames("dropped", "wrong_direction") >= 4);
}

#[test]
fn the_server_opens_what_the_policy_lets_it_open_and_nothing_else() {
    let rig = Rig::new();
    let gateway = gateway(&rig, policy::PUMP);
    for address in both_families(&rig.device) {
        for port in [8000, 8009] {
            let server = EchoServer::start(&rig.device, address, port);
            exchange(&mut connect(&rig.uplink, server.address()), 1 << 20);
        }
        assert!(ping(&rig.uplink, address), "ping {address}");
        for port in [22, 3613, 8010] {
            let server = EchoServer::start(&rig.device, address, port);
            assert!(
                connect_is_lost(&rig.uplink, server.address()),
                "{address} {port}"
            );
        }
    }
    assert!(gateway.frames("dropped", "no_port") >= 4);
    assert!(gateway.frames("dropped", "wrong_direction") >= 2);
}

#[test]
fn udp_goes_out_and_its_replies_come_back() {
    let rig = Rig::new();
    let gateway = gateway(&rig, policy::PUMP);
    for (here, there) in both_families(&rig.device)
        .into_iter()
        .zip(both_families(&rig.uplink))
    {
        let server = udp(&rig.uplink, there, 3613);
        let client = udp(&rig.device, here, 0);
        client.send_to(b"alarm", (there, 3613)).unwrap();
        let mut buffer = [0; 64];
        let (length, from) = server.recv_from(&mut buffer).unwrap();
        assert_eq!(buffer.get(..length), Some(b"alarm".as_slice()));
        server.send_to(b"acknowledged", from).unwrap();
        let (length, _) = client.recv_from(&mut buffer).unwrap();
        assert_eq!(buffer.get(..length), Some(b"acknowledged".as_slice()));
    }
    assert_eq!(gateway.frames("forwarded", "allowed_rule"), 2);
    assert_eq!(gateway.frames("forwarded", "allowed_flow"), 2);
}

#[test]
fn a_conversation_shows_as_a_flow_with_its_initiator_and_rule() {
    let rig = Rig::new();
    let gateway = gateway(&rig, policy::PUMP);
    let server = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let mut stream = connect(&rig.device, server.address());
    exchange(&mut stream, 1000);
    let flows = gateway.list(&["flows", "--device", "pump"]);
    let flow = flows
        .iter()
        .find(|flow| flow["protocol"] == "tcp")
        .unwrap_or_else(|| panic!("no TCP flow in {flows:?}"));
    assert_eq!(flow["initiator"], "device");
    assert_eq!(flow["state"], "established");
    assert_eq!(flow["peer_port"], 3613);
    assert_eq!(flow["rule"]["label"], "to pump-server tcp 3613 udp 3613");
}
