//! How a program begins: with empty tables, or with those of the program that it replaces.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use xiot_common::{abi::seconds, about::About, map, port::Side};

use super::{BringUpError, Follow, Followed, Plan};
use crate::{
    compile::image::Image,
    datapath::{
        bindings::{OldBindings, OldMaps},
        instance::Datapath,
        kept::{self, Anew, Kept, Note, Resized},
        load::cpus,
        options::Options,
        pin::Pins,
        preflight::Port,
    },
};

/// One of both.
pub(super) enum Beginning {
    /// With empty tables.
    Anew {
        why: Anew,
        /// What an earlier agent's program learned, and goes on learning until it is replaced.
        learned: Option<Box<OldBindings>>,
    },
    /// With those of the program before, which go on being its own until it is replaced.
    After {
        followed: Followed,
        /// But for these, which move.
        resized: Resized,
    },
}

impl Beginning {
    /// Loads the program, and puts the policy in force if it begins anew.
    pub(super) fn load(
        plan: &Plan,
        options: &Options,
        image: &Image,
        (pins, ports): (&Pins, &[Port]),
        follow: Option<Follow<'_>>,
    ) -> Result<(Datapath, Self), BringUpError> {
        let about = kept::about(plan, options, cpus()?);
        let why = match (Kept::find(pins, &about)?, follow) {
            (Ok(kept), Some(follow)) => {
                return Self::after(plan, options, (pins, kept), about, follow);
            }
            (Ok(_), None) => Anew::Unasked,
            (Err(anew), _) => anew,
        };
        if plan.adopt {
            return Err(BringUpError::Anew { why });
        }
        let mut datapath = Datapath::load(options)?;
        datapath.apply(image)?;
        if let Some(decided) = pins.old_map(map::OVERRIDES)? {
            datapath
                .adopt_overrides(decided)
                .map_err(|source| BringUpError::Decisions {
                    pins: pins.path().to_owned(),
                    source,
                })?;
        }
        let mut learned = bindings(pins, ports).map(Box::new);
        settle(&mut datapath, ports, learned.as_deref(), plan.settle)?;
        copy(&datapath, &mut learned);
        datapath.note = Some(Note::create(about, datapath.flow_seeds)?);
        Ok((datapath, Self::Anew { why, learned }))
    }

    /// The same, after a program whose maps are of use.
    fn after(
        plan: &Plan,
        options: &Options,
        (pins, kept): (&Pins, Kept),
        about: About,
        follow: Follow<'_>,
    ) -> Result<(Datapath, Self), BringUpError> {
        let resized = kept.resized().clone();
        if plan.adopt
            && let Some(why) = resized.leaves_out()
        {
            return Err(BringUpError::Anew { why });
        }
        let followed = follow(&kept)?;
        let mut datapath = Datapath::load_beside(options, Some((&kept, pins)))?;
        datapath.check(&followed.image)?;
        if resized.has(map::ACTIVE) {
            datapath.begin_after(kept.in_force())?;
            datapath.apply(&followed.image)?;
        }
        resized.copy(pins, &datapath)?;
        datapath.note = Some(Note::follow(kept, about)?);
        Ok((datapath, Self::After { followed, resized }))
    }

    /// Whether a map is that of the program before.
    pub(super) fn goes_on(&self, name: &str) -> bool {
        match self {
            Self::Anew { .. } => false,
            Self::After { resized, .. } => resized.goes_on(name),
        }
    }

    /// Whether the program before has tables that this one has not.
    pub(super) fn has_other_tables(&self) -> bool {
        match self {
            Self::Anew { .. } => true,
            Self::After { resized, .. } => resized.is_any(),
        }
    }

    /// Of how many sets the flow table is from which flows move; none where they stay, or are forgotten.
    pub(super) fn moving_from(&self) -> Option<u32> {
        match self {
            Self::Anew { .. } => None,
            Self::After { resized, .. } => resized.flow_sets(),
        }
    }

    /// Why conversations begin anew; none where they go on.
    pub(super) fn anew(self) -> Option<Anew> {
        match self {
            Self::Anew { why, .. } => Some(why),
            Self::After { .. } => None,
        }
    }

