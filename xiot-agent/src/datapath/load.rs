//! Loading: maps, verifier.

use std::{collections::BTreeMap, io};

use aya::{
    Ebpf,
    maps::{MapData, ProgramArray},
    programs::Xdp,
    util::nr_cpus,
};
use rustix::rand::{GetRandomFlags, getrandom};
use xiot_common::{
    flow_hash::{FLOW_SEEDS, flow_seeds},
    image::SLOTS,
    map, stage,
};

use super::{
    active::ActivePolicy,
    constants::Constants,
    error::{LoadError, MapAccessError},
    instance::{Datapath, Instructions},
    kept::Kept,
    map as maps,
    options::Options,
    pin::Pins,
    shared::Shared,
    sizes::Sizes,
};

/// The object file that is built in.
pub fn object() -> &'static [u8] {
    aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/xiot"))
}

/// The object file that this is loaded from.
pub(super) fn object_of(options: &Options) -> &[u8] {
    match &options.object {
        Some(own) => own,
        None => object(),
    }
}

impl Datapath {
    /// Loads the program and makes its maps. Nothing is attached, and no policy is loaded.
    pub fn load(options: &Options) -> Result<Self, LoadError> {
        Self::load_beside(options, None)
    }

    /// Loads the program. What the one before knows, which is still at work, it knows too: of both there is one policy, one flow
    /// table, one of everything that goes on. Guards are as they are.
    pub(super) fn load_beside(
        options: &Options,
        before: Option<(&Kept, &Pins)>,
    ) -> Result<Self, LoadError> {
        let cpus = cpus()?;
        let sizes = Sizes::new(options, cpus)?;
        let flow_seeds = match before {
            Some((kept, _)) => kept.flow_seeds(),
            None => seeds().map_err(LoadError::Random)?,
        };
        let constants = Constants::new(options, &sizes, flow_seeds);
        let mut loader = constants.loader(&sizes);
        if let Some((kept, pins)) = before {
            for name in maps::ALL.into_iter().filter(|name| kept.goes_on(name)) {
                loader.map_pin_path(name, pins.map(name));
            }
        }
        let mut ebpf = loader
            .load(object_of(options))
            .map_err(|error| LoadError::from_load(error, |name| sizes.bytes(name)))?;

        let instructions = Instructions {
            entry: load_program(&mut ebpf, map::PROGRAM)?,
            judge: load_stage(&mut ebpf, map::JUDGE, stage::JUDGE)?,
            hop: if options.routed {
                load_stage(&mut ebpf, map::HOP, stage::HOP)?
            } else {
                None
            },
        };

        let active = ActivePolicy::new(shared(&ebpf, map::ACTIVE)?, shared(&ebpf, map::SLOTS)?);
        active.follow_clock();
        let mut datapath = Self {
            image: shared(&ebpf, map::IMAGE)?,
            held: [const { None }; SLOTS as usize],
            active,
            trace: options
                .trace
                .then(|| shared(&ebpf, map::TRACE))
                .transpose()?,
            capacity: options.capacity,
            cpus,
            device_stride: sizes.device_stride,
            has_guards: options.guards.is_some(),
            flow_seeds,
            note: None,
            instructions,
            routed: BTreeMap::new(),
            tested: None,
            ebpf,
        }
        .checked()?;
        if before.is_some() {
            return Ok(datapath);
        }
        for (guards, wire) in options.guards.iter().flatten().zip(0..) {
            datapath.set_guards(wire, guards).map_err(LoadError::Fill)?;
        }
        Ok(datapath)
    }

    /// Looks once for every map, so that later access can't fail for that.
    fn checked(self) -> Result<Self, LoadError> {
        for map in maps::ALL {
            if self.ebpf.map(map).and_then(maps::data).is_none() {
                return Err(LoadError::NoMap { map, source: None });
            }
        }
        Ok(self)
    }
}

/// Has the kernel verify a program; gives the number of instructions that it looked at.
pub(super) fn load_program(ebpf: &mut Ebpf, name: &'static str) -> Result<Option<u32>, LoadError> {
    let program = program(ebpf, name).ok_or(LoadError::NoProgram(name))?;
    program.load().map_err(LoadError::from_program)?;
    let info = program.info().ok();
    Ok(info.and_then(|info| info.verified_instruction_count()))
}

pub(super) fn program<'e>(ebpf: &'e mut Ebpf, name: &str) -> Option<&'e mut Xdp> {
    ebpf.program_mut(name)
        .and_then(|program| program.try_into().ok())
}

/// The same of one that others go on to, by its place in the program array.
pub(super) fn load_stage(
    ebpf: &mut Ebpf,
    name: &'static str,
    place: u32,
) -> Result<Option<u32>, LoadError> {
    let access = |source| {
        LoadError::Fill(MapAccessError {
            map: map::STAGES,
            source,
        })
    };
    let instructions = load_program(ebpf, name)?;
    let fd = program(ebpf, name)
        .ok_or(LoadError::NoProgram(name))?
        .fd()
        .and_then(|fd| Ok(fd.try_clone()?))
        .map_err(LoadError::from_program)?;
    let stages = ebpf.map_mut(map::STAGES).ok_or(LoadError::NoMap {
        map: map::STAGES,
        source: None,
    })?;
    ProgramArray::try_from(stages)
        .and_then(|mut stages| stages.set(place, &fd, 0))
        .map_err(access)?;
    Ok(instructions)
}

pub(super) fn shared<T: aya::Pod + Default>(
    ebpf: &Ebpf,
    map: &'static str,
) -> Result<Shared<T>, LoadError> {
    let data: &MapData = ebpf
        .map(map)
        .and_then(maps::data)
        .ok_or(LoadError::NoMap { map, source: None })?;
    Shared::new(data).map_err(|source| LoadError::Mapping { map, source })
}

/// A random number from 1 to this.
pub(super) fn number(highest: u32) -> io::Result<u32> {
    let mut bytes = [0; 4];
    let mut filled = 0;
    while filled < bytes.len() {
        filled += getrandom(&mut bytes[filled..], GetRandomFlags::empty())?;
    }
    Ok(u32::from_ne_bytes(bytes) % highest + 1)
}

/// Random numbers that nobody else knows.
fn seeds() -> io::Result<[u64; FLOW_SEEDS]> {
    let mut bytes = [0; 96];
    let (mut filled, length) = (0, bytes.len());
    while filled < length {
        filled += getrandom(&mut bytes[filled..], GetRandomFlags::empty())?;
    }
    let (words, _) = bytes.as_chunks();
    Ok(flow_seeds(std::array::from_fn(|n| {
        u64::from_ne_bytes(words[n])
    })))
}

/// CPUs that may ever be online: per-CPU maps have a copy for each.
pub(super) fn cpus() -> Result<u32, LoadError> {
    let cpus = nr_cpus().map_err(|(path, source)| LoadError::Cpus { path, source })?;
    u32::try_from(cpus).map_err(|_too_many| LoadError::TooLarge {
        what: "CPUs",
        wanted: cpus as u64,
    })
}
