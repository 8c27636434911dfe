//! The note beside a program: made by who loads it, read by who comes after.

use std::{
    os::fd::{AsFd as _, BorrowedFd},
    time::{SystemTime, UNIX_EPOCH},
};

use aya::maps::{Array, IterableMap as _, MapData, MapError};
use sha2::{Digest as _, Sha256};
use xiot_common::{
    abi::ABI_VERSION,
    about::{ABOUT_GUARDS, ABOUT_MAGIC, ABOUT_ROUTED, About},
    flow_hash::FLOW_SEEDS,
    map,
};

use super::{Kept, Keys};
use crate::{
    compile::Keyed,
    datapath::{
        error::MapAccessError,
        gateway::Plan,
        options::{Capacity, Options},
    },
};

/// In what a noted program and one that is to be loaded differ.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Difference {
    /// There is no note, or not yet.
    Unnoted,
    /// Versions.
    Abi(u32),
    /// Something in the gateway file.
    Of(&'static str),
}

/// The first thing by which maps that are noted so are of no use to who would make such ones. Sizes are none: what is in a map of
/// another size moves ([`super::Resized`]).
pub(super) fn difference(noted: &About, wanted: &About) -> Option<Difference> {
    if noted.magic != ABOUT_MAGIC {
        return Some(Difference::Unnoted);
    }
    if noted.abi != wanted.abi {
        return Some(Difference::Abi(noted.abi));
    }
    let differs = [
        ("`wires`", noted.wires != wanted.wires),
        (
            "`guards`",
            noted.flags & ABOUT_GUARDS != wanted.flags & ABOUT_GUARDS,
        ),
        (
            "`router`",
            noted.flags & ABOUT_ROUTED != wanted.flags & ABOUT_ROUTED,
        ),
        ("the number of CPUs", noted.cpus != wanted.cpus),
    ];
    let mut differs = differs.into_iter().filter(|(_, differs)| *differs);
    differs.next().map(|(what, _)| Difference::Of(what))
}

/// What is noted of this plan's program, but for its seeds.
pub(in crate::datapath) fn about(plan: &Plan, options: &Options, cpus: u32) -> About {
    let Capacity {
        slot_lines,
        flows,
        half_open,
        devices,
        rules,
        observed,
        event_ring,
    } = options.capacity;
    let mut flags = 0;
    if options.guards.is_some() {
        flags |= ABOUT_GUARDS;
    }
    if options.routed {
        flags |= ABOUT_ROUTED;
    }
    let mut agent = [0; 32];
    let version = env!("CARGO_PKG_VERSION").as_bytes();
    let length = version.len().min(agent.len());
    agent[..length].copy_from_slice(&version[..length]);
    About {
        magic: ABOUT_MAGIC,
        abi: ABI_VERSION,
        cpus,
        flags,
        slot_lines,
        flows,
        half_open,
        devices,
        rules,
        observed,
        event_ring,
        wires: wires(plan),
        since: now(),
        agent,
        ..About::default()
    }
}

/// Nanoseconds since the Unix epoch; 0 before it.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    })
}

/// Of everything that has a wire index, in its order: its name and its interfaces.
fn wires(plan: &Plan) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut add = |names: [&str; 3]| {
        for name in names {
            hash.update(name);
            hash.update([0]);
        }
    };
    for wire in &plan.wires {
        // A segment has no uplink, and a router's uplink no device.
        add([
            &wire.name,
            &wire.device,
            wire.uplink.as_deref().unwrap_or(""),
        ]);
    }
    for uplink in &plan.uplinks {
        add(["", "", uplink]);
    }
    hash.finalize().into()
}

/// The note of a program, and the keys of its devices and rules.
pub(in crate::datapath) struct Note {
    array: Array<MapData, About>,
    about: About,
    keys: Keys,
}

impl Note {
    /// For a program that begins anew. It says nothing until [`Note::write`].
    pub(in crate::datapath) fn create(
        about: About,
        flow_seeds: [u64; FLOW_SEEDS],
    ) -> Result<Self, MapAccessError> {
        Ok(Self {
            array: Array::create(1, 0).map_err(access)?,
            about: About {
                flow_seeds,
                ..about
            },
            keys: Keys::create(about.devices, about.rules)?,
        })
    }

    /// For a program that goes on with the maps of the one before. That one's stands until [`Note::write`], where no map is of
    /// another size; else there is one beside it, which says what holds for maps of those sizes until then.
    pub(in crate::datapath) fn follow(kept: Kept, about: About) -> Result<Self, MapAccessError> {
        let about = About {
            flow_seeds: kept.about.flow_seeds,
            ..about
        };
        if !kept.resized.is_any() {
            return Ok(Self {
                about,
                array: kept.array,
                keys: kept.keys,
            });
        }
        let keys = if kept.resized.has(map::DEVICE_KEYS) {
            kept.keys.resized(about.devices, about.rules)?
        } else {
            kept.keys
        };
        let mut array = Array::create(1, 0).map_err(access)?;
        array.set(0, about, 0).map_err(access)?;
        Ok(Self { array, about, keys })
    }

    /// Writes down what has which number from now on.
    pub(in crate::datapath) fn write(&mut self, keyed: &Keyed) -> Result<(), MapAccessError> {
        self.keys.note(keyed);
        // Last: who comes after believes the keys.
        self.array.set(0, self.about, 0).map_err(access)
    }

    /// Its maps, by name.
    pub(in crate::datapath) fn maps(&self) -> [(&'static str, BorrowedFd<'_>); 3] {
        let [devices, rules] = self.keys.maps();
        [
            (map::ABOUT, self.array.map().fd().as_fd()),
            (devices.0, devices.1.fd().as_fd()),
            (rules.0, rules.1.fd().as_fd()),
        ]
    }
}

fn access(source: MapError) -> MapAccessError {
    MapAccessError {
        map: map::ABOUT,
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Change = fn(&mut About);

    fn noted() -> About {
        About {
            magic: ABOUT_MAGIC,
            abi: ABI_VERSION,
            ..About::default()
        }
    }

    #[test]
    fn maps_go_on_whoever_made_them_and_when() {
        let other = About {
            flow_seeds: [7; FLOW_SEEDS],
            since: 9,
            agent: *b"0.2.0 of somebody else's making.",
            ..noted()
        };
        assert_eq!(difference(&other, &noted()), None);
    }

    #[test]
    fn what_numbers_mean_counts() {
        let changes: [(&str, Change); 4] = [
            ("`wires`", |it| it.wires[31] = 1),
            ("`guards`", |it| it.flags |= ABOUT_GUARDS),
            ("`router`", |it| it.flags |= ABOUT_ROUTED),
            ("the number of CPUs", |it| it.cpus = 1),
        ];
        for (what, change) in changes {
            let mut other = noted();
            change(&mut other);
            assert_eq!(difference(&other, &noted()), Some(Difference::Of(what)));
        }
    }

    #[test]
    fn another_version_is_told_before_anything_that_it_may_mean_otherwise() {
        let other = About {
            abi: ABI_VERSION + 1,
            flows: 1,
            ..noted()
        };
        let version = Some(Difference::Abi(ABI_VERSION + 1));
        assert_eq!(difference(&other, &noted()), version);
        let nothing = About { magic: 0, ..other };
        assert_eq!(difference(&nothing, &noted()), Some(Difference::Unnoted));
    }
}
