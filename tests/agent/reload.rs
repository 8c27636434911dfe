//! Another policy while the agent runs: what goes on, what ends, what is refused, and what a crash leaves.

use std::{fs, io::Read as _, io::Write as _, net::TcpStream, time::Duration};

use rustix::process::Signal;
use serde_json::Value;
use xiot_tests::{
    net::{
        rig::Rig,
        traffic::{EchoServer, connect, connect_is_lost, exchange},
    },
    until::until,
};

use crate::{
    POLICY,
    agent::{Agent, ended, gateway},
};

/// [`POLICY`] with a rule, a profile and a device more, all of them in front of what was there.
fn longer() -> String {
    POLICY
        .replace(
            "profiles:\n",
            "profiles:\n  camera:\n    allow:\n      - {to: server, tcp: 554}\n",
        )
        .replace("- {to: server, tcp: 3613", "- {to: server, tcp: 22}\n      - {to: server, tcp: 3613")
        .replace(
            "devices:\n",
            "devices:\n  - {name: camera-1, mac: \"02:00:00:00:30:aa\", profile: camera, mode: enforce}\n",
        )
}

fn write_policy(rig: &Rig, policy: &str) {
    fs::write(rig.file("policy.yaml"), policy).unwrap();
}

fn device(agent: &Agent<'_>, name: &str) -> Value {
    let devices = agent.json(&["devices"]);
    let mut devices = devices.as_array().unwrap().iter();
    devices.find(|it| it["name"] == name).unwrap().clone()
}

/// Whether the session is dead: what is sent is not answered.
fn is_dead(session: &mut TcpStream) -> bool {
    session
        .set_read_timeout(Some(Duration::from_millis(400)))
        .unwrap();
    session.write_all(b"anybody there?").unwrap();
    session.read_exact(&mut [0]).is_err()
}

/// Reloads that were counted.
fn reloads(agent: &Agent<'_>, outcome: &str) -> u64 {
    let status = agent.json(&["status"]);
    status["policy"]["reloads"][outcome].as_u64().unwrap()
}

#[test]
fn files_that_change_are_loaded_and_what_is_wrong_with_them_is_told_once() {
    let rig = Rig::new();
    let files = gateway(&rig, "reload: on-change\n");
    let agent = Agent::start(&rig, &files, POLICY);
    let pump = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let mut session = connect(&rig.device, pump.address());
    exchange(&mut session, 1_000);
    write_policy(&rig, &longer());
    until("the other policy", || {
        (reloads(&agent, "applied") == 1).then_some(())
    });
    assert_eq!(device(&agent, "camera-1")["listed"], true);

    // One file in the place of the other, with an error.
    fs::write(rig.file("next.yaml"), POLICY.replace("tcp:", "tpc:")).unwrap();
    fs::rename(rig.file("next.yaml"), rig.file("policy.yaml")).unwrap();
    until("the refusal", || {
        (reloads(&agent, "refused") == 1).then_some(())
    });
    assert_eq!(device(&agent, "camera-1")["listed"], true);
    exchange(&mut session, 1_000);

    // The next change is seen after more looks than one: the refusal was not repeated meanwhile.
    write_policy(&rig, POLICY);
    until("the first policy", || {
        (reloads(&agent, "applied") == 2).then_some(())
    });
    assert_eq!(reloads(&agent, "refused"), 1);
    let log = agent.log();
    assert_eq!(log.matches("not reloaded").count(), 1, "{log}");
    assert!(log.contains("tpc"), "{log}");
    exchange(&mut session, 1_000);
    agent.stop();
}

#[test]
fn conversations_counters_and_names_go_on() {
    let rig = Rig::new();
    let agent = Agent::start(&rig, &gateway(&rig, ""), POLICY);
    let pump = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let shell = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 22);
    let mut session = connect(&rig.device, pump.address());
    exchange(&mut session, 10_000);
    assert!(connect_is_lost(&rig.device, shell.address()));
    let before = device(&agent, "pump-1");
    let status = agent.json(&["status"]);
    assert_eq!(status["policy"]["revision"], 1);

    write_policy(&rig, &longer());
    let reload = agent.json(&["reload"]);
    assert_eq!(reload["applied"], true, "{reload}");
    assert_eq!(reload["before"]["digest"], status["policy"]["digest"]);
    assert_ne!(reload["after"]["digest"], reload["before"]["digest"]);
    assert_eq!(reload["after"]["revision"], 2);
    // One step for the policy; what else counted before (the grace period at the start) is not this reload's.
    assert_eq!(
        reload["after"]["epoch"],
        status["policy"]["epoch"].as_u64().unwrap() + 1
    );
    let changes = |added, removed, changed| serde_json::json!({"added": added, "removed": removed, "changed": changed});
    assert_eq!(reload["devices"], changes(1, 0, 1));
    assert_eq!(reload["rules"], changes(2, 0, 0));

    // The session is judged again, under the rule that it had, of the device that it had.
    exchange(&mut session, 10_000);
    exchange(&mut connect(&rig.device, shell.address()), 1_000);
    let after = device(&agent, "pump-1");
    let frames = |device: &Value| device["traffic"]["from_frames"].as_u64().unwrap();
    assert!(frames(&after) > frames(&before), "{before} {after}");
    assert_eq!(frames(&device(&agent, "camera-1")), 0);
    let flows = agent.json(&["flows", "--port", "3613"]);
    assert_eq!(flows[0]["device"], "pump-1", "{flows}");
    let label = flows[0]["rule"]["label"].as_str().unwrap();
    assert!(label.contains("tcp 3613"), "{flows}");
    let status = agent.json(&["status"]);
    assert_eq!(status["policy"]["digest"], reload["after"]["digest"]);
    assert_eq!(status["policy"]["devices"], 2);
    assert_eq!(status["policy"]["reloads"]["applied"], 1);
    let explained = agent.say(&[
        "explain", "--device", "pump-1", "--to", "server", "tcp", "22",
    ]);
    assert!(explained.contains("allowed"), "{explained}");
}

