//! DNS names as peers: a device that asks a real server, connects to where it was sent, and nowhere else.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr},
};

use serde_json::Value;
use xiot_tests::{
    frame::dns,
    net::{
        dnsmasq::dnsmasq,
        rig::{HOST_PORT, Host, Rig},
        traffic::{EchoServer, connect, connect_is_lost, exchange, udp},
    },
    until::until,
};

use crate::agent::{Agent, COLD, KEEP, gateway};

const POLICY: &str = r#"onboarding: enforce
services:
  dns: {servers: 10.30.1.1}
profiles:
  scanner:
    services: [arp, nd, dns]
    allow:
      - {to: {dns: cloud.example}, tcp: 443}
devices:
  - {name: ct-2, mac: "02:00:00:00:30:0c", ip: 10.30.1.12, profile: scanner, mode: enforce}
"#;

/// Where the name leads, and where it does not.
const CLOUD: Ipv4Addr = Ipv4Addr::new(10, 30, 1, 77);
const OTHER: Ipv4Addr = Ipv4Addr::new(10, 30, 1, 78);

/// The device asks until it has an answer.
#[track_caller]
pub(crate) fn resolves(rig: &Rig, name: &str) {
    let mut query = dns::header(1, 0);
    query[2..4].copy_from_slice(&[0x01, 0x00]);
    query.extend(dns::question(name));
    until("an answer", || {
        let socket = udp(&rig.device, rig.device.v4.into(), 0);
        socket
            .send_to(&query, (IpAddr::from(rig.uplink.v4), 53))
            .ok()?;
        let mut answer = [0; 512];
        let length = socket.recv(&mut answer).ok()?;
        // One address at least.
        (length > query.len() && answer[7] > 0).then_some(())
    });
}

/// A server at an address of its own.
pub(crate) fn listen(host: &Host, address: Ipv4Addr) -> EchoServer {
    host.ip(&format!("address add {address}/24 dev {HOST_PORT}"));
    EchoServer::start(host, address.into(), 443)
}

fn names(agent: &Agent<'_>) -> Vec<Value> {
    agent.json(&["names"]).as_array().unwrap().clone()
}

#[test]
fn a_device_reaches_the_address_that_it_was_told_and_a_takeover_keeps_that() {
    let rig = Rig::new();
    let cloud = listen(&rig.uplink, CLOUD);
    let other = listen(&rig.uplink, OTHER);
    let _server = dnsmasq(
        &rig.uplink,
        &[
            "--port=53",
            "--no-resolv",
            "--no-hosts",
            "--address=/cloud.example/10.30.1.77",
            "--address=/other.example/10.30.1.78",
        ],
    );
    let files = gateway(&rig, COLD);
    let first = Agent::start_with(&rig, &files, POLICY, &KEEP);
    assert!(connect_is_lost(&rig.device, cloud.address()));
    resolves(&rig, "cloud.example");
    resolves(&rig, "other.example");
    exchange(&mut connect(&rig.device, cloud.address()), 1 << 16);
    assert!(connect_is_lost(&rig.device, other.address()));
    let [named] = &names(&first)[..] else {
        panic!("{:?}", names(&first));
    };
    assert_eq!(
        (&named["device"], &named["name"], &named["address"]),
        (
            &"ct-2".into(),
            &"cloud.example".into(),
            &"10.30.1.77".into()
        )
    );
    assert!((86_000..=86_400).contains(&named["left_seconds"].as_u64().unwrap()));
    first.stop();

    let second = Agent::start(&rig, &files, POLICY);
    assert_eq!(names(&second).len(), 1);
    exchange(&mut connect(&rig.device, cloud.address()), 1 << 16);
    let to = CLOUD.to_string();
    let question = ["explain", "--device", "ct-2", "--to", &to, "tcp", "443"];
    assert_eq!(second.json(&question)["legs"][0]["reason"], "allowed_rule");
    second.stop();
}

