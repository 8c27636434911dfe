//! Policies that are looked at before they are in force, kept afterwards, and undone.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    process::Output,
    time::Duration,
};

use rustix::process::Signal;
use serde_json::{Value, json};
use xiot_tests::{
    net::{
        rig::Rig,
        traffic::{EchoServer, connect, connect_is_lost, exchange},
    },
    until::until,
};

use crate::{
    POLICY,
    agent::{Agent, COLD, KEEP, ended, gateway},
};

/// [`POLICY`] for a pump that lives depend on, with another port instead.
fn other() -> String {
    critical().replace("tcp: 3613", "tcp: 104")
}

fn critical() -> String {
    POLICY.replace("  pump:\n", "  pump:\n    criticality: life-sustaining\n")
}

/// Writes a policy beside that of the agent.
fn beside(rig: &Rig, policy: &str) -> String {
    let file = rig.file("other.yaml");
    fs::write(&file, policy).unwrap();
    file.display().to_string()
}

#[track_caller]
fn is_cut(session: &mut TcpStream) {
    session.write_all(b"anybody there?").unwrap();
    session
        .set_read_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    session.read_exact(&mut [0]).unwrap_err();
}

fn revision(agent: &Agent<'_>) -> u64 {
    agent.json(&["status"])["policy"]["revision"]
        .as_u64()
        .unwrap()
}

fn history(agent: &Agent<'_>) -> Vec<Value> {
    agent.json(&["history"]).as_array().unwrap().clone()
}

fn out(output: &Output) -> &str {
    str::from_utf8(&output.stdout).unwrap()
}

#[test]
fn a_policy_is_looked_at_put_in_force_and_undone() {
    let rig = Rig::new();
    let agent = Agent::start(&rig, &gateway(&rig, COLD), &critical());
    let pump = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let dicom = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 104);
    let mut session = connect(&rig.device, pump.address());
    exchange(&mut session, 1_000);
    let file = beside(&rig, &other());

    let plan = agent.json(&["apply", &file, "--dry-run"]);
    assert_eq!(
        (&plan["live_flows"], &plan["cut_flows"]),
        (&1.into(), &1.into())
    );
    let cut = &plan["which_flows"][0];
    assert_eq!(cut["criticality"], "life-sustaining");
    assert_eq!(cut["reason"], "no_port");
    assert_eq!(cut["flow"]["peer_port"], 3613);
    assert_eq!(
        plan["cut_by_criticality"],
        serde_json::json!([{"criticality": "life-sustaining", "flows": 1}])
    );
    assert_eq!(plan["which_devices"][0]["device"], "pump-1");
    let looked = agent.say(&["apply", &file, "--dry-run"]);
    assert!(
        looked.contains("conversations that end: 1 of 1"),
        "{looked}"
    );
    // Nobody is there to ask.
    let (exit, said) = ended(&agent.client(&["apply", &file]).output().unwrap());
    assert_eq!((exit, said.contains("--yes")), (2, true), "{said}");
    assert_eq!((revision(&agent), history(&agent).len()), (1, 1));
    exchange(&mut session, 1_000);

    agent.say(&["apply", &file, "--yes", "--reason", "new interface"]);
    is_cut(&mut session);
    exchange(&mut connect(&rig.device, dicom.address()), 1_000);
    let kept = history(&agent);
    assert_eq!(kept.len(), 2);
    assert_eq!(
        (&kept[0]["cause"], &kept[1]["cause"]),
        (&"apply".into(), &"start".into())
    );
    assert_eq!(kept[0]["reason"], "new interface");
    assert_eq!(kept[0]["user"], "root");
    assert_eq!(
        kept[0]["digest"],
        agent.json(&["status"])["policy"]["digest"]
    );
    let difference = agent.say(&["diff", "1"]);
    assert!(
        difference.contains("-      - {to: server, tcp: 3613"),
        "{difference}"
    );
    assert!(
        difference.contains("+      - {to: server, tcp: 104"),
        "{difference}"
    );
    assert_eq!(
        fs::read_to_string(rig.file("policy.yaml")).unwrap(),
        critical()
    );

    agent.say(&["rollback", "--yes"]);
    exchange(&mut connect(&rig.device, pump.address()), 1_000);
    assert!(connect_is_lost(&rig.device, dicom.address()));
    let newest = &history(&agent)[0];
    assert_eq!(
        (&newest["cause"], &newest["restores"]),
        (&"rollback".into(), &1.into())
    );
    assert_eq!(newest["policy_sha256"], kept[1]["policy_sha256"]);
    assert_eq!(revision(&agent), 3);
    let again = agent.say(&["rollback", "3", "--yes"]);
    assert!(again.starts_with("unchanged: "), "{again}");
    let (exit, said) = ended(&agent.client(&["rollback", "77", "--yes"]).output().unwrap());
    assert_eq!((exit, said.contains("no revision 77")), (2, true), "{said}");
    agent.stop();
}

