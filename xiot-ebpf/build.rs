//! Tells cargo and the BPF linker what they do not know by themselves.

use std::env;

fn main() {
    if let Ok(linker) = which::which("bpf-linker") {
        println!("cargo::rerun-if-changed={}", linker.display());
    }
    if env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "bpf") {
        // By default the linker forbids LLVM to write out memset and memcpy as stores: clearing 50 bytes then costs a
        // call and a loop over bytes, on every frame.
        println!("cargo::rustc-link-arg-bins=--disable-expand-memcpy-in-order");
    }
}
