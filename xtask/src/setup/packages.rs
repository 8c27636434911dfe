//! Installs Debian packages: lists fetched once and only when needed, no service started by it.

use anyhow::Result;

use crate::setup::step::Step;
use crate::shell;

/// Runs apt-get while package scripts may start no service: Debian asks `policy-rc.d`, whose 101 means
/// "not allowed". An administrator's own policy is left alone. No questions, and patience with another
/// package manager at work.
const APT: &str = r#"
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' HUP INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" >/dev/null
"#;

/// Installs packages, and knows whether the lists are fresh.
#[derive(Debug, Default)]
pub(crate) struct Installer {
    updated: bool,
}

impl Installer {
    /// Installs the packages of a step. Lists are fetched where apt does not know the packages, and
    /// where it asks for files that are gone, which is what stale lists look like.
    pub(crate) fn install(&mut self, step: &Step) -> Result<()> {
        let Step::Packages { names, .. } = step else {
            return Ok(());
        };
        if !self.updated && !is_known(names) {
            self.update()?;
        }
        let first = install(names);
        if first.is_err() && !self.updated {
            self.update()?;
            install(names)?;
        } else {
            first?;
        }
        hold_back(&step.services())
    }

    fn update(&mut self) -> Result<()> {
        self.updated = true;
        apt(&["update"])
    }
}

fn is_known(names: &[String]) -> bool {
    let mut simulation = shell::command("apt-get");
    simulation.args(["install", "--simulate"]).args(names);
    shell::output(&mut simulation).is_some()
}

fn install(names: &[String]) -> Result<()> {
    // Never at the price of a package that somebody else wanted, such as another Rust.
    let mut args = vec!["install", "--yes", "--no-remove", "--no-install-recommends"];
    args.extend(names.iter().map(String::as_str));
    apt(&args)
}

/// Services that were kept from starting would still start at the next boot.
fn hold_back(services: &[&str]) -> Result<()> {
    if services.is_empty() || shell::which("systemctl").is_none() {
        return Ok(());
    }
    let mut systemctl = shell::as_root("systemctl");
    shell::run(systemctl.args(["disable", "--quiet"]).args(services))
}

fn apt(args: &[&str]) -> Result<()> {
    let mut script = shell::as_root("sh");
    script.args(["-ec", APT, "apt-get"]).args(args);
    let sudo = if shell::is_root() { "" } else { "sudo " };
    shell::run_as(&mut script, &format!("{sudo}apt-get {}", args.join(" ")))
}
