//! Rules that end, while there is no agent, and calendars that come into force.

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
    until::{patience, until},
};

use crate::{
    POLICY,
    agent::{Agent, gateway},
    metrics::page,
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

/// A policy for a day that counts as Sunday, and maintenance from a second on.
fn by_calendar(begin: u64) -> String {
    let moment = |second: u64| jiff::Timestamp::from_second(second.cast_signed()).unwrap();
    let day = |second| jiff::tz::TimeZone::UTC.to_datetime(moment(second)).date();
    let today = begin - lasts();
    let (today, tomorrow) = (day(today), day(today + 86_400));
    let calendars = format!(
        "time_zone: UTC
holidays: [{today}, {tomorrow}]
calendars:
  weekdays: mon-sat
  sundays: sun
  maintenance: {}/{}
",
        moment(begin),
        moment(begin + 3_600)
    );
    let baselines = "    baselines:
      sundays: [{to: server, tcp: 3614}]
      weekdays: [{to: server, tcp: 3615}]
      maintenance: [{to: server, tcp: 3616}]
devices:";
    calendars + &POLICY.replace("devices:", baselines)
}

#[test]
fn calendars_come_into_force_to_the_second() {
    let rig = Rig::new();
    let agent = Agent::start(&rig, &gateway(&rig, ""), POLICY);
    let server = |port| EchoServer::start(&rig.uplink, rig.uplink.v4.into(), port);
    let [sundays, weekdays, maintenance] = [3614, 3615, 3616].map(server);
    let begin = now().as_secs() + lasts();
    fs::write(rig.file("policy.yaml"), by_calendar(begin)).unwrap();
    agent.say(&["reload"]);

    let explain = [
        "explain", "--device", "pump-1", "--to", "server", "tcp", "3616",
    ];
    let explained = agent.client(&explain).output().unwrap().stdout;
    let explained = String::from_utf8(explained).unwrap();
    let lost = connect_is_lost(&rig.device, maintenance.address());
    if now().as_secs() < begin {
        assert!(explained.contains("next from"), "{explained}");
        assert!(lost);
    }
    drop(connect(&rig.device, sundays.address()));
    assert!(connect_is_lost(&rig.device, weekdays.address()));
    until("maintenance", || {
        let lost = connect_is_lost(&rig.device, maintenance.address());
        (!lost).then_some(())
    });
    assert!(now().as_secs() >= begin);

    let in_force = || {
        let status = agent.json(&["status"]);
        let calendars = status["calendars"].as_array().unwrap().iter();
        let states = calendars.map(|it| (it["name"].clone(), it["in_force"].clone()));
        states.collect::<Vec<_>>()
    };
    assert_eq!(
        in_force(),
        [
            ("weekdays".into(), false.into()),
            ("sundays".into(), true.into()),
            ("maintenance".into(), true.into()),
        ]
    );
    let page = page(&rig, "127.0.0.1:9469");
    for line in [
        "xiot_calendar_in_force{calendar=\"weekdays\"} 0",
        "xiot_calendar_in_force{calendar=\"maintenance\"} 1",
    ] {
        assert!(page.contains(line), "{page}");
    }
}
