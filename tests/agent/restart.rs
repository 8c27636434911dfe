//! A restart: what goes on, what is judged anew, and what begins anew.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use aya::{
    Pod,
    maps::{Array, Map, MapData},
};
use rustix::process::Signal;
use xiot_common::{about::About, map, slot::Active};
use xiot_tests::net::{
    rig::Rig,
    traffic::{EchoServer, connect, connect_is_lost, exchange},
};

use crate::{
    POLICY,
    agent::{Agent, COLD, KEEP, gateway},
};

/// With another wire nothing that the program before has is of use.
fn rewired(gateway: &str) -> String {
    gateway.replace("name: ward-3", "name: ward-4")
}

#[track_caller]
fn is_cut(session: &mut TcpStream) {
    session.write_all(b"anybody there?").unwrap();
    session
        .set_read_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    session.read_exact(&mut [0]).unwrap_err();
}

/// Frames that were forwarded in all.
fn forwarded(agent: &Agent<'_>) -> u64 {
    let status = agent.json(&["status"]);
    let frames = status["frames"].as_array().unwrap().iter();
    let counts = frames.filter(|it| it["verdict"] == "forwarded");
    counts.map(|it| it["frames"].as_u64().unwrap()).sum()
}

#[test]
fn everything_goes_on_after_an_orderly_end() {
    let rig = Rig::new();
    let files = gateway(&rig, COLD);
    let first = Agent::start_with(&rig, &files, POLICY, &KEEP);
    let server = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let mut session = connect(&rig.device, server.address());
    exchange(&mut session, 100_000);
    let (before, frames) = (first.json(&["status"]), forwarded(&first));
    let opened = first.flows();
    first.stop();
    // Nobody is there, and policy is enforced: sessions go on, new ones open, others do not.
    exchange(&mut session, 100_000);
    exchange(&mut connect(&rig.device, server.address()), 1_000);
    assert!(connect_is_lost(&rig.device, (rig.uplink.v4, 22).into()));

    let second = Agent::start_with(&rig, &files, POLICY, &KEEP);
    let after = second.json(&["status"]);
    for key in ["revision", "digest"] {
        assert_eq!(after["policy"][key], before["policy"][key]);
    }
    assert!(forwarded(&second) >= frames + 100);
    let known = second.flows();
    assert!(known.len() > opened.len(), "{known:?}");
    assert!(known.iter().all(|flow| flow["device"] == "pump-1"));
    let observed = second.json(&["observed"]);
    let tcp = observed.as_array().unwrap().iter();
    let tcp: Vec<_> = tcp.filter(|it| it["protocol"] == "tcp").collect();
    assert!(tcp.iter().any(|it| it["conversations"] == 2), "{tcp:?}");
    exchange(&mut session, 100_000);
    assert!(second.log().contains("go on"), "{}", second.log());
}

#[test]
fn everything_goes_on_after_a_kill() {
    let rig = Rig::new();
    let files = gateway(&rig, COLD);
    let server = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let mut agent = Agent::start(&rig, &files, POLICY);
    let mut session = connect(&rig.device, server.address());
    for _ in 0..3 {
        exchange(&mut session, 10_000);
        let frames = forwarded(&agent);
        agent.running().signal(Signal::KILL).unwrap();
        agent.running().wait(Duration::from_secs(10)).unwrap();
        drop(agent);
        exchange(&mut session, 10_000);
        agent = Agent::start(&rig, &files, POLICY);
        assert!(forwarded(&agent) > frames);
    }
    exchange(&mut session, 10_000);
}

#[test]
fn another_policy_ends_what_it_does_not_allow_and_nothing_else() {
    let rig = Rig::new();
    let files = gateway(&rig, COLD);
    let both = POLICY.replace("tcp: 3613", "tcp: [22, 3613]");
    let first = Agent::start_with(&rig, &files, &both, &KEEP);
    let pump = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let shell = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 22);
    let [mut allowed, mut denied] =
        [&pump, &shell].map(|server| connect(&rig.device, server.address()));
    exchange(&mut allowed, 1_000);
    exchange(&mut denied, 1_000);
    let revision = first.json(&["status"])["policy"]["revision"].as_u64();
    first.stop();

    let second = Agent::start_with(&rig, &files, POLICY, &KEEP);
    exchange(&mut allowed, 1_000);
    is_cut(&mut denied);
    let drops = second.say(&["drops", "--reason", "revoked", "--json"]);
    assert!(drops.contains("pump-1"), "{drops}");
    let status = second.json(&["status"]);
    assert!(status["policy"]["revision"].as_u64() > revision);
}

