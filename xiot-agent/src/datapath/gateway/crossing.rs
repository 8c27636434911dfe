//! From one program to the next in one instant, on all ports, where the two do not have all tables in common.
//!
//! Every port gets the relay in the place of the old program ([`xiot_common::stage`]): it goes on to the old program as long as that
//! one is there, then to the next. One store decides, whatever number of ports there are, so that no conversation finds the old
//! table on one port and the new one on the other. What an agent leaves that is killed in between is one program on all ports:
//!
//! | `BEFORE`, `NEXT` of the new program array | what every port runs |
//! |---|---|
//! | there or not, not there | the old program; the next agent begins where this one began |
//! | there, there | likewise |
//! | not there, there | the next one; the next agent finishes what this one began ([`finish`]) |
//!
//! Where flows have to move, what comes next is at first a program that moves them ([`crate::datapath::moving`]).
//!
//! A kernel may let no program go on to the old one: to it they are of two kinds. Then there is no relay. Ports get what comes next one
//! after the other, and it is in `NEXT` once all have it.

use std::{
    fs,
    os::fd::{AsFd as _, BorrowedFd, OwnedFd},
    path::Path,
    sync::Arc,
    time::Instant,
};

use xiot_common::{
    map,
    stage::{BEFORE, NEXT},
};

use super::{
    BringUpError, failed,
    undo::{Step, Undo},
};
use crate::datapath::{
    instance::Datapath,
    moving::{Moving, move_all},
    pin::{self, Pins},
    slot::wait_for_readers,
    sys,
};

/// The pinned program that moves flows.
const MOVER: &str = "program";

/// A program array, and what is in it on the way.
pub(super) struct Crossing {
    stages: OwnedFd,
    /// What ports get: the relay, or what comes next where the kernel has none.
    entry: OwnedFd,
    /// The old program, where there is a relay.
    before: Option<Arc<OwnedFd>>,
    next: OwnedFd,
    moving: Option<Moving>,
}

impl Crossing {
    /// Makes ready what ports are to run in the place of the old program, whose maps are staged.
    pub(super) fn prepare(
        datapath: &mut Datapath,
        mut moving: Option<Moving>,
        old: Arc<OwnedFd>,
        pins: &Pins,
        undo: &mut Undo,
    ) -> Result<Self, BringUpError> {
        let of = |source| BringUpError::Switch { source };
        let stages = datapath.map_data(map::STAGES).fd().as_fd();
        let stages = stages.try_clone_to_owned().map_err(of)?;
        let entry = datapath.entry()?.try_clone_to_owned().map_err(of)?;
        let first = match &mut moving {
            None => None,
            Some(moving) => {
                pin(moving.stages()?, &pins.moving(map::STAGES), undo)?;
                pin(moving.mover()?, &pins.moving(MOVER), undo)?;
                Some(moving.entry()?.try_clone_to_owned().map_err(of)?)
            }
        };
        let first = first.as_ref().unwrap_or(&entry).as_fd();
        let relay = match sys::put_stage(stages.as_fd(), BEFORE, old.as_fd()) {
            Ok(()) => {
                datapath.load_relay()?;
                // In this order: until what comes next is there, nothing has begun.
                sys::put_stage(stages.as_fd(), NEXT, first).map_err(of)?;
                Some(datapath.relay()?.try_clone_to_owned().map_err(of)?)
            }
            Err(error) => {
                tracing::warn!(
                    %error,
                    "The kernel lets no program go on to the one before: ports are taken over one after the other, and a conversation that opens meanwhile may lose a frame."
                );
                None
            }
        };
        Ok(Self {
            before: relay.is_some().then_some(old),
            entry: match relay {
                Some(relay) => relay,
                None => first.try_clone_to_owned().map_err(of)?,
            },
            stages,
            next: entry,
            moving,
        })
    }

