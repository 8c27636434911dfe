//! What an agent starts with, and does, on a disk that takes nothing: what was good is known, and what is asked for is done.

use std::fs;

use serde_json::Value;
use xiot_tests::{
    net::{
        rig::Rig,
        traffic::{EchoServer, connect, connect_is_lost, exchange},
    },
    until::{patience, within},
};

use crate::{
    POLICY,
    agent::{Agent, COLD, ended, gateway, run, write},
};

fn policy(agent: &Agent<'_>) -> Value {
    agent.json(&["status"])["policy"].clone()
}

fn numbers(agent: &Agent<'_>) -> Vec<u64> {
    let history = agent.json(&["history"]);
    let numbers = history.as_array().unwrap().iter();
    numbers.map(|it| it["number"].as_u64().unwrap()).collect()
}

/// Writes a policy that allows this port alone, for who sends it.
fn sent(rig: &Rig, port: u16) -> String {
    let file = rig.file("sent.yaml");
    fs::write(&file, POLICY.replace("3613", &port.to_string())).unwrap();
    file.display().to_string()
}

/// An agent on whose disk this was done with the state directory, `$0`. It sees another one than its test, which leaves nothing mounted.
fn start_on<'r>(rig: &'r Rig, done: &str) -> Agent<'r> {
    let script = format!("{done} && exec \"$@\"");
    let state = rig.file("state").display().to_string();
    let wrapper = ["unshare", "--mount", "sh", "-c", &script, &state];
    Agent::start_by(rig, &mut run(rig, &wrapper))
}

/// Does this where the agent's disk is.
#[track_caller]
fn inside(rig: &Rig, agent: &mut Agent<'_>, command: &[&str]) {
    let mut nsenter = rig.gateway.command("nsenter").unwrap();
    nsenter
        .arg(format!("--mount=/proc/{}/ns/mnt", agent.running().id()))
        .args(command);
    assert!(nsenter.status().unwrap().success(), "{command:?}");
}

/// With two revisions, of which the second came from none of the files; those can't be used now.
fn with_two_revisions(rig: &Rig) {
    let files = gateway(rig, COLD);
    let agent = Agent::start(rig, &files, POLICY);
    agent.say(&["apply", &sent(rig, 104), "--yes"]);
    agent.stop();
    write(rig, &files, "nonsense: 1\n");
    // As it is compiled by an agent that starts with it, so that there is nothing to write about it.
    Agent::start_as_is(rig, &[]).stop();
}

/// The second revision is what is enforced.
#[track_caller]
fn assert_second(rig: &Rig, agent: &Agent<'_>) {
    assert_eq!(policy(agent)["revision"], 2);
    assert_eq!(numbers(agent), [2, 1]);
    let dicom = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 104);
    exchange(&mut connect(&rig.device, dicom.address()), 1_000);
    assert!(connect_is_lost(&rig.device, (rig.uplink.v4, 3613).into()));
}

#[test]
fn on_a_disk_that_is_read_only_all_is_done_but_trials_and_kept_once_it_is_not() {
    let rig = Rig::new();
    with_two_revisions(&rig);
    let read_only = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\"";
    let mut agent = start_on(&rig, read_only);
    assert_second(&rig, &agent);
    let trouble = policy(&agent)["revisions_trouble"].clone();
    assert!(trouble.as_str().unwrap().contains("Read-only"), "{trouble}");

    let trial = ["apply", &sent(&rig, 22), "--yes", "--confirm-within", "1m"];
    let (exit, said) = ended(&agent.client(&trial).output().unwrap());
    assert_eq!((exit, said.contains("can't be kept")), (8, true), "{said}");
    assert_eq!(policy(&agent)["revision"], 2);
    let reloaded = agent.json(&["rollback", "--yes"]);
    let warnings = reloaded["warnings"].as_str().unwrap();
    assert!(warnings.contains("could not be written down"), "{warnings}");
    let pump = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    exchange(&mut connect(&rig.device, pump.address()), 1_000);
    assert_eq!(numbers(&agent), [2, 1]);

    let state = rig.file("state").display().to_string();
    let writable = ["mount", "-o", "remount,bind,rw", &state];
    inside(&rig, &mut agent, &writable);
    // It is tried every half a minute.
    let kept = within(2 * patience(), || {
        policy(&agent)["revisions_trouble"].is_null().then_some(())
    });
    kept.expect("the revision is kept");
    assert_eq!(numbers(&agent), [3, 2, 1]);
    let log = agent.log();
    assert_eq!(log.matches("can be kept again").count(), 1, "{log}");
    agent.stop();
    let agent = Agent::start_as_is(&rig, &[]);
    assert_eq!(policy(&agent)["revision"], 3);
    agent.stop();
}

#[test]
fn on_a_disk_that_is_full_nothing_is_lost_and_all_is_kept_once_it_is_not() {
    let rig = Rig::new();
    with_two_revisions(&rig);
    let full = "mkdir \"$0.full\" && mount -t tmpfs -o size=8m tmpfs \"$0.full\" && cp \"$0\"/* \"$0.full\" \
        && { cat /dev/zero > \"$0.full/more\" || true; } && mount --bind \"$0.full\" \"$0\"";
    let mut agent = start_on(&rig, full);
    assert_second(&rig, &agent);
    // More than there is room for, however it is packed.
    let mut noise = 1_u64;
    let comment = std::iter::repeat_with(|| {
        noise = noise.wrapping_mul(6_364_136_223_846_793_005) | 1;
        format!("# {noise:016x}{:016x}\n", noise.rotate_left(29))
    });
    let long = sent(&rig, 22);
    let policy_text = fs::read_to_string(&long).unwrap();
    fs::write(
        &long,
        policy_text + &comment.take(150_000).collect::<String>(),
    )
    .unwrap();
    let reloaded = agent.json(&["apply", &long, "--yes"]);
    let warnings = reloaded["warnings"].as_str().unwrap();
    assert!(warnings.contains("could not be written down"), "{warnings}");
    assert_eq!(policy(&agent)["revision"], 3);
    assert_eq!(numbers(&agent), [2, 1]);
    let trouble = policy(&agent)["revisions_trouble"].clone();
    assert!(trouble.as_str().unwrap().contains("space"), "{trouble}");

    let more = rig.file("state").join("more");
    inside(&rig, &mut agent, &["rm", &more.display().to_string()]);
    agent.say(&["apply", &sent(&rig, 104), "--yes"]);
    assert_eq!(policy(&agent)["revisions_trouble"], Value::Null);
    assert_eq!(numbers(&agent), [4, 3, 2, 1]);
    agent.stop();
}
