//! What is attached, as the kernel has it: read beside whoever holds the pins, and when nobody does.

use std::path::Path;

use aya::maps::Array;
use xiot_common::{
    abi::ABI_VERSION,
    about::{ABOUT_MAGIC, About},
    map,
};

use super::{in_force, open};
use crate::datapath::{
    active::InForce,
    error::MapAccessError,
    gateway::BringUpError,
    netlink,
    pin::{Held, Pins},
};

/// A program that some agent left in a pin directory, or is at work with.
#[derive(Clone, Debug)]
pub struct Left {
    /// The agent that is at work with it.
    pub holder: Option<Held>,
    /// What the agent that loaded it noted; none: nothing that can be understood.
    pub note: Option<Noted>,
    /// The policy in force; none: none, or none that can be understood.
    pub in_force: Option<InForce>,
    /// Interfaces that it is attached to. Of one that has no name here there is its index.
    pub interfaces: Vec<String>,
}

/// What an agent noted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Noted {
    /// Version of the agent.
    pub agent: String,
    /// Version of the layout of its maps.
    pub abi: u32,
    /// Nanoseconds since the Unix epoch when the program was loaded.
    pub since: u64,
}

impl Noted {
    /// Whether an agent of this version can go on with the maps.
    pub const fn is_understood(&self) -> bool {
        self.abi == ABI_VERSION
    }
}

/// Looks into a pin directory; none: there is no program. Changes nothing, and holds up nobody.
pub fn look(path: &Path) -> Result<Option<Left>, BringUpError> {
    let Some((pins, holder)) = Pins::beside(path)? else {
        return Ok(None);
    };
    if pins.old_program()?.is_none() {
        return Ok(None);
    }
    let note = note(&pins)?;
    let is_understood = note.as_ref().is_some_and(Noted::is_understood);
    let links = pins.old_links()?;
    let attached = links.iter().filter(|link| link.info.ifindex != 0);
    Ok(Some(Left {
        in_force: if is_understood {
            in_force(&pins)?
        } else {
            None
        },
        interfaces: attached.map(|link| name(link.info.ifindex)).collect(),
        holder,
        note,
    }))
}

fn name(ifindex: u32) -> String {
    match netlink::find_index(ifindex) {
        Ok(Some(link)) => link.name,
        Ok(None) | Err(_) => format!("interface {ifindex}"),
    }
}

fn note(pins: &Pins) -> Result<Option<Noted>, BringUpError> {
    let access = |source| MapAccessError {
        map: map::ABOUT,
        source,
    };
    let Some(note) = open(pins, map::ABOUT)? else {
        return Ok(None);
    };
    let Ok(note) = Array::<_, About>::try_from(note) else {
        return Ok(None);
    };
    let about = note.get(&0, 0).map_err(access)?;
    if about.magic != ABOUT_MAGIC {
        return Ok(None);
    }
    let agent = about.agent.split(|&byte| byte == 0).next();
    Ok(Some(Noted {
        agent: String::from_utf8_lossy(agent.unwrap_or_default()).into_owned(),
        abi: about.abi,
        since: about.since,
    }))
}
