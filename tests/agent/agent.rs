//! An agent started by files of the test's own, and what it says.

use std::{
    fs::{self, File},
    process::{Command, Output, Stdio},
    time::Duration,
};

use serde_json::Value;
use xiot_agent::netns::process::Running;
use xiot_tests::{
    net::rig::{DEVICE_PORT, Rig, UPLINK_PORT},
    until::{patience, until},
};

use crate::AGENT;

/// The gateway file of a rig, with further lines.
pub(crate) fn gateway(rig: &Rig, more: &str) -> String {
    let (socket, pins) = (rig.file("control.sock"), rig.scratch.bpf().join("xiot"));
    let [control, metrics] = [
        (
            "control:",
            format!("control: {{socket: {}}}\n", socket.display()),
        ),
        ("metrics:", "metrics: 127.0.0.1:9469\n".to_owned()),
    ]
    .map(|(key, line)| {
        if more.contains(key) {
            String::new()
        } else {
            line
        }
    });
    let pins = if more.contains("pins:") {
        String::new()
    } else {
        format!("pins: {}\n", pins.display())
    };
    format!(
        "wires:\n  - {{name: ward-3, device: {DEVICE_PORT}, uplink: {UPLINK_PORT}}}\n{control}{metrics}{pins}{more}"
    )
}

/// Enforcement goes on after its end.
pub(crate) const KEEP: [&str; 1] = ["--keep-attached"];

/// No conversation is picked up: what goes on has its flow.
pub(crate) const COLD: &str = "grace: 0s\n";

/// Writes both files.
pub(crate) fn write(rig: &Rig, gateway: &str, policy: &str) {
    fs::write(rig.file("gateway.yaml"), gateway).unwrap();
    fs::write(rig.file("policy.yaml"), policy).unwrap();
}

/// `xiot-agent run` in the gateway, run by `wrapper` if that is not empty.
pub(crate) fn run(rig: &Rig, wrapper: &[&str]) -> Command {
    let words: Vec<&str> = wrapper.iter().copied().chain([AGENT]).collect();
    let (program, arguments) = words.split_first().unwrap();
    let mut command = rig.gateway.command(program).unwrap();
    command
        .args(arguments)
        .arg("run")
        .arg("--gateway")
        .arg(rig.file("gateway.yaml"))
        .arg("--policy")
        .arg(rig.file("policy.yaml"))
        .env("XIOT_STATE", rig.file("state"))
        .stdin(Stdio::null());
    command
}

/// A running agent; ended when dropped.
pub(crate) struct Agent<'r> {
    rig: &'r Rig,
    running: Running,
}

impl<'r> Agent<'r> {
    /// Starts one by these files and waits until it enforces.
    #[track_caller]
    pub(crate) fn start(rig: &'r Rig, gateway: &str, policy: &str) -> Self {
        Self::start_with(rig, gateway, policy, &[])
    }

    /// The same with further arguments.
    #[track_caller]
    pub(crate) fn start_with(rig: &'r Rig, gateway: &str, policy: &str, args: &[&str]) -> Self {
        write(rig, gateway, policy);
        Self::start_as_is(rig, args)
    }

    /// The same with the files that are there.
    #[track_caller]
    pub(crate) fn start_as_is(rig: &'r Rig, args: &[&str]) -> Self {
        let mut command = run(rig, &[]);
        Self::start_by(rig, command.args(args))
    }

    /// Starts one by a command of [`run`].
    #[track_caller]
    pub(crate) fn start_by(rig: &'r Rig, command: &mut Command) -> Self {
        command
            .stdout(File::create(rig.file("agent.out")).unwrap())
            .stderr(File::create(rig.file("agent.log")).unwrap());
        let mut agent = Self {
            rig,
            running: Running::start(command).unwrap(),
        };
        until("READY", || {
            if let Some(status) = agent.running.wait(Duration::ZERO).unwrap() {
                panic!("the agent ended ({status}):\n{}", agent.log());
            }
            agent.output().contains("READY").then_some(())
        });
        agent
    }

    /// What it printed.
    pub(crate) fn output(&self) -> String {
        fs::read_to_string(self.rig.file("agent.out")).unwrap()
    }

    /// What it logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.rig.file("agent.log")).unwrap()
    }

    /// Its process.
    pub(crate) fn running(&mut self) -> &mut Running {
        &mut self.running
    }

    /// A command on its socket, ready to run.
    pub(crate) fn client(&self, args: &[&str]) -> Command {
        let mut command = self.rig.gateway.command(AGENT).unwrap();
        command
            .args(args)
            .env("XIOT_SOCKET", self.rig.file("control.sock"))
            .stdin(Stdio::null());
        command
    }

    /// What a command prints; it must succeed.
    #[track_caller]
    pub(crate) fn say(&self, args: &[&str]) -> String {
        let output = self.client(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The JSON document that a command prints.
    #[track_caller]
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.say(&[args, &["--json"]].concat())).unwrap()
    }

    /// All conversations.
    #[track_caller]
    pub(crate) fn flows(&self) -> Vec<Value> {
        self.json(&["flows"]).as_array().unwrap().clone()
    }

    /// Asks it to end, and waits for that.
    #[track_caller]
    pub(crate) fn stop(mut self) {
        let status = self.running.stop(patience()).unwrap();
        assert!(
            status.is_some_and(|status| status.success()),
            "{status:?}: {}",
            self.log()
        );
    }
}

/// Exit code and standard error of a run that must end by itself. It knows of no policy that was good.
#[track_caller]
pub(crate) fn refused(rig: &Rig, gateway: &str, policy: &str) -> (i32, String) {
    write(rig, gateway, policy);
    let mut command = run(rig, &[]);
    command.env("XIOT_STATE", rig.file("state-of-another"));
    ended(&command.output().unwrap())
}

/// Exit code and standard error.
pub(crate) fn ended(output: &Output) -> (i32, String) {
    (
        output.status.code().unwrap(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

/// Of what an agent pins on the way to a takeover nothing is left.
#[track_caller]
pub(crate) fn assert_nothing_is_left_over(rig: &Rig) {
    let pins = fs::read_dir(rig.scratch.bpf().join("xiot")).unwrap();
    let names = pins.map(|pin| pin.unwrap().file_name().into_string().unwrap());
    let is_odd = |name: &String| {
        let beginnings = ["new-", "left-", "move-"];
        beginnings.iter().any(|it| name.starts_with(it))
    };
    let odd: Vec<_> = names.filter(is_odd).collect();
    assert!(odd.is_empty(), "{odd:?}");
}