#[test]
fn a_device_that_is_put_before_others_takes_nothing_from_them() {
    let rig = Rig::new();
    let files = gateway(&rig, COLD);
    let first = Agent::start_with(&rig, &files, POLICY, &KEEP);
    let server = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let mut session = connect(&rig.device, server.address());
    exchange(&mut session, 1_000);
    let device = |agent: &Agent<'_>, name: &str| {
        let devices = agent.json(&["devices"]);
        let mut devices = devices.as_array().unwrap().iter();
        let device = devices.find(|it| it["name"] == name).unwrap();
        device["traffic"]["from_frames"].as_u64().unwrap()
    };
    let before = device(&first, "pump-1");
    assert!(before > 0);
    first.stop();
    let more = POLICY.replace(
        "devices:\n",
        "devices:\n  - {name: pump-0, mac: \"02:00:00:00:30:99\", ip: [10.30.1.99], profile: pump, mode: enforce}\n",
    );
    let second = Agent::start_with(&rig, &files, &more, &KEEP);
    exchange(&mut session, 1_000);
    assert!(device(&second, "pump-1") > before);
    assert_eq!(device(&second, "pump-0"), 0);
    assert!(second.flows().iter().all(|flow| flow["device"] == "pump-1"));
}

type Change = fn(&mut About);

/// An array that the agent pinned.
fn pinned<T: Pod>(rig: &Rig, name: &str) -> Array<MapData, T> {
    let pin = rig.scratch.bpf().join("xiot").join(name);
    let map = Map::from_map_data(MapData::from_pin(pin).unwrap()).unwrap();
    map.try_into().unwrap()
}

#[test]
fn what_an_agent_does_not_understand_it_does_not_go_on_with() {
    let rig = Rig::new();
    let files = gateway(&rig, COLD);
    let server = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let changes: [(&str, Change); 3] = [
        ("says nothing of its maps", |it| it.magic = 0),
        ("has ABI version 4711", |it| it.abi = 4711),
        ("`wires` changed", |it| it.wires[0] ^= 1),
    ];
    let mut agent = Agent::start_with(&rig, &files, POLICY, &KEEP);
    for (why, change) in changes {
        let mut session = connect(&rig.device, server.address());
        exchange(&mut session, 1_000);
        agent.stop();
        let mut note = pinned::<About>(&rig, map::ABOUT);
        let mut about = note.get(&0, 0).unwrap();
        change(&mut about);
        note.set(0, about, 0).unwrap();
        agent = Agent::start_with(&rig, &files, POLICY, &KEEP);
        let log = agent.log();
        assert!(log.contains("begin anew") && log.contains(why), "{log}");
        is_cut(&mut session);
    }
    // The note of a version that notes otherwise.
    agent.stop();
    let pin = rig.scratch.bpf().join("xiot").join(map::ABOUT);
    std::fs::remove_file(&pin).unwrap();
    let other = Array::<MapData, u64>::create(1, 0).unwrap();
    other.pin(&pin).unwrap();
    let agent = Agent::start_with(&rig, &files, POLICY, &KEEP);
    let log = agent.log();
    assert!(log.contains("says nothing of its maps"), "{log}");
    // A map that is gone.
    agent.stop();
    std::fs::remove_file(rig.scratch.bpf().join("xiot").join(map::FLOW_LEVEL)).unwrap();
    let agent = Agent::start_with(&rig, &files, POLICY, &KEEP);
    let log = agent.log();
    assert!(log.contains("FLOW_LEVEL"), "{log}");
    exchange(&mut connect(&rig.device, server.address()), 1_000);
    agent.stop();
    // With the maps of that one all is well again.
    let agent = Agent::start_with(&rig, &files, POLICY, &KEEP);
    assert!(agent.log().contains("go on"), "{}", agent.log());
}

