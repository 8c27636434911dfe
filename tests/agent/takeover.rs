//! Takeovers under traffic: what is lost, which is nothing.

use std::{
    net::{SocketAddr, UdpSocket},
    process::Stdio,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use xiot_agent::netns::process::Running;
use xiot_common::map;
use xiot_tests::net::{
    rig::{Host, Rig},
    traffic::udp,
};

use crate::{
    POLICY,
    agent::{Agent, COLD, KEEP, assert_nothing_is_left_over, gateway, run},
};

/// Requests over UDP, each as soon as the one before is answered, until `done`; how many there were, and how many answers never came.
pub(crate) fn requests(socket: &UdpSocket, to: SocketAddr, done: &AtomicBool) -> (u64, u64) {
    let (mut sent, mut lost) = (0, 0);
    while !done.load(Ordering::Relaxed) {
        socket.send_to(&u64::to_be_bytes(sent), to).unwrap();
        sent += 1;
        let mut answer = [0; 8];
        if socket.recv(&mut answer).is_err() {
            lost += 1;
        }
    }
    (sent, lost)
}

#[test]
fn no_frame_is_lost_while_one_agent_follows_another() {
    let rig = Rig::new();
    let files = gateway(&rig, COLD);
    let allowed = POLICY.replace("tcp: 3613", "tcp: 3613, udp: 7");
    let mut agent = Agent::start_with(&rig, &files, &allowed, &KEEP);
    let server = udp(&rig.uplink, rig.uplink.v4.into(), 7);
    let client = udp(&rig.device, rig.device.v4.into(), 40_000);
    let to = server.local_addr().unwrap();
    let [done, answered] = [const { AtomicBool::new(false) }; 2];
    let (agent, sent, lost) = thread::scope(|scope| {
        scope.spawn(|| echo(&server, &answered));
        let client = scope.spawn(|| requests(&client, to, &done));
        for round in 0..4 {
            if round % 2 == 0 {
                agent.stop();
            } else {
                agent.running().signal(Signal::KILL).unwrap();
                agent.running().wait(Duration::from_secs(10)).unwrap();
                drop(agent);
            }
            let policy = allowed.replace("tcp: 3613", &format!("tcp: {}", 3613 + round));
            agent = Agent::start_with(&rig, &files, &policy, &KEEP);
        }
        done.store(true, Ordering::Relaxed);
        let (sent, lost) = client.join().unwrap();
        answered.store(true, Ordering::Relaxed);
        (agent, sent, lost)
    });
    println!("{sent} requests, {lost} without an answer");
    assert!(sent > 100);
    assert_eq!(lost, 0);
    let flows = agent.flows();
    let flow = flows.iter().find(|flow| flow["protocol"] == "udp").unwrap();
    // Counted to the frame, across four programs.
    assert_eq!(flow["from_frames"], sent);
}

/// As requests, but each opens a conversation of its own.
pub(crate) fn openings(host: &Host, to: SocketAddr, done: &AtomicBool) -> (u64, u64) {
    let (mut sent, mut lost) = (0, 0);
    while !done.load(Ordering::Relaxed) {
        let socket = udp(host, host.v4.into(), 0);
        socket.send_to(&u64::to_be_bytes(sent), to).unwrap();
        sent += 1;
        if socket.recv(&mut [0; 8]).is_err() {
            lost += 1;
        }
    }
    (sent, lost)
}

/// Echoes datagrams until `done`.
pub(crate) fn echo(server: &UdpSocket, done: &AtomicBool) {
    server
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    let mut request = [0; 8];
    while !done.load(Ordering::Relaxed) {
        if let Ok((length, from)) = server.recv_from(&mut request) {
            server.send_to(&request[..length], from).unwrap();
        }
    }
}

/// Killed at any moment of its way up, a takeover loses no frame of a live conversation and none that opens one, and the next agent
/// goes on from wherever it was.
#[test]
fn takeovers_that_are_killed_at_any_moment_lose_nothing() {
    const ROUNDS: u32 = 12;
    let rig = Rig::new();
    let files = gateway(&rig, COLD);
    let allowed = POLICY
        .replace("tcp: 3613", "tcp: 3613, udp: 7")
        .replace("  pump:\n", "  pump:\n    limits: {new-flows: 1000000}\n");
    let start = Instant::now();
    Agent::start_with(&rig, &files, &allowed, &KEEP).stop();
    let took = start.elapsed();
    let server = udp(&rig.uplink, rig.uplink.v4.into(), 7);
    let client = udp(&rig.device, rig.device.v4.into(), 40_000);
    let to = server.local_addr().unwrap();
    let [done, answered] = [const { AtomicBool::new(false) }; 2];
    let (opened, requested) = thread::scope(|scope| {
        scope.spawn(|| echo(&server, &answered));
        let opener = scope.spawn(|| openings(&rig.device, to, &done));
        let requester = scope.spawn(|| requests(&client, to, &done));
        for round in 1..=ROUNDS {
            let mut agent =
                Running::start(run(&rig, &[]).stdout(Stdio::null()).stderr(Stdio::null())).unwrap();
            agent.wait(took * round / ROUNDS).unwrap();
            agent.signal(Signal::KILL).unwrap();
            agent.wait(Duration::from_secs(10)).unwrap();
        }
        done.store(true, Ordering::Relaxed);
        let both = (opener.join().unwrap(), requester.join().unwrap());
        answered.store(true, Ordering::Relaxed);
        both
    });
    println!("opened, requested and lost of each: {opened:?} {requested:?}");
    assert!(opened.0 > 100 && requested.0 > 100);
    assert_eq!((opened.1, requested.1), (0, 0));
    let agent = Agent::start_with(&rig, &files, &allowed, &["--adopt"]);
    let flows = agent.flows();
    let flow = flows.iter().find(|flow| flow["device_port"] == 40_000);
    assert_eq!(flow.unwrap()["from_frames"], requested.0);
    agent.stop();
    assert!(!rig.scratch.bpf().join("xiot").exists());
}

/// An agent that is killed as it takes over may leave a port whose program has its array of programs pinned where the next agent
/// pins its own at first, or that of what moves flows.
#[test]
fn what_a_killed_takeover_left_works_until_the_next_one_is_done() {
    let rig = Rig::new();
    let files = gateway(&rig, COLD);
    let allowed = POLICY
        .replace("tcp: 3613", "tcp: 3613, udp: 7")
        .replace("  pump:\n", "  pump:\n    limits: {new-flows: 1000000}\n");
    let server = udp(&rig.uplink, rig.uplink.v4.into(), 7);
    let to = server.local_addr().unwrap();
    let pins = rig.scratch.bpf().join("xiot");
    for name in ["new-STAGES", "move-STAGES"] {
        Agent::start_with(&rig, &files, &allowed, &KEEP).stop();
        std::fs::rename(pins.join(map::STAGES), pins.join(name)).unwrap();
        let [done, answered] = [const { AtomicBool::new(false) }; 2];
        let (agent, sent, lost) = thread::scope(|scope| {
            scope.spawn(|| echo(&server, &answered));
            let client = scope.spawn(|| openings(&rig.device, to, &done));
            let agent = Agent::start_with(&rig, &files, &allowed, &KEEP);
            done.store(true, Ordering::Relaxed);
            let (sent, lost) = client.join().unwrap();
            answered.store(true, Ordering::Relaxed);
            (agent, sent, lost)
        });
        println!("{sent} conversations, {lost} without an answer");
        assert!(sent > 100, "{name}");
        assert_eq!(lost, 0, "{name}");
        assert_nothing_is_left_over(&rig);
        agent.stop();
    }
}
