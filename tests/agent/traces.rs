//! Everything that an agent could leave behind, for comparisons of before and after.

use std::{fs, net::UdpSocket, path::Path, time::Duration};

use rustix::process::Signal;
use serde_json::Value;
use xiot_tests::{
    net::rig::{DEVICE_PORT, Rig, UPLINK_PORT},
    until::{patience, until},
};

use crate::{
    POLICY,
    agent::{Agent, gateway},
};

/// What of the gateway an agent changes.
#[derive(Debug, PartialEq)]
pub(crate) struct Traces {
    /// XDP program and promiscuity of both ports.
    ports: Vec<(Option<Value>, Value)>,
    /// Offloads of both ports, as ethtool shows them.
    offloads: Vec<String>,
    /// Files below the pin file system and the run directory.
    files: Vec<String>,
}

impl Traces {
    /// The gateway as it is.
    pub(crate) fn of(rig: &Rig) -> Self {
        let run = |program: &str, args: &[&str]| {
            let output = rig
                .gateway
                .command(program)
                .unwrap()
                .args(args)
                .output()
                .unwrap();
            assert!(output.status.success(), "{program} {args:?}: {output:?}");
            String::from_utf8(output.stdout).unwrap()
        };
        let ports = [DEVICE_PORT, UPLINK_PORT];
        let links = ports.map(|port| {
            let shown = run("ip", &["-j", "-d", "link", "show", "dev", port]);
            let links: Value = serde_json::from_str(&shown).unwrap();
            let link = &links[0];
            (link.get("xdp").cloned(), link["promiscuity"].clone())
        });
        let mut files = Vec::new();
        list(&rig.scratch.bpf(), &mut files);
        if rig.file("control.sock").exists() {
            files.push("control.sock".to_owned());
        }
        Self {
            ports: links.to_vec(),
            offloads: ports.map(|port| run("ethtool", &["-k", port])).to_vec(),
            files,
        }
    }
}

fn list(directory: &Path, files: &mut Vec<String>) {
    let mut entries: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        files.push(path.display().to_string());
        if path.is_dir() {
            list(&path, files);
        }
    }
}

#[test]
fn an_agent_that_is_asked_to_end_leaves_nothing() {
    let rig = Rig::new();
    let before = Traces::of(&rig);
    for signal in [Signal::TERM, Signal::INT] {
        let mut agent = Agent::start(&rig, &gateway(&rig, ""), POLICY);
        assert_ne!(Traces::of(&rig), before);
        agent.running().signal(signal).unwrap();
        let status = agent.running().wait(patience()).unwrap().unwrap();
        assert_eq!(status.code(), Some(0), "{signal:?}: {}", agent.log());
        assert_eq!(Traces::of(&rig), before, "{signal:?}");
    }
}

#[test]
fn after_a_kill_the_next_run_takes_over_and_cleans_up_in_the_end() {
    let rig = Rig::new();
    let before = Traces::of(&rig);
    let mut first = Agent::start(&rig, &gateway(&rig, ""), POLICY);
    first.running().child().kill().unwrap();
    first.running().child().wait().unwrap();
    let killed = Traces::of(&rig);
    assert!(
        killed.ports.iter().all(|(xdp, _)| xdp.is_some()),
        "{killed:?}"
    );
    drop(first);
    let second = Agent::start(&rig, &gateway(&rig, ""), POLICY);
    until("the new agent to answer", || {
        second.say(&["status"]).contains("ward-3").then_some(())
    });
    second.stop();
    assert_eq!(Traces::of(&rig), before);
}

/// The rig's device may send to UDP 514 of the uplink, and is forgotten after three seconds of silence.
const SENDER: &str = r#"onboarding: enforce
profiles:
  pump:
    timeouts: {udp-unreplied: 3s}
    allow:
      - {to: 10.30.1.1, udp: 514}
devices:
  - {name: pump-1, mac: "02:00:00:00:30:0c", ip: 10.30.1.12, profile: pump, mode: enforce}
"#;

#[test]
fn without_an_agent_what_is_over_makes_room() {
    let rig = Rig::new();
    let few = gateway(&rig, "capacity: {flows: 16}\n");
    let mut agent = Agent::start(&rig, &few, SENDER);
    agent.running().child().kill().unwrap();
    agent.running().child().wait().unwrap();
    let server = rig.uplink.namespace.run(|| {
        let socket = UdpSocket::bind((rig.uplink.v4, 514)).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(50)))
            .unwrap();
        socket
    });
    let server = server.unwrap();
    // Each from a port of its own: a conversation of its own.
    let arrives = |number: u32| {
        let sent = rig.device.namespace.run(|| {
            let socket = UdpSocket::bind((rig.device.v4, 0)).unwrap();
            socket.send_to(&number.to_be_bytes(), (rig.uplink.v4, 514))
        });
        sent.unwrap().unwrap();
        let mut bytes = [0; 4];
        server
            .recv(&mut bytes)
            .is_ok_and(|_| bytes == number.to_be_bytes())
    };
    let mut numbers = 0..;
    let refused = numbers.by_ref().take(1000).find(|number| !arrives(*number));
    assert!(refused.is_some_and(|number| number >= 16), "{refused:?}");
    until("room for a new conversation", || {
        let number = numbers.next()?;
        arrives(number).then_some(())
    });
    drop(agent);
    Agent::start(&rig, &few, SENDER).stop();
}
