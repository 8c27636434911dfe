//! `compare`: what a maker discloses, what a device does, and what is enforced.

use std::fs;

use serde_json::{Value, json};
use xiot_tests::{
    net::{
        rig::{HOST_PORT, Rig},
        traffic::{EchoServer, connect, exchange},
    },
    until::until,
};

use crate::agent::{Agent, ended, gateway};

/// Both allow TCP 3613 to the server, where the device goes. It goes to TCP 3614, too, which the policy alone allows, and to 3615, which the maker alone
/// discloses. Nobody uses TCP 8443, which both have, 9000 of the maker, and 22 of the policy.
const POLICY: &str = r#"onboarding: learn
peer_sets:
  server: [10.30.1.1]
mud:
  my-controllers: {pump: server}
profiles:
  pump:
    disclosed: vendor
    services: [arp, dhcp]
    allow:
      - {to: server, tcp: [3613-3614]}
      - {to: server, tcp: 8443, note: "drug library"}
      - {from: server, tcp: 22}
  lamp: {allow: [{to: server, tcp: 80}]}
  vendor:
    services: [arp, nd]
    allow:
      - {to: server, tcp: [3613, 3615]}
      - {to: server, tcp: 8443}
      - {to: server, tcp: 9000}
devices:
  - {name: pump-1, mac: "02:00:00:00:30:0c", ip: 10.30.1.12, profile: pump, mode: learn}
  - {name: pump-2, mac: "02:00:00:00:30:0d", profile: pump, mode: enforce}
  - {name: lamp-1, mac: "02:00:00:00:30:0e", profile: lamp, mode: enforce}
"#;

fn calls(rig: &Rig, port: u16) -> EchoServer {
    let server = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), port);
    exchange(&mut connect(&rig.device, server.address()), 100);
    server
}

/// What the device does on its wire, once it was learned.
fn learned(agent: &Agent<'_>, rig: &Rig) {
    let _servers = [3613, 3614, 3615, 3616].map(|port| calls(rig, port));
    until("four conversations", || {
        let learned = agent.json(&["learned", "--device", "pump-1"]);
        (learned["conversations"].as_array()?.len() == 4).then_some(())
    });
}

/// Port, whether the maker disclosed it, whether it is allowed.
fn conversations(of: &Value) -> Vec<Value> {
    let mut all: Vec<_> = of["conversations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| json!([it["port"], it["disclosed"], it["allowed"]]))
        .collect();
    all.sort_by_key(|it| it[0].as_u64());
    all
}

/// Labels of rules, and how much of each the other side has.
fn rules(rules: &Value) -> Vec<Value> {
    let rules = rules.as_array().unwrap().iter();
    rules
        .map(|it| json!([it["rule"]["label"], it["other"]]))
        .collect()
}

#[test]
fn what_a_maker_discloses_is_compared_with_what_is_done_and_enforced() {
    let rig = Rig::new();
    // What its kernel says of itself in IPv6 would be learned, too.
    rig.device.namespace.silence(HOST_PORT).unwrap();
    let agent = Agent::start(&rig, &gateway(&rig, ""), POLICY);
    learned(&agent, &rig);
    let comparison = agent.json(&["compare"]);
    let [pump, lamp] = comparison["profiles"].as_array().unwrap().as_slice() else {
        panic!("{comparison}");
    };
    assert_eq!(
        (
            &pump["disclosed"],
            &pump["devices"],
            &pump["devices_observed"]
        ),
        (&json!("vendor"), &json!(2), &json!(1))
    );
    assert_eq!(
        pump["regions"],
        json!({
            "disclosed_learned_enforced": 1,
            "disclosed_learned": 1,
            "learned_enforced": 1,
            "learned": 1,
            "disclosed_enforced": 1,
            "disclosed": 1,
            "enforced": 1,
        })
    );
    assert_eq!(
        conversations(pump),
        [
            json!([3614, false, true]),
            json!([3615, true, false]),
            json!([3616, false, false]),
        ]
    );
    assert_eq!(
        rules(&pump["unused"]),
        [
            json!(["to server tcp 8443", "all"]),
            json!(["to server tcp 9000", "none"]),
        ]
    );
    assert_eq!(
        rules(&pump["without_evidence"]),
        [
            json!(["to server tcp 8443", "all"]),
            json!(["from server tcp 22", "none"]),
        ]
    );
    assert_eq!(pump["without_evidence"][0]["rule"]["line"], 12);
    assert_eq!(pump["not_observable"].as_array().unwrap().len(), 3);
    // Nothing is said of lamps by anybody.
    assert_eq!(
        (&lamp["disclosed"], &lamp["unused"]),
        (&Value::Null, &json!([]))
    );
    assert_eq!(
        rules(&lamp["without_evidence"]),
        [json!(["to server tcp 80", null])]
    );
    let text = agent.say(&["compare", "--device", "pump-1"]);
    for part in [
        "1 of 1 device",
        "server (10.30.1.1)",
        "denied: no_port",
        "allowed by",
        "drug library",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("lamp"), "{text}");
    agent.stop();
}

/// Its controller alone, on TCP 3614; to whom it sends mail is not known here.
const MUD: &str = r#"{
  "ietf-mud:mud": {
    "mud-version": 1, "mud-url": "https://vendor.example/pump", "last-update": "2026-01-01T00:00:00Z",
    "is-supported": true,
    "from-device-policy": {"access-lists": {"access-list": [{"name": "from"}]}},
    "to-device-policy": {"access-lists": {"access-list": []}}
  },
  "ietf-access-control-list:acls": {"acl": [{"name": "from", "type": "ipv4-acl-type", "aces": {"ace": [
    {"name": "control", "matches": {"ietf-mud:mud": {"my-controller": [null]},
      "ipv4": {"protocol": 6}, "tcp": {"destination-port": {"operator": "eq", "port": 3614}}},
      "actions": {"forwarding": "accept"}},
    {"name": "mail", "matches": {"ietf-mud:mud": {"controller": "https://vendor.example/mail"},
      "ipv4": {"protocol": 6}, "tcp": {"destination-port": {"operator": "eq", "port": 25}}},
      "actions": {"forwarding": "accept"}}
  ]}}]}
}
"#;

