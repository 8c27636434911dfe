//! `build` and `demo`: the agent's binary and its demo ward.

use anyhow::Result;

use crate::shell;

/// Builds the agent; its build script builds and embeds the XDP program.
pub(crate) fn build(release: bool) -> Result<()> {
    let mut cargo = shell::cargo();
    cargo.args(["build", "--package", "xiot-agent"]);
    if release {
        cargo.arg("--release");
    }
    shell::run(&mut cargo)
}

/// Runs the demo of the release build. Does not return when it could be started.
pub(crate) fn demo(args: &[String]) -> Result<()> {
    shell::announce_root("The demo makes network namespaces and loads BPF programs")?;
    build(true)?;
    let agent = shell::target_dir().join("release/xiot-agent");
    shell::become_it(shell::as_root(agent).arg("demo").args(args))
}
