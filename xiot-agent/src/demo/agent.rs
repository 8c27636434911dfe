//! The agent on the ward's gateway, by its command line only.

use std::{
    env,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use serde::de::DeserializeOwned;

use super::{files, hospital::Hospital};
use crate::netns::process::Running;

/// What the agent prints once it enforces.
const READY: &str = "READY";

/// How long it may take until then.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running agent. Killed when dropped.
#[derive(Debug)]
pub(super) struct Agent {
    process: Running,
}

impl Agent {
    /// Writes a policy and starts the agent with it.
    pub(super) fn start(hospital: &Hospital, policy: &str) -> Result<Self> {
        Self::start_with(hospital, policy, &[])
    }

    /// The same, with further arguments.
    pub(super) fn start_with(hospital: &Hospital, policy: &str, args: &[&str]) -> Result<Self> {
        files::write(hospital, files::POLICY, policy)?;
        files::write(hospital, files::GATEWAY, &files::gateway(hospital))?;
        let (out, log) = (path(hospital, "agent.out"), path(hospital, "agent.log"));
        let mut command = run_command(hospital, files::POLICY)?;
        command
            .args(args)
            .stdin(Stdio::null())
            .stdout(File::create(&out)?)
            .stderr(File::create(&log)?);
        let mut process = Running::start(&mut command)?;
        let deadline = Instant::now() + PATIENCE;
        while !fs::read_to_string(&out)?
            .lines()
            .any(|line| line.starts_with(READY))
        {
            if let Some(status) = process.wait(Duration::ZERO)? {
                bail!(
                    "the agent ended ({status}) and said:\n{}",
                    fs::read_to_string(&log)?
                );
            }
            ensure!(
                Instant::now() < deadline,
                "the agent did not get ready in {PATIENCE:?}"
            );
            thread::sleep(Duration::from_millis(10));
        }
        Ok(Self { process })
    }

    /// Asks it to end; it takes its program off the ports.
    pub(super) fn stop(mut self) -> Result<()> {
        let status = self.process.stop(PATIENCE)?;
        ensure!(
            status.is_some(),
            "the agent did not end when it was asked to"
        );
        Ok(())
    }

    /// Ends it without giving it a chance to do anything.
    pub(super) fn kill(mut self) -> Result<()> {
        let child = self.process.child();
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    /// Leaves it running.
    pub(super) fn keep(&mut self) {
        self.process.keep();
    }

    /// Process id.
    pub(super) fn id(&self) -> u32 {
        self.process.id()
    }
}

/// Runs a command of the agent on the gateway.
pub(super) fn command(hospital: &Hospital, args: &[&str]) -> Result<Output> {
    hospital
        .gateway
        .command(binary()?)?
        .args(args)
        .env("XIOT_SOCKET", socket(hospital))
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("could not run xiot-agent {}", args.join(" ")))
}

/// What a command prints for people.
pub(super) fn show(hospital: &Hospital, args: &[&str]) -> Result<String> {
    let output = command(hospital, args)?;
    ensure!(
        output.status.success(),
        "xiot-agent {} failed: {}",
        args.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What a command prints with `--json`, one document a line.
pub(super) fn json<T: DeserializeOwned>(hospital: &Hospital, args: &[&str]) -> Result<Vec<T>> {
    let text = show(hospital, &[args, &["--json"]].concat())?;
    serde_json::Deserializer::from_str(&text)
        .into_iter()
        .collect::<Result<_, _>>()
        .with_context(|| {
            format!(
                "xiot-agent {} printed something else than JSON",
                args.join(" ")
            )
        })
}

/// Starts the agent with another policy file beside the running one, as one that knows of no policy that was good, and gives back how it ended.
pub(super) fn run_to_end(hospital: &Hospital, policy: &str) -> Result<Output> {
    run_command(hospital, policy)?
        .env("XIOT_STATE", path(hospital, "state-of-another"))
        .stdin(Stdio::null())
        .output()
        .context("could not run the agent")
}

/// Its control socket.
pub(super) fn socket(hospital: &Hospital) -> PathBuf {
    path(hospital, "control.sock")
}

fn run_command(hospital: &Hospital, policy: &str) -> Result<Command> {
    let mut command = if hospital.lasting {
        hospital.gateway.lasting_command(binary()?)?
    } else {
        hospital.gateway.command(binary()?)?
    };
    command
        .arg("run")
        .arg("--gateway")
        .arg(path(hospital, files::GATEWAY))
        .arg("--policy")
        .arg(path(hospital, policy))
        .env("XIOT_STATE", path(hospital, "state"));
    Ok(command)
}

fn path(hospital: &Hospital, name: &str) -> PathBuf {
    hospital.scratch.path().join(name)
}

/// How a person calls the agent from where the demo was started.
pub(super) fn by_hand() -> Result<String> {
    let here = env::current_dir().unwrap_or_default();
    Ok(from(&here, &binary()?))
}

fn from(here: &Path, binary: &Path) -> String {
    match binary.strip_prefix(here) {
        // A name alone would be looked for in PATH.
        Ok(below) if below.components().count() == 1 => format!("./{}", below.display()),
        Ok(below) => below.display().to_string(),
        Err(_elsewhere) => binary.display().to_string(),
    }
}

fn binary() -> Result<PathBuf> {
    env::current_exe().context("could not find the own binary")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::from;

    #[test]
    fn the_way_to_the_binary_is_the_shortest_that_a_shell_takes() {
        let binary = Path::new("/src/xiot/target/release/xiot-agent");
        for (here, by_hand) in [
            ("/src/xiot", "target/release/xiot-agent"),
            ("/src/xiot/target/release", "./xiot-agent"),
            ("/root", "/src/xiot/target/release/xiot-agent"),
            ("", "/src/xiot/target/release/xiot-agent"),
        ] {
            assert_eq!(from(Path::new(here), binary), by_hand, "{here}");
        }
    }
}
