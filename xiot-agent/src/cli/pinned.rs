//! Where pins are, for commands that ask no agent.

use std::path::PathBuf;

use super::{
    exit::{Exit, Failure, OrExit as _},
    findings,
};
use crate::service::files;

/// One of both says where.
#[derive(clap::Args, Debug)]
pub(super) struct Pinned {
    /// Gateway file of that run: names the pins.
    #[arg(long, value_name = "FILE")]
    gateway: Option<PathBuf>,
    /// Directory of the pins.
    #[arg(long, value_name = "DIR")]
    pins: Option<PathBuf>,
}

impl Pinned {
    /// Whether either is given.
    pub(super) const fn is_given(&self) -> bool {
        self.gateway.is_some() || self.pins.is_some()
    }

    /// The directory; none where the gateway file has errors, which are printed.
    pub(super) fn directory(&self) -> Result<Option<PathBuf>, Failure> {
        let Some(gateway) = &self.gateway else {
            return Ok(self.pins.clone());
        };
        let loaded = files::read_gateway(gateway).or_exit(Exit::Usage)?;
        findings::print_one(&loaded.report)?;
        Ok(loaded.value.map(|gateway| gateway.pins))
    }
}
