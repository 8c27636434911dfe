//! A running guest: waits for it, shows what it writes, and ends it when it takes too long.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};

use crate::kernels::guest::Guest;
use crate::shell;

/// Pause between two looks at the guest.
const INTERVAL: Duration = Duration::from_millis(300);

/// Lines of the console that say how it ended.
const TAIL: usize = 40;

/// What qemu says when it stops a guest for good, and then waits for somebody to look at it.
const STOPPED: &str = "KVM internal error";

/// A guest under qemu. Dropping it takes its power.
#[derive(Debug)]
pub(crate) struct Machine {
    qemu: Child,
    console: PathBuf,
    out: PathBuf,
    /// Bytes of the log that were shown.
    shown: usize,
}

impl Machine {
    /// Starts it.
    pub(crate) fn start(command: &mut Command, guest: &Guest) -> Result<Self> {
        let console = guest.out.with_file_name("console");
        let create = || {
            File::create(&console).with_context(|| format!("could not write {}", console.display()))
        };
        let file = create()?;
        let errors = file
            .try_clone()
            .context("could not share the console's file")?;
        let qemu = command
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(errors)
            .spawn()
            .with_context(|| format!("could not start {}", shell::line(command)))?;
        Ok(Self {
            qemu,
            console,
            out: guest.out.clone(),
            shown: 0,
        })
    }

    /// Waits until the system is up.
    pub(crate) fn boot(&mut self, limit: Duration) -> Result<()> {
        let deadline = Instant::now() + limit;
        while !self.out.join("up").is_file() {
            if self.has_ended()? {
                return Err(self.failure("ended before its system was up"));
            }
            if text(&self.console).contains(STOPPED) {
                return Err(self.failure("was stopped by /dev/kvm"));
            }
            if Instant::now() >= deadline {
                let seconds = limit.as_secs();
                return Err(self.failure(&format!("was not up after {seconds} seconds")));
            }
            thread::sleep(INTERVAL);
        }
        Ok(())
    }

    /// Shows what the tests print, until the guest powers off.
    pub(crate) fn finish(&mut self, limit: Duration) -> Result<()> {
        let deadline = Instant::now() + limit;
        loop {
            // The end first, or what is written before it might not be shown.
            let ended = self.has_ended()?;
            self.show();
            if ended {
                break;
            }
            if Instant::now() >= deadline {
                let minutes = limit.as_secs() / 60;
                return Err(self.failure(&format!("was not done after {minutes} minutes")));
            }
            thread::sleep(INTERVAL);
        }
        if !self.out.join("code").is_file() {
            return Err(self.failure("ended in the middle of the tests"));
        }
        Ok(())
    }

    fn has_ended(&mut self) -> Result<bool> {
        Ok(self
            .qemu
            .try_wait()
            .context("could not wait for qemu")?
            .is_some())
    }

    fn show(&mut self) {
        let log = fs::read(self.out.join("log")).unwrap_or_default();
        let new = log.get(self.shown..).unwrap_or_default();
        // Whole lines only: the rest comes with the next look.
        let last = new.iter().rposition(|byte| *byte == b'\n');
        let whole = &new[..last.map_or(0, |end| end + 1)];
        self.shown += whole.len();
        eprint!("{}", String::from_utf8_lossy(whole));
    }

    fn failure(&self, what: &str) -> anyhow::Error {
        anyhow!(
            "the guest {what}; the end of {}:\n{}",
            self.console.display(),
            tail(&text(&self.console))
        )
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if self.qemu.kill().is_err() || self.qemu.wait().is_err() {
            eprintln!("note: qemu, process {}, could not be ended", self.qemu.id());
        }
    }
}

fn text(path: &Path) -> String {
    let bytes = fs::read(path).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn tail(text: &str) -> String {
    let lines: Vec<_> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let start = lines.len().saturating_sub(TAIL);
    let shown = lines[start..].iter().map(|line| format!("    {line}"));
    shown.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A guest whose machine is a shell script in its directory.
    fn machine(name: &str, script: &str) -> (Machine, PathBuf) {
        let dir = std::env::temp_dir().join(format!("xiot-xtask-{name}-{}", std::process::id()));
        let out = dir.join("out");
        fs::create_dir_all(&out).expect("a directory can be made");
        let guest = Guest {
            release: "6.1".to_owned(),
            image: PathBuf::new(),
            initramfs: PathBuf::new(),
            out: out.clone(),
        };
        let mut shell = Command::new("sh");
        shell.args(["-c", script]).current_dir(&out);
        (
            Machine::start(&mut shell, &guest).expect("a shell starts"),
            dir,
        )
    }

    fn fails(name: &str, script: &str, expected: &[&str]) {
        let (mut machine, dir) = machine(name, script);
        let result = machine
            .boot(Duration::from_secs(2))
            .and_then(|()| machine.finish(Duration::from_secs(2)));
        drop(machine);
        fs::remove_dir_all(dir).expect("it was made");
        let error = format!("{:#}", result.expect_err("it is no success"));
        for part in expected {
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn a_guest_that_leaves_its_code_has_finished() {
        let (mut machine, dir) = machine("good", "touch up; echo hello >log; echo 0 >code");
        let result = machine
            .boot(Duration::from_secs(20))
            .and_then(|()| machine.finish(Duration::from_secs(20)));
        drop(machine);
        fs::remove_dir_all(dir).expect("it was made");
        result.expect("it is up and leaves a code");
    }

    #[test]
    fn a_guest_that_panics_while_it_boots_is_shown() {
        fails(
            "panic",
            "echo Kernel panic; exit 1",
            &["before its system was up", "    Kernel panic"],
        );
    }

    #[test]
    fn a_guest_that_panics_in_a_test_is_shown() {
        fails(
            "oops",
            "touch up; echo Oops: 0000 >&2",
            &["in the middle of the tests", "    Oops: 0000"],
        );
    }

    #[test]
    fn a_guest_that_hangs_is_ended() {
        fails(
            "hang",
            "echo on; exec sleep 60",
            &["was not up after 2 seconds", "    on"],
        );
        fails("slow", "touch up; exec sleep 60", &["was not done after"]);
    }

    #[test]
    fn a_guest_that_kvm_gave_up_is_not_waited_for() {
        fails(
            "kvm",
            "echo 'KVM internal error. Suberror: 1'; exec sleep 60",
            &["was stopped by /dev/kvm"],
        );
    }

    #[test]
    fn the_end_of_a_long_console_is_enough() {
        let lines: Vec<_> = (0..100).map(|line| format!("{line}\r\n")).collect();
        let tail = tail(&lines.join("\n"));
        assert_eq!(tail.lines().count(), TAIL);
        assert!(tail.ends_with("    99"), "{tail}");
    }
}
