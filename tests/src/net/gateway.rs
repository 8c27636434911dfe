//! The real agent in the gateway's namespace, driven as an operator would: by files, signals and commands.

use std::{
    fmt::Debug,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Output, Stdio},
    time::Duration,
};

use serde_json::Value;
use xiot_agent::netns::{namespace::Namespace, process::Running, scratch::Scratch};

use crate::until::{patience, until, within};

/// What the agent prints once every frame is judged by the policy.
const READY: &str = "READY";

/// What a test adds to the gateway file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lines<'l> {
    /// Keys of the wire, each after a comma.
    pub wire: &'l str,
    /// Further wires.
    pub wires: &'l str,
    /// Further lines.
    pub more: &'l str,
}

/// Where an agent runs.
pub trait Place: Debug {
    /// The gateway's namespace.
    fn gateway(&self) -> &Namespace;
    /// Files and pins of the gateway.
    fn scratch(&self) -> &Scratch;
    /// Wires and router as the gateway file has them.
    fn wires(&self, lines: Lines<'_>) -> String;

    /// A file of the gateway.
    fn file(&self, name: &str) -> PathBuf {
        self.scratch().path().join(name)
    }
}

/// A running agent. Killed when dropped; what it pinned goes with the rig.
#[derive(Debug)]
pub struct Gateway<'r> {
    rig: &'r dyn Place,
    binary: PathBuf,
    agent: Running,
}

impl<'r> Gateway<'r> {
    /// Starts the agent and waits until it enforces.
    #[track_caller]
    pub fn start(rig: &'r dyn Place, binary: impl Into<PathBuf>, policy: &str) -> Self {
        Self::start_with(rig, binary, policy, &[])
    }

    /// Starts the agent with further arguments and waits until it enforces.
    #[track_caller]
    pub fn start_with(
        rig: &'r dyn Place,
        binary: impl Into<PathBuf>,
        policy: &str,
        args: &[&str],
    ) -> Self {
        Self::start_configured(rig, binary, policy, "", args)
    }

    /// The same with further lines in its gateway file.
    #[track_caller]
    pub fn start_configured(
        rig: &'r dyn Place,
        binary: impl Into<PathBuf>,
        policy: &str,
        more: &str,
        args: &[&str],
    ) -> Self {
        let lines = Lines {
            more,
            ..Lines::default()
        };
        Self::start_on(rig, binary, policy, lines, args)
    }

    /// The same with a gateway file of more than one kind of additions.
    #[track_caller]
    pub fn start_on(
        rig: &'r dyn Place,
        binary: impl Into<PathBuf>,
        policy: &str,
        lines: Lines<'_>,
        args: &[&str],
    ) -> Self {
        let binary = binary.into();
        write_files(rig, policy, lines);
        let log = rig.file("agent.log");
        let create = |path: &Path| File::create(path).unwrap_or_else(|e| panic!("{e}"));
        let output = rig.file("agent.out");
        let mut command = run_command(rig, &binary);
        command
            .args(args)
            .stdin(Stdio::null())
            .stdout(create(&output))
            .stderr(create(&log));
        let mut agent = Running::start(&mut command).unwrap_or_else(|error| panic!("{error}"));
        let is_ready = within(patience(), || {
            let ready = read(&output).lines().any(|line| line.starts_with(READY));
            let ended = agent
                .wait(Duration::ZERO)
                .is_ok_and(|status| status.is_some());
            (ready || ended).then_some(ready)
        });
        assert!(
            is_ready == Some(true),
            "the agent did not get ready; it said:\n{}{}",
            read(&output),
            read(&log)
        );
        Self { rig, binary, agent }
    }