    /// What remains to be done as the program is about to see its first frame.
    pub(super) fn before_frames(&self, plan: &Plan, datapath: &mut Datapath) {
        let is_forgotten = match self {
            Self::Anew { .. } => true,
            Self::After { resized, .. } => resized.leaves_out().is_some(),
        };
        if is_forgotten && !plan.grace.is_zero() {
            datapath.set_grace(second_in(plan.grace));
        }
    }

    /// What remains to be done once no other program sees frames.
    pub(super) fn after_takeover(
        &mut self,
        plan: &Plan,
        datapath: &mut Datapath,
    ) -> Result<(), BringUpError> {
        match self {
            Self::Anew { learned, .. } => copy(datapath, learned),
            Self::After { followed, .. } => go_on(plan, datapath, followed)?,
        }
        Ok(())
    }
}

/// Puts in force what differs from what is.
fn go_on(plan: &Plan, datapath: &mut Datapath, followed: &Followed) -> Result<(), BringUpError> {
    let (devices, rules) = (&followed.fresh.devices, &followed.fresh.rules);
    datapath.clear_counters(&devices.free, &rules.free)?;
    if datapath.header() != Some(followed.image.header) {
        datapath.apply(&followed.image)?;
    }
    datapath.clear_counters(&devices.taken_over, &rules.taken_over)?;
    let settled = anew(plan.settle);
    for (guards, wire) in plan.options.guards.iter().flatten().zip(0..) {
        datapath.begin_guards(wire, guards, settled)?;
    }
    // What is left of the time before goes on, but no longer than from now on it may.
    let until = datapath.active().map_or(0, |active| active.grace_until);
    let longest = anew(plan.grace);
    if until > longest {
        datapath.set_grace(longest);
    }
    datapath.touch();
    Ok(())
}

/// The second at which so much time is over that begins now; 0: there is none.
fn anew(time: Duration) -> u32 {
    if time.is_zero() { 0 } else { second_in(time) }
}

/// The second of the program's clock in which so much time will have passed.
fn second_in(time: Duration) -> u32 {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(Duration::ZERO, Duration::from);
    seconds(u64::try_from((now + time).as_nanos()).unwrap_or(u64::MAX))
}

/// What an earlier agent's program has learned. What can't be read is forgotten: the guards have to settle then.
fn bindings(pins: &Pins, ports: &[Port]) -> Option<OldBindings> {
    let old = |name| match pins.old_map(name) {
        Ok(map) => map,
        Err(error) => {
            tracing::warn!(%error, "Could not open what an earlier agent left.");
            None
        }
    };
    let maps = OldMaps {
        bindings: old(map::BINDINGS)?,
        places: old(map::PLACES)?,
        names: old(map::NAMES),
        strangers_names: old(map::STRANGERS_NAMES),
        ports: old(map::PORTS)?,
        guards: old(map::GUARDS)?,
    };
    let device_ports = ports.iter().filter(|port| port.side == Side::Device);
    let device_ports = device_ports.map(|port| (port.link.ifindex, port.config.wire));
    OldBindings::open(maps, device_ports)
        .inspect_err(|error| {
            tracing::warn!(%error, "Could not take bindings of addresses over: they are learned anew.");
        })
        .ok()
}

fn copy(datapath: &Datapath, learned: &mut Option<Box<OldBindings>>) {
    if let Some(learned) = learned
        && let Err(error) = learned.copy(datapath)
    {
        tracing::warn!(%error, "Could not take all bindings of addresses over.");
    }
}

/// A wire settles when it did for the program before, or in a while if that knew nothing of it.
fn settle(
    datapath: &mut Datapath,
    ports: &[Port],
    learned: Option<&OldBindings>,
    time: Duration,
) -> Result<(), BringUpError> {
    let anew = anew(time);
    for port in ports.iter().filter(|port| port.side == Side::Device) {
        let wire = port.config.wire;
        let settled = learned.and_then(|learned| learned.settled(wire));
        datapath.set_settled(wire.into(), settled.unwrap_or(anew))?;
    }
    Ok(())
}
