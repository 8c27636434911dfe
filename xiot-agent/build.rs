//! Builds the XDP program through aya-build and leaves the object in `OUT_DIR` for embedding.
//!
//! `XIOT_BPF_TOOLCHAIN` names the rustup toolchain to build with: `nightly` when unset. `cargo xtask`
//! sets it to the one that set-up found.

use std::env;

use anyhow::Context as _;
use aya_build::{Package, Toolchain};

fn main() -> anyhow::Result<()> {
    println!("cargo::rerun-if-env-changed=XIOT_BPF_TOOLCHAIN");
    println!("cargo::rerun-if-env-changed=RUSTC_BOOTSTRAP");
    let name = env::var("XIOT_BPF_TOOLCHAIN").unwrap_or_else(|_| "nightly".to_owned());
    let log = env::var_os("CARGO_FEATURE_BPF_LOG").is_some();
    aya_build::build_ebpf(
        [Package {
            name: "xiot-ebpf",
            root_dir: concat!(env!("CARGO_MANIFEST_DIR"), "/../xiot-ebpf"),
            no_default_features: true,
            features: if log { &["log"] } else { &[] },
        }],
        Toolchain::Custom(&name),
    )
    .context("could not build the XDP program; `cargo xtask setup` installs what it needs")
}
