//! What a wire does when something is killed, removed or corrupted: nothing passes that is not judged, or everything does, as its fail mode
//! says.

use std::{fs, time::Duration};

use aya::maps::{Array, Map, MapData};
use rustix::process::Signal;
use xiot_common::{map, slot::Active};
use xiot_tests::{
    net::{
        rig::{DEVICE_PORT, Rig, UPLINK_PORT},
        traffic::{EchoServer, connect, connect_is_lost, exchange, ping, ping_is_lost},
    },
    until::until,
};

use crate::{
    POLICY,
    agent::{Agent, COLD, KEEP, ended, gateway, refused},
    metrics::page,
};

fn fails(rig: &Rig, mode: &str) -> String {
    gateway(rig, COLD).replace("uplink: ", &format!("fail: {mode}, uplink: "))
}

/// What the policy allows passes, and nothing else.
#[track_caller]
fn is_enforced(rig: &Rig) {
    assert!(ping(&rig.device, rig.uplink.v4.into()));
    assert!(ping_is_lost(&rig.uplink, rig.device.v4.into()));
}

/// Everything passes. The first frame may come before the bridge has it.
#[track_caller]
fn is_open(rig: &Rig) {
    until("what nobody judges", || {
        (!ping_is_lost(&rig.uplink, rig.device.v4.into())).then_some(())
    });
}

/// Takes the program off both ports, as nobody but root can.
fn remove_links(rig: &Rig) {
    for entry in fs::read_dir(rig.scratch.bpf().join("xiot")).unwrap() {
        let path = entry.unwrap().path();
        if path
            .file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with("link-")
        {
            fs::remove_file(path).unwrap();
        }
    }
    // The kernel lets go of a link after its last name is gone, by a worker of its own.
    until("ports without a program", || {
        [DEVICE_PORT, UPLINK_PORT]
            .iter()
            .all(|port| !runs_a_program(rig, port))
            .then_some(())
    });
}

fn runs_a_program(rig: &Rig, port: &str) -> bool {
    let mut command = rig.gateway.command("ip").unwrap();
    let output = command.args(["link", "show", "dev", port]).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).contains("xdp")
}

/// The bridge that a port is in.
fn master(rig: &Rig, port: &str) -> String {
    let mut ip = rig.gateway.command("ip").unwrap();
    let output = ip.args(["-json", "link", "show", "dev", port]).output();
    let links: serde_json::Value = serde_json::from_slice(&output.unwrap().stdout).unwrap();
    links[0]["master"].as_str().unwrap().to_owned()
}

fn kill(mut agent: Agent<'_>) {
    agent.running().signal(Signal::KILL).unwrap();
    agent.running().wait(Duration::from_secs(10)).unwrap();
}

fn wire(agent: &Agent<'_>) -> serde_json::Value {
    agent.json(&["status"])["wires"][0].clone()
}

#[test]
fn a_wire_that_fails_closed_carries_nothing_without_its_program() {
    let rig = Rig::new();
    let files = fails(&rig, "closed");
    let agent = Agent::start_with(&rig, &files, POLICY, &KEEP);
    assert_eq!(
        (&wire(&agent)["fail"], &wire(&agent)["fail_trouble"]),
        (&"closed".into(), &serde_json::Value::Null)
    );
    is_enforced(&rig);
    kill(agent);
    is_enforced(&rig);
    remove_links(&rig);
    assert!(ping_is_lost(&rig.device, rig.uplink.v4.into()));
    assert!(ping_is_lost(&rig.uplink, rig.device.v4.into()));
    let agent = Agent::start(&rig, &files, POLICY);
    is_enforced(&rig);
    agent.stop();
    assert!(ping_is_lost(&rig.device, rig.uplink.v4.into()));
}

#[test]
fn a_wire_that_fails_open_carries_everything_without_its_program_and_what_is_allowed_with_it() {
    let rig = Rig::new();
    let files = fails(&rig, "open");
    let server = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let agent = Agent::start_with(&rig, &files, POLICY, &KEEP);
    assert_eq!(
        (&wire(&agent)["fail"], &wire(&agent)["fail_trouble"]),
        (&"open".into(), &serde_json::Value::Null)
    );
    is_enforced(&rig);
    let mut session = connect(&rig.device, server.address());
    exchange(&mut session, 10_000);
    kill(agent);
    is_enforced(&rig);
    remove_links(&rig);
    // Unfiltered, and what went on goes on.
    is_open(&rig);
    exchange(&mut session, 10_000);
    let agent = Agent::start_with(&rig, &files, POLICY, &KEEP);
    is_enforced(&rig);
    agent.stop();
    let agent = Agent::start(&rig, &files, POLICY);
    is_enforced(&rig);
    // The bridge stays: without an agent, the ward is as open as it was to be.
    agent.stop();
    is_open(&rig);
    let agent = Agent::start(&rig, &fails(&rig, "closed"), POLICY);
    is_enforced(&rig);
    agent.stop();
    assert!(ping_is_lost(&rig.device, rig.uplink.v4.into()));
}

