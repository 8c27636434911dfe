//! `lint`: everything that is checked without running xiot. Cheap checks first.

use std::env;

use anyhow::Result;

use crate::toolchain::{self, Toolchain};
use crate::{shell, tidy};

/// Runs all checks, up to the first that fails.
pub(crate) fn run() -> Result<()> {
    tidy::run()?;
    shell::run(shell::cargo().args(["fmt", "--all", "--check"]))?;
    host()?;
    bpf()?;
    shell::run(
        shell::cargo()
            .args(["doc", "--workspace", "--no-deps", "--quiet"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )
}

/// Lints what is compiled for this machine, which includes the XDP program as a host library. The
/// other runs are for the code behind the agent's debug feature, and for the bench.
fn host() -> Result<()> {
    for selection in [
        ["--workspace", "--all-targets"].as_slice(),
        &["--package", "xiot-agent", "--features", "bpf-log"],
        &[
            "--package",
            "xiot-tests",
            "--features",
            "bench",
            "--all-targets",
        ],
    ] {
        shell::run(
            shell::cargo()
                .args(["clippy", "--quiet"])
                .args(selection)
                .args(["--", "-D", "warnings"]),
        )?;
    }
    Ok(())
}

/// Lints the parts of the XDP program that exist on the BPF target only.
fn bpf() -> Result<()> {
    let wanted = env::var(toolchain::OVERRIDE).ok();
    let Some(chosen) = toolchain::choose(wanted.as_deref(), Toolchain::find) else {
        anyhow::bail!("no toolchain can build the XDP program; run `cargo xtask setup`");
    };
    if !chosen.sysroot.join("bin/cargo-clippy").is_file() {
        eprintln!(
            "note: toolchain {} has no clippy: the code for the BPF target is compiled, not linted",
            chosen.name
        );
        return Ok(());
    }
    for features in ["", "log"] {
        let mut clippy = shell::command("rustup");
        clippy
            .args(["run", &chosen.name, "cargo", "clippy", "--quiet"])
            .args(["--package", "xiot-ebpf", "--bins", "--release"])
            .args(["--target", "bpfel-unknown-none", "-Z", "build-std=core"])
            .args(["--no-default-features", "--features", features])
            .arg("--target-dir")
            .arg(shell::target_dir().join("bpf-lint"))
            .env(
                "CARGO_ENCODED_RUSTFLAGS",
                format!("--cfg=bpf_target_arch=\"{}\"", env::consts::ARCH),
            );
        if !chosen.is_nightly() {
            clippy.env("RUSTC_BOOTSTRAP", "1");
        }
        // Lints come and go with each nightly: those of an unknown one are shown, and fail nothing.
        if chosen.name != toolchain::FLOATING {
            clippy.args(["--", "-D", "warnings"]);
        }
        shell::run(&mut clippy)?;
    }
    Ok(())
}
