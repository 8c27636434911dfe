//! A system around a kernel: it sees this machine's files, writes to memory only, runs one command and powers off.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::kernels::modules;
use crate::kernels::packages::Kernel;
use crate::shell;

/// What it takes to reach the machine's files, and a layer above them. The kernel finds all others there.
const FIRST_MODULES: &[&str] = &["virtio_pci", "9pnet_virtio", "9p", "overlay"];

const INIT: &str = include_str!("init.sh");
const RUN: &str = include_str!("run.sh");

/// A guest that can be started.
#[derive(Debug)]
pub(crate) struct Guest {
    /// Release of its kernel.
    pub(crate) release: String,
    /// Its kernel.
    pub(crate) image: PathBuf,
    /// What the kernel starts with.
    pub(crate) initramfs: PathBuf,
    /// Directory that the guest writes its results to.
    pub(crate) out: PathBuf,
}

impl Guest {
    /// Makes a guest in `dir` that runs `command`.
    pub(crate) fn make(kernel: &Kernel, dir: &Path, command: &Command) -> Result<Self> {
        let guest = Self {
            release: kernel.release.clone(),
            image: kernel.image.clone(),
            initramfs: dir.join("initramfs"),
            out: dir.join("out"),
        };
        anew(&guest.out)?;
        write(&dir.join("run.sh"), &script(kernel, dir, command))?;
        guest.pack(kernel, dir)?;
        Ok(guest)
    }

    fn pack(&self, kernel: &Kernel, dir: &Path) -> Result<()> {
        let files = dir.join("initramfs.files");
        anew(&files)?;
        for name in ["dev", "proc", "sys", "bin", "lib/modules"] {
            create(&files.join(name))?;
        }
        copy(&kernel.busybox, &files.join("bin/busybox"))?;
        write(&files.join("init"), INIT)?;
        let executable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(files.join("init"), executable)
            .context("could not make init executable")?;
        write(&files.join("job"), &format!("{}\n", dir.display()))?;
        write(&files.join("modules"), &(FIRST_MODULES.join("\n") + "\n"))?;
        let target = files.join("lib/modules").join(&kernel.release);
        let dependencies = kernel.modules.join("modules.dep");
        let dependencies = fs::read_to_string(&dependencies)
            .with_context(|| format!("could not read {}", dependencies.display()))?;
        for file in modules::files(&dependencies, FIRST_MODULES) {
            let to = target.join(file);
            create(to.parent().expect("it is below the target"))?;
            copy(&kernel.modules.join(file), &to)?;
        }
        create(&target)?;
        write(&target.join("modules.dep"), &dependencies)?;
        // modprobe insists on them.
        write(&target.join("modules.alias"), "")?;
        write(&target.join("modules.symbols"), "")?;
        let mut cpio = shell::command("sh");
        cpio.args(["-ec", r#"find . | "$0" cpio -o -H newc >"$1" 2>/dev/null"#])
            .arg(&kernel.busybox)
            .arg(&self.initramfs)
            .current_dir(&files);
        shell::run_as(&mut cpio, &format!("cpio -o >{}", self.initramfs.display()))
    }
}

/// The guest's script: what differs between runs, then what does not.
fn script(kernel: &Kernel, dir: &Path, command: &Command) -> String {
    let quoted = |path: &Path| shell::quote(path.as_os_str());
    let root = quoted(shell::root());
    // Its absolute path: the guest has no other way to know it.
    let program = shell::which(&command.get_program().to_string_lossy());
    let program = program
        .as_deref()
        .unwrap_or_else(|| Path::new(command.get_program()));
    let mut words: Vec<String> = Vec::new();
    for (name, value) in command.get_envs().filter(|(name, _)| *name != "PATH") {
        words.extend(value.map(|value| format!("{}={}", name.display(), shell::quote(value))));
    }
    words.push(quoted(program));
    words.extend(command.get_args().map(shell::quote));
    format!(
        "dir={}\nmodules={}\nbusybox={}\nrun_tests() {{\n    cd {root} && {}\n}}\n\n{RUN}",
        quoted(dir),
        quoted(&kernel.modules),
        quoted(&kernel.busybox),
        words.join(" ")
    )
}

fn anew(dir: &Path) -> Result<()> {
    if dir.exists() {
        fs::remove_dir_all(dir).with_context(|| format!("could not remove {}", dir.display()))?;
    }
    create(dir)
}

fn create(dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("could not create {}", dir.display()))
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("could not write {}", path.display()))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let copied = fs::copy(from, to);
    copied.with_context(|| format!("could not copy {}", from.display()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_sets_what_it_uses_and_quotes_it() {
        let kernel = Kernel {
            release: "6.1.0".to_owned(),
            image: "/k/vmlinuz".into(),
            modules: "/k/my modules".into(),
            busybox: "/k/busybox".into(),
        };
        let mut command = Command::new("/opt/runner");
        command.args(["-E", "kind(test)"]).env("XIOT_FRAMES", "7");
        let script = script(&kernel, Path::new("/t/6.1"), &command);
        assert!(
            script.starts_with("dir=/t/6.1\nmodules='/k/my modules'\n"),
            "{script}"
        );
        assert!(
            script.contains("XIOT_FRAMES=7 /opt/runner -E 'kind(test)'\n"),
            "{script}"
        );
        assert!(script.contains("run_tests >\"$out/log\""), "{script}");
    }
}
