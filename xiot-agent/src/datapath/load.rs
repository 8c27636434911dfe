//! Loading: sizes, constants, maps, verifier.

use std::{collections::BTreeMap, io};

use aya::{
    Ebpf, EbpfLoader,
    maps::{MapData, ProgramArray},
    programs::Xdp,
    util::nr_cpus,
};
use rustix::rand::{GetRandomFlags, getrandom};
use xiot_common::{
    binding::{Binding, BindingKey, Places, PlacesKey},
    budget::Budget,
    capacity::{BINDINGS, MAX_IFINDEX, PLACE_LISTS, PLACES},
    config,
    counter::{DeviceCounter, RuleCounter},
    flow_hash::{FLOW_SEEDS, flow_seeds},
    flow_line::{FlowLine, FlowRest},
    flow_table::{FLOW_SLOTS, FlowHints, FlowMarks, flow_sets},
    image::{Line, SLOTS},
    map,
    observed::{ObservedEntry, ObservedKey},
    port::PortConfig,
    stage,
};

use super::{
    active::ActivePolicy,
    error::{LoadError, MapAccessError},
    instance::{Datapath, Instructions},
    kept::{self, Kept},
    map as maps,
    options::{Capacity, Options},
    pin::Pins,
    shared::Shared,
};

/// Smallest port table: interface indices start low and rise with every interface made.
const MIN_PORTS: u32 = 4096;

/// Device counters in a page: rows of different CPUs don't share one.
const COUNTERS_PER_PAGE: u32 = 64;
const _: () = assert!(COUNTERS_PER_PAGE as usize * size_of::<DeviceCounter>() == 4096);

/// The object file that is built in.
pub fn object() -> &'static [u8] {
    aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/xiot"))
}

/// Entries per map, as far as the agent decides them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    pub(super) ports: u32,
    pub(super) image: u32,
    pub(super) flow_sets: u32,
    pub(super) budgets: u32,
    pub(super) observed: u32,
    pub(super) device_stride: u32,
    pub(super) device_counters: u32,
    pub(super) rule_counters: u32,
    pub(super) event_ring: u32,
    pub(super) bindings: u32,
    pub(super) places: u32,
}

impl Sizes {
    pub(super) fn new(options: &Options, cpus: u32) -> Result<Self, LoadError> {
        let Capacity {
            slot_lines,
            flows,
            half_open,
            devices,
            rules,
            observed,
            event_ring,
        } = options.capacity;
        let too_large = |what, wanted: u64| LoadError::TooLarge { what, wanted };
        if options.max_ifindex >= MAX_IFINDEX {
            return Err(too_large("interface indices", options.max_ifindex.into()));
        }
        // Number 0 is all devices which are not listed.
        let rows = devices
            .checked_add(1)
            .ok_or_else(|| too_large("devices", devices.into()))?;
        let device_stride = rows
            .checked_next_multiple_of(COUNTERS_PER_PAGE)
            .ok_or_else(|| too_large("devices", devices.into()))?;
        Ok(Self {
            ports: MIN_PORTS.max(options.max_ifindex + 1),
            image: slot_lines
                .checked_mul(SLOTS)
                .ok_or_else(|| too_large("lines per policy", slot_lines.into()))?,
            flow_sets: flow_sets(flows, half_open),
            budgets: rows,
            observed,
            device_stride,
            device_counters: device_stride
                .checked_mul(cpus)
                .ok_or_else(|| too_large("devices", devices.into()))?,
            rule_counters: rules
                .checked_add(1)
                .ok_or_else(|| too_large("rules", rules.into()))?,
            event_ring,
            // Buckets are made in advance.
            bindings: if options.guards.is_some() {
                BINDINGS
            } else {
                1
            },
            places: if options.guards.is_some() {
                PLACE_LISTS
            } else {
                1
            },
        })
    }

