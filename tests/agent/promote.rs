//! `promote` and `demote`, and the fall back to mode monitor where a change takes from a device what it needs.

use std::{fs, time::Duration};

use serde_json::Value;
use xiot_tests::{
    net::{
        rig::Rig,
        traffic::{EchoServer, connect, connect_is_lost, exchange, ping},
    },
    until::{until, within},
};

use crate::agent::{Agent, ended, gateway};

const MAC: &str = "02:00:00:00:30:0c";

/// Five hours to a second.
const PACE: [&str; 2] = ["--learn-pace", "18000"];

fn policy(ports: &str, mode: &str) -> String {
    format!(
        "# the ward's
onboarding: learn
peer_sets:
  server: [10.30.1.1]   # of the vendor
profiles:
  pump:
    services: [arp, nd]
    criticality: low
    allow:
      - {{to: server, tcp: {ports}, icmp: echo-request}}
devices:
  - name: pump-1   # by the window
    mac: {MAC}
    profile: pump
    mode: {mode}
    groups: [ward]
"
    )
}

struct Ward {
    servers: [EchoServer; 2],
}

impl Ward {
    fn new(rig: &Rig) -> Self {
        let server = |port| EchoServer::start(&rig.uplink, rig.uplink.v4.into(), port);
        Self {
            servers: [server(3613), server(3614)],
        }
    }

    /// What the pump does all day.
    fn works(&self, rig: &Rig) {
        for server in &self.servers {
            exchange(&mut connect(&rig.device, server.address()), 100);
        }
        assert!(ping(&rig.device, rig.uplink.v4.into()));
    }
}

fn text(rig: &Rig) -> String {
    fs::read_to_string(rig.file("policy.yaml")).unwrap()
}

/// How a promotion ended, and all that it said.
fn promote(agent: &Agent<'_>, args: &[&str]) -> (i32, String) {
    let output = agent.client(args).output().unwrap();
    let said = [output.stdout.clone(), output.stderr.clone()].concat();
    (
        output.status.code().unwrap(),
        String::from_utf8(said).unwrap(),
    )
}

fn obstacles(agent: &Agent<'_>) -> Vec<String> {
    let look = agent.json(&["promote", "pump-1", "--dry-run"]);
    let obstacles = look["devices"][0]["obstacles"].as_array().unwrap();
    let words = obstacles.iter().map(|it| it.as_str().unwrap().to_owned());
    words.collect()
}

fn decisions(agent: &Agent<'_>) -> Vec<Value> {
    let status = agent.json(&["status"]);
    status["decisions"].as_array().unwrap().clone()
}

