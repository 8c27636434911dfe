//! One thing that set-up does to the machine: why, and by which commands.

use std::ffi::OsString;
use std::process::Command;

use crate::setup::facts::{self, BPFFS};
use crate::setup::tools::TOOLS;
use crate::shell;
use crate::toolchain;

/// The linker that the data path is built with.
pub(crate) const LINKER: &str = "0.13.0";
/// LLVM versions that this linker can be built against.
pub(crate) const LINKER_LLVM: std::ops::RangeInclusive<u32> = 21..=23;
/// The test runner. Older ones lack what `.config/nextest.toml` uses.
pub(crate) const NEXTEST: &str = "0.9.143";
/// The distribution's Rust with sources, and its clippy for the code that only exists for BPF.
pub(crate) const SYSTEM_RUST: [&str; 4] =
    ["rustc-web", "cargo-web", "rust-web-src", "rust-web-clippy"];

/// A change of the machine. Equal steps are the same attempt: none is made twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Add the sources of `core` to a rustup toolchain.
    AddSource {
        /// Name of the toolchain.
        toolchain: String,
    },
    /// Install rustup's pinned nightly with those sources.
    InstallNightly,
    /// Make the distribution's Rust known to rustup.
    LinkSystemRust,
    /// Build bpf-linker.
    InstallLinker {
        /// Major version of the LLVM to build against.
        llvm: u32,
    },
    /// Build cargo-nextest.
    InstallNextest,
    /// Add components to the workspace's toolchain.
    AddComponents(Vec<&'static str>),
    /// Add clippy to a rustup toolchain.
    AddClippy {
        /// Name of the toolchain.
        toolchain: String,
    },
    /// Install Debian packages.
    Packages {
        /// Their names.
        names: Vec<String>,
        /// What they are for.
        why: String,
    },
    /// Mount the file system that pinned programs and maps live in.
    MountBpffs,
}

impl Step {
    /// What is missing, and what it is for.
    pub(crate) fn why(&self) -> String {
        match self {
            Self::AddSource { toolchain } => format!(
                "sources of core in toolchain {toolchain}: the XDP program compiles core itself"
            ),
            Self::InstallNightly => {
                "a Rust that brings the sources of core: it compiles the XDP program".to_owned()
            }
            Self::LinkSystemRust => format!(
                "toolchain {}: builds find the distribution's Rust under this name",
                toolchain::LINKED
            ),
            Self::InstallLinker { llvm } => format!(
                "bpf-linker with the compiler's LLVM {llvm}: it links the XDP program (takes minutes)"
            ),
            Self::InstallNextest => "cargo-nextest: it runs the tests (takes minutes)".to_owned(),
            Self::AddComponents(names) => {
                format!("{}: lints and format are checked", names.join(", "))
            }
            Self::AddClippy { toolchain } => format!(
                "clippy in toolchain {toolchain}: parts of the XDP program exist for BPF only"
            ),
            Self::Packages { why, .. } => why.clone(),
            Self::MountBpffs => {
                format!("a BPF file system at {BPFFS}: programs and maps are pinned there")
            }
        }
    }

    /// Whether it compiles a whole program.
    pub(crate) fn takes_minutes(&self) -> bool {
        match self {
            Self::InstallLinker { .. } | Self::InstallNextest => true,
            Self::AddSource { .. }
            | Self::InstallNightly
            | Self::LinkSystemRust
            | Self::AddComponents(_)
            | Self::AddClippy { .. }
            | Self::Packages { .. }
            | Self::MountBpffs => false,
        }
    }

    /// Whether it takes root.
    pub(crate) fn is_privileged(&self) -> bool {
        match self {
            Self::Packages { .. } | Self::MountBpffs => true,
            Self::AddSource { .. }
            | Self::InstallNightly
            | Self::LinkSystemRust
            | Self::InstallLinker { .. }
            | Self::InstallNextest
            | Self::AddComponents(_)
            | Self::AddClippy { .. } => false,
        }
    }

    /// The command that does it, with root's rights where it takes them.
    pub(crate) fn command(&self) -> Command {
        match self {
            Self::AddSource { toolchain } => {
                rustup(&["component", "add", "rust-src", "--toolchain", toolchain])
            }
            Self::InstallNightly => rustup(&[
                "toolchain",
                "install",
                toolchain::PINNED,
                "--profile",
                "minimal",
                "--component",
                "rust-src",
                "--component",
                "clippy",
            ]),
            Self::LinkSystemRust => rustup(&["toolchain", "link", toolchain::LINKED, "/usr"]),
            Self::InstallLinker { llvm } => {
                let mut command = cargo_install("bpf-linker", LINKER);
                command
                    .args([
                        "--no-default-features",
                        "--features",
                        &format!("llvm-{llvm}"),
                    ])
                    .env("LLVM_PREFIX", prefix(*llvm));
                command
            }
            Self::InstallNextest => {
                let mut command = cargo_install("cargo-nextest", NEXTEST);
                // Its self-update alone builds a TLS library in C.
                command.args(["--no-default-features", "--features", "default-no-update"]);
                // It waits for tests: optimising it costs more than all runs of it gain.
                command.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0");
                command
            }
            Self::AddComponents(components) => {
                let mut command = rustup(&["component", "add"]);
                command.args(components);
                command
            }
            Self::AddClippy { toolchain } => {
                rustup(&["component", "add", "clippy", "--toolchain", toolchain])
            }
            Self::Packages { names, .. } => {
                let mut command = shell::as_root("apt-get");
                command.args(["install", "--no-install-recommends"]);
                command.args(names);
                command
            }
            Self::MountBpffs => {
                let mut command = shell::as_root("mount");
                command.args(["-t", "bpf", "bpf", BPFFS]);
                command
            }
        }
    }

    /// Services that the step's packages would start.
    pub(crate) fn services(&self) -> Vec<&'static str> {
        let Self::Packages { names, .. } = self else {
            return Vec::new();
        };
        let ours = TOOLS
            .iter()
            .filter(|tool| names.iter().any(|name| name == tool.package));
        ours.flat_map(|tool| tool.services).copied().collect()
    }
}

fn rustup(args: &[&str]) -> Command {
    let mut command = shell::command("rustup");
    command.args(args);
    command
}

/// `--force` replaces a version that does not fit; set-up does not ask for one that does.
fn cargo_install(name: &str, version: &str) -> Command {
    let mut command = shell::cargo();
    command.args(["install", name, "--version", version, "--locked", "--force"]);
    command
}

fn prefix(llvm: u32) -> OsString {
    let found = facts::llvm_prefix(llvm);
    found.map_or_else(|| format!("/usr/lib/llvm-{llvm}").into(), Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_held_back_only_with_its_package() {
        let packages = |name: &str| Step::Packages {
            names: vec![name.to_owned()],
            why: String::new(),
        };
        assert_eq!(packages("prometheus").services(), ["prometheus"]);
        assert_eq!(packages("nmap").services(), [""; 0]);
        assert_eq!(Step::MountBpffs.services(), [""; 0]);
    }

    #[test]
    fn the_linker_is_built_for_the_llvm_that_it_must_match() {
        let shown = shell::line(&Step::InstallLinker { llvm: 22 }.command());
        assert!(shown.contains("--version 0.13.0 --locked"), "{shown}");
        assert!(
            shown.contains("--no-default-features --features llvm-22"),
            "{shown}"
        );
        assert!(shown.contains("LLVM_PREFIX="), "{shown}");
    }
}
