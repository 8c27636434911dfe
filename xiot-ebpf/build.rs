//! Rebuilds the object when the linker changes: cargo does not know that the BPF target links with it.

fn main() {
    if let Ok(linker) = which::which("bpf-linker") {
        println!("cargo::rerun-if-changed={}", linker.display());
    }
}
