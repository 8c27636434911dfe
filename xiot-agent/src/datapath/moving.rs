//! What moves flows to a table of another size: a program that judges as the next one does, and takes flows from the table before
//! with their frames; and one that takes all others. All maps are those of the next program, but for what one frame needs.

use std::{
    io,
    os::fd::{AsFd as _, BorrowedFd},
};

use aya::{Ebpf, programs::ProgramError};
use xiot_common::{
    map,
    moves::{DONE, LAST_MOVE, Moves},
    stage,
};

use super::{
    constants::Constants,
    error::LoadError,
    instance::Datapath,
    load::{load_program, load_stage, number, object_of, program, shared},
    map as maps,
    options::Options,
    pin::Pins,
    shared::Shared,
    sizes::Sizes,
    sys,
};

/// Where flows move from, by the name that the moving program has for it.
const BEFORE: [(&str, &str); 4] = [
    (map::BEFORE_FLOWS, map::FLOWS),
    (map::BEFORE_MARKS, map::FLOW_MARKS),
    (map::BEFORE_HINTS, map::FLOW_HINTS),
    (map::BEFORE_REST, map::FLOW_REST),
];

/// Sets that are moved in one system call. Many: before it runs a program more than once the kernel makes it the one that XDP calls
/// directly, which takes it some twenty milliseconds. It yields and looks for signals between two runs.
const AT_ONCE: u32 = 1 << 16;

/// Both programs.
pub(super) struct Moving {
    judging: Ebpf,
    /// Apart from the other: it runs while that one is at work, and would use what is for one frame.
    mover: Ebpf,
    moves: Shared<Moves>,
}

impl Datapath {
    /// Loads what moves flows into the table of this program, whose maps are pinned (as staged, but for those that go on), from a
    /// pinned one of so many sets.
    pub(super) fn load_moving(
        &self,
        options: &Options,
        pins: &Pins,
        goes_on: impl Fn(&str) -> bool,
        before_sets: u32,
    ) -> Result<Moving, LoadError> {
        let sizes = Sizes::new(options, self.cpus)?;
        // A flow that an earlier move noted as moved moves all the same.
        let number = number(LAST_MOVE).map_err(LoadError::Random)?;
        let constants =
            Constants::new(options, &sizes, self.flow_seeds).moving(number, before_sets);
        let load = || {
            let mut loader = constants.loader(&sizes);
            for name in maps::ALL {
                if name != map::STAGES {
                    let path = pins.map(name);
                    let path = if goes_on(name) {
                        path
                    } else {
                        pins.staged(&path)
                    };
                    loader.map_pin_path(name, path);
                }
            }
            for (name, before) in BEFORE {
                loader.map_pin_path(name, pins.map(before));
            }
            loader
                .load(object_of(options))
                .map_err(|error| LoadError::from_load(error, |name| sizes.bytes(name)))
        };
        let (mut judging, mut mover) = (load()?, load()?);
        load_program(&mut judging, map::PROGRAM)?;
        load_stage(&mut judging, map::JUDGE, stage::JUDGE)?;
        if options.routed {
            load_stage(&mut judging, map::HOP, stage::HOP)?;
        }
        load_program(&mut mover, map::MOVER)?;
        Ok(Moving {
            moves: shared(&mover, map::MOVES)?,
            judging,
            mover,
        })
    }

    /// Loads the program that all ports run in between.
    pub(super) fn load_relay(&mut self) -> Result<(), LoadError> {
        load_program(&mut self.ebpf, map::RELAY).map(drop)
    }
}

impl Moving {
    /// The entry of the program that judges.
    pub(super) fn entry(&mut self) -> Result<BorrowedFd<'_>, LoadError> {
        fd(&mut self.judging, map::PROGRAM)
    }

    /// What that one goes on to.
    pub(super) fn stages(&self) -> Result<BorrowedFd<'_>, LoadError> {
        let map = map::STAGES;
        let stages = self.judging.map(map).and_then(maps::data);
        let stages = stages.ok_or(LoadError::NoMap { map, source: None })?;
        Ok(stages.fd().as_fd())
    }

    /// The program that moves flows.
    pub(super) fn mover(&mut self) -> Result<BorrowedFd<'_>, LoadError> {
        fd(&mut self.mover, map::MOVER)
    }

    /// How far it is.
    pub(super) fn moves(&self) -> Moves {
        self.moves.get(0).unwrap_or_default()
    }
}

/// A program of an object that was loaded.
pub(super) fn fd<'e>(ebpf: &'e mut Ebpf, name: &'static str) -> Result<BorrowedFd<'e>, LoadError> {
    let program = program(ebpf, name).ok_or(LoadError::NoProgram(name))?;
    let fd = program
        .fd()
        .map_err(|error: ProgramError| LoadError::from_program(error))?;
    Ok(fd.as_fd())
}

/// Has this program move flows until all have moved. No frame may be under judgement any more that began before.
pub(super) fn move_all(mover: BorrowedFd<'_>) -> io::Result<()> {
    loop {
        match sys::run(mover, AT_ONCE) {
            Ok(DONE) => return Ok(()),
            Ok(_) => {}
            // A signal came in between: it goes on where it was.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