#[test]
fn a_program_without_a_policy_lets_nothing_pass_whatever_the_fail_mode() {
    for mode in ["open", "closed"] {
        let rig = Rig::new();
        let agent = Agent::start_with(&rig, &fails(&rig, mode), POLICY, &KEEP);
        is_enforced(&rig);
        kill(agent);
        // The index of the slot in force points beyond all slots.
        let pin = rig.scratch.bpf().join("xiot").join(map::ACTIVE);
        let data = MapData::from_pin(pin).unwrap();
        let mut active = Array::<_, Active>::try_from(Map::Array(data)).unwrap();
        let mut broken = active.get(&0, 0).unwrap();
        broken.slot = u32::MAX;
        active.set(0, broken, 0).unwrap();
        assert!(ping_is_lost(&rig.device, rig.uplink.v4.into()), "{mode}");
        assert!(ping_is_lost(&rig.uplink, rig.device.v4.into()), "{mode}");
        // A new agent begins anew, and enforces.
        let agent = Agent::start(&rig, &fails(&rig, mode), POLICY);
        is_enforced(&rig);
        agent.stop();
    }
}

#[test]
fn after_a_reboot_the_fail_mode_is_set_up_again() {
    let rig = Rig::new();
    let files = fails(&rig, "open");
    Agent::start(&rig, &files, POLICY).stop();
    // Nothing of it is left, as in a namespace that was made anew.
    rig.gateway
        .ip(&format!("link set dev {DEVICE_PORT} nomaster"))
        .unwrap();
    rig.gateway
        .ip(&format!("link set dev {UPLINK_PORT} nomaster"))
        .unwrap();
    assert!(ping_is_lost(&rig.device, rig.uplink.v4.into()));
    let agent = Agent::start_with(&rig, &files, POLICY, &KEEP);
    is_enforced(&rig);
    kill(agent);
    remove_links(&rig);
    is_open(&rig);
}

#[test]
fn a_fail_mode_that_no_longer_holds_is_told() {
    let rig = Rig::new();
    let agent = Agent::start(&rig, &fails(&rig, "open"), POLICY);
    let held = |held| {
        let page = page(&rig, "127.0.0.1:9469");
        let line = format!("xiot_fail_mode_held{{wire=\"ward-3\",fail=\"open\"}} {held}");
        assert!(page.lines().any(|found| found == line), "{page}");
    };
    held(1);
    rig.gateway
        .ip(&format!("link set dev {UPLINK_PORT} nomaster"))
        .unwrap();
    until("the trouble", || {
        wire(&agent)["fail_trouble"].is_string().then_some(())
    });
    held(0);
    let screen = agent.say(&["status"]);
    assert!(screen.contains("no bridge has both ports"), "{screen}");
    let log = agent.log();
    assert_eq!(log.matches("no bridge has both ports").count(), 1, "{log}");
    is_enforced(&rig);

    let bridge = master(&rig, DEVICE_PORT);
    rig.gateway
        .ip(&format!("link set dev {UPLINK_PORT} master {bridge}"))
        .unwrap();
    until("the end of the trouble", || {
        wire(&agent)["fail_trouble"].is_null().then_some(())
    });
    held(1);
    let log = agent.log();
    assert!(log.contains("holds its fail mode again"), "{log}");
    assert_eq!(log.matches("no bridge has both ports").count(), 1, "{log}");
    is_enforced(&rig);
    agent.stop();
}

#[test]
fn a_bridge_that_somebody_made_must_be_meant() {
    let rig = Rig::new();
    rig.bridge();
    let (exit, said) = refused(&rig, &gateway(&rig, ""), POLICY);
    assert_eq!((exit, said.contains("fail: open")), (4, true), "{said}");
    let agent = Agent::start(&rig, &fails(&rig, "open"), POLICY);
    is_enforced(&rig);
    // It takes a restart to mean something else.
    fs::write(rig.file("gateway.yaml"), fails(&rig, "closed")).unwrap();
    let (exit, said) = ended(&agent.client(&["reload"]).output().unwrap());
    assert_eq!(
        (exit, said.contains("`wires` changed")),
        (1, true),
        "{said}"
    );
    assert!(connect_is_lost(&rig.device, (rig.uplink.v4, 22).into()));
    agent.stop();
}