#[test]
fn a_policy_that_cannot_be_used_is_refused_with_its_errors() {
    let rig = Rig::new();
    let agent = Agent::start(&rig, &gateway(&rig, ""), POLICY);
    let file = beside(&rig, &POLICY.replace("tcp:", "tpc:"));
    for how in ["--dry-run", "--yes"] {
        let (exit, said) = ended(&agent.client(&["apply", &file, how]).output().unwrap());
        assert_eq!(
            (exit, said.contains("other.yaml:7:22")),
            (1, true),
            "{said}"
        );
    }
    let (exit, said) = ended(
        &agent
            .client(&["apply", "/nowhere.yaml", "--yes"])
            .output()
            .unwrap(),
    );
    assert_eq!((exit, said.contains("can't read")), (2, true), "{said}");
    let (exit, _) = ended(&agent.client(&["confirm"]).output().unwrap());
    assert_eq!(exit, 2);
    assert_eq!((revision(&agent), history(&agent).len()), (1, 1));
    agent.stop();
}

#[test]
fn a_policy_that_was_sent_stays_until_the_files_change() {
    let rig = Rig::new();
    let files = gateway(&rig, "grace: 0s\nreload: on-change\n");
    let agent = Agent::start_with(&rig, &files, POLICY, &KEEP);
    let file = beside(&rig, &other());
    agent.say(&["apply", &file, "--yes"]);
    // As it was when the other was put in force: nobody wants it.
    fs::write(rig.file("policy.yaml"), POLICY).unwrap();
    agent.stop();

    let agent = Agent::start_with(&rig, &files, POLICY, &KEEP);
    assert_eq!((revision(&agent), history(&agent).len()), (2, 2));
    // Its lines may lie elsewhere by now.
    let digest = &agent.json(&["status"])["policy"]["digest"];
    assert_eq!(&history(&agent)[0]["digest"], digest);
    assert!(connect_is_lost(&rig.device, (rig.uplink.v4, 3613).into()));
    let dicom = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 104);
    exchange(&mut connect(&rig.device, dicom.address()), 1_000);
    fs::write(rig.file("policy.yaml"), format!("{POLICY}# wanted\n")).unwrap();
    until("the file", || (revision(&agent) == 3).then_some(()));
    assert_eq!(history(&agent)[0]["cause"], "file-change");
    agent.say(&["apply", &file, "--yes"]);
    agent.stop();

    let changed = format!("{POLICY}# wanted again\n");
    let agent = Agent::start_with(&rig, &files, &changed, &KEEP);
    assert_eq!(
        (revision(&agent), &history(&agent)[0]["cause"]),
        (5, &"start".into())
    );
    // Whoever asks gets the files whatever was before.
    agent.say(&["apply", &file, "--yes"]);
    agent.say(&["reload"]);
    assert_eq!(
        (revision(&agent), &history(&agent)[0]["cause"]),
        (7, &"reload".into())
    );
    agent.stop();
}