    fn entries(&self) -> [(&'static str, u32); 13] {
        [
            (map::PORTS, self.ports),
            (map::IMAGE, self.image),
            (map::FLOWS, self.flow_sets * FLOW_SLOTS),
            (map::FLOW_REST, self.flow_sets * FLOW_SLOTS),
            (map::FLOW_MARKS, self.flow_sets),
            (map::FLOW_HINTS, self.flow_sets),
            (map::BUDGETS, self.budgets),
            (map::OBSERVED, self.observed),
            (map::DEVICE_COUNTERS, self.device_counters),
            (map::RULE_COUNTERS, self.rule_counters),
            (map::EVENTS, self.event_ring),
            (map::BINDINGS, self.bindings),
            (map::PLACES, self.places),
        ]
    }

    /// About how much memory a map takes: keys and values, without the kernel's own.
    fn bytes(&self, name: &str) -> u64 {
        let size = match name {
            map::PORTS => size_of::<PortConfig>(),
            map::IMAGE => size_of::<Line>(),
            map::FLOWS => size_of::<FlowLine>(),
            map::FLOW_REST => size_of::<FlowRest>(),
            map::FLOW_MARKS => size_of::<FlowMarks>(),
            map::FLOW_HINTS => size_of::<FlowHints>(),
            map::BUDGETS => size_of::<Budget>(),
            map::OBSERVED => size_of::<(ObservedKey, ObservedEntry)>(),
            map::DEVICE_COUNTERS => size_of::<DeviceCounter>(),
            map::RULE_COUNTERS => size_of::<RuleCounter>(),
            map::BINDINGS => size_of::<(BindingKey, Binding)>(),
            map::PLACES => size_of::<(PlacesKey, Places)>(),
            map::EVENTS => 1,
            _ => return 0,
        };
        self.entries()
            .into_iter()
            .find_map(|(map, entries)| (map == name).then_some(u64::from(entries) * size as u64))
            .unwrap_or(0)
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
        let object: &[u8] = match &options.object {
            Some(own) => own,
            None => object(),
        };

        let trace = u32::from(options.trace);
        let guards = u32::from(options.guards.is_some());
        let addresses = options.addresses_per_device.unwrap_or(PLACES).min(PLACES);
        let routed = u32::from(options.routed);
        let flow_seeds = match before {
            Some((kept, _)) => kept.flow_seeds(),
            None => seeds().map_err(LoadError::Random)?,
        };
        let mut loader = EbpfLoader::new();
        // Nothing is relocated against the kernel's own types: its BTF need not be read.
        loader
            .btf(None)
            .override_global(config::TRACE, &trace, true)
            .override_global(config::DEVICE_STRIDE, &sizes.device_stride, true)
            .override_global(config::SLOT_LINES, &options.capacity.slot_lines, true)
            .override_global(config::RULE_COUNTERS, &sizes.rule_counters, true)
            .override_global(
                config::NEW_FLOWS_UNLISTED,
                &options.new_flows.unlisted,
                true,
            )
            .override_global(config::NEW_FLOWS_PER_CPU, &options.new_flows.per_cpu, true)
            .override_global(config::GUARDS, &guards, true)
            .override_global(config::ROUTED, &routed, true)
            .override_global(
                config::GROUP_PER_SENDER,
                &options.group_frames.per_sender,
                true,
            )
            .override_global(config::GROUP_PER_PORT, &options.group_frames.per_port, true)
            .override_global(config::ADDRESSES_PER_DEVICE, &addresses, true)
            .override_global(config::EVENTS_PER_SENDER, &options.events.per_sender, true)
            .override_global(config::EVENTS_PER_CPU, &options.events.per_cpu, true)
            .override_global(config::FLOWS, &options.capacity.flows, true)
            .override_global(config::FLOW_SETS, &sizes.flow_sets, true)
            .override_global(config::FLOW_SEEDS, &flow_seeds, true);
        for (name, entries) in sizes.entries() {
            loader.map_max_entries(name, entries);
        }
        if let Some((_, pins)) = before {
            for name in maps::ALL.into_iter().filter(|name| kept::goes_on(name)) {
                loader.map_pin_path(name, pins.map(name));
            }
        }
        let mut ebpf = loader
            .load(object)
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
fn load_program(ebpf: &mut Ebpf, name: &'static str) -> Result<Option<u32>, LoadError> {
    let program = program(ebpf, name).ok_or(LoadError::NoProgram(name))?;
    program.load().map_err(LoadError::from_program)?;
    let info = program.info().ok();
    Ok(info.and_then(|info| info.verified_instruction_count()))
}

fn program<'e>(ebpf: &'e mut Ebpf, name: &str) -> Option<&'e mut Xdp> {
    ebpf.program_mut(name)
        .and_then(|program| program.try_into().ok())
}

/// The same of one that others go on to, by its place in the program array.
fn load_stage(ebpf: &mut Ebpf, name: &'static str, place: u32) -> Result<Option<u32>, LoadError> {
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

fn shared<T: aya::Pod + Default>(ebpf: &Ebpf, map: &'static str) -> Result<Shared<T>, LoadError> {
    let data: &MapData = ebpf
        .map(map)
        .and_then(maps::data)
        .ok_or(LoadError::NoMap { map, source: None })?;
    Shared::new(data).map_err(|source| LoadError::Mapping { map, source })
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