    /// What ports are to run.
    pub(super) fn entry(&self) -> BorrowedFd<'_> {
        self.entry.as_fd()
    }

    /// Switches all ports, which run the entry by now; once this returns no frame is judged by the old program.
    pub(super) fn switch(&self, undo: &mut Undo) -> Result<(), BringUpError> {
        let of = |source| BringUpError::Switch { source };
        let stages = self.stages.as_fd();
        let switched = Step::Switched {
            stages: Arc::new(stages.try_clone_to_owned().map_err(of)?),
            before: self.before.clone(),
        };
        match self.before {
            Some(_) => sys::clear_stage(stages, BEFORE).map_err(of)?,
            None => sys::put_stage(stages, NEXT, self.entry()).map_err(of)?,
        }
        undo.push(switched);
        wait_for_readers();
        Ok(())
    }

    /// Has all flows moved that no frame has moved yet, and lets the next program judge alone where ports run the relay.
    pub(super) fn arrive(&mut self) -> Result<(), BringUpError> {
        let Some(moving) = &mut self.moving else {
            return Ok(());
        };
        let start = Instant::now();
        let of = |source| BringUpError::Switch { source };
        move_all(moving.mover()?).map_err(of)?;
        sys::put_stage(self.stages.as_fd(), NEXT, self.next.as_fd()).map_err(of)?;
        let moves = moving.moves();
        tracing::info!(
            flows = moves.moved,
            took = ?start.elapsed(),
            "Conversations moved to a table of another size."
        );
        if moves.left_out != 0 {
            tracing::warn!(
                flows = moves.left_out,
                "There was no room for some live conversations in the new table: they are picked up for the time of grace, as far as the rules allow them."
            );
        }
        Ok(())
    }

    /// Lets go of what was needed on the way: every port runs the next program.
    pub(super) fn done(self, pins: &Pins) {
        if self.moving.is_some() {
            // Frames that the moving program judges still have to find what it goes on to, which goes with its pin and descriptor.
            wait_for_readers();
            if let Err(error) = pins.remove_moving() {
                tracing::warn!(%error, "Could not unpin what moved conversations.");
            }
        }
        if let Err(error) = sys::clear_stage(self.stages.as_fd(), NEXT) {
            tracing::warn!(%error, "Could not tidy up the program array.");
        }
    }
}

fn pin(fd: BorrowedFd<'_>, path: &Path, undo: &mut Undo) -> Result<(), BringUpError> {
    sys::pin(fd, path).map_err(failed(path))?;
    undo.push(Step::Pinned(path.to_owned()));
    Ok(())
}

/// Finishes what an agent began that was killed after it had switched all ports; else nothing that it left is of use. What ports may run
/// with stays for as long as they do.
pub(super) fn finish(pins: &Pins) -> Result<(), BringUpError> {
    let path = pins.staged(&pins.map(map::STAGES));
    let of = |source| BringUpError::Switch { source };
    let stages = pin::open(&path)?;
    let has = |place| match &stages {
        Some(stages) => sys::has_stage(stages.as_fd(), place).map_err(of),
        None => Ok(false),
    };
    let (Some(stages), true, false) = (&stages, has(NEXT)?, has(BEFORE)?) else {
        return let_go(pins);
    };
    tracing::info!(
        "An agent was killed as it took over, after the switch: what it began is finished."
    );
    if let Some(mover) = pin::open(&pins.moving(MOVER))? {
        move_all(mover.as_fd()).map_err(of)?;
        let staged = pin::open(&pins.staged(&pins.program()))?;
        let next = match staged {
            Some(next) => Some(next),
            None => pins.old_program()?,
        };
        if let Some(next) = next {
            sys::put_stage(stages.as_fd(), NEXT, next.as_fd()).map_err(of)?;
        }
    }
    for (staged, place) in pins.all_staged()? {
        fs::rename(&staged, &place).map_err(failed(&place))?;
    }
    let_go(pins)
}

/// Lets go of what an agent that was killed moved flows with. Some port may run the moving program itself, which finds nothing that it
/// goes on to any more once that has neither pin nor descriptor.
fn let_go(pins: &Pins) -> Result<(), BringUpError> {
    let stages = pins.moving(map::STAGES);
    if pin::open(&stages)?.is_some() {
        pins.set_aside(&stages).map_err(failed(&stages))?;
    }
    Ok(pins.remove_moving()?)
}
