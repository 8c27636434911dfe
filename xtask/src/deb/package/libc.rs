//! Which libc a binary needs: the newest of the versions that its symbols are of.

use anyhow::{Context as _, Result, ensure};

/// How symbol versions of the GNU C library begin.
const PREFIX: &[u8] = b"GLIBC_2.";

/// The version for a package to depend on.
pub(super) fn needed(binary: &[u8]) -> Result<String> {
    ensure!(binary.starts_with(b"\x7fELF"), "the agent is no ELF binary");
    let newest = binary
        .windows(PREFIX.len())
        .enumerate()
        .filter(|(_, window)| *window == PREFIX)
        .filter_map(|(at, _)| number(&binary[at + PREFIX.len()..]))
        .max();
    let newest = newest.context("the agent names no version of libc: is it linked statically?")?;
    Ok(format!("2.{newest}"))
}

/// The decimal number at the start.
fn number(bytes: &[u8]) -> Option<u32> {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit());
    let text: String = digits.map(|byte| char::from(*byte)).collect();
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::needed;

    #[test]
    fn the_newest_version_of_a_symbol_is_what_is_needed() {
        let binary = b"\x7fELF...\0GLIBC_2.2.5\0GLIBC_2.34\0GLIBC_2.9\0GLIBC_PRIVATE\0";
        assert_eq!(needed(binary).expect("it names some"), "2.34");
        for (binary, what) in [
            (&b"\x7fELF"[..], "statically"),
            (b"#!/bin/sh", "no ELF binary"),
        ] {
            let error = needed(binary).expect_err("it names none");
            assert!(error.to_string().contains(what), "{error}");
        }
    }
}
