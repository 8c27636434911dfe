//! Every change of enforcement is noted, and who tampers with that shows.

use std::{fs, io::Write as _, process::Output, time::Duration};

use rustix::process::Signal;
use serde_json::Value;
use xiot_tests::net::rig::Rig;

use crate::{
    AGENT, POLICY,
    agent::{Agent, KEEP, gateway},
};

/// `audit`, which asks no agent.
fn audit(rig: &Rig, args: &[&str]) -> Output {
    let mut command = rig.gateway.command(AGENT).unwrap();
    command
        .arg("audit")
        .args(args)
        .env("XIOT_STATE", rig.file("state"));
    command.output().unwrap()
}

/// All entries; the log must be what was written.
#[track_caller]
fn entries(rig: &Rig) -> Vec<Value> {
    let output = audit(rig, &["--json"]);
    assert!(output.status.success(), "{output:?}");
    let lines = str::from_utf8(&output.stdout).unwrap().lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn events(rig: &Rig) -> Vec<String> {
    let entries = entries(rig);
    let events = entries
        .iter()
        .map(|entry| entry["event"].as_str().unwrap().to_owned());
    events.collect()
}

#[test]
fn every_change_of_enforcement_is_noted() {
    let rig = Rig::new();
    let files = gateway(&rig, "");
    let mut agent = Agent::start_with(&rig, &files, POLICY, &KEEP);
    fs::write(
        rig.file("policy.yaml"),
        POLICY.replace("3613", "[22, 3613]"),
    )
    .unwrap();
    agent.say(&[
        "apply",
        "--yes",
        "--reason",
        "vendor",
        "--confirm-within",
        "1h",
    ]);
    agent.say(&["confirm"]);
    // What changes nothing is no change.
    agent.say(&["reload"]);
    agent.say(&["quarantine", "pump-1", "--for", "1h"]);
    agent.say(&["release", "pump-1"]);
    agent.say(&[
        "break-glass",
        "pump-1",
        "--for",
        "1h",
        "--reason",
        "surgery",
    ]);
    let audited = agent.json(&["status"])["policy"]["audit"].clone();
    agent.running().signal(Signal::KILL).unwrap();
    agent.running().wait(Duration::from_secs(10)).unwrap();
    drop(agent);

    assert_eq!(
        events(&rig),
        [
            "start",
            "policy",
            "confirmed",
            "decision",
            "decision",
            "decision"
        ]
    );
    let all = entries(&rig);
    assert_eq!(all[0]["anew"], "there was no program");
    assert_eq!(
        (&all[1]["cause"], &all[1]["reason"]),
        (&"apply".into(), &"vendor".into())
    );
    assert!(all[1]["trial_until"].is_string());
    assert_eq!(all[1]["by"]["user"]["uid"], 0);
    let decisions = all[3..]
        .iter()
        .map(|entry| entry["decision"].as_str().unwrap());
    assert_eq!(
        decisions.collect::<Vec<_>>(),
        ["quarantine", "release", "break-glass"]
    );
    assert_eq!(
        (&all[5]["device"], &all[5]["reason"]),
        (&"pump-1".into(), &"surgery".into())
    );
    assert_eq!(audited["entries"], 6);

    let agent = Agent::start_with(&rig, &files, POLICY, &KEEP);
    agent.stop();
    let mut detach = rig.gateway.command(AGENT).unwrap();
    detach
        .args(["detach", "--gateway"])
        .arg(rig.file("gateway.yaml"))
        .env("XIOT_STATE", rig.file("state"));
    assert!(detach.output().unwrap().status.success());
    let after = events(&rig);
    assert_eq!(after[6..], ["start", "policy", "stop", "detach"]);
    assert_eq!(entries(&rig)[6]["anew"], Value::Null);
    let head = audited["head"].as_str().unwrap();
    assert!(audit(&rig, &["--expect", head]).status.success());
    let shown = audit(&rig, &[]);
    let shown = str::from_utf8(&shown.stdout).unwrap();
    assert!(shown.contains("break-glass pump-1 until"), "{shown}");
}

#[test]
fn a_log_that_was_tampered_with_shows_and_goes_on() {
    let rig = Rig::new();
    let files = gateway(&rig, "");
    let agent = Agent::start(&rig, &files, POLICY);
    agent.say(&["quarantine", "pump-1"]);
    agent.say(&["release", "pump-1"]);
    let head = agent.json(&["status"])["policy"]["audit"]["head"].clone();
    agent.stop();
    let log = rig.file("state/audit.log");
    let text = fs::read_to_string(&log).unwrap();

    // One line less: the others do not fit.
    let lines: Vec<_> = text.lines().collect();
    fs::write(&log, [&lines[..1], &lines[2..]].concat().join("\n") + "\n").unwrap();
    let output = audit(&rig, &[]);
    let said = str::from_utf8(&output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("line 2"), "{said}");
    let agent = Agent::start(&rig, &files, POLICY);
    let trouble = agent.json(&["status"])["policy"]["audit"]["trouble"].clone();
    assert!(trouble.as_str().unwrap().contains("line 2"), "{trouble}");
    agent.say(&["quarantine", "pump-1"]);
    agent.stop();
    let output = audit(&rig, &["--json"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        str::from_utf8(&output.stdout)
            .unwrap()
            .contains("quarantine")
    );

    // An end that was cut off fits, but lacks what was noted elsewhere.
    fs::write(&log, lines[..2].join("\n") + "\n").unwrap();
    assert!(audit(&rig, &[]).status.success());
    let output = audit(&rig, &["--expect", head.as_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));

    // Half a line is what a power cut leaves.
    let mut file = fs::OpenOptions::new().append(true).open(&log).unwrap();
    file.write_all(b"{\"sequence\":3,\"ti").unwrap();
    drop(file);
    let agent = Agent::start(&rig, &files, POLICY);
    assert_eq!(
        agent.json(&["status"])["policy"]["audit"]["trouble"],
        Value::Null
    );
    agent.stop();
    assert!(events(&rig).contains(&"torn".to_owned()));
}