#[test]
fn a_candidate_with_a_name_is_simulated_with_what_the_device_was_told_before_any_rule_named_it() {
    let rig = Rig::new();
    let cloud = listen(&rig.uplink, CLOUD);
    let other = listen(&rig.uplink, OTHER);
    let _server = dnsmasq(
        &rig.uplink,
        &[
            "--port=53",
            "--no-resolv",
            "--no-hosts",
            "--address=/cloud.example/10.30.1.77",
        ],
    );
    let learning = POLICY
        .replace("{dns: cloud.example}", "10.9.9.9")
        .replace("mode: enforce}", "mode: learn}");
    let agent = Agent::start(&rig, &gateway(&rig, COLD), &learning);
    resolves(&rig, "cloud.example");
    exchange(&mut connect(&rig.device, cloud.address()), 100);
    exchange(&mut connect(&rig.device, other.address()), 100);
    let candidate = rig.file("candidate.yaml");
    fs::write(&candidate, POLICY).unwrap();
    let candidate = candidate.to_str().unwrap();
    let dropped = until("two conversations and a name", || {
        let simulation = agent.json(&["simulate", candidate]);
        let dropped = simulation["would_drop"].as_array().unwrap().clone();
        // What was asked of the DNS server is allowed.
        (simulation["judged"] == 3 && dropped.len() == 1).then_some(dropped)
    });
    assert_eq!(dropped[0]["peer"], "10.30.1.78");
    // Nobody told it this name.
    fs::write(candidate, POLICY.replace("cloud.example", "other.example")).unwrap();
    let simulation = agent.json(&["simulate", candidate]);
    assert_eq!(simulation["would_drop"].as_array().unwrap().len(), 2);
    agent.stop();
}

#[test]
fn a_rule_that_comes_later_knows_what_the_device_was_told_before() {
    let rig = Rig::new();
    let cloud = listen(&rig.uplink, CLOUD);
    let other = listen(&rig.uplink, OTHER);
    let _server = dnsmasq(
        &rig.uplink,
        &[
            "--port=53",
            "--no-resolv",
            "--no-hosts",
            "--address=/cloud.example/10.30.1.77",
            "--address=/other.example/10.30.1.78",
        ],
    );
    let learning = POLICY
        .replace(
            "    allow:\n      - {to: {dns: cloud.example}, tcp: 443}\n",
            "",
        )
        .replace("mode: enforce}", "mode: learn}");
    let agent = Agent::start(&rig, &gateway(&rig, COLD), &learning);
    resolves(&rig, "other.example");
    resolves(&rig, "cloud.example");
    for server in [&cloud, &other] {
        exchange(&mut connect(&rig.device, server.address()), 1_000);
    }
    until("the name", || {
        let proposal = agent.client(&["propose", "scanner"]).output().unwrap();
        let text = String::from_utf8_lossy(&proposal.stdout).into_owned();
        text.contains("{dns: cloud.example}").then_some(())
    });
    assert!(names(&agent).is_empty(), "no rule names any");
    fs::write(rig.file("policy.yaml"), POLICY).unwrap();
    agent.say(&["reload"]);
    // It does not ask again.
    exchange(&mut connect(&rig.device, cloud.address()), 1_000);
    assert!(connect_is_lost(&rig.device, other.address()));
    assert_eq!(names(&agent).len(), 1);
    // Nor for another name, now that it knows one.
    let rule = "      - {to: {dns: cloud.example}, tcp: 443}\n";
    let both = POLICY.replace(rule, &[rule, &rule.replace("cloud.", "other.")].concat());
    fs::write(rig.file("policy.yaml"), both).unwrap();
    agent.say(&["reload"]);
    for server in [&cloud, &other] {
        exchange(&mut connect(&rig.device, server.address()), 1_000);
    }
    assert_eq!(names(&agent).len(), 2);
    agent.stop();
}
