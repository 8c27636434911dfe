//! What an agent starts with when something on its disk is not as it should be.

use std::{fs, time::Duration};

use rustix::process::Signal;
use serde_json::Value;
use xiot_agent::store::{self, Record, Revisions};
use xiot_tests::{
    net::{
        rig::Rig,
        traffic::{EchoServer, connect, connect_is_lost, exchange},
    },
    until::{patience, within},
};

use crate::{
    POLICY,
    agent::{Agent, COLD, KEEP, ended, gateway, run, write},
    metrics::page,
};

fn policy(agent: &Agent<'_>) -> Value {
    agent.json(&["status"])["policy"].clone()
}

fn kill(mut agent: Agent<'_>) {
    agent.running().signal(Signal::KILL).unwrap();
    agent.running().wait(Duration::from_secs(10)).unwrap();
}

/// Something else than [`POLICY`] in each way that can't be used.
fn broken() -> String {
    POLICY.replace("tcp: 3613", "tpc: 22")
}

#[test]
fn a_file_with_errors_keeps_nothing_from_being_enforced() {
    let rig = Rig::new();
    let files = gateway(&rig, COLD);
    let pump = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let agent = Agent::start(&rig, &files, POLICY);
    let before = policy(&agent);
    assert_eq!(before["kept"]["number"], 1);
    agent.stop();

    // As after a reboot: nothing is attached any more.
    let agent = Agent::start(&rig, &files, &broken());
    exchange(&mut connect(&rig.device, pump.address()), 1_000);
    assert!(connect_is_lost(&rig.device, (rig.uplink.v4, 22).into()));
    let log = agent.log();
    assert!(
        log.contains("policy.yaml:7:22") && log.contains("can't be used"),
        "{log}"
    );
    let in_force = policy(&agent);
    assert_eq!(
        (&in_force["revision"], &in_force["reloads"]["refused"]),
        (&1.into(), &1.into())
    );
    // The very same, compiled when it was.
    assert_eq!(
        (&in_force["digest"], &in_force["compiled_at"]),
        (&before["digest"], &before["compiled_at"])
    );
    fs::write(rig.file("policy.yaml"), POLICY.replace("3613", "22")).unwrap();
    agent.say(&["reload"]);
    assert_eq!(policy(&agent)["revision"], 2);
    agent.stop();

    for missing in ["policy.yaml", "gateway.yaml"] {
        write(&rig, &files, POLICY);
        fs::remove_file(rig.file(missing)).unwrap();
        let agent = Agent::start_as_is(&rig, &[]);
        assert!(connect_is_lost(&rig.device, pump.address()), "{missing}");
        assert!(agent.log().contains("can't read"), "{}", agent.log());
        agent.stop();
    }
    write(&rig, &files.replace("wires", "wirs"), POLICY);
    let agent = Agent::start_as_is(&rig, &[]);
    assert!(agent.log().contains("gateway.yaml:1:"), "{}", agent.log());
    agent.stop();
}

#[test]
fn a_gateway_that_the_last_policy_does_not_fit_takes_the_files() {
    let rig = Rig::new();
    let files = gateway(&rig, COLD);
    let on_wire = POLICY.replace("profile: pump,", "profile: pump, wire: ward-3,");
    Agent::start(&rig, &files, &on_wire).stop();
    let renamed = files.replace("ward-3", "ward-4");
    let agent = Agent::start(&rig, &renamed, &on_wire.replace("ward-3", "ward-4"));
    assert_eq!(policy(&agent)["revision"], 2);
    agent.stop();
    // They are those in force now: there is nothing to load.
    let agent = Agent::start_as_is(&rig, &[]);
    assert_eq!(policy(&agent)["reloads"]["unchanged"], 0);
    agent.stop();
    // Neither do the files: back to what was good, both of it.
    let agent = Agent::start(&rig, &files, &on_wire.replace("ward-3", "ward-4"));
    assert_eq!(agent.json(&["status"])["wires"][0]["name"], "ward-4");
    assert_eq!(policy(&agent)["reloads"]["refused"], 1);
    agent.stop();
}

