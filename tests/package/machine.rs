//! A machine to install packages on: its root lies over this one's and goes with it, systemd is its first process.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::Duration,
};

use xiot_agent::netns::process::Running;
use xiot_tests::{net::rig::Rig, until::until};

/// What the machine starts with. Its kernel's settings are this machine's: it only reads them.
const BOOT: &str = r#"
cd "$1"
mkdir root
mount -t tmpfs -o mode=755 root root
mkdir root/upper root/work root/merged
mount -t overlay -o lowerdir=/,upperdir=root/upper,workdir=root/work overlay root/merged
cd root/merged
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
# As systemd mounts it.
mount -t bpf -o mode=700 bpf sys/fs/bpf
mount -t tmpfs -o mode=755 run run
mount -t tmpfs -o mode=1777 tmp tmp
mount -t tmpfs -o mode=755 dev dev
for device in null zero full random urandom tty; do
    touch dev/$device
    mount --bind /dev/$device dev/$device
done
ln -s pts/ptmx dev/ptmx
# In a container package scripts may be told to start nothing.
rm -f usr/sbin/policy-rc.d
printf '[Unit]\nDescription=A machine without services\n' >etc/systemd/system/bare.target
# What was added is to be seen there.
mount --bind ../upper srv
pivot_root . mnt
umount --lazy mnt
exec /usr/bin/env -i container=xiot PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --system --unit=bare.target --log-target=null --show-status=no
"#;

/// The machine. It ends when dropped, with all of its processes and files.
pub(crate) struct Machine {
    first: Running,
    group: PathBuf,
}

impl Machine {
    /// Boots one on the network of the rig's gateway, or says what this machine has not that it takes.
    pub(crate) fn boot(rig: &Rig) -> Result<Self, String> {
        for program in ["/lib/systemd/systemd", "/usr/bin/dpkg"] {
            if !Path::new(program).exists() {
                return Err(format!("there is no {program}"));
            }
        }
        let Some(group) = control_group(rig) else {
            return Err("no control group of version 2 can be made here".to_owned());
        };
        let script = format!(
            "echo $$ >{}/cgroup.procs\nexec unshare --cgroup --pid --fork --kill-child bash -ec '{}' bash {}",
            group.display(),
            BOOT.replace('\'', r"'\''"),
            rig.scratch.path().display(),
        );
        let mut command = rig.gateway.command("unshare").unwrap();
        command
            .args(["--mount", "--uts", "--ipc", "bash", "-ec", &script])
            .stdin(Stdio::null())
            .stderr(File::create(rig.file("boot.log")).unwrap());
        let mut machine = Self {
            first: Running::start(&mut command).unwrap(),
            group,
        };
        until("systemd", || {
            if let Some(status) = machine.first.wait(Duration::ZERO).unwrap() {
                let log = fs::read_to_string(rig.file("boot.log")).unwrap();
                panic!("the machine ended ({status}): {log}");
            }
            let state = machine.run(&["systemctl", "is-system-running"]);
            (state.stdout == b"running\n").then_some(())
        });
        Ok(machine)
    }

    /// Runs a program on the machine.
    pub(crate) fn run(&self, words: &[&str]) -> Output {
        let first = self.first.id();
        let mut command = Command::new("nsenter");
        command
            .args(["--mount", "--uts", "--ipc", "--net", "--target"])
            .arg(first.to_string())
            .arg(format!("--pid=/proc/{first}/ns/pid_for_children"))
            .args([
                "/usr/bin/env",
                "-i",
                "LC_ALL=C.UTF-8",
                "DEBIAN_FRONTEND=noninteractive",
            ])
            .arg("PATH=/usr/sbin:/usr/bin:/sbin:/bin")
            .args(words)
            .stdin(Stdio::null());
        command.output().unwrap()
    }

    /// What a program prints on both streams; it must succeed.
    #[track_caller]
    pub(crate) fn say(&self, words: &[&str]) -> String {
        let output = self.run(words);
        let said = both(&output);
        assert!(
            output.status.success(),
            "{words:?}: {}: {said}\n{}",
            output.status,
            both(&self.run(&[
                "sh",
                "-c",
                "systemctl status xiot-agent; tail /run/agent.log"
            ])),
        );
        said
    }

    /// What a program prints on both streams; it must fail.
    #[track_caller]
    pub(crate) fn refuse(&self, words: &[&str]) -> String {
        let output = self.run(words);
        let said = both(&output);
        assert!(!output.status.success(), "{words:?}: {said}");
        said
    }

    /// A property of the agent's service.
    pub(crate) fn property(&self, name: &str) -> String {
        let value = self.say(&[
            "systemctl",
            "show",
            "--value",
            "--property",
            name,
            "xiot-agent",
        ]);
        value.trim().to_owned()
    }

    /// Puts a file there; its directory is made where there is none.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let script = r#"mkdir -p "$(dirname "$1")"; printf %s "$2" >"$1""#;
        self.say(&["sh", "-ec", script, "sh", path, text]);
    }

    /// Copies a file of this machine there.
    pub(crate) fn take(&self, from: &Path, to: &str) {
        let root = format!("/proc/{}/root", self.first.id());
        fs::copy(from, root + to).unwrap();
    }

    /// Whether there is such a file.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.run(&["test", "-e", path]).status.success()
    }

    /// Files of this name that were added to the root, and are there still.
    pub(crate) fn added(&self, name: &str) -> String {
        // A character device says that a file is gone.
        let not_gone = ["-not", "-type", "c"];
        self.say(&[&["find", "/srv", "-name", name], &not_gone[..]].concat())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // Its first process takes all others with it; their groups are empty some time after that.
        self.first.stop(Duration::ZERO).unwrap_or_default();
        until("the end of the machine", || remove_groups(&self.group).ok());
    }
}

fn both(output: &Output) -> String {
    let bytes = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A control group for the machine, below that of this process.
fn control_group(rig: &Rig) -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
    let mount = mounts.lines().find_map(|line| {
        let mut fields = line.split(' ').skip(1);
        let (path, kind) = (fields.next()?, fields.next()?);
        (kind == "cgroup2").then_some(path)
    })?;
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap();
    let own = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let name = rig.scratch.path().file_name()?;
    let group = Path::new(mount).join(own).join(name);
    fs::create_dir(&group).ok()?;
    Some(group)
}

fn remove_groups(group: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(group)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_groups(&entry.path())?;
        }
    }
    fs::remove_dir(group)
}
