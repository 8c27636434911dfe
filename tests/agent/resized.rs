//! Takeovers with tables of other sizes: flows move, and nothing is lost.

use std::{
    net::UdpSocket,
    process::Stdio,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use xiot_agent::netns::process::Running;
use xiot_tests::net::{
    rig::Rig,
    traffic::{EchoServer, connect, exchange, udp},
};

use crate::{
    POLICY,
    agent::{Agent, COLD, KEEP, assert_nothing_is_left_over, ended, gateway, run, write},
    takeover::{echo, openings, requests},
};

/// Frames of conversations, and openings of more, on a wire.
struct Traffic {
    server: UdpSocket,
    client: UdpSocket,
}

/// How many requests there were, and how many had no answer: each of a conversation of its own, and all of one.
#[derive(Debug)]
struct Counts {
    opened: (u64, u64),
    requested: (u64, u64),
}

/// Says so when dropped.
pub(crate) struct Ended<'a>(pub(crate) &'a AtomicBool);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Traffic {
    fn new(rig: &Rig) -> Self {
        Self {
            server: udp(&rig.uplink, rig.uplink.v4.into(), 7),
            client: udp(&rig.device, rig.device.v4.into(), 40_000),
        }
    }

    /// Speaks while `work` is done.
    fn beside<T>(&self, rig: &Rig, work: impl FnOnce() -> T) -> (T, Counts) {
        let to = self.server.local_addr().unwrap();
        let [done, answered] = [const { AtomicBool::new(false) }; 2];
        thread::scope(|scope| {
            let _answered = Ended(&answered);
            scope.spawn(|| echo(&self.server, &answered));
            let opener = scope.spawn(|| openings(&rig.device, to, &done));
            let requester = scope.spawn(|| requests(&self.client, to, &done));
            // Also where it panics: the others would never end.
            let ended = Ended(&done);
            let worked = work();
            drop(ended);
            let counts = Counts {
                opened: opener.join().unwrap(),
                requested: requester.join().unwrap(),
            };
            (worked, counts)
        })
    }
}

impl Counts {
    #[track_caller]
    fn assert_nothing_lost(&self) {
        assert!(self.opened.0 > 100 && self.requested.0 > 100);
        assert_eq!((self.opened.1, self.requested.1), (0, 0));
    }
}

/// Requests of one device are answered as fast as they come.
fn policy() -> String {
    POLICY
        .replace("tcp: 3613", "tcp: 3613, udp: 7")
        .replace("  pump:\n", "  pump:\n    limits: {new-flows: 1000000}\n")
}

/// The gateway file for so many flows: no fewer than the device has ports.
fn sized(rig: &Rig, flows: u32) -> String {
    gateway(
        rig,
        &format!("{COLD}capacity: {{flows: {flows}, half-open: {flows}}}\n"),
    )
}

/// Frames that a flow of the device on this port counted.
fn counted(agent: &Agent<'_>, device_port: u16) -> u64 {
    let flows = agent.flows();
    let flow = flows.iter().find(|flow| flow["device_port"] == device_port);
    flow.unwrap()["from_frames"].as_u64().unwrap()
}

/// Starts agents with one gateway file after the other and kills each on its way up, which takes so long, later from round to round.
fn kill_starts(
    rig: &Rig,
    files: &[String; 2],
    policy: &str,
    (took, rounds): (Duration, u32),
    mut after_each: impl FnMut(),
) {
    for round in 1..=rounds {
        write(rig, &files[round as usize % 2], policy);
        let mut agent =
            Running::start(run(rig, &[]).stdout(Stdio::null()).stderr(Stdio::null())).unwrap();
        agent.wait(took * round / rounds).unwrap();
        agent.signal(Signal::KILL).unwrap();
        agent.wait(Duration::from_secs(10)).unwrap();
        after_each();
    }
}

#[test]
fn nothing_is_lost_while_the_flow_table_grows_and_shrinks() {
    let rig = Rig::new();
    let policy = policy();
    let mut agent = Agent::start_with(&rig, &sized(&rig, 40_000), &policy, &KEEP);
    let tcp = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let mut session = connect(&rig.device, tcp.address());
    exchange(&mut session, 10_000);
    let traffic = Traffic::new(&rig);
    let (agent, counts) = traffic.beside(&rig, || {
        for flows in [200_000, 50_000, 300_000, 40_000] {
            agent.stop();
            agent = Agent::start_with(
                &rig,
                &sized(&rig, flows),
                &policy,
                &["--keep-attached", "--adopt"],
            );
            let log = agent.log();
            assert!(log.contains("go on"), "{log}");
            assert!(log.contains("moved to a table of another size"), "{log}");
            exchange(&mut session, 10_000);
        }
        agent
    });
    println!("sent and lost: {counts:?}");
    counts.assert_nothing_lost();
    // To the frame, across five programs.
    assert_eq!(counted(&agent, 40_000), counts.requested.0);
    agent.stop();
    exchange(&mut session, 10_000);
}