#[test]
fn a_device_goes_from_learn_to_enforce_where_enough_is_known() {
    let rig = Rig::new();
    let agent = Agent::start_with(&rig, &gateway(&rig, ""), &policy("3613", "learn"), &PACE);
    let ward = Ward::new(&rig);
    ward.works(&rig);
    let (exit, said) = promote(&agent, &["promote", "pump-1", "--yes"]);
    assert_eq!(exit, 8, "{said}");
    assert!(
        said.contains("of 24 hours") && said.contains("nothing was changed"),
        "{said}"
    );
    assert_eq!(text(&rig), policy("3613", "learn"));

    // Long enough; but its policy lacks something.
    until("all but one conversation", || {
        ward.works(&rig);
        (obstacles(&agent) == ["one conversation would be dropped"]).then_some(())
    });
    let (_, said) = promote(&agent, &["promote", "--profile", "pump", "--dry-run"]);
    assert!(
        said.contains("pump-1: tcp 3614 to server (10.30.1.1), seen in"),
        "{said}"
    );
    fs::write(rig.file("policy.yaml"), policy("[3613, 3614]", "learn")).unwrap();
    let (exit, said) = promote(&agent, &["promote", "pump-1", "--yes"]);
    assert_eq!(
        (exit, said.contains("is not the policy in force")),
        (6, true),
        "{said}"
    );
    agent.say(&["reload"]);
    let said = agent.say(&["promote", "--group", "ward", "--yes"]);
    assert!(
        said.contains("learn -> monitor") && said.contains("+    mode: monitor"),
        "{said}"
    );
    assert_eq!(text(&rig), policy("[3613, 3614]", "monitor"));

    // One drop that would be: quiet begins anew.
    let other = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 9);
    exchange(&mut connect(&rig.device, other.address()), 100);
    until("a disturbance", || {
        let found = obstacles(&agent);
        found
            .iter()
            .any(|it| it.contains("would be dropped"))
            .then_some(())
    });
    let (exit, said) = promote(&agent, &["promote", "pump-1", "--yes", "--accept-drops"]);
    assert_eq!((exit, said.contains("--reason")), (2, true), "{said}");
    let accept = [
        "--accept-drops",
        "--reason",
        "discard is of no use",
        "--yes",
    ];
    let accept = [&["promote", "pump-1"][..], &accept].concat();
    until("enough that is known beside it", || {
        ward.works(&rig);
        (promote(&agent, &accept).0 == 0).then_some(())
    });
    assert_eq!(text(&rig), policy("[3613, 3614]", "enforce"));
    ward.works(&rig);
    // It was looked at, and is no reason to fall back.
    assert!(connect_is_lost(&rig.device, other.address()));
    let status = agent.json(&["status"]);
    assert_eq!(
        (&status["devices"]["enforce"], &status["on_probation"]),
        (&1.into(), &1.into())
    );
    let history = agent.json(&["history"]);
    let reason = history[0]["reason"].as_str().unwrap();
    assert_eq!(
        reason,
        "promote with accepted drops: pump-1 to enforce; discard is of no use"
    );
    assert!(connect_is_lost(&rig.device, other.address()));
    assert!(decisions(&agent).is_empty());

    let (exit, said) = promote(&agent, &["promote", "pump-1", "--yes"]);
    assert_eq!(
        (exit, said.contains("pump-1 is in mode enforce")),
        (2, true),
        "{said}"
    );
    agent.say(&["demote", "pump-1", "--yes"]);
    assert_eq!(text(&rig), policy("[3613, 3614]", "monitor"));
    exchange(&mut connect(&rig.device, other.address()), 100);
    agent.stop();
}

#[test]
fn what_a_change_takes_from_a_device_that_lives_depend_on_has_it_fall_back() {
    let rig = Rig::new();
    let gateway = gateway(&rig, "");
    let args = [PACE[0], PACE[1], "--keep-attached"];
    let vital = |ports| {
        policy(ports, "enforce").replace("criticality: low", "criticality: life-sustaining")
    };
    let agent = Agent::start_with(&rig, &gateway, &vital("[3613, 3614]"), &args);
    let ward = Ward::new(&rig);
    until("what it does is known", || {
        ward.works(&rig);
        let learned = agent.json(&["learned", "--device", "pump-1"]);
        let known = learned["conversations"].as_array().unwrap();
        (known.len() == 3).then_some(())
    });
    fs::write(rig.file("policy.yaml"), vital("3613")).unwrap();
    agent.say(&["reload"]);
    // An attacker can't make it fall.
    let other = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 9);
    assert!(connect_is_lost(&rig.device, other.address()));
    assert!(within(Duration::from_secs(2), || decisions(&agent).pop()).is_none());
    assert!(connect_is_lost(&rig.device, ward.servers[1].address()));
    let fallen = until("the fall", || decisions(&agent).pop());
    assert_eq!(fallen["device"], "pump-1");
    let why = fallen["fallback"]["why"].as_str().unwrap();
    assert!(
        why.starts_with("tcp 3614 to 10.30.1.1 was dropped, which it did in")
            && why.ends_with("before and revision 1 allowed"),
        "{why}"
    );
    ward.works(&rig);
    let table = agent.say(&["status"]);
    assert!(
        table.contains("pump-1: fell back to mode monitor"),
        "{table}"
    );
    let audit = agent.say(&["audit", "--state", rig.file("state").to_str().unwrap()]);
    assert!(audit.contains("fallback"), "{audit}");

    // Another agent, and a kernel that forgot: as after a reboot.
    agent.stop();
    let agent = Agent::start_as_is(&rig, &args);
    assert_eq!(decisions(&agent), [fallen]);
    ward.works(&rig);

    // A person takes it away on purpose.
    agent.say(&["release", "pump-1"]);
    assert!(connect_is_lost(&rig.device, ward.servers[1].address()));
    assert!(within(Duration::from_secs(2), || decisions(&agent).pop()).is_none());
    assert!(connect_is_lost(&rig.device, ward.servers[1].address()));
    agent.stop();
}