#[test]
fn another_gateway_file_beside_a_policy_with_errors_is_in_force_and_kept() {
    let rig = Rig::new();
    let files = gateway(&rig, COLD);
    let agent = Agent::start_with(&rig, &files, POLICY, &KEEP);
    fs::write(rig.file("policy.yaml"), POLICY.replace("3613", "22")).unwrap();
    agent.say(&["reload"]);
    agent.stop();
    let smaller = format!("{files}capacity: {{flows: 30000}}\n");
    let agent = Agent::start(&rig, &smaller, &broken());
    assert!(agent.log().contains("policy.yaml:7:22"), "{}", agent.log());
    let in_force = policy(&agent);
    assert_eq!(
        (&in_force["revision"], &in_force["kept"]["cause"]),
        (&3.into(), &"start".into())
    );
    let status = agent.json(&["status"]);
    assert_eq!(status["flows"]["capacity"], 30_000);
    // What that revision had takes a restart: it is left out, and what is in force stays known.
    agent.say(&["rollback", "1", "--yes"]);
    fs::write(rig.file("policy.yaml"), POLICY).unwrap();
    agent.say(&["reload"]);
    agent.stop();
}

#[test]
fn a_takeover_knows_what_an_agent_could_not_write_down() {
    let rig = Rig::new();
    let files = gateway(&rig, COLD);
    let agent = Agent::start(&rig, &files, POLICY);
    let before = fs::read(rig.file("state/revisions.redb")).unwrap();
    fs::write(rig.file("policy.yaml"), POLICY.replace("3613", "22")).unwrap();
    agent.say(&["reload"]);
    kill(agent);
    // The disk forgot all about the second one; the kernel has it.
    fs::write(rig.file("state/revisions.redb"), before).unwrap();
    let agent = Agent::start_as_is(&rig, &KEEP);
    let shell = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 22);
    exchange(&mut connect(&rig.device, shell.address()), 1_000);
    let history = agent.json(&["history"]);
    let numbers: Vec<_> = history
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["number"].as_u64().unwrap())
        .collect();
    assert_eq!(policy(&agent)["revision"], numbers[0]);
    assert!(numbers.is_sorted_by(|a, b| a > b), "{numbers:?}");
    agent.stop();
}

/// An agent that is killed before it can mark what it put in force.
#[test]
fn what_the_kernel_has_is_good_though_nobody_marked_it() {
    let rig = Rig::new();
    let files = gateway(&rig, COLD);
    let mut agent = Agent::start_with(&rig, &files, POLICY, &KEEP);
    fs::write(rig.file("policy.yaml"), POLICY.replace("3613", "22")).unwrap();
    agent.say(&["reload"]);
    // Where the gateway file says nothing any more, that of the revision tells where to look.
    for gateway_file in [&files, "nonsense: 1\n"] {
        kill(agent);
        let revisions: Revisions = store::open(&rig.file("state")).unwrap().content;
        let [first, second] = [1, 2].map(|number| revisions.get(number).unwrap().unwrap());
        revisions.applied(&first).unwrap();
        let texts = revisions.texts(&second).unwrap();
        let unmarked = Record {
            applied: None,
            ..second
        };
        revisions.begin(&unmarked, &texts).unwrap();
        drop(revisions);
        fs::write(rig.file("gateway.yaml"), gateway_file).unwrap();
        agent = Agent::start_as_is(&rig, &KEEP);
        assert_eq!(policy(&agent)["revision"], 2, "{gateway_file}");
        let history = agent.json(&["history"]);
        assert_eq!(history.as_array().unwrap().len(), 2, "{history}");
    }
    agent.stop();
}

/// Nor do the files come back for it, which were there when what is known was put in force.
#[test]
fn a_number_that_the_kernel_had_is_given_to_nothing_else() {
    let rig = Rig::new();
    let agent = Agent::start_with(&rig, &gateway(&rig, COLD), POLICY, &KEEP);
    let sent = rig.file("sent.yaml");
    let apply = |port: &str| {
        fs::write(&sent, POLICY.replace("3613", port)).unwrap();
        agent.say(&["apply", &sent.display().to_string(), "--yes"]);
    };
    apply("104");
    let before = fs::read(rig.file("state/revisions.redb")).unwrap();
    apply("22");
    kill(agent);
    // The disk forgot all about the third one.
    fs::write(rig.file("state/revisions.redb"), before).unwrap();
    let dicom = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 104);
    for _ in 0..2 {
        let agent = Agent::start_as_is(&rig, &KEEP);
        exchange(&mut connect(&rig.device, dicom.address()), 1_000);
        let (in_force, history) = (policy(&agent), agent.json(&["history"]));
        assert_eq!(
            (&in_force["revision"], &history[0]["number"]),
            (&4.into(), &4.into())
        );
        assert_eq!(in_force["digest"], history[0]["digest"]);
        agent.stop();
    }
}

