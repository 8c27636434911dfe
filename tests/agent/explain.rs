//! `explain` on files: the program and the reference evaluator say the same, pairs of devices included.

use std::fs;

use serde_json::Value;
use xiot_tests::net::rig::Rig;

use crate::AGENT;

const PAIR: &str = r#"onboarding: enforce
services:
  dns: {servers: 10.30.1.2}
  ntp: {servers: 10.30.1.3}
peer_sets:
  server: [10.30.1.1, "fd00:30::1"]
profiles:
  pump:
    services: [arp, nd, dhcp, dns, ntp]
    allow:
      - {to: server, tcp: 3613}
      - {from: {device: monitor-1}, tcp: 8080}
  monitor:
    allow:
      - {to: {device: pump-1}, tcp: 8080-8081}
devices:
  - {name: pump-1, mac: "02:00:00:00:30:0c", ip: 10.30.1.12, profile: pump, mode: enforce}
  - {name: monitor-1, mac: "02:00:00:00:30:0d", ip: 10.30.1.13, profile: monitor, mode: enforce}
"#;

fn explain(rig: &Rig, judge: &str, question: &[&str]) -> Value {
    let output = rig
        .gateway
        .command(AGENT)
        .unwrap()
        .args(["explain", "--json", "--judge", judge, "--policy"])
        .arg(rig.file("policy.yaml"))
        .args(question)
        .output()
        .unwrap();
    assert!(output.status.success(), "{question:?}: {output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn reasons(answer: &Value) -> Vec<&str> {
    let legs = answer["legs"].as_array().unwrap();
    legs.iter()
        .map(|leg| leg["reason"].as_str().unwrap())
        .collect()
}

#[test]
fn both_judges_give_the_same_answer() {
    let rig = Rig::new();
    fs::write(rig.file("policy.yaml"), PAIR).unwrap();
    for (question, verdict, expected) in [
        (
            ["--device", "pump-1", "--to", "server", "tcp", "3613"],
            "forwarded",
            ["allowed_rule"].as_slice(),
        ),
        (
            ["--device", "pump-1", "--from", "server", "tcp", "3613"],
            "dropped",
            &["wrong_direction"],
        ),
        (
            [
                "--mac",
                "02:00:00:00:30:0e",
                "--to",
                "10.30.1.1",
                "tcp",
                "3613",
            ],
            "dropped",
            &["unknown_device"],
        ),
        (
            ["--device", "pump-1", "--to", "10.30.1.2", "udp", "53"],
            "forwarded",
            &["allowed_rule"],
        ),
        (
            ["--device", "pump-1", "--to", "10.30.1.2", "tcp", "53"],
            "forwarded",
            &["allowed_rule"],
        ),
        (
            ["--device", "pump-1", "--to", "10.30.1.2", "udp", "123"],
            "dropped",
            &["no_port"],
        ),
        (
            ["--device", "pump-1", "--to", "10.30.1.3", "udp", "123"],
            "forwarded",
            &["allowed_rule"],
        ),
        (
            ["--device", "pump-1", "--to", "10.30.1.4", "udp", "53"],
            "dropped",
            &["no_peer"],
        ),
        // Between two devices both must agree.
        (
            ["--device", "monitor-1", "--to", "pump-1", "tcp", "8080"],
            "forwarded",
            &["allowed_rule", "allowed_rule"],
        ),
        (
            ["--device", "monitor-1", "--to", "pump-1", "tcp", "8081"],
            "dropped",
            &["allowed_rule", "no_port"],
        ),
    ] {
        let mut by_program = explain(&rig, "program", &question);
        let mut by_oracle = explain(&rig, "oracle", &question);
        assert_eq!(by_program["judge"].take(), "program");
        assert_eq!(by_oracle["judge"].take(), "oracle");
        assert_eq!(by_program, by_oracle, "{question:?}");
        assert_eq!(by_program["verdict"], verdict, "{by_program:#}");
        assert_eq!(reasons(&by_program), expected, "{by_program:#}");
    }
}

const TIMED: &str = r#"time_zone: Europe/Berlin
onboarding: enforce
peer_sets:
  server: [10.30.1.1]
profiles:
  pump:
    allow:
      - {to: server, tcp: 443, when: mon-fri 08:00-18:00}
      - {to: server, tcp: 444, expires: 2027-07-01T12:00}
devices:
  - {name: pump-1, mac: "02:00:00:00:30:0c", ip: 10.30.1.12, profile: pump, mode: enforce}
"#;

#[test]
fn both_judges_know_what_will_be_in_force() {
    let rig = Rig::new();
    fs::write(rig.file("policy.yaml"), TIMED).unwrap();
    for (port, at, expected) in [
        // A Monday, in summer time.
        ("443", "2027-06-28T08:00", "allowed_rule"),
        ("443", "2027-06-28T07:59:59", "rule_not_in_force"),
        ("443", "2027-06-28T15:59:59Z", "allowed_rule"),
        ("443", "2027-06-28T16:00:00Z", "rule_not_in_force"),
        ("443", "2027-06-27T12:00", "rule_not_in_force"),
        ("444", "2027-07-01T11:59:59", "allowed_rule"),
        ("444", "2027-07-01T12:00:00+02:00", "rule_not_in_force"),
        ("444", "1999-12-31T12:00", "allowed_rule"),
    ] {
        let question = [
            "--device", "pump-1", "--to", "server", "tcp", port, "--at", at,
        ];
        for judge in ["program", "oracle"] {
            let answer = explain(&rig, judge, &question);
            assert_eq!(reasons(&answer), [expected], "{judge} {port} {at}");
        }
    }
}
