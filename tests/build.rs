//! Builds the XDP programs of the bench, with the toolchain that the agent's is built with.

#[path = "../xiot-agent/build/toolchain.rs"]
#[expect(dead_code, reason = "set-up asks more of it")]
mod toolchain;

use std::env;

use aya_build::{Package, Toolchain};

fn main() {
    println!("cargo::rerun-if-env-changed={}", toolchain::OVERRIDE);
    if env::var_os("CARGO_FEATURE_BENCH").is_none() {
        println!("cargo::rerun-if-changed=build.rs");
        return;
    }
    let wanted = env::var(toolchain::OVERRIDE).ok();
    let chosen = toolchain::choose(wanted.as_deref(), toolchain::Toolchain::find)
        .expect("a toolchain for BPF: `cargo xtask setup` installs it");
    for (name, value) in [("RUSTC_BOOTSTRAP", "1"), ("CARGO_TERM_QUIET", "true")] {
        // SAFETY: a build script is a process of its own and this one has started no thread yet.
        unsafe {
            env::set_var(name, value);
        }
    }
    let programs = Package {
        name: "xiot-test-programs",
        root_dir: concat!(env!("CARGO_MANIFEST_DIR"), "/programs"),
        ..Package::default()
    };
    aya_build::build_ebpf([programs], Toolchain::Custom(&chosen.name))
        .expect("the programs of the bench build");
}
