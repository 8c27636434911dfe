//! Everything that an agent could leave behind, for comparisons of before and after.

use std::{fs, net::UdpSocket, path::Path, time::Duration};

use rustix::process::Signal;
use serde_json::Value;
use xiot_tests::{
    net::rig::{DEVICE_PORT, Host, Rig, UPLINK_PORT},
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

/// The rig's device may speak to UDP 514 of the uplink, and is forgotten after five seconds of silence.
const SENDER: &str = r#"onboarding: enforce
profiles:
  pump:
    timeouts: {udp-replied: 5s}
    allow:
      - {to: 10.30.1.1, udp: 514}
devices:
  - {name: pump-1, mac: "02:00:00:00:30:0c", ip: 10.30.1.12, profile: pump, mode: enforce}
"#;

/// Conversations that there is room for.
const ROOM: u32 = 16;

#[test]
fn without_an_agent_what_is_over_makes_room() {
    let rig = Rig::new();
    let few = gateway(&rig, &format!("capacity: {{flows: {ROOM}}}\n"));
    let mut agent = Agent::start(&rig, &few, SENDER);
    agent.running().child().kill().unwrap();
    agent.running().child().wait().unwrap();
    let server = socket(&rig.uplink, 514, patience());
    // Each from a port of its own: a conversation of its own. The answer makes it one that takes room.
    let is_answered = |number: u32| {
        // Short: silence is an answer too.
        let client = socket(&rig.device, 0, patience() / 60);
        let mut bytes = [0; 4];
        let mut carries = |to: &UdpSocket| to.recv_from(&mut bytes).ok();
        client
            .send_to(&number.to_be_bytes(), (rig.uplink.v4, 514))
            .unwrap();
        let (_, address) = carries(&server).expect("a half-open conversation takes no room");
        server.send_to(&number.to_be_bytes(), address).unwrap();
        carries(&client).is_some() && bytes == number.to_be_bytes()
    };
    let mut numbers = 0..;
    let refused = numbers.by_ref().find(|number| !is_answered(*number));
    // Not more than a few, if some were over meanwhile: the budget of new conversations refuses none.
    let refused = refused.expect("numbers enough");
    assert!((ROOM..10 * ROOM).contains(&refused), "{refused}");
    until("room for a new conversation", || {
        is_answered(numbers.next()?).then_some(())
    });
    drop(agent);
    Agent::start(&rig, &few, SENDER).stop();
}

fn socket(host: &Host, port: u16, patience: Duration) -> UdpSocket {
    let socket = host.namespace.run(|| UdpSocket::bind((host.v4, port)));
    let socket = socket.unwrap().unwrap();
    socket.set_read_timeout(Some(patience)).unwrap();
    socket
}
