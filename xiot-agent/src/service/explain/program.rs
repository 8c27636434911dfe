//! The XDP program as a judge: a scratch instance with the policy's image, never the one that is attached.

use std::{collections::HashMap, fmt, net::IpAddr};

use xiot_common::{
    addr::{Mac, Vlans},
    binding::{Binding, PlacesKey},
    guard::{Guard, Level, WireGuards},
    name::{LONGEST, NamePlace, NameSet, NamesKey},
    overrides::{Override, OverrideKey},
    trace::Trace,
};

use super::{
    answer::JudgeName,
    judge::{Judge, JudgeError, Judgement, Told},
};
use crate::{
    compile::{Assignment, Image, name_hash},
    datapath::{
        ApplyError, Capacity, Datapath, Events, FlowSets, GroupFrames, KnownBindings, LoadError,
        MapAccessError, Memory, NewFlows, Options,
    },
    learn::told as learn,
    model::policy::{DnsName, Mode},
    service::{
        state::{MacBytes, Reason, Side},
        view,
    },
};

/// Flows and observed conversations of the scratch instance: one frame at a time makes one.
const FEW: u32 = 64;

/// Bytes of its event ring: a page, which is the least there is.
const RING: u32 = 4096;

/// The scratch instance.
pub struct Program {
    datapath: Datapath,
    flows: FlowSets,
    /// Places of rules and devices in the policy, by number.
    rules: HashMap<u32, u32>,
    devices: HashMap<u32, usize>,
    guards: Vec<WireGuards>,
    known: KnownBindings,
    /// Bindings of it by MAC.
    bound: HashMap<Mac, Vec<(IpAddr, Binding)>>,
    /// Names that the attached program knows, by device, once conversations are judged.
    names: Option<HashMap<(Mac, Vlans), Vec<NamePlace>>>,
    /// What the instance has of all that, since then.
    memory: Option<Memory>,
    /// What the device in question was told as far as that was learned.
    learned: learn::Told,
    /// When bindings and names are looked at.
    now: u32,
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Program").finish_non_exhaustive()
    }
}

