//! What a wire does without the program: set up by the kernel's bridge, and looked at again.
//!
//! Closed: no bridge has both ports, so that nothing carries a frame from one to the other. Open: one has. While the program is attached a
//! bridge sees no frame of theirs: each is redirected or dropped before.

use super::{
    netlink::{self, Link, NetlinkError},
    wire::{FailMode, SIDES, Wire},
};

/// Beginning of the names of bridges that the agent makes; the index of the device port follows.
const NAME: &str = "xiot-b";

/// Beginning of what the agent writes about them.
const ALIAS: &str = "xiot: fail mode open of wire ";

/// A fail mode could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum FailModeError {
    /// The kernel refuses.
    #[error("wire {wire}: its fail mode could not be set up: {source}")]
    Netlink {
        /// The wire.
        wire: String,
        /// Why not.
        source: NetlinkError,
    },
    /// It did not take.
    #[error("wire {wire}: {what}")]
    NotHeld {
        /// The wire.
        wire: String,
        /// What is not as it should be.
        what: String,
    },
}

/// Whether the agent made this bridge. By its name: an agent may be killed before it can write about it.
pub(super) fn is_ours(bridge: &Link) -> bool {
    bridge.kind.as_deref() == Some("bridge") && bridge.name.starts_with(NAME)
}

/// Both ports of a wire, and the bridges that they are in.
struct Under {
    ports: [Link; 2],
    bridges: [Option<Link>; 2],
}

impl Under {
    /// None: a port is not there.
    fn look(wire: &Wire) -> Result<Option<Self>, NetlinkError> {
        let mut ports = Vec::with_capacity(2);
        for side in SIDES {
            let found = match wire.interface(side) {
                Some(interface) => netlink::find(interface)?,
                None => None,
            };
            ports.extend(found);
        }
        let Ok(ports) = <[Link; 2]>::try_from(ports) else {
            return Ok(None);
        };
        let mut bridges = [None, None];
        for (bridge, port) in bridges.iter_mut().zip(&ports) {
            if let Some(master) = port
                .master
                .as_ref()
                .filter(|master| master.kind == "bridge")
            {
                *bridge = netlink::find_index(master.ifindex)?;
            }
        }
        Ok(Some(Self { ports, bridges }))
    }

    /// The bridge that has both.
    fn shared(&self) -> Option<&Link> {
        match &self.bridges {
            [Some(one), Some(other)] if one.ifindex == other.ifindex => Some(one),
            _ => None,
        }
    }
}

/// What is not as the fail mode of a wire wants it; none: all is well.
pub(super) fn objection(wire: &Wire) -> Result<Option<String>, NetlinkError> {
    let Some(under) = Under::look(wire)? else {
        return Ok(Some("a port is not there".to_owned()));
    };
    Ok(match (wire.fail, under.shared()) {
        (FailMode::Closed, None) => None,
        (FailMode::Closed, Some(bridge)) => Some(format!(
            "it is to fail closed, but bridge {} has both ports and forwards everything whenever the program is not attached",
            bridge.name
        )),
        (FailMode::Open, Some(bridge)) if bridge.up => None,
        (FailMode::Open, Some(bridge)) => Some(format!(
            "it is to fail open, but bridge {} is down: nothing passes whenever the program is not attached",
            bridge.name
        )),
        (FailMode::Open, None) => Some(
            "it is to fail open, but no bridge has both ports: nothing passes whenever the program is not attached"
                .to_owned(),
        ),
    })
}

/// Puts a bridge under a wire that is to fail open and has none. Tells `made` of one as soon as it is there.
pub(super) fn open(wire: &Wire, mut made: impl FnMut(u32)) -> Result<(), FailModeError> {
    let failed = |source| FailModeError::Netlink {
        wire: wire.name.clone(),
        source,
    };
    let Some(under) = Under::look(wire).map_err(failed)? else {
        return Ok(());
    };
    if under.shared().is_none() {
        let [device, _] = &under.ports;
        let name = format!("{NAME}{}", device.ifindex);
        match netlink::find(&name).map_err(failed)? {
            None => {
                netlink::create_bridge(&name, &format!("{ALIAS}{}", wire.name)).map_err(failed)?;
            }
            // Of an agent that was killed before it could put ports into it.
            Some(left) if is_ours(&left) => {}
            Some(_) => {
                let what = format!("there is an interface {name} that is none of the agent's");
                return Err(not_held(wire, what));
            }
        }
        let bridge = netlink::find(&name).map_err(failed)?;
        let bridge = bridge.ok_or_else(|| not_held(wire, "its bridge is not there".to_owned()))?;
        made(bridge.ifindex);
        for port in &under.ports {
            netlink::set_master(port.ifindex, bridge.ifindex).map_err(failed)?;
        }
    }
    match objection(wire).map_err(failed)? {
        None => Ok(()),
        Some(what) => Err(not_held(wire, what)),
    }
}

/// Takes the agent's bridge away from a wire that is to fail closed.
pub(super) fn close(wire: &Wire) -> Result<(), FailModeError> {
    let failed = |source| FailModeError::Netlink {
        wire: wire.name.clone(),
        source,
    };
    let Some(under) = Under::look(wire).map_err(failed)? else {
        return Ok(());
    };
    if let Some(bridge) = under.shared().filter(|bridge| is_ours(bridge)) {
        netlink::delete(bridge.ifindex).map_err(failed)?;
    }
    match objection(wire).map_err(failed)? {
        None => Ok(()),
        Some(what) => Err(not_held(wire, what)),
    }
}

fn not_held(wire: &Wire, what: String) -> FailModeError {
    FailModeError::NotHeld {
        wire: wire.name.clone(),
        what,
    }
}

/// Why each wire that does not hold its fail mode does not: its position, and what is wrong.
pub fn fail_modes(wires: &[Wire]) -> Result<Vec<(usize, String)>, NetlinkError> {
    let mut wrong = Vec::new();
    for (position, wire) in wires.iter().enumerate() {
        if wire.uplink.is_none() {
            continue;
        }
        if let Some(what) = objection(wire)? {
            wrong.push((position, what));
        }
    }
    Ok(wrong)
}
