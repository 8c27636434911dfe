//! Links the stack unwinder into the binary: one file to copy, which needs libc alone.
//!
//! The standard library asks the linker for `libgcc_s`, a shared library of its own. A linker script of that name, found
//! first, hands it the same code as an archive, which every C compiler brings.

use std::{env, fs, path::Path};

use anyhow::Context as _;

pub(crate) fn link_statically() -> anyhow::Result<()> {
    if env::var("CARGO_CFG_TARGET_ENV").is_ok_and(|libc| libc != "gnu") {
        return Ok(());
    }
    let out = env::var("OUT_DIR").context("cargo sets OUT_DIR")?;
    let directory = Path::new(&out).join("unwinder");
    fs::create_dir_all(&directory)
        .and_then(|()| fs::write(directory.join("libgcc_s.so"), "INPUT(-lgcc_eh)\n"))
        .with_context(|| format!("could not write into {}", directory.display()))?;
    println!("cargo::rustc-link-search=native={}", directory.display());
    Ok(())
}
