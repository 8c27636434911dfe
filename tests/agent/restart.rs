//! Another policy by a restart: what goes on, and what is forgotten.

use std::io::{Read as _, Write as _};

use xiot_tests::net::{
    rig::Rig,
    traffic::{EchoServer, connect, connect_is_lost, exchange},
};

use crate::{
    POLICY,
    agent::{Agent, gateway},
};

const KEEP: [&str; 1] = ["--keep-attached"];

#[test]
fn a_new_policy_takes_over_and_flows_are_forgotten() {
    let rig = Rig::new();
    let first = Agent::start_with(&rig, &gateway(&rig, ""), POLICY, &KEEP);
    let pump = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let shell = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 22);
    let mut session = connect(&rig.device, pump.address());
    exchange(&mut session, 1_000);
    first.stop();

    // Nobody is there, and the old policy is enforced: sessions go on, new ones open, others do not.
    exchange(&mut session, 1_000);
    exchange(&mut connect(&rig.device, pump.address()), 1_000);
    assert!(connect_is_lost(&rig.device, shell.address()));

    let policy = POLICY.replace("tcp: 3613", "tcp: [22, 3613]");
    let second = Agent::start_with(&rig, &gateway(&rig, "grace: 0s\n"), &policy, &KEEP);
    let status = second.json(&["status"]);
    assert_eq!(status["flows"]["used"], 0);
    assert_eq!(second.json(&["observed"]).as_array().unwrap().len(), 0);
    exchange(&mut connect(&rig.device, shell.address()), 1_000);
    // The session from before the takeover has no flow any more.
    session.write_all(b"anybody there?").unwrap();
    session
        .set_read_timeout(Some(std::time::Duration::from_millis(300)))
        .unwrap();
    session.read_exact(&mut [0]).unwrap_err();
    let drops = second.say(&["drops", "--reason", "tcp_no_flow", "--json"]);
    assert!(drops.contains("pump-1"), "{drops}");
    exchange(&mut connect(&rig.device, pump.address()), 1_000);
}

#[test]
fn within_the_grace_time_a_session_survives_the_takeover() {
    let rig = Rig::new();
    let first = Agent::start_with(&rig, &gateway(&rig, ""), POLICY, &KEEP);
    let server = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let mut session = connect(&rig.device, server.address());
    exchange(&mut session, 1_000);
    first.stop();
    let second = Agent::start_with(&rig, &gateway(&rig, ""), POLICY, &KEEP);
    exchange(&mut session, 1_000);
    let frames = second.json(&["status"])["frames"].clone();
    let mut frames = frames.as_array().unwrap().iter();
    assert!(frames.any(|it| it["reason"] == "allowed_grace"));
}

#[test]
fn while_learning_a_session_survives_the_takeover() {
    let rig = Rig::new();
    let policy = "onboarding: learn\n";
    let first = Agent::start_with(&rig, &gateway(&rig, ""), policy, &KEEP);
    let server = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let mut session = connect(&rig.device, server.address());
    exchange(&mut session, 1_000);
    first.stop();
    let second = Agent::start_with(&rig, &gateway(&rig, ""), policy, &KEEP);
    exchange(&mut session, 1_000);
    let observed = second.json(&["observed"]);
    let tcp = observed.as_array().unwrap().iter();
    let mut tcp = tcp.filter(|seen| seen["protocol"] == "tcp");
    assert_eq!(tcp.next().unwrap()["midstream"], true);
}
