//! What is on this machine, as far as set-up cares. Looks, and changes nothing.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use crate::setup::Needs;
use crate::setup::tools::{TOOLS, Tool};
use crate::shell;
use crate::toolchain::{self, Toolchain};

/// The machine as it was found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    /// We are root.
    pub(crate) is_root: bool,
    /// sudo is there.
    pub(crate) has_sudo: bool,
    /// Debian's package manager is there.
    pub(crate) has_apt: bool,
    /// rustup is there.
    pub(crate) has_rustup: bool,
    /// The BPF toolchain that the environment insists on.
    pub(crate) wanted: Option<String>,
    /// Toolchains that rustup knows, of those a build would consider.
    pub(crate) toolchains: Vec<Toolchain>,
    /// The distribution's own Rust, when it brings the sources of `core`.
    pub(crate) system_rust: Option<SystemRust>,
    /// bpf-linker.
    pub(crate) linker: Option<Linker>,
    /// LLVM versions whose library and headers are there to build the linker with.
    pub(crate) llvm: Vec<u32>,
    /// The BPF toolchain has clippy.
    pub(crate) has_bpf_clippy: bool,
    /// Components of the workspace's own toolchain that are missing.
    pub(crate) missing_components: Vec<&'static str>,
    /// Version of cargo-nextest.
    pub(crate) nextest: Option<String>,
    /// Programs of the demo and the tests that are missing.
    pub(crate) missing_tools: Vec<&'static Tool>,
    /// A BPF file system is mounted where pins are kept.
    pub(crate) has_bpffs: bool,
}

/// The distribution's compiler under `/usr`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SystemRust {
    /// Major version of the LLVM inside.
    pub(crate) llvm: u32,
    /// The sources of `core` are there.
    pub(crate) has_source: bool,
    /// cargo is there.
    pub(crate) has_cargo: bool,
}

/// The linker of the BPF target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Linker {
    /// Its version.
    pub(crate) version: String,
    /// Major version of the LLVM inside, where it can be told. It must be the compiler's: bitcode
    /// changes between versions.
    pub(crate) llvm: Option<u32>,
}

/// Where pins are kept.
pub(crate) const BPFFS: &str = "/sys/fs/bpf";

/// Highest LLVM that is looked for; the linker names those it knows.
const LLVM_RANGE: std::ops::RangeInclusive<u32> = 19..=29;

impl Facts {
    /// Looks at what `needs` needs.
    pub(crate) fn gather(needs: Needs) -> Self {
        let wanted = env::var(toolchain::OVERRIDE).ok();
        let names = wanted.as_deref().into_iter().chain(toolchain::CANDIDATES);
        let mut facts = Self {
            is_root: shell::is_root(),
            has_sudo: shell::which("sudo").is_some(),
            has_apt: shell::which("apt-get").is_some(),
            has_rustup: shell::which("rustup").is_some(),
            toolchains: names.filter_map(Toolchain::find).collect(),
            wanted,
            system_rust: system_rust(),
            linker: linker(),
            llvm: LLVM_RANGE
                .filter(|llvm| llvm_prefix(*llvm).is_some())
                .collect(),
            ..Self::default()
        };
        facts.has_bpf_clippy = facts
            .bpf_toolchain()
            .is_some_and(|chosen| chosen.sysroot.join("bin/cargo-clippy").is_file());
        if needs.lint {
            facts.missing_components = missing_components();
        }
        if needs.test {
            facts.nextest =
                version_of(Command::new("cargo-nextest").args(["nextest", "--version"]));
        }
        if needs.run {
            let missing = |tool: &&Tool| shell::which(tool.program).is_none();
            facts.missing_tools = TOOLS.iter().filter(missing).collect();
            facts.has_bpffs = has_bpffs(&fs::read_to_string("/proc/mounts").unwrap_or_default());
        }
        facts
    }

    /// The toolchain that the agent's build script takes.
    pub(crate) fn bpf_toolchain(&self) -> Option<Toolchain> {
        toolchain::choose(self.wanted.as_deref(), |name| self.toolchain(name).cloned())
    }

    /// A toolchain by its name.
    pub(crate) fn toolchain(&self, name: &str) -> Option<&Toolchain> {
        self.toolchains.iter().find(|found| found.name == name)
    }
}

/// Directory of an LLVM with library and headers: `LLVM_PREFIX` if it is that version, else Debian's.
pub(crate) fn llvm_prefix(llvm: u32) -> Option<PathBuf> {
    let given = env::var_os("LLVM_PREFIX").map(PathBuf::from);
    given
        .into_iter()
        .chain([PathBuf::from(format!("/usr/lib/llvm-{llvm}"))])
        .find(|prefix| {
            // The headers' directory is in the development package only.
            prefix.join(format!("lib/libLLVM-{llvm}.so")).exists()
                && prefix.join("include/llvm-c").exists()
        })
}

