//! Trials, and what is kept, where files and disks change meanwhile.

use std::fs;

use rustix::process::Signal;
use xiot_tests::{
    net::{
        rig::Rig,
        traffic::{EchoServer, connect, exchange},
    },
    until::until,
};

use crate::{
    AGENT, POLICY,
    agent::{Agent, COLD, KEEP, ended, gateway},
};

fn other() -> String {
    POLICY.replace("tcp: 3613", "tcp: 104")
}

fn revision(agent: &Agent<'_>) -> u64 {
    let status = agent.json(&["status"]);
    status["policy"]["revision"].as_u64().unwrap()
}

fn files_changed(agent: &Agent<'_>) -> bool {
    agent.json(&["status"])["policy"]["files_changed"] == true
}

#[test]
fn a_file_that_changes_during_a_trial_is_loaded_once_that_is_confirmed() {
    let rig = Rig::new();
    let files = gateway(&rig, "grace: 0s\nreload: on-change\n");
    let agent = Agent::start(&rig, &files, POLICY);
    let sent = rig.file("sent.yaml").display().to_string();
    fs::write(&sent, other()).unwrap();
    agent.say(&["apply", &sent, "--yes", "--confirm-within", "1h"]);
    fs::write(rig.file("policy.yaml"), format!("{POLICY}# wanted\n")).unwrap();
    until("a look at the file", || {
        agent
            .log()
            .contains("once the revision on trial")
            .then_some(())
    });
    until("what status says", || files_changed(&agent).then_some(()));
    let reloads = &agent.json(&["status"])["policy"]["reloads"];
    assert_eq!((revision(&agent), &reloads["refused"]), (2, &0.into()));
    agent.say(&["confirm"]);
    until("the file", || (revision(&agent) == 3).then_some(()));
    assert_eq!(agent.json(&["history"])[0]["cause"], "file-change");
    assert!(!files_changed(&agent));

    agent.stop();
}

#[test]
fn a_change_at_the_wrong_time_does_not_refuse_the_files() {
    let rig = Rig::new();
    let agent = Agent::start(&rig, &gateway(&rig, COLD), POLICY);
    let sent = rig.file("sent.yaml").display().to_string();
    fs::write(&sent, other()).unwrap();
    agent.say(&["apply", &sent, "--yes", "--confirm-within", "1h"]);
    let (exit, said) = ended(&agent.client(&["reload"]).output().unwrap());
    assert_eq!((exit, said.contains("is on trial")), (6, true), "{said}");
    let reloads = agent.json(&["status"])["policy"]["reloads"].clone();
    assert_eq!(reloads["refused"], 1);
    assert!(reloads["refusal"].is_null(), "{reloads}");
    agent.say(&["confirm"]);
    // Nor does what was found of them before say anything about what is loaded now.
    fs::write(rig.file("policy.yaml"), format!("{POLICY}# wanted\n")).unwrap();
    agent.say(&["reload"]);
    assert!(!files_changed(&agent));
    agent.stop();
}

#[test]
fn what_an_agent_kept_is_shown_without_it() {
    let rig = Rig::new();
    let mut agent = Agent::start_with(&rig, &gateway(&rig, COLD), POLICY, &KEEP);
    let state = rig.file("state").display().to_string();
    let sent = rig.file("sent.yaml").display().to_string();
    fs::write(&sent, other()).unwrap();
    agent.say(&["apply", &sent, "--yes", "--reason", "why not"]);
    let (exit, said) = ended(
        &agent
            .client(&["history", "--state", &state])
            .output()
            .unwrap(),
    );
    assert_eq!(
        (exit, said.contains("an agent that runs")),
        (6, true),
        "{said}"
    );
    agent.running().signal(Signal::KILL).unwrap();
    until("its end", || {
        agent.running().wait(std::time::Duration::ZERO).unwrap()
    });
    drop(agent);

    let say = |args: &[&str]| {
        let mut command = rig.gateway.command(AGENT).unwrap();
        let output = command.args(args).output().unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    let (exit, history) = say(&["history", "--state", &state]);
    assert_eq!(exit, Some(0));
    assert!(history.contains("why not"), "{history}");
    let (exit, difference) = say(&["diff", "--state", &state, "1"]);
    assert_eq!(exit, Some(0));
    assert!(
        difference.contains("+      - {to: server, tcp: 104"),
        "{difference}"
    );
    assert_eq!(say(&["diff", "--state", &state]).0, Some(2));
    assert_eq!(say(&["diff", "--state", &state, "1", "77"]).0, Some(2));
    assert_eq!(say(&["history", "--state", "/nowhere"]).0, Some(2));

    // Nothing was changed for the next agent.
    let agent = Agent::start(&rig, &gateway(&rig, COLD), POLICY);
    assert_eq!(revision(&agent), 2);
    let dicom = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 104);
    exchange(&mut connect(&rig.device, dicom.address()), 1_000);
    agent.stop();
}
