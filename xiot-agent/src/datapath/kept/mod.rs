//! What goes on from one agent to the next: the maps of the program before, where this agent understands them. The agent notes
//! beside the program what it takes to tell.

mod keys;
mod left;
mod note;
mod resized;

use std::{fmt, os::fd::OwnedFd};

use aya::maps::{Array, Map, MapData, MapError};
use xiot_common::{about::About, map};

pub use self::left::{Left, Noted, look};
use self::{keys::Keys, note::Difference};
pub(super) use self::{
    note::{Note, about},
    resized::Resized,
};
use super::{
    active::{ActivePolicy, InForce},
    error::MapAccessError,
    gateway::BringUpError,
    map as maps,
    pin::Pins,
    shared::Shared,
};
use crate::compile::Keyed;

/// Maps that go on where they are of the same size. The others are filled anew with each program, or are its own: what the entry goes
/// on to above all, since the stages of one program know nothing of the scratch of another.
fn goes_on(name: &str) -> bool {
    !matches!(name, map::PORTS | map::EGRESS | map::STAGES | map::TRACE)
}

/// Why nothing goes on: conversations, counters and what was observed begin anew.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Anew {
    /// Nothing was there.
    First,
    /// Nobody asked for it to go on.
    Unasked,
    /// What is there says nothing of itself.
    Unnoted,
    /// It is made for another version of the program.
    Abi {
        /// That version.
        theirs: u32,
    },
    /// Something changed that maps are made for.
    Changed(&'static str),
    /// A map is missing.
    Missing(&'static str),
    /// The flow table is to be smaller than what is in it.
    Crowded {
        /// Conversations that both sides spoke in.
        flows: u64,
        /// Room for them.
        room: u32,
    },
}

impl fmt::Display for Anew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unasked => f.write_str("nothing was to go on"),
            Self::First => f.write_str("there was no program"),
            Self::Unnoted => f.write_str("the program before says nothing of its maps"),
            Self::Abi { theirs } => write!(
                f,
                "the program before has ABI version {theirs}, this one {}",
                xiot_common::abi::ABI_VERSION
            ),
            Self::Changed(what) => write!(f, "{what} changed"),
            Self::Crowded { flows, room } => write!(
                f,
                "`capacity.flows` has room for {room} conversations, and there are {flows}"
            ),
            Self::Missing(map) => write!(f, "the map {map} of the program before is missing"),
        }
    }
}

/// A program whose maps go on.
pub struct Kept {
    array: Array<MapData, About>,
    about: About,
    keys: Keys,
    in_force: InForce,
    resized: Resized,
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept")
            .field("in_force", &self.in_force)
            .finish_non_exhaustive()
    }
}

impl Kept {
    /// What an earlier agent left, if this one, which makes such maps, can go on with it.
    pub(super) fn find(pins: &Pins, wanted: &About) -> Result<Result<Self, Anew>, BringUpError> {
        let Some(note) = open(pins, map::ABOUT)? else {
            let anew = if pins.old_program()?.is_some() {
                Anew::Unnoted
            } else {
                Anew::First
            };
            return Ok(Err(anew));
        };
        // Of another size: that of a version which notes more, or less.
        let Ok(note) = Array::<_, About>::try_from(note) else {
            return Ok(Err(Anew::Unnoted));
        };
        let about = note.get(&0, 0).map_err(|source| MapAccessError {
            map: map::ABOUT,
            source,
        })?;
        match note::difference(&about, wanted) {
            Some(Difference::Unnoted) => return Ok(Err(Anew::Unnoted)),
            Some(Difference::Abi(theirs)) => return Ok(Err(Anew::Abi { theirs })),
            Some(Difference::Of(what)) => return Ok(Err(Anew::Changed(what))),
            None => {}
        }
        for name in maps::ALL.into_iter().filter(|name| goes_on(name)) {
            if pins.old_map(name)?.is_none() {
                return Ok(Err(Anew::Missing(name)));
            }
        }
        let (Some(devices), Some(rules)) =
            (data(pins, map::DEVICE_KEYS)?, data(pins, map::RULE_KEYS)?)
        else {
            return Ok(Err(Anew::Missing(map::DEVICE_KEYS)));
        };
        let keys = Keys::of(devices, rules)?;
        // Numbers that are in use stay what they are.
        let (highest_device, highest_rule) = keys.highest();
        if highest_device > wanted.devices {
            return Ok(Err(Anew::Changed("`capacity.devices`")));
        }
        if highest_rule > wanted.rules {
            return Ok(Err(Anew::Changed("`capacity.rules`")));
        }
        let Some(in_force) = in_force(pins)? else {
            return Ok(Err(Anew::Missing(map::ACTIVE)));
        };
        Ok(Ok(Self {
            resized: Resized::of(&about, wanted, pins)?,
            array: note,
            about,
            keys,
            in_force,
        }))
    }

    /// Whether the program that comes uses this map too.
    pub(super) fn goes_on(&self, name: &str) -> bool {
        self.resized.goes_on(name)
    }

    /// What is of another size than before.
    pub(super) fn resized(&self) -> &Resized {
        &self.resized
    }

    /// The policy in force.
    pub fn in_force(&self) -> &InForce {
        &self.in_force
    }

    /// Which numbers its devices and rules have.
    pub fn keyed(&self) -> Keyed {
        self.keys.read()
    }

    /// What flow keys are hashed with.
    pub(super) fn flow_seeds(&self) -> [u64; xiot_common::flow_hash::FLOW_SEEDS] {
        self.about.flow_seeds
    }
}

/// What the pinned maps have in force.
fn in_force(pins: &Pins) -> Result<Option<InForce>, BringUpError> {
    let (Some(active), Some(slots)) = (data(pins, map::ACTIVE)?, data(pins, map::SLOTS)?) else {
        return Ok(None);
    };
    let policy = ActivePolicy::new(memory(map::ACTIVE, &active)?, memory(map::SLOTS, &slots)?);
    Ok(policy.in_force())
}

fn memory<T: aya::Pod + Default>(
    name: &'static str,
    data: &MapData,
) -> Result<Shared<T>, MapAccessError> {
    Shared::new(data).map_err(|error| MapAccessError {
        map: name,
        source: error.into(),
    })
}

fn open(pins: &Pins, name: &'static str) -> Result<Option<Map>, BringUpError> {
    let Some(data) = data(pins, name)? else {
        return Ok(None);
    };
    let map = Map::from_map_data(data).map_err(|source| MapAccessError { map: name, source })?;
    Ok(Some(map))
}

fn data(pins: &Pins, name: &'static str) -> Result<Option<MapData>, BringUpError> {
    let of = |fd: OwnedFd| -> Result<MapData, MapError> { MapData::from_fd(fd) };
    let data = pins.old_map(name)?.map(of).transpose();
    Ok(data.map_err(|source| MapAccessError { map: name, source })?)
}
