//! Groups with real stacks: who may speak to everybody behind the wire.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

use xiot_tests::{
    net::{
        rig::{Host, Rig},
        traffic::udp,
    },
    until::until,
};

use crate::{gateway, policy::PUMP};

const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 23, 63);
const SUBNET: Ipv4Addr = Ipv4Addr::new(10, 30, 1, 255);
const PORT: u16 = 24105;

fn announced() -> String {
    PUMP.replace(
        "devices:\n",
        r"  discovery:
    allow:
      - {from: 10.30.1.1, udp: 24105}
devices:
  - {name: discovery, multicast: 224.0.23.63, profile: discovery, mode: enforce}
  - {name: everybody, multicast: broadcast, ip: 10.30.1.255, profile: discovery, mode: enforce}
",
    )
}

/// A member of the group, who hears broadcasts too.
fn member(host: &Host) -> UdpSocket {
    let socket = udp(host, Ipv4Addr::UNSPECIFIED.into(), PORT);
    socket.join_multicast_v4(&GROUP, &host.v4).unwrap();
    socket
}

fn speaker(host: &Host) -> UdpSocket {
    let socket = udp(host, host.v4.into(), 5000);
    socket.set_broadcast(true).unwrap();
    socket
}

fn hears(member: &UdpSocket) -> Option<Vec<u8>> {
    let mut room = [0; 64];
    let (length, _) = member.recv_from(&mut room).ok()?;
    Some(room[..length].to_vec())
}

#[test]
fn the_devices_hear_whom_the_policy_lets_speak_to_their_group() {
    let rig = Rig::new();
    let gateway = gateway(&rig, &announced());
    let member = member(&rig.device);
    let speaker = speaker(&rig.uplink);
    for to in [GROUP, SUBNET] {
        let say = |port: u16, words: &[u8]| {
            let to = SocketAddr::from((to, port));
            speaker.send_to(words, to).unwrap();
        };
        say(PORT + 1, b"about something else");
        for words in [b"first", b"again"] {
            say(PORT, words);
            assert_eq!(hears(&member).as_deref(), Some(&words[..]), "{to}");
        }
    }
    assert_eq!(gateway.frames("forwarded", "allowed_rule"), 2);
    assert_eq!(gateway.frames("forwarded", "allowed_flow"), 2);
    assert_eq!(gateway.frames("dropped", "no_port"), 2);
    let devices = gateway.list(&["devices"]);
    let names: Vec<_> = devices
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    assert!(names.contains(&"discovery"), "{names:?}");
}

#[test]
fn without_a_group_nobody_is_heard() {
    let rig = Rig::new();
    let gateway = gateway(&rig, PUMP);
    let member = member(&rig.device);
    let speaker = speaker(&rig.uplink);
    for to in [GROUP, SUBNET] {
        speaker.send_to(b"hello", (to, PORT)).unwrap();
    }
    until("both are counted", || {
        (gateway.frames("dropped", "group_denied") >= 2).then_some(())
    });
    member.set_nonblocking(true).unwrap();
    assert_eq!(hears(&member), None);
}