#[test]
fn a_file_that_says_what_was_sent_is_no_change() {
    let rig = Rig::new();
    let files = gateway(&rig, "grace: 0s\nreload: on-change\n");
    let agent = Agent::start_with(&rig, &files, POLICY, &KEEP);
    agent.say(&["apply", &beside(&rig, &other()), "--yes"]);
    let policy = |agent: &Agent<'_>| agent.json(&["status"])["policy"].clone();
    let looked = |agent: &Agent<'_>, changed: bool| {
        until("a look", || {
            (policy(agent)["files_changed"] == changed).then_some(())
        });
    };
    fs::write(rig.file("policy.yaml"), other()).unwrap();
    until("the file", || {
        (policy(&agent)["reloads"]["unchanged"] == 1).then_some(())
    });
    looked(&agent, false);
    // It is one again if it becomes what it was.
    fs::write(rig.file("policy.yaml"), POLICY).unwrap();
    until("the file", || (revision(&agent) == 3).then_some(()));
    agent.say(&["apply", &beside(&rig, &other()), "--yes"]);
    fs::write(rig.file("policy.yaml"), other()).unwrap();
    until("the file", || {
        (policy(&agent)["reloads"]["unchanged"] == 2).then_some(())
    });
    agent.stop();
    let agent = Agent::start_with(&rig, &files, POLICY, &KEEP);
    assert_eq!(
        (revision(&agent), &history(&agent)[0]["cause"]),
        (5, &"start".into())
    );
    looked(&agent, false);
    agent.stop();
}

#[test]
fn another_gateway_file_does_not_bring_a_policy_back_that_nobody_wants() {
    let rig = Rig::new();
    let files = gateway(&rig, "grace: 0s\nreload: on-change\n");
    let agent = Agent::start_with(&rig, &files, POLICY, &KEEP);
    let file = beside(&rig, &other());
    agent.say(&["apply", &file, "--yes"]);
    let in_force = history(&agent)[0]["policy_sha256"].clone();
    agent.stop();
    // A restart for the gateway file alone.
    let longer = files.replace("grace: 0s", "grace: 0s\nbindings-settle: 1s");
    let agent = Agent::start_with(&rig, &longer, POLICY, &KEEP);
    let check = |agent: &Agent<'_>, cause: &str| {
        let newest = &history(agent)[0];
        assert_eq!(
            (&newest["cause"], &newest["policy_sha256"]),
            (&cause.into(), &in_force)
        );
        assert!(connect_is_lost(&rig.device, (rig.uplink.v4, 3613).into()));
        assert_eq!(agent.json(&["status"])["policy"]["files_changed"], false);
    };
    check(&agent, "start");
    assert_eq!(revision(&agent), 3);
    // And one that is loaded as it changes.
    fs::write(rig.file("gateway.yaml"), &files).unwrap();
    until("the file", || (revision(&agent) == 4).then_some(()));
    check(&agent, "file-change");
    agent.stop();
}

