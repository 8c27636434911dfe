//! Processes inside a namespace, ended with their guard.

use std::{
    ffi::OsStr,
    fs, io,
    os::{
        fd::AsFd as _,
        unix::{fs::MetadataExt as _, process::CommandExt as _},
    },
    path::Path,
    process::{Child, Command, ExitStatus},
    time::{Duration, Instant},
};

use rustix::{
    process::{Pid, Signal, kill_process, set_parent_process_death_signal},
    thread::{LinkNameSpaceType, move_into_link_name_space},
};

use super::{NetnsError, namespace::Namespace};

impl Namespace {
    /// A command that will run inside. It is killed when the thread that starts it ends, so that a run
    /// which is killed leaves no process behind.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Result<Command, NetnsError> {
        self.prepare(program, true)
    }

    /// A command that will run inside and may outlive this process.
    pub fn lasting_command(&self, program: impl AsRef<OsStr>) -> Result<Command, NetnsError> {
        self.prepare(program, false)
    }

    fn prepare(
        &self,
        program: impl AsRef<OsStr>,
        dies_with_parent: bool,
    ) -> Result<Command, NetnsError> {
        let file = self.try_clone_file()?;
        let mut command = Command::new(program);
        let enter = move || {
            if dies_with_parent {
                set_parent_process_death_signal(Some(Signal::KILL))?;
            }
            Ok(move_into_link_name_space(
                file.as_fd(),
                Some(LinkNameSpaceType::Network),
            )?)
        };
        // SAFETY: between fork and exec the closure makes two system calls and touches nothing else.
        unsafe {
            command.pre_exec(enter);
        }
        Ok(command)
    }
}

/// Processes that are inside a namespace now.
pub fn inside(namespace: &Path) -> io::Result<Vec<Pid>> {
    let wanted = fs::metadata(namespace)?;
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let pid = name.to_str().and_then(|name| name.parse().ok());
        let Some(pid) = pid.and_then(Pid::from_raw) else {
            continue;
        };
        // A process that has ended meanwhile is not inside.
        let Ok(its) = fs::metadata(format!("/proc/{}/ns/net", pid.as_raw_nonzero())) else {
            continue;
        };
        if (its.dev(), its.ino()) == (wanted.dev(), wanted.ino()) {
            found.push(pid);
        }
    }
    Ok(found)
}

/// A started process, killed when dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    kept: bool,
}

impl Running {
    /// Starts a command.
    pub fn start(command: &mut Command) -> Result<Self, NetnsError> {
        match command.spawn() {
            Ok(child) => Ok(Self { child, kept: false }),
            Err(source) => Err(NetnsError::Start {
                program: command.get_program().to_string_lossy().into_owned(),
                source,
            }),
        }
    }

    /// The process, for its pipes and its number.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Leaves the process running when dropped.
    pub fn keep(&mut self) {
        self.kept = true;
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        Ok(kill_process(Pid::from_child(&self.child), signal)?)
    }

    /// Waits for the process to end; none if it has not by then.
    pub fn wait(&mut self, at_most: Duration) -> io::Result<Option<ExitStatus>> {
        let deadline = Instant::now() + at_most;
        loop {
            let status = self.child.try_wait()?;
            if status.is_some() || Instant::now() >= deadline {
                return Ok(status);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Asks the process to end and waits; kills it where it does not. None: it had to be killed.
    pub fn stop(&mut self, at_most: Duration) -> io::Result<Option<ExitStatus>> {
        self.signal(Signal::TERM)?;
        let status = self.wait(at_most)?;
        if status.is_none() {
            self.child.kill()?;
            self.child.wait()?;
        }
        Ok(status)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        // Errors mean that it has ended already.
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait()) {
            tracing::debug!(%error, "Could not end a process.");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        process::{Command, Stdio},
        time::Duration,
    };

    use super::Running;
    use crate::netns::{name, namespace::Namespace};

    #[test]
    fn a_command_runs_inside_and_sees_the_same_mounts() {
        let namespace = Namespace::create(&name::of_run(name::next_number(), "command")).unwrap();
        let there = namespace
            .run(|| fs::read_link("/proc/thread-self/ns/net").unwrap())
            .unwrap();
        let output = namespace
            .command("readlink")
            .unwrap()
            .args(["/proc/self/ns/net", "/proc/self/ns/mnt"])
            .output()
            .unwrap();
        let mounts = fs::read_link("/proc/self/ns/mnt").unwrap();
        assert_eq!(
            String::from_utf8(output.stdout).unwrap(),
            format!("{}\n{}\n", there.display(), mounts.display())
        );
    }

    #[test]
    fn a_guard_ends_its_process() {
        let process = Running::start(Command::new("cat").stdin(Stdio::piped())).unwrap();
        let path = format!("/proc/{}", process.id());
        assert!(fs::exists(&path).unwrap());
        drop(process);
        assert!(!fs::exists(&path).unwrap());
    }

    #[test]
    fn a_process_is_found_in_its_namespace_and_nowhere_else() {
        let number = name::next_number();
        let [full, empty] =
            ["full", "empty"].map(|n| Namespace::create(&name::of_run(number, n)).unwrap());
        let mut command = full.command("cat").unwrap();
        let process = Running::start(command.stdin(Stdio::piped())).unwrap();
        let inside = |namespace: &Namespace| super::inside(&namespace.path()).unwrap();
        let pids: Vec<_> = inside(&full)
            .iter()
            .map(|pid| pid.as_raw_nonzero())
            .collect();
        assert_eq!(pids.len(), 1);
        assert_eq!(u32::try_from(pids[0].get()).unwrap(), process.id());
        assert_eq!(inside(&empty), []);
    }

    #[test]
    fn waiting_has_an_end() {
        let mut process = Running::start(Command::new("cat").stdin(Stdio::piped())).unwrap();
        assert!(process.wait(Duration::from_millis(20)).unwrap().is_none());
        let ended = process.stop(Duration::from_secs(10)).unwrap();
        assert!(ended.is_some_and(|status| !status.success()));
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = Running::start(&mut Command::new("no-such-program")).unwrap_err();
        assert!(error.to_string().contains("no-such-program"));
    }
}
