//! Guards of a running gateway: what they report, what they stop, and how they change.

use std::{fs, time::Duration};

use std::io::{Read as _, Write as _};

use xiot_tests::net::{
    rig::{Rig, UPLINK_PORT},
    traffic::{EchoServer, connect, connect_is_lost, exchange, ping, ping_is_lost},
};

use crate::agent::{Agent, ended, gateway};

/// The rig's device is not listed, and has the address of one that is.
const POLICY: &str = r#"onboarding: learn
peer_sets:
  server: [10.30.1.1]
profiles:
  pump:
    allow:
      - {to: server, tcp: 3613}
devices:
  - {name: pump-1, mac: "02:00:00:00:30:aa", ip: 10.30.1.12, profile: pump, mode: enforce}
"#;

fn guarded(rig: &Rig, guards: &str) -> String {
    let port = format!("uplink: {UPLINK_PORT}");
    gateway(rig, "grace: 0s\n").replace(&port, &format!("{port}, guards: {guards}"))
}

fn reload(rig: &Rig, agent: &Agent<'_>, guards: &str) {
    fs::write(rig.file("gateway.yaml"), guarded(rig, guards)).unwrap();
    let said = agent.json(&["reload"]);
    assert_eq!(said["applied"], true, "{said}");
}

fn drops(agent: &Agent<'_>, reason: &str) -> String {
    agent.say(&["drops", "--reason", reason, "--json"])
}

#[test]
fn who_uses_the_address_of_another_is_watched_then_stopped_then_left_alone() {
    let rig = Rig::new();
    let agent = Agent::start(&rig, &guarded(&rig, "monitor"), POLICY);
    let server = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let mut session = connect(&rig.device, server.address());
    exchange(&mut session, 1_000);
    let watched = drops(&agent, "source_address_stolen");
    assert!(watched.contains("would"), "{watched}");
    assert!(!drops(&agent, "arp_spoofed").is_empty());
    let flows = agent.json(&["flows", "--port", "3613"]);
    assert_eq!(flows[0]["reason"], "source_address_stolen", "{flows}");

    reload(&rig, &agent, "{all: monitor, source: enforce}");
    session
        .set_read_timeout(Some(Duration::from_millis(400)))
        .unwrap();
    session.write_all(b"anybody there?").unwrap();
    assert!(session.read_exact(&mut [0]).is_err());
    assert!(connect_is_lost(&rig.device, server.address()));
    assert!(ping_is_lost(&rig.device, rig.uplink.v4.into()));
    assert!(!drops(&agent, "revoked").is_empty());

    reload(&rig, &agent, "off");
    assert!(ping(&rig.device, rig.uplink.v4.into()));
    exchange(&mut connect(&rig.device, server.address()), 1_000);
    let flows = agent.json(&["flows", "--port", "3613"]);
    assert_eq!(flows[0]["reason"], "unknown_device", "{flows}");
    agent.stop();
}

#[test]
fn the_first_guard_takes_a_restart() {
    let rig = Rig::new();
    let agent = Agent::start(&rig, &guarded(&rig, "off"), POLICY);
    assert!(ping(&rig.device, rig.uplink.v4.into()));
    fs::write(rig.file("gateway.yaml"), guarded(&rig, "{bpdu: enforce}")).unwrap();
    let (exit, said) = ended(&agent.client(&["reload"]).output().unwrap());
    assert_eq!(exit, 1, "{said}");
    assert!(said.contains("has no program for them"), "{said}");
    agent.stop();
}