#[test]
fn a_revision_on_trial_goes_back_unless_it_is_confirmed() {
    let rig = Rig::new();
    let agent = Agent::start(&rig, &gateway(&rig, COLD), POLICY);
    let pump = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let file = beside(&rig, &other());
    let said = agent.say(&["apply", &file, "--yes", "--confirm-within", "2s"]);
    assert!(said.contains("on trial until"), "{said}");
    assert!(connect_is_lost(&rig.device, pump.address()));
    until("the end of the trial", || {
        (revision(&agent) == 3).then_some(())
    });
    exchange(&mut connect(&rig.device, pump.address()), 1_000);
    let newest = &history(&agent)[0];
    assert_eq!(
        (&newest["cause"], &newest["restores"]),
        (&"unconfirmed".into(), &1.into())
    );

    agent.say(&["apply", &file, "--yes", "--confirm-within", "1h"]);
    for args in [&["reload"][..], &["apply", "--yes"]] {
        let (exit, said) = ended(&agent.client(args).output().unwrap());
        assert_eq!(
            (exit, said.contains("is on trial until")),
            (6, true),
            "{said}"
        );
    }
    let status = agent.json(&["status"]);
    assert!(status["policy"]["on_trial_until"].is_string(), "{status}");
    agent.say(&["confirm"]);
    assert!(agent.json(&["status"])["policy"]["on_trial_until"].is_null());
    assert!(history(&agent)[0]["confirmed"].is_string());
    agent.say(&["apply", "--yes"]);
    assert_eq!(revision(&agent), 5);

    // Nobody needs to wait for the end.
    agent.say(&["apply", &file, "--yes", "--confirm-within", "1h"]);
    agent.say(&["rollback", "--yes"]);
    assert!(agent.json(&["status"])["policy"]["on_trial_until"].is_null());
    exchange(&mut connect(&rig.device, pump.address()), 1_000);
    agent.stop();
}

#[test]
fn a_trial_ends_with_its_agent() {
    let rig = Rig::new();
    let files = gateway(&rig, COLD);
    let mut agent = Agent::start(&rig, &files, POLICY);
    let pump = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let mut session = connect(&rig.device, pump.address());
    exchange(&mut session, 1_000);
    // The agent's own file has the bad policy: it must not come back by itself.
    let bad = other();
    fs::write(rig.file("policy.yaml"), &bad).unwrap();
    agent.say(&["apply", "--yes", "--confirm-within", "1h"]);
    agent.running().signal(Signal::KILL).unwrap();
    agent.running().wait(Duration::from_secs(10)).unwrap();
    drop(agent);
    assert!(connect_is_lost(&rig.device, pump.address()));

    let agent = Agent::start_with(&rig, &files, &bad, &KEEP);
    exchange(&mut connect(&rig.device, pump.address()), 1_000);
    let back = &history(&agent)[0];
    assert_eq!(back["cause"], "unconfirmed");
    assert!(back["applied"].is_string(), "{back}");
    let mut audit = agent.client(&["audit", "--json", "--limit", "1"]);
    audit.env("XIOT_STATE", rig.file("state"));
    let noted: Value = serde_json::from_slice(&audit.output().unwrap().stdout).unwrap();
    assert_eq!(
        (&noted["event"], &noted["revision"], &noted["cause"]),
        (&"policy".into(), &3.into(), &json!({"unconfirmed": 1}))
    );
    assert!(
        agent.log().contains("Nobody confirmed revision 2"),
        "{}",
        agent.log()
    );
    agent.stop();
    let agent = Agent::start(&rig, &files, &bad);
    assert_eq!(revision(&agent), 3);
    exchange(&mut connect(&rig.device, pump.address()), 1_000);
    agent.stop();
}

#[test]
fn guards_come_back_with_their_revision() {
    let rig = Rig::new();
    let with = |level| {
        gateway(&rig, COLD).replace("uplink: ", &format!("guards: {{mac: {level}}}, uplink: "))
    };
    let agent = Agent::start(&rig, &with("monitor"), POLICY);
    fs::write(rig.file("gateway.yaml"), with("enforce")).unwrap();
    let plan = agent.json(&["apply", "--dry-run"]);
    assert_eq!(
        (&plan["guards"], &plan["unchanged"]),
        (&true.into(), &false.into())
    );
    let said = agent.client(&["apply", "--yes"]).output().unwrap();
    assert!(
        out(&said).contains("guards: some wire has others"),
        "{said:?}"
    );
    agent.say(&["rollback", "--yes"]);
    let difference = agent.say(&["diff", "2"]);
    assert!(difference.contains("+  - {name: ward-3"), "{difference}");
    let difference = agent.say(&["diff", "1", "3"]);
    assert_eq!(difference, "");
    agent.stop();
}
