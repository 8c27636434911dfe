//! Chooses the Rust toolchain that compiles the XDP program.
//!
//! The build script and `cargo xtask` both include this file, so that set-up provides what the build
//! will pick. It looks and decides; it installs nothing.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Names the toolchain to use, over every other choice.
pub(crate) const OVERRIDE: &str = "XIOT_BPF_TOOLCHAIN";

/// Name that set-up links the distribution's Rust under, where no nightly can be had.
pub(crate) const LINKED: &str = "xiot-bpf";

/// The nightly that set-up installs. One of a date, for builds that can be repeated, and because the
/// linker must have the compiler's LLVM: 22 in this one, which distributions package.
pub(crate) const PINNED: &str = "nightly-2026-05-20";

/// Whatever nightly is around.
pub(crate) const FLOATING: &str = "nightly";

/// Toolchains that are tried in this order when [`OVERRIDE`] is not set. A link is a decision that
/// somebody made, so it goes first.
pub(crate) const CANDIDATES: [&str; 3] = [LINKED, PINNED, FLOATING];

/// A rustup toolchain as it was found on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Toolchain {
    /// Name that rustup knows it by.
    pub(crate) name: String,
    /// Directory that holds its `bin` and `lib`.
    pub(crate) sysroot: PathBuf,
    /// Release as rustc states it, such as `1.97.0-nightly`.
    pub(crate) release: String,
    /// Major version of the LLVM inside; 0 when rustc does not say.
    pub(crate) llvm: u32,
    /// Whether the sources of `core` are there: no compiled `core` is shipped for the BPF target.
    pub(crate) has_source: bool,
}

impl Toolchain {
    /// Asks rustup for the toolchain `name`. `None` when rustup or the toolchain is not there.
    pub(crate) fn find(name: &str) -> Option<Self> {
        let sysroot = PathBuf::from(rustc(name, &["--print", "sysroot"])?.trim());
        let version = rustc(name, &["-vV"])?;
        let field = |key: &str| {
            let value = version.lines().find_map(|line| line.strip_prefix(key))?;
            Some(value.trim().to_owned())
        };
        Some(Self {
            name: name.to_owned(),
            has_source: has_source(&sysroot),
            sysroot,
            release: field("release:").unwrap_or_default(),
            llvm: field("LLVM version:").map_or(0, |version| major(&version)),
        })
    }

    /// Whether unstable features, which `-Z build-std` is one of, need no permission.
    pub(crate) fn is_nightly(&self) -> bool {
        self.release.ends_with("-nightly") || self.release.ends_with("-dev")
    }
}

/// The toolchain that a build uses: the named one if `wanted` names one, else the first of
/// [`CANDIDATES`] that can compile `core`. `find` looks a name up.
pub(crate) fn choose(
    wanted: Option<&str>,
    find: impl Fn(&str) -> Option<Toolchain>,
) -> Option<Toolchain> {
    match wanted {
        Some(name) => find(name),
        None => CANDIDATES
            .into_iter()
            .filter_map(find)
            .find(|toolchain| toolchain.has_source),
    }
}

/// Whether a compiler's directory holds the sources of `core`.
pub(crate) fn has_source(sysroot: &Path) -> bool {
    sysroot
        .join("lib/rustlib/src/rust/library/core/src/lib.rs")
        .is_file()
}

/// Output of the toolchain's rustc, or `None` when it can't be run. `rustup run` fails on a missing
/// toolchain where `rustc +name` would start to download it.
fn rustc(toolchain: &str, args: &[&str]) -> Option<String> {
    let output = Command::new("rustup")
        .args(["run", toolchain, "rustc"])
        .args(args)
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then_some(text)
}

/// First number of a dotted version; 0 when there is none.
pub(crate) fn major(version: &str) -> u32 {
    let digits = version.split('.').next().unwrap_or_default();
    digits.parse().unwrap_or_default()
}
