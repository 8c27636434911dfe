//! Steps taken so far, and how to take them back: whatever fails on the way up leaves the system as it was.

use std::{
    fs, io,
    os::fd::{AsFd as _, OwnedFd},
    path::PathBuf,
    sync::Arc,
};

use xiot_common::stage::{BEFORE, NEXT};

use crate::datapath::{
    attach::UsedMode,
    netlink,
    pin::{Change, RestoreTable},
    prepare, sys,
};

/// One step that was taken.
#[derive(Debug)]
pub(super) enum Step {
    /// An object was pinned.
    Pinned(PathBuf),
    /// An interface was changed, and that was noted.
    Changed { ifindex: u32, change: Change },
    /// A bridge was made.
    Bridged { ifindex: u32 },
    /// A program was attached.
    Attached(Arc<OwnedFd>),
    /// A link runs another program than before.
    Replaced {
        link: Arc<OwnedFd>,
        before: Arc<OwnedFd>,
    },
    /// All ports run the next program, not the one before. None: to that one nothing went on.
    Switched {
        stages: Arc<OwnedFd>,
        before: Option<Arc<OwnedFd>>,
    },
    /// A link of an earlier agent was detached and its pin removed.
    Detached {
        ifindex: u32,
        mode: UsedMode,
        before: Arc<OwnedFd>,
        pin: PathBuf,
    },
}

/// Takes all steps back when dropped, last first, unless it is [`Undo::done`].
#[derive(Default)]
pub(super) struct Undo {
    steps: Vec<Step>,
    restore: Option<RestoreTable>,
}

impl Undo {
    pub(super) fn push(&mut self, step: Step) {
        self.steps.push(step);
    }

    /// Where changes are noted.
    pub(super) fn set_restore(&mut self, restore: RestoreTable) {
        self.restore = Some(restore);
    }

    /// Everything went well: nothing is to be taken back.
    pub(super) fn done(mut self) {
        self.steps.clear();
    }

    fn take_back(&mut self, step: &Step) -> io::Result<()> {
        match step {
            Step::Pinned(path) => match fs::remove_file(path) {
                // It was renamed, or taken off already.
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                other => other,
            },
            Step::Changed { ifindex, change } => {
                prepare::undo(*ifindex, *change).map_err(io::Error::other)?;
                self.restore.as_mut().map_or(Ok(()), |restore| {
                    restore.forget(*ifindex, *change).map_err(io::Error::other)
                })
            }
            Step::Bridged { ifindex } => netlink::delete(*ifindex).map_err(io::Error::other),
            Step::Attached(link) => sys::link_detach(link.as_fd()),
            Step::Replaced { link, before } => sys::link_update(link.as_fd(), before.as_fd()),
            Step::Switched { stages, before } => match before {
                Some(before) => sys::put_stage(stages.as_fd(), BEFORE, before.as_fd()),
                None => sys::clear_stage(stages.as_fd(), NEXT),
            },
            Step::Detached {
                ifindex,
                mode,
                before,
                pin,
            } => sys::link_create(before.as_fd(), *ifindex, mode.flags())
                .and_then(|link| sys::pin(link.as_fd(), pin)),
        }
    }
}

impl Drop for Undo {
    fn drop(&mut self) {
        while let Some(step) = self.steps.pop() {
            if let Err(error) = self.take_back(&step) {
                tracing::error!(%error, ?step, "Could not take a step back.");
            }
        }
    }
}
