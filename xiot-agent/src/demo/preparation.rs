//! What must be there before anything is touched.

use std::process::Command;

use anyhow::{Result, bail, ensure};

/// Programs that the demo runs.
const PROGRAMS: [&str; 3] = ["ip", "nmap", "ping"];

/// Checks for root and for programs, all of them at once.
pub(super) fn check() -> Result<()> {
    ensure!(
        rustix::process::geteuid().is_root(),
        "the demo makes network namespaces and loads an XDP program: it must run as root"
    );
    let missing: Vec<_> = PROGRAMS
        .into_iter()
        .filter(|program| !is_there(program))
        .collect();
    if !missing.is_empty() {
        bail!(
            "the demo needs {}: `cargo xtask setup` installs what is missing",
            missing.join(", ")
        );
    }
    Ok(())
}

fn is_there(program: &str) -> bool {
    // All of them know -V, and end at once.
    Command::new(program).arg("-V").output().is_ok()
}

#[cfg(test)]
mod tests {
    use super::is_there;

    #[test]
    fn a_program_that_is_not_there_is_missed() {
        assert!(is_there("ls"));
        assert!(!is_there("no-such-program"));
    }
}