fn system_rust() -> Option<SystemRust> {
    let usr = Path::new("/usr");
    let version = shell::output(Command::new(usr.join("bin/rustc")).arg("-vV"))?;
    let llvm = version
        .lines()
        .find_map(|line| line.strip_prefix("LLVM version: "));
    Some(SystemRust {
        llvm: llvm.map_or(0, toolchain::major),
        has_source: toolchain::has_source(usr),
        has_cargo: usr.join("bin/cargo").is_file(),
    })
}

fn linker() -> Option<Linker> {
    let path = shell::which("bpf-linker")?;
    // It does not start when its LLVM is gone: then it is as good as missing.
    let version = version_of(Command::new(&path).arg("--version"))?;
    let llvm = llvm_of(&path);
    Some(Linker { version, llvm })
}

/// The loader knows which LLVM a program takes. Linked statically it is inside, and LLVM's library
/// holds the text that it signs bitcode with, such as `LLVM22.1.8`; grep, because the file is large.
fn llvm_of(program: &Path) -> Option<u32> {
    let libraries = shell::output(Command::new("ldd").arg(program));
    if let Some(version) = libraries.as_deref().and_then(llvm_in) {
        return Some(version);
    }
    let signature = r"LLVM[0-9]+\.[0-9]+\.[0-9]+";
    let mut grep = Command::new("grep");
    grep.args([
        "--text",
        "--only-matching",
        "--extended-regexp",
        "--max-count=1",
        signature,
    ]);
    shell::output(grep.arg(program))
        .as_deref()
        .and_then(llvm_in)
}

/// First number after the first `LLVM`.
fn llvm_in(text: &str) -> Option<u32> {
    let (_, rest) = text.split_once("LLVM")?;
    let rest = rest.trim_start_matches(|c: char| !c.is_ascii_digit());
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn missing_components() -> Vec<&'static str> {
    let sysroot = shell::output(shell::command("rustc").args(["--print", "sysroot"]));
    let bin = PathBuf::from(sysroot.unwrap_or_default().trim()).join("bin");
    [("clippy", "cargo-clippy"), ("rustfmt", "rustfmt")]
        .into_iter()
        .filter(|(_, program)| !bin.join(program).is_file())
        .map(|(component, _)| component)
        .collect()
}

/// Second word of what the command prints, as in `tool 1.2.3`.
fn version_of(command: &mut Command) -> Option<String> {
    let text = shell::output(command)?;
    text.split_whitespace().nth(1).map(ToOwned::to_owned)
}

fn has_bpffs(mounts: &str) -> bool {
    mounts.lines().any(|line| {
        let mut fields = line.split_whitespace().skip(1);
        fields.next() == Some(BPFFS) && fields.next() == Some("bpf")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bpffs_counts_only_when_it_is_one() {
        let sysfs = "sysfs /sys sysfs rw 0 0\ntmpfs /sys/fs/bpf tmpfs rw 0 0\n";
        assert!(!has_bpffs(sysfs));
        assert!(has_bpffs("none /sys/fs/bpf bpf rw,mode=700 0 0\n"));
        assert!(!has_bpffs("none /mnt/sys/fs/bpf bpf rw 0 0\n"));
    }

    #[test]
    fn the_version_of_a_linked_llvm_is_found() {
        let loaded = "\tlinux-vdso.so.1 (0x1)\n\tlibLLVM.so.22.1 => /usr/lib/llvm-22/lib/x (0x2)\n";
        assert_eq!(llvm_in(loaded), Some(22));
        assert_eq!(llvm_in("\tlibLLVM-19.so.1 => /usr/lib/x (0x2)\n"), Some(19));
        assert_eq!(llvm_in("LLVM21.1.0\n"), Some(21));
        assert_eq!(llvm_in("\tlibc.so.6 => /lib/libc.so.6 (0x1)\n"), None);
        assert_eq!(llvm_in("statically linked LLVM\n"), None);
    }

    #[test]
    fn the_version_of_a_static_llvm_is_found() {
        let path = env::temp_dir().join(format!("xiot-xtask-llvm-{}", std::process::id()));
        fs::write(&path, b"\x7fELF\0LLVMContext\0LLVM22.1.8\0\n").expect("a file can be written");
        let found = llvm_of(&path);
        fs::remove_file(&path).expect("it was written");
        assert_eq!(found, Some(22));
        assert_eq!(llvm_of(&path), None);
    }

    #[test]
    fn a_program_that_fails_has_no_version() {
        assert_eq!(version_of(&mut Command::new("false")), None);
        let echo = version_of(Command::new("echo").args(["tool", "1.2.3", "(abc)"]));
        assert_eq!(echo.as_deref(), Some("1.2.3"));
    }
}
