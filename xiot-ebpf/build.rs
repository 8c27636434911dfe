//! Tells cargo and the BPF linker what they do not know by themselves.

use std::env;

/// Functions that the verifier is to check once and alone. The linker makes everything internal that is not
/// exported, and internal functions are checked again from every place that calls them.
const GLOBAL: [&str; 18] = [
    "xiot_ipv6_extensions",
    "xiot_slow",
    "xiot_open",
    "xiot_denied",
    "xiot_peer_longest",
    "xiot_peer_exact",
    "xiot_rule_scan",
    "xiot_observe",
    "xiot_fold",
    "xiot_event",
    "xiot_reclaim",
    "xiot_ipv4_source_route",
    "xiot_quote",
    "xiot_half_open",
    "xiot_recheck",
    "xiot_fragment_again",
    "xiot_fragment_later",
    "xiot_fragment_first",
];

fn main() {
    if let Ok(linker) = which::which("bpf-linker") {
        println!("cargo::rerun-if-changed={}", linker.display());
    }
    if env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "bpf") {
        let mut global = GLOBAL.to_vec();
        if env::var_os("CARGO_FEATURE_LOG").is_some() {
            global.push("xiot_log");
        }
        println!("cargo::rustc-link-arg-bins=--export={}", global.join(","));
        // By default the linker forbids LLVM to write out memset and memcpy as stores: clearing 50 bytes then costs a
        // call and a loop over bytes, on every frame.
        println!("cargo::rustc-link-arg-bins=--disable-expand-memcpy-in-order");
    }
}
