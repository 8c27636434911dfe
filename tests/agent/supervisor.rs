//! What a service manager hears, by a notification socket of the test's own.

use std::{os::unix::net::UnixDatagram, time::Duration};

use rustix::process::Signal;
use xiot_tests::{
    net::rig::Rig,
    until::{patience, until},
};

use crate::{
    POLICY,
    agent::{Agent, KEEP, gateway, run, write},
};

/// How long the manager waits for a sign of life.
const WATCHDOG: Duration = Duration::from_millis(400);

/// The manager's end of the socket.
struct Manager<'r> {
    rig: &'r Rig,
    socket: UnixDatagram,
}

impl<'r> Manager<'r> {
    fn new(rig: &'r Rig) -> Self {
        let socket = UnixDatagram::bind(rig.file("notify.sock")).unwrap();
        socket.set_read_timeout(Some(patience())).unwrap();
        Self { rig, socket }
    }

    /// An agent whose manager this is.
    fn start(&self, policy: &str, watchdog: Option<Duration>) -> Agent<'r> {
        let rig = self.rig;
        write(rig, &gateway(rig, ""), policy);
        let mut command = run(rig, &[]);
        command
            .args(KEEP)
            .env("NOTIFY_SOCKET", rig.file("notify.sock"));
        if let Some(watchdog) = watchdog {
            command.env("WATCHDOG_USEC", watchdog.as_micros().to_string());
        }
        Agent::start_by(rig, &mut command)
    }

    /// The next message, a line each.
    #[track_caller]
    fn hear(&self) -> Vec<String> {
        let mut bytes = [0; 4096];
        let count = self.socket.recv(&mut bytes).unwrap();
        let text = str::from_utf8(&bytes[..count]).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    /// What it hears of a reload that ends well, or not.
    #[track_caller]
    fn hears_a_reload(&self) -> Vec<String> {
        let began = self.hear();
        assert_eq!(began[0], "RELOADING=1");
        let (_, time) = began[1].split_once("MONOTONIC_USEC=").unwrap();
        assert!(time.parse::<u64>().unwrap() > 0, "{began:?}");
        let ended = self.hear();
        assert_eq!(ended[0], "READY=1");
        ended
    }
}

fn digest(agent: &Agent<'_>) -> String {
    let digest = agent.json(&["status"])["policy"]["digest"].clone();
    digest.as_str().unwrap().chars().take(12).collect()
}

#[test]
fn the_manager_is_told_of_readiness_reloads_and_the_end() {
    let rig = Rig::new();
    let manager = Manager::new(&rig);
    let mut agent = manager.start(POLICY, None);
    // Its lines come first: who waits for either has both.
    assert!(agent.output().contains("READY wire=ward-3"));
    let first = digest(&agent);
    let status = |digest: &str, revision| format!("STATUS=policy {digest}, revision {revision}");
    assert_eq!(manager.hear(), ["READY=1", &status(&first, 1)]);

    // By signal, as `systemctl reload` of a notify-reload service does it.
    let other = POLICY.replace("tcp: 3613", "tcp: 3614");
    write(&rig, &gateway(&rig, ""), &other);
    agent.running().signal(Signal::HUP).unwrap();
    let ended = manager.hears_a_reload();
    let second = digest(&agent);
    assert_ne!(first, second);
    assert_eq!(ended[1..], [status(&second, 2)]);

    // By command; one that is refused leaves the agent ready and what is in force as it was said.
    write(&rig, &gateway(&rig, ""), "nonsense: 1\n");
    assert!(!agent.client(&["reload"]).status().unwrap().success());
    assert_eq!(manager.hears_a_reload(), ["READY=1"]);
    write(&rig, &gateway(&rig, ""), POLICY);
    agent.say(&["reload"]);
    let ended = manager.hears_a_reload();
    assert_eq!(ended[1..], [status(&digest(&agent), 3)]);

    agent.stop();
    assert_eq!(manager.hear()[0], "STOPPING=1");
}

#[test]
fn signs_of_life_come_while_the_service_answers() {
    let rig = Rig::new();
    let manager = Manager::new(&rig);
    let mut agent = manager.start(POLICY, Some(WATCHDOG));
    assert_eq!(manager.hear()[0], "READY=1");
    for _ in 0..3 {
        assert_eq!(manager.hear(), ["WATCHDOG=1"]);
    }
    // One that stands still gives none, and is heard again when it goes on.
    agent.running().signal(Signal::STOP).unwrap();
    let socket = &manager.socket;
    socket.set_read_timeout(Some(WATCHDOG * 2)).unwrap();
    until("silence", || {
        socket.recv(&mut [0; 64]).is_err().then_some(())
    });
    agent.running().signal(Signal::CONT).unwrap();
    socket.set_read_timeout(Some(patience())).unwrap();
    assert_eq!(manager.hear(), ["WATCHDOG=1"]);
}

#[test]
fn a_manager_that_is_gone_hinders_nobody() {
    let rig = Rig::new();
    let manager = Manager::new(&rig);
    let agent = manager.start(POLICY, Some(WATCHDOG));
    drop(manager);
    std::fs::remove_file(rig.file("notify.sock")).unwrap();
    agent.say(&["reload"]);
    until("a line in the log", || {
        agent.log().contains("can't be told").then_some(())
    });
    agent.stop();
}
