//! Takeovers where the kernel lets no program go on to the one before: ports are taken over one after the other.

use std::{
    fs,
    process::{Command, Stdio},
    sync::atomic::AtomicBool,
    thread,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use xiot_agent::netns::process::Running;
use xiot_tests::{
    kind::one_buffer,
    net::{
        rig::Rig,
        traffic::{EchoServer, connect, exchange, udp},
    },
};

use crate::{
    POLICY,
    agent::{Agent, COLD, KEEP, assert_nothing_is_left_over, gateway, run, write},
    resized::Ended,
    takeover::{echo, requests},
};

/// What an agent says that takes ports over one after the other.
const APART: &str = "The kernel lets no program go on to the one before";

/// Starts agents of both kinds by turns: no two that follow each other can have a relay.
struct Kinds<'r> {
    rig: &'r Rig,
    policy: String,
    /// Gateway files, by turns too.
    files: [String; 2],
    started: usize,
}

impl<'r> Kinds<'r> {
    fn new(rig: &'r Rig, files: [String; 2]) -> Self {
        fs::write(rig.file("one-buffer.o"), one_buffer()).unwrap();
        Self {
            rig,
            policy: POLICY.replace("tcp: 3613", "tcp: 3613, udp: 7"),
            files,
            started: 0,
        }
    }

    /// The command that starts the next one.
    fn command(&mut self, args: &[&str]) -> Command {
        let kind = self.started % 2;
        self.started += 1;
        write(self.rig, &self.files[kind], &self.policy);
        let mut command = run(self.rig, &[]);
        command.args(args);
        if kind == 0 {
            command.arg("--object").arg(self.rig.file("one-buffer.o"));
        }
        command
    }

    fn start(&mut self, args: &[&str]) -> Agent<'r> {
        let mut command = self.command(args);
        Agent::start_by(self.rig, &mut command)
    }
}

/// Requests of one conversation while `work` is done: how many there were, and how many had no answer.
fn beside<T>(rig: &Rig, work: impl FnOnce() -> T) -> (T, (u64, u64)) {
    let server = udp(&rig.uplink, rig.uplink.v4.into(), 7);
    let client = udp(&rig.device, rig.device.v4.into(), 40_000);
    let to = server.local_addr().unwrap();
    let [done, answered] = [const { AtomicBool::new(false) }; 2];
    thread::scope(|scope| {
        let _answered = Ended(&answered);
        scope.spawn(|| echo(&server, &answered));
        let requester = scope.spawn(|| requests(&client, to, &done));
        // Also where it panics: the others would never end.
        let ended = Ended(&done);
        let worked = work();
        drop(ended);
        (worked, requester.join().unwrap())
    })
}

#[track_caller]
fn assert_nothing_lost((requested, lost): (u64, u64)) {
    assert!(requested > 100, "{requested}");
    assert_eq!(lost, 0, "of {requested}");
}

/// The gateway file for so many flows.
fn sized(rig: &Rig, flows: u32) -> String {
    gateway(rig, &format!("{COLD}capacity: {{flows: {flows}}}\n"))
}

#[test]
fn no_live_conversation_loses_a_frame_on_its_way_to_another_table() {
    let rig = Rig::new();
    let mut kinds = Kinds::new(&rig, [10_000, 50_000].map(|flows| sized(&rig, flows)));
    let mut agent = kinds.start(&KEEP);
    let tcp = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let mut session = connect(&rig.device, tcp.address());
    exchange(&mut session, 10_000);
    let (agent, counts) = beside(&rig, || {
        for _ in 0..4 {
            agent.stop();
            agent = kinds.start(&["--keep-attached", "--adopt"]);
            let log = agent.log();
            assert!(log.contains(APART), "{log}");
            assert!(log.contains("moved to a table of another size"), "{log}");
            exchange(&mut session, 10_000);
        }
        agent
    });
    assert_nothing_lost(counts);
    exchange(&mut connect(&rig.device, tcp.address()), 1_000);
    agent.stop();
}

#[test]
fn what_begins_anew_is_picked_up_on_one_port_after_the_other() {
    let rig = Rig::new();
    let one = gateway(&rig, "grace: 1h\n");
    let files = [one.replace("name: ward-3", "name: ward-4"), one];
    let mut kinds = Kinds::new(&rig, files);
    let mut agent = kinds.start(&KEEP);
    let tcp = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let mut session = connect(&rig.device, tcp.address());
    let (agent, counts) = beside(&rig, || {
        for _ in 0..2 {
            agent.stop();
            agent = kinds.start(&KEEP);
            let log = agent.log();
            assert!(log.contains(APART), "{log}");
            exchange(&mut session, 10_000);
        }
        agent
    });
    assert_nothing_lost(counts);
    agent.stop();
}

/// Killed at any moment it leaves ports that run what they ran with, and the next agent goes on from there.
#[test]
fn no_live_conversation_loses_a_frame_to_the_death_of_an_agent_on_its_way() {
    const ROUNDS: u32 = 16;
    let rig = Rig::new();
    let mut kinds = Kinds::new(&rig, [10_000, 50_000].map(|flows| sized(&rig, flows)));
    kinds.start(&KEEP).stop();
    let start = Instant::now();
    kinds.start(&KEEP).stop();
    let took = start.elapsed();
    let tcp = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let mut session = connect(&rig.device, tcp.address());
    let ((), counts) = beside(&rig, || {
        for round in 1..=ROUNDS {
            let mut command = kinds.command(&KEEP);
            command.stdout(Stdio::null()).stderr(Stdio::null());
            let mut agent = Running::start(&mut command).unwrap();
            agent.wait(took * round / ROUNDS).unwrap();
            agent.signal(Signal::KILL).unwrap();
            agent.wait(Duration::from_secs(10)).unwrap();
            exchange(&mut session, 1_000);
        }
    });
    assert_nothing_lost(counts);
    let agent = kinds.start(&["--adopt"]);
    assert_nothing_is_left_over(&rig);
    exchange(&mut session, 1_000);
    agent.stop();
    assert!(!rig.scratch.bpf().join("xiot").exists());
}
