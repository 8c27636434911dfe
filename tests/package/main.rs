//! The Debian package under dpkg and systemd as they are: on a machine of the test's own, which has this one's programs, a root and a
//! package database that it may change, and a gateway's network.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail the test that called them"
)]

mod life;
mod machine;
#[path = "../../xtask/src/deb/package/mod.rs"]
mod package;
mod unit;

use std::path::{Path, PathBuf};

/// The agent.
const AGENT: &str = env!("CARGO_BIN_EXE_xiot-agent-under-test");

/// Packs the agent that the tests have as this version.
fn packed(version: &str, into: &Path) -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let package = package::Package {
        workspace,
        agent: Path::new(AGENT),
        version,
        date: 1_777_600_000,
        compression: "none",
    };
    package.build(into).unwrap()
}
