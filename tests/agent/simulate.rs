//! `simulate`: what a policy would drop of what was learned, and of a capture.

use std::{fs, process::Stdio};

use serde_json::Value;
use xiot_tests::{
    frame::{flag, frame},
    net::{
        rig::Rig,
        traffic::{EchoServer, connect, exchange},
    },
    pcap,
    until::until,
};

use crate::{
    AGENT,
    agent::{Agent, ended, gateway},
};

const POLICY: &str = "\
onboarding: learn
peer_sets:
  server: [10.30.1.1]
profiles:
  pump:
    criticality: life-sustaining
    allow:
      - {to: server, tcp: 3613}
devices:
  - {name: pump-1, mac: 02-00-00-00-30-0c, ip: 10.30.1.12, profile: pump, mode: enforce}
";

#[test]
fn what_a_candidate_takes_from_a_device_is_told_before_it_is_in_force() {
    let rig = Rig::new();
    let agent = Agent::start(&rig, &gateway(&rig, ""), POLICY);
    let server = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    exchange(&mut connect(&rig.device, server.address()), 100);
    assert!(
        agent
            .say(&["simulate"])
            .starts_with("0 of 1 judged for 1 devices")
    );

    let candidate = rig.file("candidate.yaml");
    fs::write(&candidate, POLICY.replace("3613", "3614")).unwrap();
    let candidate = candidate.to_str().unwrap();
    let simulation = agent.json(&["simulate", candidate]);
    assert_eq!(
        (&simulation["devices"], &simulation["judged"]),
        (&1.into(), &1.into())
    );
    let [dropped] = simulation["would_drop"].as_array().unwrap().as_slice() else {
        panic!("{simulation}");
    };
    for (key, value) in [
        ("device", "pump-1"),
        ("criticality", "life-sustaining"),
        ("initiator", "device"),
        ("peer", "10.30.1.1"),
        ("peer_name", "server"),
        ("reason", "no_port"),
    ] {
        assert_eq!(dropped[key], value, "{key}");
    }
    assert_eq!(dropped["port"], 3613);
    assert_eq!(dropped["rule_in_force"]["line"], 8);
    let table = agent.say(&["simulate", candidate, "--profile", "pump"]);
    assert!(
        table.contains("server (10.30.1.1)") && table.contains("tcp 3613"),
        "{table}"
    );
    let none = agent.json(&["simulate", candidate, "--profile", "other"]);
    assert_eq!(none["devices"], 0);
    // Nothing of it is in force.
    exchange(&mut connect(&rig.device, server.address()), 100);
    fs::write(candidate, "onboarding: lern\n").unwrap();
    let (code, said) = ended(&agent.client(&["simulate", candidate]).output().unwrap());
    assert_eq!(
        (code, said.contains("did you mean `learn`")),
        (1, true),
        "{said}"
    );
    agent.stop();
}

#[test]
fn what_a_device_did_in_weeks_is_not_held_against_what_it_may_do_in_a_second() {
    const PORTS: std::ops::Range<u16> = 4000..4032;
    let rig = Rig::new();
    let learning = POLICY.replace("mode: enforce", "mode: learn");
    let agent = Agent::start(&rig, &gateway(&rig, ""), &learning);
    for port in PORTS {
        let server = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), port);
        exchange(&mut connect(&rig.device, server.address()), 100);
    }
    let candidate = rig.file("candidate.yaml");
    let narrow = "    limits: {new-flows: 1}\n    allow:\n      - {to: server, tcp: 4000-4031}\n";
    fs::write(
        &candidate,
        POLICY.replace("    allow:\n      - {to: server, tcp: 3613}\n", narrow),
    )
    .unwrap();
    let simulation = agent.json(&["simulate", candidate.to_str().unwrap()]);
    assert_eq!(simulation["judged"], PORTS.len());
    assert_eq!(
        simulation["would_drop"].as_array().unwrap().len(),
        0,
        "{simulation}"
    );
    agent.stop();
}

#[test]
fn what_goes_on_is_judged_by_a_candidate_while_it_does() {
    let rig = Rig::new();
    let agent = Agent::start(&rig, &gateway(&rig, ""), POLICY);
    let [server, past] =
        [3613, 3615].map(|port| EchoServer::start(&rig.uplink, rig.uplink.v4.into(), port));
    fs::write(rig.file("policy.yaml"), POLICY.replace("3613", "3613-3615")).unwrap();
    agent.say(&["reload"]);
    exchange(&mut connect(&rig.device, past.address()), 100);
    // What was before does not count: by the second.
    let learned = || agent.json(&["learned", "--device", "pump-1"]);
    let before = until("it is learned", || {
        learned()["conversations"][0]["last_seen"]
            .as_str()
            .map(str::to_owned)
    });
    until("the next second", || {
        exchange(&mut connect(&rig.device, server.address()), 100);
        let seen = learned();
        let mut seen = seen["conversations"].as_array().unwrap().iter();
        seen.any(|it| it["last_seen"].as_str() > Some(&before))
            .then_some(())
    });
    let candidate = rig.file("candidate.yaml");
    fs::write(&candidate, POLICY.replace("3613", "3614")).unwrap();
    let args = ["simulate", candidate.to_str().unwrap(), "--live", "7s"];
    let mut live = agent.client(&args).stdout(Stdio::piped()).spawn().unwrap();
    until("its end", || {
        exchange(&mut connect(&rig.device, server.address()), 100);
        live.try_wait().unwrap()
    });
    let output = live.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("1 of 1 judged for 1 devices would be dropped"),
        "{said}"
    );
    assert!(said.contains("tcp 3613 "), "{said}");
    assert!(!said.contains("tcp 3615 "), "{said}");
    agent.stop();
}

