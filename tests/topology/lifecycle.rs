//! The agent's life and the wire's: what goes on when the agent dies, and what is left when it ends.

use std::path::Path;

use xiot_tests::net::{
    gateway::Gateway,
    rig::{DEVICE_PORT, Rig, UPLINK_PORT},
    traffic::{EchoServer, connect, connect_is_lost, exchange, ping, ping_is_lost},
};

use crate::{AGENT, gateway, policy};

/// Whether an XDP program is attached to both ports, or to none.
#[track_caller]
fn is_attached(rig: &Rig) -> bool {
    let attached = [DEVICE_PORT, UPLINK_PORT].map(|port| {
        let output = rig
            .gateway
            .command("ip")
            .unwrap()
            .args(["-o", "link", "show", "dev", port])
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).contains("xdp")
    });
    assert!(attached[0] == attached[1], "one port only: {attached:?}");
    attached[0]
}

#[track_caller]
fn check_enforced(rig: &Rig) {
    assert!(ping(&rig.uplink, rig.device.v4.into()));
    let telnet = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 23);
    assert!(connect_is_lost(&rig.device, telnet.address()));
}

#[test]
fn the_death_of_the_agent_changes_nothing() {
    let rig = Rig::new();
    let mut gateway = gateway(&rig, policy::PUMP);
    let server = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let mut old = connect(&rig.device, server.address());
    exchange(&mut old, 1000);
    gateway.kill();
    assert!(is_attached(&rig));
    exchange(&mut old, 1 << 20);
    exchange(&mut connect(&rig.device, server.address()), 1 << 20);
    check_enforced(&rig);
}

#[test]
fn the_agent_starts_again_after_its_death_and_enforces() {
    let rig = Rig::new();
    gateway(&rig, policy::PUMP).kill();
    let second = gateway(&rig, policy::PUMP);
    check_enforced(&rig);
    assert!(second.frames("forwarded", "allowed_rule") > 0);
}

#[test]
fn asked_to_end_the_agent_leaves_the_ports_as_they_were() {
    let rig = Rig::new();
    let mut gateway = gateway(&rig, policy::PUMP);
    assert!(is_attached(&rig));
    let status = gateway.terminate();
    assert!(status.success(), "{status}: {}", gateway.log());
    assert!(!is_attached(&rig));
    let pins = rig.scratch.bpf().join("xiot");
    assert!(!Path::new(&pins).exists() || pins.read_dir().unwrap().next().is_none());
    // Fail closed: nothing forwards any more.
    assert!(ping_is_lost(&rig.uplink, rig.device.v4.into()));
    // Fail open: a bridge that was under the ports all the time would.
    rig.bridge();
    assert!(ping(&rig.uplink, rig.device.v4.into()));
}

#[test]
fn told_so_the_agent_leaves_enforcement_in_place() {
    let rig = Rig::new();
    let mut gateway = Gateway::start_with(&rig, AGENT, policy::PUMP, &["--keep-attached"]);
    let status = gateway.terminate();
    assert!(status.success(), "{status}: {}", gateway.log());
    assert!(is_attached(&rig));
    check_enforced(&rig);
    let pins = rig.scratch.bpf().join("xiot");
    let detached = gateway.command(&["detach", "--pins", pins.to_str().unwrap()]);
    assert!(detached.status.success(), "{detached:?}");
    assert!(!is_attached(&rig));
}

#[test]
fn a_policy_with_a_typo_is_refused_and_nothing_is_attached() {
    let rig = Rig::new();
    let policy = policy::PUMP.replace("tcp: 3613", "tpc: 3613");
    let output = Gateway::refused(&rig, Path::new(AGENT), &policy);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("tpc") && said.contains('^'), "{said}");
    assert!(!is_attached(&rig));
}
