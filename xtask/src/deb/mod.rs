//! `deb`: the Debian package of the agent.
//!
//! Laid out here and packed by the distribution's own `dpkg-deb`: nothing has to be installed for it, the scripts have to be written by
//! hand in any case, and tests pack the agent that they have built already.

mod package;

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use self::package::Package;
use crate::{agent, shell};

/// What to pack.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// Pack this agent instead of building the optimised one
    #[arg(long, value_name = "FILE")]
    agent: Option<PathBuf>,
    /// Number of the package among those of this version
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    revision: u32,
    /// Directory that the package is written to [default: debian, where cargo builds]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Builds the agent and packs it.
pub(crate) fn run(options: &Options) -> Result<()> {
    let agent = if let Some(agent) = &options.agent {
        agent.clone()
    } else {
        agent::build(true)?;
        shell::target_dir().join("release/xiot-agent")
    };
    let package = Package {
        workspace: shell::root(),
        agent: &agent,
        version: &format!("{}-{}", env!("CARGO_PKG_VERSION"), options.revision),
        date: date()?,
        compression: "xz",
    };
    let out = (options.out.clone()).unwrap_or_else(|| shell::target_dir().join("debian"));
    let path = package.build(&out)?;
    eprintln!("packed: {}", path.display());
    Ok(())
}

/// That of the sources, so that the same sources give the same package: seconds since 1970.
fn date() -> Result<u64> {
    let text = std::env::var("SOURCE_DATE_EPOCH").ok().or_else(|| {
        let mut git = shell::command("git");
        shell::output(git.args(["log", "-1", "--format=%ct"]))
    });
    let text =
        text.context("there is no git to ask for the date of the sources: set SOURCE_DATE_EPOCH")?;
    text.trim().parse().with_context(|| {
        format!(
            "SOURCE_DATE_EPOCH: `{}` is no number of seconds",
            text.trim()
        )
    })
}
