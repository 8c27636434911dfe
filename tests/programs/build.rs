//! Tells cargo and the BPF linker what they do not know by themselves.

use std::env;

fn main() {
    if let Ok(linker) = which::which("bpf-linker") {
        println!("cargo::rerun-if-changed={}", linker.display());
    }
    if env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "bpf") {
        // Headers are copied by stores, not by a call.
        println!("cargo::rustc-link-arg-bins=--disable-expand-memcpy-in-order");
    }
}
