//! A loaded program with its maps.

use std::{
    collections::BTreeMap,
    fmt,
    os::fd::{AsFd as _, BorrowedFd},
};

use aya::{
    Ebpf, Pod,
    maps::{Map, MapData, MapError},
    programs::{ProgramError, Xdp},
};
use xiot_common::{
    flow_hash::FLOW_SEEDS,
    image::{Line, SLOTS},
    map,
    port::{PortConfig, Side},
    trace::Trace,
};

use super::{
    active::ActivePolicy,
    error::{LoadError, MapAccessError},
    kept::Note,
    map as maps,
    moving::fd,
    options::Capacity,
    shared::Shared,
};
use crate::compile::{Keyed, image::Lines};

/// One loaded instance of the program. Dropping it unloads what is neither attached nor pinned.
pub struct Datapath {
    pub(super) ebpf: Ebpf,
    pub(super) image: Shared<Line>,
    /// What each slot held when it was written last; none before, and where that failed.
    pub(super) held: [Option<Lines>; SLOTS as usize],
    pub(super) active: ActivePolicy,
    pub(super) trace: Option<Shared<Trace>>,
    pub(super) capacity: Capacity,
    pub(super) cpus: u32,
    pub(super) device_stride: u32,
    pub(super) has_guards: bool,
    /// What flow keys are hashed with.
    pub(super) flow_seeds: [u64; FLOW_SEEDS],
    /// What the next agent has to know; none of an instance that is never attached.
    pub(super) note: Option<Note>,
    pub(super) instructions: Instructions,
    /// Ports of the router, by interface index.
    pub(super) routed: BTreeMap<u32, PortConfig>,
    /// Wire and side that the port table is set up for, for test runs.
    pub(super) tested: Option<(u16, Side)>,
}

/// Instructions that the verifier looked at (kernel 5.16 and later), by program.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Instructions {
    /// The entry, which forwards what is plainly a frame of a live flow.
    pub entry: Option<u32>,
    /// What judges all others.
    pub judge: Option<u32>,
    /// What judges frames that are routed to a segment; none where nothing is routed.
    pub hop: Option<u32>,
}

impl fmt::Debug for Datapath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Datapath")
            .field("capacity", &self.capacity)
            .field("instructions", &self.instructions)
            .finish_non_exhaustive()
    }
}

impl Datapath {
    /// Sizes it was loaded with.
    pub fn capacity(&self) -> Capacity {
        self.capacity
    }

    /// CPUs that may ever be online: rows of the device counters.
    pub fn cpus(&self) -> u32 {
        self.cpus
    }

    /// Device counters per CPU.
    pub fn device_stride(&self) -> u32 {
        self.device_stride
    }

    /// Whether it was loaded with guards: only then can there be any.
    pub fn has_guards(&self) -> bool {
        self.has_guards
    }

    /// Notes beside the program what has which number from now on, for the agent after this one.
    pub fn note(&mut self, keyed: &Keyed) -> Result<(), MapAccessError> {
        match &mut self.note {
            Some(note) => note.write(keyed),
            None => Ok(()),
        }
    }

    /// Instructions that the verifier looked at.
    pub fn verified_instructions(&self) -> Instructions {
        self.instructions
    }

    /// A handle to one of `xiot_common::map` that lives on its own.
    pub fn duplicate(&self, map: &'static str) -> Result<Map, MapAccessError> {
        maps::duplicate(&self.ebpf, map)
    }

    /// One of the memory-mapped arrays of `xiot_common::map`, mapped once more.
    pub fn map_memory<T: Pod + Default>(
        &self,
        map: &'static str,
    ) -> Result<Shared<T>, MapAccessError> {
        let access = |source| MapAccessError { map, source };
        let data = self
            .ebpf
            .map(map)
            .and_then(maps::data)
            .ok_or_else(|| access(MapError::ElementNotFound))?;
        Shared::new(data).map_err(|error| access(error.into()))
    }

    /// The loaded program.
    pub(super) fn program(&self) -> &Xdp {
        self.ebpf
            .program(map::PROGRAM)
            .and_then(|program| program.try_into().ok())
            .expect("the program was found when it was loaded")
    }

    /// Its file descriptor.
    pub(super) fn program_fd(&self) -> Result<BorrowedFd<'_>, ProgramError> {
        Ok(self.program().fd()?.as_fd())
    }

    /// The same, among errors of loading.
    pub(super) fn entry(&mut self) -> Result<BorrowedFd<'_>, LoadError> {
        fd(&mut self.ebpf, map::PROGRAM)
    }

    /// The program that all ports run as they are taken over in one instant, once it is loaded.
    pub(super) fn relay(&mut self) -> Result<BorrowedFd<'_>, LoadError> {
        fd(&mut self.ebpf, map::RELAY)
    }

    /// One of `map::ALL`.
    pub(super) fn map_data(&self, name: &'static str) -> &MapData {
        self.ebpf
            .map(name)
            .and_then(maps::data)
            .expect("every map was found when the program was loaded")
    }

    /// One of `map::ALL`.
    pub(super) fn map_mut(&mut self, name: &'static str) -> &mut Map {
        self.ebpf
            .map_mut(name)
            .expect("every map was found when the program was loaded")
    }
}
