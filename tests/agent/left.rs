//! What is attached, told without an agent; and an agent that takes over or does nothing.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use xiot_tests::net::{
    rig::Rig,
    traffic::{EchoServer, connect, exchange},
};

use crate::{
    AGENT, POLICY,
    agent::{Agent, KEEP, ended, gateway, run, write},
};

/// What `status --gateway` prints.
fn left(rig: &Rig, json: bool) -> String {
    let mut command = rig.gateway.command(AGENT).unwrap();
    command
        .args(["status", "--gateway"])
        .arg(rig.file("gateway.yaml"));
    if json {
        command.arg("--json");
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn left_json(rig: &Rig) -> Value {
    serde_json::from_str(&left(rig, true)).unwrap()
}

#[test]
fn what_is_attached_is_told_with_and_without_an_agent() {
    let rig = Rig::new();
    let files = gateway(&rig, "");
    write(&rig, &files, POLICY);
    assert!(left(&rig, false).starts_with("nothing is attached by "));
    assert_eq!(left_json(&rig), Value::Null);

    let mut agent = Agent::start(&rig, &files, POLICY);
    let status = agent.json(&["status"]);
    let pid = agent.running().child().id();
    let told = left_json(&rig);
    assert_eq!(told["agent_is_running"], true);
    assert_eq!(told["pid"], pid);
    for (key, as_told) in [("digest", "digest"), ("revision", "revision")] {
        assert_eq!(status["policy"][key], told[as_told], "{told}");
    }
    assert_eq!(told["interfaces"].as_array().unwrap().len(), 2);
    // Looking at it is in nobody's way.
    exchange_through(&rig);
    agent.running().signal(Signal::KILL).unwrap();
    agent.running().wait(Duration::from_secs(10)).unwrap();
    drop(agent);

    let told = left_json(&rig);
    assert_eq!(told["agent_is_running"], false);
    assert_eq!(told["agent"], env!("CARGO_PKG_VERSION"));
    assert_eq!(told["understood"], true);
    assert_eq!(told["digest"], status["policy"]["digest"]);
    let text = left(&rig, false);
    for words in [
        "agent: none",
        "revision 1",
        "dev0, up0",
        "goes on with its conversations",
    ] {
        assert!(text.contains(words), "{text}");
    }
    Agent::start(&rig, &files, POLICY).stop();
    assert_eq!(left_json(&rig), Value::Null);
}

fn exchange_through(rig: &Rig) {
    let server = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    exchange(&mut connect(&rig.device, server.address()), 1_000);
}

#[test]
fn who_is_to_adopt_does_so_or_nothing() {
    let rig = Rig::new();
    let files = gateway(&rig, "grace: 0s\n");
    let adopt = |files: &str| {
        write(&rig, files, POLICY);
        ended(&run(&rig, &[]).arg("--adopt").output().unwrap())
    };
    let (code, error) = adopt(&files);
    assert_eq!(code, 4, "{error}");
    assert!(error.contains("there was no program"), "{error}");
    assert_eq!(left_json(&rig), Value::Null);

    Agent::start_with(&rig, &files, POLICY, &KEEP).stop();
    let server = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let mut session = connect(&rig.device, server.address());
    exchange(&mut session, 1_000);
    let before = left_json(&rig);
    let (code, error) = adopt(&files.replace("name: ward-3", "name: ward-4"));
    assert_eq!(code, 4, "{error}");
    assert!(error.contains("`wires` changed"), "{error}");
    assert_eq!(left_json(&rig), before);
    exchange(&mut session, 1_000);

    let agent = Agent::start_with(&rig, &files, POLICY, &["--keep-attached", "--adopt"]);
    exchange(&mut session, 1_000);
    agent.stop();
}