#[test]
fn damaged_revisions_are_set_aside_and_reported() {
    let rig = Rig::new();
    let files = gateway(&rig, COLD);
    Agent::start(&rig, &files, POLICY).stop();
    let damaged = vec![0x5a; 40_000];
    fs::write(rig.file("state/revisions.redb"), &damaged).unwrap();
    let agent = Agent::start(&rig, &files, POLICY);
    let trouble = policy(&agent)["revisions_trouble"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(trouble.contains("damaged"), "{trouble}");
    assert!(agent.log().contains("damaged"), "{}", agent.log());
    let names = fs::read_dir(rig.file("state")).unwrap();
    let aside = names
        .map(|entry| entry.unwrap().path())
        .find(|path| path.display().to_string().contains("damaged-"));
    assert_eq!(fs::read(aside.unwrap()).unwrap(), damaged);
    assert_eq!(agent.json(&["history"]).as_array().unwrap().len(), 1);
    agent.stop();
    // Nothing is known to be good any more, and nothing else is trusted.
    fs::write(rig.file("state/revisions.redb"), &damaged).unwrap();
    write(&rig, &files, &broken());
    let (exit, said) = ended(&run(&rig, &[]).output().unwrap());
    assert_eq!(
        (exit, said.contains("policy.yaml:7:22")),
        (1, true),
        "{said}"
    );
}

#[test]
fn a_state_directory_that_cannot_be_used_is_told_and_stops_nothing() {
    let rig = Rig::new();
    fs::write(rig.file("state"), "a file").unwrap();
    let agent = Agent::start(&rig, &gateway(&rig, COLD), POLICY);
    let trouble = policy(&agent)["revisions_trouble"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(trouble.contains("/state"), "{trouble}");
    fs::write(rig.file("policy.yaml"), POLICY.replace("3613", "22")).unwrap();
    let reload = agent.json(&["reload"]);
    assert_eq!(reload["applied"], true);
    let warnings = reload["warnings"].as_str().unwrap();
    assert!(warnings.contains("could not be written down"), "{warnings}");
    // What it goes back to would have to be kept.
    fs::write(rig.file("policy.yaml"), POLICY).unwrap();
    let trial = ["apply", "--yes", "--confirm-within", "1m"];
    let (exit, said) = ended(&agent.client(&trial).output().unwrap());
    assert_eq!((exit, said.contains("can't be kept")), (8, true), "{said}");
    let (exit, _) = ended(&agent.client(&["history"]).output().unwrap());
    assert_eq!(exit, 8);

    let troubles = |number: u8| {
        let page = page(&rig, "127.0.0.1:9469");
        let lines = ["revisions", "audit"]
            .map(|record| format!("xiot_record_trouble{{record=\"{record}\"}} {number}"));
        lines
            .iter()
            .all(|line| page.lines().any(|found| found == line))
            .then_some(())
    };
    troubles(1).unwrap();
    // It is looked at again every 30 seconds, whether somebody asks or not.
    fs::remove_file(rig.file("state")).unwrap();
    within(patience() + Duration::from_secs(30), || troubles(0)).unwrap();
    assert!(policy(&agent)["revisions_trouble"].is_null());
    assert_eq!(
        agent.json(&["history"])[0]["number"],
        policy(&agent)["revision"]
    );
    agent.stop();
}

#[test]
fn one_agent_has_a_state_directory() {
    let rig = Rig::new();
    let agent = Agent::start(&rig, &gateway(&rig, ""), POLICY);
    let (exit, said) = ended(&run(&rig, &[]).output().unwrap());
    assert_eq!((exit, said.contains("--state")), (6, true), "{said}");
    assert!(!said.contains("Revisions are not kept"), "{said}");
    agent.stop();
}
