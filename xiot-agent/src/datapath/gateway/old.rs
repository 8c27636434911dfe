//! What an earlier agent left behind: attachments and the program that they run.

use std::{
    fs,
    os::fd::{AsFd as _, OwnedFd},
    sync::Arc,
};

use super::BringUpError;
use crate::datapath::{
    pin::{PinnedLink, Pins, RestoreTable},
    preflight::Port,
    prepare, sys,
};

/// The remains of an earlier agent.
pub(super) struct Old {
    links: Vec<PinnedLink>,
    program: Option<Arc<OwnedFd>>,
}

impl Old {
    /// Looks into the pin directory.
    pub(super) fn find(pins: &Pins) -> Result<Self, BringUpError> {
        let old = Self {
            links: pins.old_links()?,
            program: pins.old_program()?.map(Arc::new),
        };
        if old.program.is_none() && old.links.iter().any(|link| link.info.ifindex != 0) {
            return Err(BringUpError::Remains {
                pins: pins.path().to_owned(),
            });
        }
        Ok(old)
    }

    /// Whether there is a program to go back to.
    pub(super) fn has_program(&self) -> bool {
        self.program.is_some()
    }

    /// The program.
    pub(super) fn program(&self) -> Option<Arc<OwnedFd>> {
        self.program.clone()
    }

    /// Whether one of the attachments runs this program.
    pub(super) fn runs(&self, program: u32) -> bool {
        self.links
            .iter()
            .any(|link| link.info.ifindex != 0 && link.info.program == program)
    }

    /// The attachment to this port, and the program it runs; it is no longer one of the remains.
    ///
    /// Interfaces of other network namespaces may have the same index: it must run what the port runs.
    pub(super) fn take(&mut self, port: &Port) -> Option<(Arc<OwnedFd>, Arc<OwnedFd>)> {
        let program = Arc::clone(self.program.as_ref()?);
        let position = self.links.iter().position(|link| {
            link.info.ifindex == port.link.ifindex
                && port
                    .link
                    .xdp
                    .is_some_and(|xdp| xdp.program == link.info.program)
        })?;
        Some((Arc::new(self.links.remove(position).fd), program))
    }

    /// Detaches what is left: ports of the earlier agent that are none any more. The gateway is up by now, so
    /// that trouble here is only told.
    pub(super) fn remove_unused(self, ports: &[Port], restore: &mut RestoreTable) {
        for link in self.links {
            let is_port = ports.iter().any(|port| port.link.ifindex == link.ifindex);
            if link.info.ifindex != 0
                && let Err(error) = sys::link_detach(link.fd.as_fd())
            {
                tracing::warn!(%error, ifindex = link.ifindex, "Could not detach a former port.");
                continue;
            }
            // The pin of a port of the same index has already taken the place of this one.
            if !is_port && let Err(error) = fs::remove_file(&link.path) {
                tracing::warn!(%error, ifindex = link.ifindex, "Could not unpin a former port.");
            }
        }
        let changes = match restore.changes() {
            Ok((changes, _)) => changes,
            Err(error) => {
                tracing::warn!(%error, "Could not read what is to be put back on former ports.");
                return;
            }
        };
        for (ifindex, change) in changes {
            if ports.iter().any(|port| port.link.ifindex == ifindex) {
                continue;
            }
            match prepare::undo(ifindex, change) {
                Ok(()) => {
                    if let Err(error) = restore.forget(ifindex, change) {
                        tracing::warn!(%error, ifindex, "Could not forget a former port.");
                    }
                }
                Err(error) => tracing::warn!(%error, "Could not put a former port back."),
            }
        }
    }
}
