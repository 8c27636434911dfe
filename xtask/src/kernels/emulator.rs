//! qemu: the machine's own, or one unpacked beside the kernels; and what makes the guest's processor.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::kernels::guest::Guest;
use crate::kernels::machine::Machine;
use crate::kernels::outcome::Outcome;
use crate::kernels::packages;
use crate::shell;

/// What makes the guest's processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Accel {
    /// This machine's processor, by /dev/kvm.
    Kvm,
    /// Emulation: works everywhere, and takes about ten times as long.
    Tcg,
}

impl Accel {
    /// As qemu and the table call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Kvm => "kvm",
            Self::Tcg => "tcg",
        }
    }

    fn arguments(self) -> [&'static str; 4] {
        match self {
            Self::Kvm => ["-accel", "kvm", "-cpu", "host"],
            Self::Tcg => ["-accel", "tcg,thread=multi", "-cpu", "max"],
        }
    }

    /// How long a guest may take until its system is up, and then for the tests.
    fn limits(self) -> (Duration, Duration) {
        match self {
            Self::Kvm => (Duration::from_mins(1), Duration::from_mins(30)),
            Self::Tcg => (Duration::from_mins(5), Duration::from_hours(2)),
        }
    }
}

/// Memory of the guest in MiB: the program's tables at their usual sizes, servers, and the files that tests write.
const MEMORY: &str = "4096";

/// More do not help tests that run two at a time.
const PROCESSORS: usize = 4;

const PROGRAM: &str = "qemu-system-x86_64";

/// An emulator that can run guests.
#[derive(Debug)]
pub(crate) struct Emulator {
    program: PathBuf,
    /// Where its libraries are, if not where the machine's are.
    libraries: Option<OsString>,
    accel: Accel,
    may_fall_back: bool,
}

impl Emulator {
    /// Looks for qemu, and fetches one below `dir` where the machine has none.
    pub(crate) fn find(dir: &Path, wanted: Option<Accel>, fresh: bool) -> Result<Self> {
        let (program, libraries) = match shell::which(PROGRAM) {
            Some(program) => (program, None),
            None => unpacked(&dir.join("qemu"), fresh)?,
        };
        let has_kvm = || {
            OpenOptions::new()
                .read(true)
                .write(true)
                .open("/dev/kvm")
                .is_ok()
        };
        let found = || if has_kvm() { Accel::Kvm } else { Accel::Tcg };
        Ok(Self {
            program,
            libraries,
            accel: wanted.unwrap_or_else(found),
            may_fall_back: wanted.is_none(),
        })
    }

    /// Runs a guest to its end. Where it was not said what makes the processor, and /dev/kvm turns out not to boot the
    /// kernel (as in some virtual machines), this and all later guests are emulated.
    pub(crate) fn run(&mut self, guest: &Guest) -> Result<Outcome> {
        let start = Instant::now();
        let accel = self.accel;
        let (boot, tests) = accel.limits();
        eprintln!("\nBooting Linux {} ({}).", guest.release, accel.name());
        let mut machine = Machine::start(&mut self.command(guest), guest)?;
        if let Err(error) = machine.boot(boot) {
            drop(machine);
            if accel == Accel::Tcg || !self.may_fall_back {
                return Err(error);
            }
            eprintln!("note: /dev/kvm does not boot it, so it is emulated: {error:#}");
            self.accel = Accel::Tcg;
            return self.run(guest);
        }
        machine.finish(tests)?;
        Outcome::read(guest, accel.name(), start.elapsed())
            .with_context(|| format!("Linux {} left no result", guest.release))
    }

    fn command(&self, guest: &Guest) -> Command {
        let mut qemu = shell::command(&self.program);
        if let Some(libraries) = &self.libraries {
            qemu.env("LD_LIBRARY_PATH", libraries);
        }
        let processors = available_parallelism()
            .map_or(1, usize::from)
            .min(PROCESSORS);
        qemu.args(self.accel.arguments())
            .args(["-smp", &processors.to_string(), "-m", MEMORY])
            .args(["-nodefaults", "-no-user-config", "-no-reboot"])
            .args(["-display", "none", "-serial", "stdio"])
            .arg("-kernel")
            .arg(&guest.image)
            .arg("-initrd")
            .arg(&guest.initramfs)
            // A panic or an oops ends the guest, without a result.
            .args(["-append", "console=ttyS0 quiet panic=-1 oops=panic"])
            .arg("-virtfs")
            .arg(share(
                "root",
                Path::new("/"),
                ",readonly=on,multidevs=remap",
            ))
            .arg("-virtfs")
            .arg(share("out", &guest.out, ""));
        qemu
    }
}

fn share(tag: &str, path: &Path, more: &str) -> String {
    let path = path.to_string_lossy().replace(',', ",,");
    format!("local,path={path},mount_tag={tag},security_model=none{more}")
}

fn unpacked(dir: &Path, fresh: bool) -> Result<(PathBuf, Option<OsString>)> {
    let program = dir.join("usr/bin").join(PROGRAM);
    packages::with_dependencies(&["qemu-system-x86"], dir, fresh)?;
    let libraries = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"].map(|path| dir.join(path));
    let libraries = std::env::join_paths(libraries)
        .with_context(|| format!("libraries can't be searched for in {}", dir.display()))?;
    Ok((program, Some(libraries)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machines_files_are_only_read() {
        let emulator = Emulator {
            program: "/q".into(),
            libraries: None,
            accel: Accel::Tcg,
            may_fall_back: true,
        };
        let guest = Guest {
            release: "6.1.0".to_owned(),
            image: "/k".into(),
            initramfs: "/i".into(),
            out: "/a,b/out".into(),
        };
        let shown = shell::line(&emulator.command(&guest));
        assert!(
            shown.contains("path=/,mount_tag=root,security_model=none,readonly=on"),
            "{shown}"
        );
        assert!(shown.contains("path=/a,,b/out,mount_tag=out"), "{shown}");
        assert!(shown.contains("-accel tcg"), "{shown}");
    }
}