/// Conversations that no rule allows to begin as they do are picked up in the time of grace alone.
#[test]
fn a_grace_period_goes_on_but_not_beyond_what_the_gateway_file_says() {
    let rig = Rig::new();
    let first = Agent::start_with(&rig, &gateway(&rig, "grace: 1h\n"), POLICY, &KEEP);
    let until = || {
        pinned::<Active>(&rig, map::ACTIVE)
            .get(&0, 0)
            .unwrap()
            .grace_until
    };
    let hour = until();
    first.stop();
    let longer = gateway(&rig, "grace: 30m\n");
    Agent::start_with(&rig, &longer, POLICY, &KEEP).stop();
    let sooner = hour - until();
    assert!((1_000..=1_800).contains(&sooner), "by {sooner} s");
    Agent::start_with(&rig, &gateway(&rig, COLD), POLICY, &KEEP).stop();
    assert_eq!(until(), 0);
    // What is over does not begin again.
    Agent::start_with(&rig, &longer, POLICY, &KEEP).stop();
    assert_eq!(until(), 0);
}

/// What it left behind has no name any more, and is shown all the same.
#[test]
fn what_is_taken_off_the_list_meanwhile_is_cut_and_still_shown() {
    let rig = Rig::new();
    let files = gateway(&rig, COLD);
    let first = Agent::start_with(&rig, &files, POLICY, &KEEP);
    let server = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let mut session = connect(&rig.device, server.address());
    exchange(&mut session, 1_000);
    first.stop();
    let (others, _) = POLICY.split_once("devices:").unwrap();
    let nobody = others.replace("onboarding: learn", "onboarding: enforce");
    let second = Agent::start_with(&rig, &files, &nobody, &KEEP);
    assert_eq!(second.flows().len(), 1);
    for command in ["flows", "observed", "devices", "status", "drops"] {
        second.say(&[command]);
    }
    is_cut(&mut session);
    let drops = second.say(&["drops", "--reason", "revoked", "--json"]);
    assert!(drops.contains("02:00:00:00:30:0c"), "{drops}");
}

#[test]
fn with_other_wires_conversations_begin_anew() {
    let rig = Rig::new();
    let first = Agent::start_with(&rig, &gateway(&rig, ""), POLICY, &KEEP);
    let server = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let mut session = connect(&rig.device, server.address());
    exchange(&mut session, 1_000);
    first.stop();
    let second = Agent::start_with(&rig, &rewired(&gateway(&rig, COLD)), POLICY, &KEEP);
    assert_eq!(second.json(&["status"])["flows"]["used"], 0);
    assert_eq!(second.json(&["observed"]).as_array().unwrap().len(), 0);
    let log = second.log();
    assert!(log.contains("begin anew: `wires` changed"), "{log}");
    // The session from before has no flow any more.
    is_cut(&mut session);
    let drops = second.say(&["drops", "--reason", "tcp_no_flow", "--json"]);
    assert!(drops.contains("pump-1"), "{drops}");
    exchange(&mut connect(&rig.device, server.address()), 1_000);
}

#[test]
fn within_the_grace_time_a_session_survives_the_takeover() {
    let rig = Rig::new();
    let first = Agent::start_with(&rig, &gateway(&rig, ""), POLICY, &KEEP);
    let server = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let mut session = connect(&rig.device, server.address());
    exchange(&mut session, 1_000);
    first.stop();
    let rewired = rewired(&gateway(&rig, ""));
    let second = Agent::start_with(&rig, &rewired, POLICY, &KEEP);
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
    let rewired = rewired(&gateway(&rig, ""));
    let second = Agent::start_with(&rig, &rewired, policy, &KEEP);
    exchange(&mut session, 1_000);
    let observed = second.json(&["observed"]);
    let tcp = observed.as_array().unwrap().iter();
    let mut tcp = tcp.filter(|seen| seen["protocol"] == "tcp");
    assert_eq!(tcp.next().unwrap()["midstream"], true);
}