#[test]
fn what_the_new_policy_denies_ends_with_the_next_frame() {
    let rig = Rig::new();
    let agent = Agent::start(&rig, &gateway(&rig, ""), POLICY);
    let server = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let mut session = connect(&rig.device, server.address());
    exchange(&mut session, 1_000);
    write_policy(&rig, &POLICY.replace("tcp: 3613", "tcp: 22"));
    let said = agent.say(&["reload"]);
    assert!(said.contains("revision 1 -> 2"), "{said}");
    assert!(is_dead(&mut session));
    assert!(connect_is_lost(&rig.device, server.address()));
    let drops = agent.say(&["drops", "--reason", "revoked", "--json"]);
    assert!(drops.contains("pump-1"), "{drops}");

    // A device that is taken off the list keeps its name on what it did.
    let (head, _) = POLICY.split_once("devices:").unwrap();
    write_policy(&rig, head);
    agent.say(&["reload"]);
    let drops = agent.say(&["drops", "--reason", "revoked", "--json"]);
    assert!(drops.contains("pump-1"), "{drops}");
}

#[test]
fn a_number_that_goes_to_another_device_begins_at_zero() {
    let rig = Rig::new();
    let list = |names: &[&str]| {
        let (head, _) = POLICY.split_once("devices:").unwrap();
        let devices = names.iter().map(|name| {
            let last = match *name {
                "pump-1" => "0c",
                "other" => "dd",
                _ => "de",
            };
            format!("  - {{name: {name}, mac: \"02:00:00:00:30:{last}\", profile: pump, mode: enforce}}\n")
        });
        format!("{head}devices:\n{}", devices.collect::<String>())
    };
    let agent = Agent::start(&rig, &gateway(&rig, ""), &list(&["pump-1", "other"]));
    let server = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    exchange(&mut connect(&rig.device, server.address()), 1_000);
    let frames = |name| {
        device(&agent, name)["traffic"]["from_frames"]
            .as_u64()
            .unwrap()
    };
    assert!(frames("pump-1") > 0);
    // Its number is free, then somebody else's.
    for names in [&["other"][..], &["other", "new"]] {
        write_policy(&rig, &list(names));
        agent.say(&["reload"]);
    }
    assert_eq!(frames("new"), 0);
    assert_eq!(device(&agent, "new")["traffic"]["to_frames"], 0);
}

#[test]
fn a_signal_does_the_same() {
    let rig = Rig::new();
    let mut agent = Agent::start(&rig, &gateway(&rig, ""), POLICY);
    write_policy(&rig, &longer());
    agent.running().signal(Signal::HUP).unwrap();
    until("the reload", || {
        (agent.json(&["status"])["policy"]["revision"] == 2).then_some(())
    });
    write_policy(&rig, "onboarding: sometimes\n");
    agent.running().signal(Signal::HUP).unwrap();
    until("the refusal", || {
        agent
            .log()
            .contains("the policy in force stays")
            .then_some(())
    });
    assert_eq!(agent.json(&["status"])["policy"]["revision"], 2);
    agent.stop();
}

#[test]
fn files_that_cannot_be_used_change_nothing() {
    let rig = Rig::new();
    let small = gateway(&rig, "capacity: {devices: 16}\n");
    let agent = Agent::start(&rig, &small, POLICY);
    let digest = |agent: &Agent<'_>| agent.json(&["status"])["policy"]["digest"].clone();
    let before = digest(&agent);
    let epoch = agent.json(&["status"])["policy"]["epoch"].clone();
    let crowd: String = (0..17).fold(POLICY.to_owned(), |policy, n| {
        format!("{policy}  - {{name: more-{n}, mac: \"02:00:00:00:77:{n:02x}\", profile: pump, mode: enforce}}\n")
    });
    let typo = POLICY.replace("tcp: 3613", "tpc: 3613");
    for (gateway_file, policy, message) in [
        (small.clone(), typo.as_str(), "policy.yaml:7:22"),
        (
            small.clone(),
            &crowd,
            "needs 18 devices (`capacity.devices`), the gateway has room for 16",
        ),
        (
            gateway(&rig, "capacity: {devices: 32}\n"),
            &crowd,
            "`capacity` changed, which takes a restart",
        ),
        (
            small.replace("dev0", "dev7"),
            POLICY,
            "`wires` changed, which takes a restart",
        ),
        (small.replace("wires", "wirs"), POLICY, "gateway.yaml:1:"),
    ] {
        crate::agent::write(&rig, &gateway_file, policy);
        let (exit, said) = ended(&agent.client(&["reload"]).output().unwrap());
        assert_eq!(exit, 1, "{said}");
        assert!(said.contains(message), "{message}: {said}");
        assert_eq!(digest(&agent), before, "{message}");
    }
    fs::remove_file(rig.file("policy.yaml")).unwrap();
    let (exit, said) = ended(&agent.client(&["reload"]).output().unwrap());
    assert_eq!((exit, said.contains("can't read")), (2, true), "{said}");

    crate::agent::write(&rig, &small, POLICY);
    let said = agent.say(&["reload"]);
    assert!(said.starts_with("unchanged: "), "{said}");
    let policy = &agent.json(&["status"])["policy"];
    assert_eq!((&policy["revision"], &policy["epoch"]), (&1.into(), &epoch));
    for (outcome, number) in [("applied", 0), ("unchanged", 1), ("refused", 6)] {
        assert_eq!(policy["reloads"][outcome], number, "{outcome}");
    }
}
