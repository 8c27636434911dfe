//! Taking the data path down: by the agent that brought it up, or after one that died.

use std::{
    fs, io,
    os::fd::AsFd as _,
    path::{Path, PathBuf},
};

use crate::datapath::{
    error::MapAccessError,
    pin::{PinError, Pins, RestoreTable},
    prepare::{self, UndoError},
    sys,
};

/// The data path could not be taken down entirely. Doing it again goes on where it stopped.
#[derive(Debug, thiserror::Error)]
pub enum DetachError {
    /// The pin directory can't be used.
    #[error(transparent)]
    Pins(#[from] PinError),
    /// A link could not be detached.
    #[error("could not detach the XDP program pinned at {}", path.display())]
    Link {
        /// The pin.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// What was changed on interfaces can't be read.
    #[error("could not read what is to be put back on interfaces")]
    Restore(#[source] io::Error),
    /// Likewise.
    #[error(transparent)]
    Map(#[from] MapAccessError),
    /// A setting of an interface could not be put back.
    #[error(transparent)]
    Undo(#[from] UndoError),
}

/// What was taken down.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Detached {
    /// Programs detached from interfaces.
    pub links: usize,
    /// Settings of interfaces that were put back.
    pub restored: usize,
    /// Interfaces in other network namespaces whose settings were left alone.
    pub elsewhere: usize,
    /// Other pins removed.
    pub pins: usize,
}

/// Detaches and unpins everything that agents left in the pin directory. Other files in it are not touched. Without a
/// directory there is nothing to do.
pub fn detach(pins: &Path) -> Result<Detached, DetachError> {
    match Pins::open(pins)? {
        Some(pins) => take_down(pins),
        None => Ok(Detached::default()),
    }
}

/// Frames stop being judged first, then interfaces go back to what they were.
pub(super) fn take_down(pins: Pins) -> Result<Detached, DetachError> {
    let mut detached = Detached::default();
    for link in pins.old_links()? {
        let failed = |source| DetachError::Link {
            path: link.path.clone(),
            source,
        };
        if link.info.ifindex != 0 {
            sys::link_detach(link.fd.as_fd()).map_err(failed)?;
            detached.links += 1;
        }
        fs::remove_file(&link.path).map_err(failed)?;
    }
    if let Some(mut restore) = RestoreTable::open(&pins.restore()).map_err(DetachError::Restore)? {
        let (changes, elsewhere) = restore.changes()?;
        detached.elsewhere = elsewhere;
        for (ifindex, change) in changes {
            prepare::undo(ifindex, change)?;
            restore.forget(ifindex, change)?;
            detached.restored += 1;
        }
    }
    detached.pins = pins.remove()?;
    Ok(detached)
}