    /// Runs the agent for the rig with a policy that it must not accept, and gives back what came of it.
    pub fn refused(rig: &dyn Place, binary: &Path, policy: &str) -> Output {
        write_files(rig, policy, Lines::default());
        let output = run_command(rig, binary)
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|error| panic!("{error}"));
        assert!(!output.status.success(), "{output:?}");
        output
    }

    /// Runs a command of the agent that ends by itself.
    pub fn command(&self, args: &[&str]) -> Output {
        self.rig
            .gateway()
            .command(&self.binary)
            .unwrap_or_else(|error| panic!("{error}"))
            .args(args)
            .env("XIOT_SOCKET", self.rig.file("control.sock"))
            .output()
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// What a command prints with `--json`.
    #[track_caller]
    pub fn json(&self, args: &[&str]) -> Value {
        match <[Value; 1]>::try_from(self.documents(args)) {
            Ok([document]) => document,
            Err(several) => panic!("{args:?} printed {} documents", several.len()),
        }
    }

    /// What a command prints with `--json`, as a list: one array, or one document a line.
    #[track_caller]
    pub fn list(&self, args: &[&str]) -> Vec<Value> {
        let mut documents = self.documents(args);
        match documents.as_mut_slice() {
            [Value::Array(list)] => std::mem::take(list),
            _ => documents,
        }
    }

    #[track_caller]
    fn documents(&self, args: &[&str]) -> Vec<Value> {
        let output = self.command(&[args, &["--json"]].concat());
        assert!(output.status.success(), "{args:?}: {output:?}");
        serde_json::Deserializer::from_slice(&output.stdout)
            .into_iter()
            .collect::<Result<_, _>>()
            .unwrap_or_else(|error| panic!("{args:?} printed no JSON: {error}: {output:?}"))
    }

    /// Frames counted so far under this verdict and reason, over all ports.
    #[track_caller]
    pub fn frames(&self, verdict: &str, reason: &str) -> u64 {
        let status = self.json(&["status"]);
        let rows = status["frames"].as_array().cloned().unwrap_or_default();
        rows.iter()
            .filter(|row| row["verdict"] == verdict && row["reason"] == reason)
            .filter_map(|row| row["frames"].as_u64())
            .sum()
    }

    /// Waits until at least one more frame than `before` is counted as dropped for this reason.
    #[track_caller]
    pub fn dropped_more_than(&self, before: u64, reason: &str) {
        until(&format!("a drop counted as {reason}"), || {
            (self.frames("dropped", reason) > before).then_some(())
        });
    }

    /// Ends the agent without giving it a chance to do anything.
    pub fn kill(&mut self) {
        let child = self.agent.child();
        child
            .kill()
            .and_then(|()| child.wait())
            .unwrap_or_else(|error| panic!("{error}"));
    }

    /// Asks the agent to end.
    #[track_caller]
    pub fn terminate(&mut self) -> ExitStatus {
        match self.agent.stop(patience()) {
            Ok(Some(status)) => status,
            other => panic!("the agent did not end by itself: {other:?}\n{}", self.log()),
        }
    }

    /// The agent's process.
    pub fn id(&self) -> u32 {
        self.agent.id()
    }

    /// What the agent logged.
    pub fn log(&self) -> String {
        read(&self.rig.file("agent.log"))
    }
}

fn run_command(rig: &dyn Place, binary: &Path) -> Command {
    let mut command = rig
        .gateway()
        .command(binary)
        .unwrap_or_else(|error| panic!("{error}"));
    command
        .arg("run")
        .arg("--gateway")
        .arg(rig.file("gateway.yaml"))
        .arg("--policy")
        .arg(rig.file("policy.yaml"))
        .arg("--state")
        .arg(rig.file("state"));
    command
}

fn write_files(rig: &dyn Place, policy: &str, lines: Lines<'_>) {
    let more = lines.more;
    let metrics = if more.contains("metrics:") {
        ""
    } else {
        "metrics: 127.0.0.1:9469\n"
    };
    let gateway = format!(
        "{}xdp: native\n{metrics}control: {{socket: {}}}\npins: {}\n{more}",
        rig.wires(lines),
        rig.file("control.sock").display(),
        rig.scratch().bpf().join("xiot").display(),
    );
    for (name, text) in [("gateway.yaml", gateway.as_str()), ("policy.yaml", policy)] {
        fs::write(rig.file(name), text).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}