/// Killed at any moment, the takeover leaves one flow table for all ports, and the next agent goes on from there.
#[test]
fn takeovers_to_other_sizes_that_are_killed_at_any_moment_lose_nothing() {
    const ROUNDS: u32 = 16;
    let rig = Rig::new();
    let policy = policy();
    let files = [100_000, 40_000].map(|flows| sized(&rig, flows));
    Agent::start_with(&rig, &files[1], &policy, &KEEP).stop();
    let start = Instant::now();
    Agent::start_with(&rig, &files[0], &policy, &KEEP).stop();
    let took = start.elapsed();
    let tcp = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let mut session = connect(&rig.device, tcp.address());
    let traffic = Traffic::new(&rig);
    let ((), counts) = traffic.beside(&rig, || {
        kill_starts(&rig, &files, &policy, (took, ROUNDS), || {
            exchange(&mut session, 1_000)
        });
    });
    println!("sent and lost: {counts:?}");
    counts.assert_nothing_lost();
    let agent = Agent::start_with(&rig, &files[0], &policy, &["--adopt"]);
    assert_eq!(counted(&agent, 40_000), counts.requested.0);
    assert_nothing_is_left_over(&rig);
    exchange(&mut session, 1_000);
    agent.stop();
    assert!(!rig.scratch.bpf().join("xiot").exists());
}

/// All that is kept in tables of other sizes is there still.
#[test]
fn whatever_changes_its_size_everything_goes_on() {
    let rig = Rig::new();
    let first = Agent::start_with(&rig, &gateway(&rig, COLD), POLICY, &KEEP);
    let server = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let mut session = connect(&rig.device, server.address());
    exchange(&mut session, 10_000);
    // What devices and rules counted, on whatever CPU.
    let known = |agent: &Agent<'_>| {
        let observed = agent.json(&["observed"]).as_array().unwrap().len() as u64;
        let profile = agent.json(&["status"])["profiles"][0].clone();
        let traffic = agent.json(&["devices"])[0]["traffic"].clone();
        [
            observed,
            traffic["from_frames"].as_u64().unwrap(),
            traffic["to_frames"].as_u64().unwrap(),
            profile["rule_hits"].as_u64().unwrap(),
        ]
    };
    let mut before = known(&first);
    assert!(before.iter().all(|&count| count > 0), "{before:?}");
    first.stop();
    for capacity in [
        "{flows: 1000, half-open: 2000, devices: 100, rules: 50, observed: 300, event-ring: 64KiB, policy: 1MiB}",
        "{devices: 20000, rules: 70000}",
        "{policy: 32MiB}",
        "{observed: 70000, event-ring: 128KiB}",
    ] {
        let files = gateway(&rig, &format!("{COLD}capacity: {capacity}\n"));
        let agent = Agent::start_with(&rig, &files, POLICY, &["--keep-attached", "--adopt"]);
        let after = known(&agent);
        let nothing_less = before
            .iter()
            .zip(&after)
            .all(|(before, after)| after >= before);
        assert!(nothing_less, "{capacity}: {before:?}, {after:?}");
        exchange(&mut session, 10_000);
        let flows = agent.flows();
        assert!(
            flows.iter().all(|flow| flow["device"] == "pump-1"),
            "{flows:?}"
        );
        exchange(&mut connect(&rig.device, server.address()), 1_000);
        before = known(&agent);
        agent.stop();
    }
}

/// Who is left out when a table is too small is told, and picked up as after a cold start.
#[test]
fn what_does_not_fit_is_told_and_picked_up() {
    const ROOM: u32 = 40;
    let rig = Rig::new();
    let first = Agent::start_with(&rig, &gateway(&rig, COLD), POLICY, &KEEP);
    let server = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let mut sessions: Vec<_> = (0..2 * ROOM)
        .map(|_| connect(&rig.device, server.address()))
        .collect();
    for session in &mut sessions {
        exchange(session, 100);
    }
    first.stop();
    let files = gateway(
        &rig,
        &format!("capacity: {{flows: {ROOM}, half-open: {ROOM}}}\n"),
    );
    write(&rig, &files, POLICY);
    let (code, error) = ended(&run(&rig, &[]).arg("--adopt").output().unwrap());
    assert_eq!(code, 4, "{error}");
    assert!(
        error.contains("has room for 40 conversations, and there are 80"),
        "{error}"
    );
    let agent = Agent::start_with(&rig, &files, POLICY, &KEEP);
    let log = agent.log();
    assert!(log.contains("flows=40"), "{log}");
    assert!(
        log.contains("There was no room for some live conversations"),
        "{log}"
    );
    assert_eq!(agent.json(&["status"])["flows"]["used"], ROOM);
    agent.stop();
    // There is room again, and grace goes on.
    let agent = Agent::start_with(&rig, &gateway(&rig, ""), POLICY, &KEEP);
    for session in &mut sessions {
        exchange(session, 100);
    }
    agent.stop();
}

/// Where nothing can go on, all ports begin anew in one instant: `grace` picks everything up, whoever is killed when.
#[test]
fn a_takeover_that_begins_anew_does_so_on_both_ports_at_once() {
    const ROUNDS: u32 = 8;
    let rig = Rig::new();
    let policy = policy();
    let one = gateway(&rig, "grace: 1h\n");
    let files = [one.replace("name: ward-3", "name: ward-4"), one];
    Agent::start_with(&rig, &files[1], &policy, &KEEP).stop();
    let start = Instant::now();
    Agent::start_with(&rig, &files[0], &policy, &KEEP).stop();
    let took = start.elapsed();
    let traffic = Traffic::new(&rig);
    let (agent, counts) = traffic.beside(&rig, || {
        kill_starts(&rig, &files, &policy, (took, ROUNDS), || {});
        Agent::start_with(&rig, &files[1], &policy, &[])
    });
    println!("sent and lost: {counts:?}");
    counts.assert_nothing_lost();
    agent.stop();
    assert!(!rig.scratch.bpf().join("xiot").exists());
}