/// A gateway's side of the wire, and a device that is not listed.
const BEYOND: [u8; 6] = [2, 0, 0, 0, 0, 1];
const STRANGER: [u8; 6] = [2, 0, 0, 0, 0, 9];
const PUMP: [u8; 6] = [2, 0, 0, 0, 0x30, 0x0c];
const PUMP_TO_BEYOND: [u8; 12] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0x30, 0x0c];

#[test]
fn a_capture_is_judged_frame_by_frame_with_its_answers() {
    let rig = Rig::new();
    let call = |port| {
        let syn = frame(PUMP, BEYOND)
            .ip("10.30.1.12", "10.30.1.1")
            .tcp(40_000, port, flag::SYN);
        let answer = syn.reply().flags(flag::SYN | flag::ACK);
        [syn.build(), answer.build(), syn.flags(flag::ACK).build()]
    };
    let mut frames = [call(3613), call(3614)].concat();
    let udp = |source, mac| {
        frame(mac, BEYOND)
            .ip(source, "10.30.1.1")
            .udp(5000, 514)
            .build()
    };
    frames.extend([udp("10.30.1.12", PUMP), udp("10.30.1.99", STRANGER)]);
    // PROFINET, of which no wire says that it passes; and what was there before the capture.
    let mut profinet = PUMP_TO_BEYOND.to_vec();
    profinet.extend([0x88, 0x92]);
    profinet.resize(60, 0);
    frames.push(profinet);
    let before = frame(PUMP, BEYOND).ip("10.30.1.12", "10.30.1.1");
    frames.push(before.tcp(40_001, 3613, flag::ACK).build());
    // Cut off in the middle of its IP header.
    frames.push(frames[0][..20].to_vec());
    let frames: Vec<_> = frames.iter().map(Vec::as_slice).collect();
    pcap::write(&rig.file("ward.pcap"), &frames).unwrap();
    fs::write(rig.file("policy.yaml"), POLICY).unwrap();
    let simulate = |policy: &str, pcap: &str, json: bool| {
        let mut command = rig.gateway.command(AGENT).unwrap();
        command
            .args(["simulate", rig.file(policy).to_str().unwrap(), "--pcap"])
            .arg(rig.file(pcap))
            .args(json.then_some("--json"));
        command.output().unwrap()
    };
    let output = simulate("policy.yaml", "ward.pcap", true);
    let simulation: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&simulation["devices"], &simulation["unknown"]),
        (&1.into(), &1.into())
    );
    assert_eq!(simulation["judged"], 10);
    let told: Vec<_> = simulation["would_drop"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            (
                it["protocol"].as_str().unwrap(),
                it["port"].as_u64(),
                it["times"].as_u64(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [("tcp", Some(3614), Some(3)), ("udp", Some(514), Some(1))]
    );
    assert_eq!(simulation["would_drop"][0]["peer_name"], "server");
    let malformed = serde_json::json!([{"reason": "truncated_ipv4", "frames": 1}]);
    assert_eq!(simulation["malformed"], malformed);
    let not_ip = &simulation["not_ip"][0];
    assert_eq!(
        (&not_ip["device"], &not_ip["ethertype"], &not_ip["frames"]),
        (&"pump-1".into(), &0x8892.into(), &1.into())
    );
    let table = simulate("policy.yaml", "ward.pcap", false).stdout;
    let table = String::from_utf8(table).unwrap();
    assert!(
        table.contains("malformed (truncated_ipv4), and dropped in every mode: 1 frame\n"),
        "{table}"
    );
    assert!(
        table.contains("not IP (Ethernet type 0x8892, ethertype_denied), and dropped in mode enforce: 1 frame of pump-1\n"),
        "{table}"
    );

    fs::write(rig.file("none.pcap"), "no capture").unwrap();
    for (policy, pcap, exit, message) in [
        ("policy.yaml", "none.pcap", 2, "no capture"),
        ("policy.yaml", "missing.pcap", 2, "missing.pcap"),
        ("missing.yaml", "ward.pcap", 2, "missing.yaml"),
    ] {
        let (code, said) = ended(&simulate(policy, pcap, false));
        assert_eq!((code, said.contains(message)), (exit, true), "{said}");
    }
}