#[test]
fn what_is_taken_from_another_device_stays_taken() {
    let rig = Rig::new();
    let policies = ["[3613, 3614]", "3613"].map(|ports| policy(ports, "enforce"));
    let agent = Agent::start_with(&rig, &gateway(&rig, ""), &policies[0], &PACE);
    let ward = Ward::new(&rig);
    until("what it does is known", || {
        ward.works(&rig);
        let learned = agent.json(&["learned", "--device", "pump-1"]);
        (learned["conversations"].as_array().unwrap().len() == 3).then_some(())
    });
    fs::write(rig.file("policy.yaml"), &policies[1]).unwrap();
    agent.say(&["reload"]);
    assert!(connect_is_lost(&rig.device, ward.servers[1].address()));
    assert!(within(Duration::from_secs(2), || decisions(&agent).pop()).is_none());
    assert!(connect_is_lost(&rig.device, ward.servers[1].address()));
    agent.stop();
}

#[test]
fn what_can_not_be_promoted_is_said() {
    let rig = Rig::new();
    let agent = Agent::start(&rig, &gateway(&rig, ""), &policy("3613", "learn"));
    for (args, exit, message) in [
        (&["promote"][..], 2, "required"),
        (&["promote", "pump-2", "--yes"], 2, "did you mean `pump-1`?"),
        (
            &["promote", "--profile", "pumps", "--yes"],
            2,
            "did you mean `pump`?",
        ),
        (
            &["promote", "--group", "wards", "--yes"],
            2,
            "did you mean `ward`?",
        ),
        (&["promote", "pump-1", "--to", "learn"], 2, "invalid value"),
        (&["demote", "pump-1", "--yes"], 2, "pump-1 is in mode learn"),
        (&["promote", "pump-1", "--override"], 2, "--reason"),
        (&["promote", "pump-1", "--json"], 2, "--dry-run or --yes"),
    ] {
        let (code, said) = ended(&agent.client(args).output().unwrap());
        assert_eq!(
            (code, said.contains(message)),
            (exit, true),
            "{args:?}: {said}"
        );
    }
    assert_eq!(text(&rig), policy("3613", "learn"));
    // What is refused leaves the file as it was.
    let other = policy("3613", "learn").replace("by the window", "by the door");
    fs::write(rig.file("policy.yaml"), &other).unwrap();
    agent.say(&["apply", "--yes", "--confirm-within", "1h"]);
    let override_it = [
        "--to",
        "enforce",
        "--override",
        "--reason",
        "a trial",
        "--yes",
    ];
    let override_it = [&["promote", "pump-1"][..], &override_it].concat();
    let (exit, said) = promote(&agent, &override_it);
    assert_eq!((exit, said.contains("on trial")), (6, true), "{said}");
    assert_eq!(text(&rig), other);
    agent.say(&["confirm"]);
    // Whatever stands in the way, if somebody says why.
    let (exit, said) = promote(&agent, &override_it);
    assert_eq!(exit, 0, "{said}");
    assert_eq!(text(&rig), other.replace("mode: learn", "mode: enforce"));
    agent.stop();
}