#[test]
fn a_mud_file_is_compared_without_a_place_in_the_policy() {
    let rig = Rig::new();
    // What its kernel says of itself in IPv6 would be learned, too.
    rig.device.namespace.silence(HOST_PORT).unwrap();
    let agent = Agent::start(&rig, &gateway(&rig, ""), POLICY);
    learned(&agent, &rig);
    let mud = rig.file("pump.json");
    fs::write(&mud, MUD).unwrap();
    let mud = mud.to_str().unwrap();
    let ask = ["compare", "--profile", "pump", "--mud", mud, "--json"];
    let output = agent.client(&ask).output().unwrap();
    let (code, said) = ended(&output);
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("not compared: {to: ") && said.contains("https://vendor.example/mail"),
        "{said}"
    );
    let comparison: Value = serde_json::from_slice(&output.stdout).unwrap();
    let pump = &comparison["profiles"][0];
    // The name that it has in that file, and nothing else has.
    assert_eq!(pump["disclosed"], "pump-disclosed-1");
    assert_eq!(
        conversations(pump),
        [
            json!([3613, false, true]),
            json!([3615, false, false]),
            json!([3616, false, false]),
        ]
    );
    assert_eq!(rules(&pump["unused"]), Vec::<Value>::new());
    assert_eq!(pump["regions"]["disclosed_learned_enforced"], 1);
    // Another policy, which is not in force, and says nothing of makers.
    let candidate = rig.file("candidate.yaml");
    fs::write(&candidate, POLICY.replace("    disclosed: vendor\n", "")).unwrap();
    let candidate = candidate.to_str().unwrap();
    let ask = ["compare", candidate, "--profile", "pump"];
    assert_eq!(agent.json(&ask)["profiles"][0]["disclosed"], Value::Null);
    let ask = [&ask[..], &["--disclosed", "vendor"]].concat();
    assert_eq!(
        agent.json(&ask)["profiles"][0]["regions"]["disclosed_learned"],
        1
    );
    agent.stop();
}

#[test]
fn what_can_not_be_compared_is_said() {
    let rig = Rig::new();
    let agent = Agent::start(&rig, &gateway(&rig, ""), POLICY);
    let bad = rig.file("bad.json");
    fs::write(&bad, "{}").unwrap();
    let bad = bad.to_str().unwrap();
    let missing = rig.file("missing.json");
    let missing = missing.to_str().unwrap();
    let broken = rig.file("broken.yaml");
    fs::write(&broken, "onboarding: lern\n").unwrap();
    let broken = broken.to_str().unwrap();
    for (arguments, exit, message) in [
        (&["--profile", "pomp"][..], 2, "did you mean `pump`?"),
        (
            &["--profile", "vendor"],
            2,
            "no device has profile `vendor`",
        ),
        (&["--device", "pump-3"], 2, "did you mean `pump-1`?"),
        (&["--device", "02:00:00:00:00:99"], 2, "is not listed"),
        (
            &["--profile", "pump", "--device", "pump-1"],
            2,
            "cannot be used with",
        ),
        (&["--disclosed", "vendor"], 2, "--profile <NAME>"),
        (
            &["--profile", "pump", "--disclosed", "vender"],
            2,
            "did you mean `vendor`?",
        ),
        (&["--profile", "pump", "--mud", bad], 1, "not a MUD file"),
        (&["--profile", "pump", "--mud", missing], 2, "missing.json"),
        (&[broken], 1, "did you mean `learn`"),
        (&[broken, "--profile", "pump", "--mud", bad], 1, "bad.json"),
    ] {
        let arguments = [&["compare"], arguments].concat();
        let (code, said) = ended(&agent.client(&arguments).output().unwrap());
        assert_eq!(
            (code, said.contains(message)),
            (exit, true),
            "{arguments:?}: {said}"
        );
    }
    agent.stop();
}
