//! Rules that end, while there is no agent.

use std::{
    fs,
    io::{Read as _, Write as _},
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aya::maps::{Map, MapData, PerCpuArray};
use xiot_common::{counter::ReasonCounter, map, reason::Reason};
use xiot_tests::{
    net::{
        rig::Rig,
        traffic::{EchoServer, connect, connect_is_lost, exchange},
    },
    until::patience,
};

use crate::{
    POLICY,
    agent::{Agent, gateway},
};

/// Seconds until the rule ends: enough for a reload and a session.
fn lasts() -> u64 {
    patience().as_secs() / 5
}

/// Time that the wall clock shows.
fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

/// Frames that were dropped for this reason, as the pinned counters say.
fn dropped(pins: &Path, reason: Reason) -> u64 {
    let counters = MapData::from_pin(pins.join(map::REASONS)).unwrap();
    let counters: PerCpuArray<_, ReasonCounter> =
        Map::from_map_data(counters).unwrap().try_into().unwrap();
    let ports = 0..2;
    ports
        .flat_map(|port| {
            let row = port * u32::try_from(Reason::CAPACITY).unwrap();
            let cpus = counters.get(&(row + u32::from(reason as u8)), 0).unwrap();
            cpus.iter().map(|it| it.dropped_frames).collect::<Vec<_>>()
        })
        .sum()
}

#[test]
fn a_rule_ends_to_the_second_without_an_agent() {
    let rig = Rig::new();
    let pins = rig.scratch.bpf().join("xiot");
    let mut agent = Agent::start(&rig, &gateway(&rig, ""), POLICY);
    let server = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let end = now().as_secs() + lasts();
    let moment = jiff::Timestamp::from_second(end.cast_signed()).unwrap();
    let ending = POLICY.replace("tcp: 3613", &format!("tcp: 3613, expires: {moment}"));
    fs::write(rig.file("policy.yaml"), ending).unwrap();
    agent.say(&["reload"]);
    let explain = [
        "explain", "--device", "pump-1", "--to", "server", "tcp", "3613",
    ];
    let explained = agent.say(&explain);
    assert!(explained.contains("allowed"), "{explained}");
    assert!(
        explained.contains(&format!("until {moment}")),
        "{explained}"
    );
    let mut session = connect(&rig.device, server.address());
    exchange(&mut session, 10_000);

    let child = agent.running().child();
    child.kill().unwrap();
    child.wait().unwrap();
    session
        .set_read_timeout(Some(Duration::from_millis(500)))
        .unwrap();
    let mut last_answer = Duration::ZERO;
    while now().as_secs() <= end {
        let sent = now();
        session.write_all(b"x").unwrap();
        match session.read_exact(&mut [0]) {
            Ok(()) => last_answer = sent,
            Err(_) => break,
        }
    }
    // It was there until the end, but for what a busy machine takes.
    assert!(last_answer.as_secs() < end, "{last_answer:?}");
    assert!(last_answer.as_secs() + 2 >= end, "{last_answer:?}, {end}");
    assert!(dropped(&pins, Reason::Revoked) > 0);
    assert_eq!(dropped(&pins, Reason::RuleNotInForce), 0);
    assert!(connect_is_lost(&rig.device, server.address()));
    assert!(dropped(&pins, Reason::RuleNotInForce) > 0);
}