/// There is no scratch instance.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// It can't be loaded.
    #[error("no scratch instance of the XDP program can be loaded")]
    Load(#[from] LoadError),
    /// The policy can't be put into it.
    #[error("the policy can't be put into a scratch instance")]
    Apply(#[from] ApplyError),
    /// Its maps can't be mapped.
    #[error("the maps of a scratch instance can't be read")]
    Maps(#[source] MapAccessError),
}

impl Program {
    /// Loads an instance just large enough for this image, in which devices and rules have these numbers and wires these guards. It
    /// knows no bindings, so that the guard `binding` is not asked: see [`Self::know`].
    pub fn new(
        image: &Image,
        ids: &Assignment,
        guards: Option<Vec<WireGuards>>,
    ) -> Result<Self, ProgramError> {
        let header = &image.header;
        let options = Options {
            capacity: Capacity {
                slot_lines: header.lines.max(1),
                flows: FEW,
                half_open: FEW,
                devices: header.device_count.max(1),
                rules: header.rule_count.max(1),
                observed: FEW,
                event_ring: RING,
            },
            events: Events {
                per_sender: 0,
                per_cpu: 0,
            },
            // What is judged here in one second came in weeks.
            new_flows: NewFlows {
                unlisted: u32::MAX,
                per_cpu: u32::MAX,
            },
            group_frames: GroupFrames {
                per_sender: u32::MAX,
                per_port: u32::MAX,
            },
            guards: guards.as_ref().map(|guards| {
                let guards = guards.iter();
                guards
                    .map(|its| its.with(Guard::Binding, Level::Off))
                    .collect()
            }),
            trace: true,
            ..Options::default()
        };
        let mut datapath = Datapath::load(&options)?;
        datapath.apply(image)?;
        Ok(Self {
            flows: datapath.flow_sets().map_err(ProgramError::Maps)?,
            datapath,
            // Rules are numbered from 1 in file order.
            rules: ids.rules().iter().copied().zip(1..).collect(),
            devices: ids.devices().iter().copied().zip(0..).collect(),
            guards: guards.unwrap_or_default(),
            known: KnownBindings::default(),
            bound: HashMap::new(),
            names: None,
            memory: None,
            learned: learn::Told::default(),
            now: 0,
        })
    }

    /// Has it know what this program knows by now of addresses.
    pub fn know(&mut self, attached: &Datapath, now: u32) -> Result<(), MapAccessError> {
        self.known = attached.known_bindings()?;
        self.bound.clear();
        for (key, binding) in &self.known.bindings {
            let of_mac = self.bound.entry(binding.mac).or_default();
            of_mac.push((view::address(key.addr), *binding));
        }
        self.names = None;
        self.memory = None;
        self.now = now;
        let settled = attached.settled_wires()?;
        for (guards, wire) in self.guards.iter().zip(0..) {
            self.datapath.set_guards(wire, guards)?;
            self.datapath.set_settled(wire, settled.of(wire)?)?;
        }
        Ok(())
    }

    /// What is learned of the device that is asked about.
    pub fn remember(&mut self, learned: learn::Told) {
        self.learned = learned;
    }

    /// Judges the frame that opens a conversation of a device, which has the first of these addresses, with a peer, which has the other. Of all names the device
    /// knows these of the peer (by their hash), and those that the attached program knows it to have: that one learns no name which no rule of its policy names, and
    /// forgets the others in time.
    pub fn judge_conversation(
        &mut self,
        device: NamesKey,
        (own, peer): (IpAddr, IpAddr),
        names: &[u64],
        (side, frame): (Side, &[u8]),
    ) -> Result<Judgement, JudgeError> {
        let failed = |error: MapAccessError| JudgeError(error.into());
        let set = self.names_of(device, peer, names);
        let mut memory = match self.memory.take() {
            Some(memory) => memory,
            None => self.datapath.memorize(&self.known).map_err(failed)?,
        };
        memory.tell(device, &set).map_err(failed)?;
        let judged = self.judge_known(side, device.wire, frame);
        let NamesKey { mac, wire, vlans } = device;
        memory
            .take_back(PlacesKey { mac, wire, vlans }, view::addr(own))
            .map_err(failed)?;
        self.memory = Some(memory);
        judged
    }

    /// Names of an address as a device knows them, those that it is told here first.
    fn names_of(&mut self, device: NamesKey, address: IpAddr, told: &[u64]) -> NameSet {
        let known = &self.known;
        let live = self.names.get_or_insert_with(|| {
            let mut live: HashMap<_, Vec<_>> = HashMap::new();
            let all = known.names.iter().chain(&known.strangers_names);
            for (key, set) in all {
                let places = set.0.iter().copied();
                let of_device = live.entry((key.mac, key.vlans)).or_default();
                of_device.extend(places.filter(|it| self.now < NamePlace::until(it.life)));
            }
            live
        });
        let live = live.get(&(device.mac, device.vlans)).into_iter().flatten();
        let live = live.filter(|it| view::address(it.addr) == address);
        let told = told.iter().map(|&name| NamePlace {
            addr: view::addr(address),
            name,
            life: NamePlace::life(u32::MAX, LONGEST),
        });
        let mut set = NameSet::NONE;
        for (place, named) in set.0.iter_mut().zip(told.chain(live.copied())) {
            *place = named;
        }
        set
    }

    /// Makes that what the instance has. [`Judge::judge`] does it before each frame.
    pub fn recall(&mut self) -> Result<(), MapAccessError> {
        self.memory = None;
        self.datapath.know_bindings(&self.known)
    }

    /// Judges a frame of a conversation that goes on: what it could teach is known already.
    pub(super) fn judge_known(
        &mut self,
        side: Side,
        wire: u16,
        frame: &[u8],
    ) -> Result<Judgement, JudgeError> {
        let trace = self.run(side, wire, frame)?;
        // What is judged here in one second, a device did in weeks.
        if trace.reason != Reason::FlowBudgetDevice as u8 {
            return self.judgement(&trace);
        }
        self.datapath
            .clear_budget(trace.device)
            .map_err(|error| JudgeError(error.into()))?;
        let trace = self.run(side, wire, frame)?;
        self.judgement(&trace)
    }

    fn run(&mut self, side: Side, wire: u16, frame: &[u8]) -> Result<Trace, JudgeError> {
        self.flows.clear();
        let outcome = self.datapath.test_run_on(wire, side, frame);
        let outcome = outcome.map_err(|error| JudgeError(error.into()))?;
        Ok(outcome.trace)
    }

    fn judgement(&self, trace: &Trace) -> Result<Judgement, JudgeError> {
        let reason = Reason::from_u8(trace.reason)
            .ok_or_else(|| JudgeError(format!("unknown reason {}", trace.reason).into()))?;
        Ok(Judgement {
            reason,
            rule: self.rules.get(&trace.rule).copied(),
            device: self.devices.get(&trace.device).copied(),
            mode: match xiot_common::device::Mode::from_u8(trace.mode) {
                xiot_common::device::Mode::Learn => Mode::Learn,
                xiot_common::device::Mode::Monitor => Mode::Monitor,
                xiot_common::device::Mode::Enforce => Mode::Enforce,
            },
            dropped: trace.dropped != 0,
        })
    }

    /// Has these decisions about devices hold, and no others.
    pub fn decide(&mut self, decided: &[(OverrideKey, Override)]) -> Result<(), MapAccessError> {
        for (device, _) in self.datapath.overrides()? {
            self.datapath.clear_override(&device)?;
        }
        for (device, decided) in decided {
            self.datapath.set_override(*device, *decided)?;
        }
        Ok(())
    }
}

impl Judge for Program {
    fn judge(&mut self, side: Side, wire: usize, frame: &[u8]) -> Result<Judgement, JudgeError> {
        let wire = u16::try_from(wire).map_err(|error| JudgeError(error.into()))?;
        // Each frame teaches.
        self.recall().map_err(|error| JudgeError(error.into()))?;
        self.judge_known(side, wire, frame)
    }

    fn set_clock(&mut self, second: Option<u32>) {
        self.datapath.show_time(second);
    }

    fn bound(&self, mac: MacBytes) -> Vec<IpAddr> {
        let bindings = self.bound.get(&Mac(mac)).into_iter().flatten();
        let mut addresses: Vec<_> = bindings
            .filter(|(_, binding)| binding.is_live(self.now))
            .map(|(address, _)| *address)
            .collect();
        addresses.sort_unstable();
        addresses
    }

    fn told(&self, device: NamesKey, name: &DnsName) -> Told {
        let known = self.known.names.iter().chain(&self.known.strangers_names);
        let places = known
            .filter(|(key, _)| *key == device)
            .flat_map(|(_, set)| &set.0);
        let hash = name_hash(name);
        let held = places
            .filter(|place| place.name == hash && self.now < NamePlace::until(place.life))
            .map(|place| view::address(place.addr));
        let learned = self.learned.names().iter();
        let learned = learned
            .filter(|(_, names)| names.iter().any(|(it, _)| it == name.as_str()))
            .map(|(address, _)| *address);
        Told {
            held: held.collect(),
            learned: learned.collect(),
        }
    }

    fn name(&self) -> JudgeName {
        JudgeName::Program
    }
}
