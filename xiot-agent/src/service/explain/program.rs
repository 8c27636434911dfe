//! The XDP program as a judge: a scratch instance with the policy's image, never the one that is attached.

use std::{collections::HashMap, fmt, net::IpAddr, sync::Arc};

use xiot_common::{
    addr::{Mac, Vlans},
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
        ApplyError, Capacity, Datapath, Events, KnownBindings, LoadError, MapAccessError, Options,
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
    ids: Arc<Assignment>,
    guards: Vec<WireGuards>,
    known: KnownBindings,
    /// Names that the attached program knows, by device, once names are told one by one.
    names: Option<HashMap<(Mac, Vlans), Vec<NamePlace>>>,
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
}

impl Program {
    /// Loads an instance just large enough for this image, in which devices and rules have these numbers and wires these guards. It
    /// knows no bindings, so that the guard `binding` is not asked: see [`Self::know`].
    pub fn new(
        image: &Image,
        ids: Arc<Assignment>,
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
            datapath,
            ids,
            guards: guards.unwrap_or_default(),
            known: KnownBindings::default(),
            names: None,
            learned: learn::Told::default(),
            now: 0,
        })
    }

    /// Has it know what this program knows by now of addresses.
    pub fn know(&mut self, attached: &Datapath, now: u32) -> Result<(), MapAccessError> {
        self.known = attached.known_bindings()?;
        self.names = None;
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

    /// Has a device know, of all names, these of this address (by their hash), and those that the attached program knows it to have: that one learns
    /// no name which no rule of its policy names, and forgets the others in time.
    pub fn tell(&mut self, device: NamesKey, address: IpAddr, names: &[u64]) {
        let known = &mut self.known;
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
        let told = names.iter().map(|&name| NamePlace {
            addr: view::addr(address),
            name,
            life: NamePlace::life(u32::MAX, LONGEST),
        });
        let mut set = NameSet::NONE;
        for (place, named) in set.0.iter_mut().zip(told.chain(live.copied())) {
            *place = named;
        }
        // Which of the two is asked depends on whether the policy lists the device.
        known.names = vec![(device, set)];
        known.strangers_names = vec![(device, set)];
    }

    /// Makes that what the instance has. [`Judge::judge`] does it before each frame.
    pub fn recall(&mut self) -> Result<(), MapAccessError> {
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
            return judgement(&trace, &self.ids);
        }
        self.datapath
            .clear_budget(trace.device)
            .map_err(|error| JudgeError(error.into()))?;
        judgement(&self.run(side, wire, frame)?, &self.ids)
    }

    fn run(&mut self, side: Side, wire: u16, frame: &[u8]) -> Result<Trace, JudgeError> {
        self.datapath
            .clear_flows()
            .map_err(|error| JudgeError(error.into()))?;
        let outcome = self.datapath.test_run_on(wire, side, frame);
        let outcome = outcome.map_err(|error| JudgeError(error.into()))?;
        Ok(outcome.trace)
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
        let bindings = self.known.bindings.iter();
        let mut addresses: Vec<_> = bindings
            .filter(|(_, binding)| binding.mac.0 == mac && binding.is_live(self.now))
            .map(|(key, _)| view::address(key.addr))
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

fn judgement(trace: &Trace, ids: &Assignment) -> Result<Judgement, JudgeError> {
    let reason = Reason::from_u8(trace.reason)
        .ok_or_else(|| JudgeError(format!("unknown reason {}", trace.reason).into()))?;
    Ok(Judgement {
        reason,
        // Rules are numbered from 1 in file order.
        rule: (1..)
            .zip(ids.rules())
            .find_map(|(place, &id)| (id == trace.rule).then_some(place)),
        device: ids.devices().iter().position(|&id| id == trace.device),
        mode: match xiot_common::device::Mode::from_u8(trace.mode) {
            xiot_common::device::Mode::Learn => Mode::Learn,
            xiot_common::device::Mode::Monitor => Mode::Monitor,
            xiot_common::device::Mode::Enforce => Mode::Enforce,
        },
        dropped: trace.dropped != 0,
    })
}
