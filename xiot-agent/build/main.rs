//! Builds the XDP program through aya-build and leaves the object in `OUT_DIR` for embedding.
//!
//! It needs no environment: `toolchain` finds a compiler that can build for BPF. It installs nothing
//! either, that is `cargo xtask setup`.
#![expect(
    clippy::print_stdout,
    reason = "cargo reads what a build script prints"
)]

mod toolchain;
mod unwinder;

use std::env;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use aya_build::Package;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../xiot-ebpf");

fn main() -> ExitCode {
    println!("cargo::rerun-if-env-changed={}", toolchain::OVERRIDE);
    // The workspace's manifest holds the profile that the object is built with.
    println!("cargo::rerun-if-changed=../Cargo.toml");
    println!("cargo::rerun-if-changed=build");
    match unwinder::link_statically().and_then(|()| build()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("cargo::error={error:#}");
            ExitCode::FAILURE
        }
    }
}

fn build() -> anyhow::Result<()> {
    let wanted = env::var(toolchain::OVERRIDE).ok();
    let Some(chosen) = toolchain::choose(wanted.as_deref(), toolchain::Toolchain::find) else {
        match wanted {
            Some(name) => bail!(
                "{}={name}: rustup knows no such toolchain; unset it or link it",
                toolchain::OVERRIDE
            ),
            None => bail!(
                "no Rust toolchain here can build the XDP program (looked for {} with the sources \
                 of core); run `cargo xtask setup`",
                toolchain::CANDIDATES.join(", ")
            ),
        }
    };
    if !chosen.is_nightly() {
        // `-Z build-std` is unstable. Only the inner build gets the permission: the agent itself
        // stays on stable features.
        set_for_inner_build("RUSTC_BOOTSTRAP", "1");
    }
    // aya-build prints the inner cargo's progress as warnings of this crate. Quiet leaves errors and
    // the compiler's own warnings, which is what a warning should be.
    set_for_inner_build("CARGO_TERM_QUIET", "true");

    let log = env::var_os("CARGO_FEATURE_BPF_LOG").is_some();
    aya_build::build_ebpf(
        [Package {
            name: "xiot-ebpf",
            root_dir: ROOT,
            no_default_features: true,
            features: if log { &["log"] } else { &[] },
        }],
        aya_build::Toolchain::Custom(&chosen.name),
    )
    .with_context(|| {
        format!(
            "could not build the XDP program with toolchain {} (Rust {}, LLVM {}); if it is not the \
             code, `cargo xtask setup` looks at the tools",
            chosen.name, chosen.release, chosen.llvm
        )
    })
}

fn set_for_inner_build(name: &str, value: &str) {
    // SAFETY: a build script is a process of its own and this one has started no thread yet.
    unsafe { env::set_var(name, value) }
}
