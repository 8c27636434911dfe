//! Collects what the kernel says about the interfaces of all wires.

use std::{collections::BTreeMap, io};

use aya::programs::loaded_programs;

use crate::datapath::{
    ethtool::{self, VlanOffload},
    fail,
    netlink::{self, Features, Link, NetlinkError},
    wire::{SIDES, Wire},
};

/// The interface that another one is a member of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::datapath) struct MasterSeen {
    pub(in crate::datapath) ifindex: u32,
    pub(in crate::datapath) name: String,
    pub(in crate::datapath) kind: String,
    /// A bridge that the agent made, for a wire that was to fail open.
    pub(in crate::datapath) is_ours: bool,
}

/// Everything that matters about one interface.
#[derive(Clone, Debug)]
pub(in crate::datapath) struct Seen {
    pub(in crate::datapath) link: Link,
    pub(in crate::datapath) master: Option<MasterSeen>,
    /// Name of the XDP program that is attached.
    pub(in crate::datapath) program_name: Option<String>,
    /// XDP features; none where the kernel can't tell.
    pub(in crate::datapath) features: Option<Features>,
    /// VLAN offloads that are on and can't be turned off.
    pub(in crate::datapath) fixed_vlan_offloads: Vec<VlanOffload>,
}

/// Looks at every interface once; those that do not exist are missing from the answer.
pub(in crate::datapath) fn look(
    wires: &[Wire],
    uplinks: &[String],
) -> Result<BTreeMap<String, Seen>, NetlinkError> {
    let mut all = BTreeMap::new();
    for interface in wires
        .iter()
        .flat_map(|wire| SIDES.map(|side| wire.interface(side)))
        .flatten()
        .chain(uplinks.iter().map(String::as_str))
    {
        if !all.contains_key(interface)
            && let Some(link) = netlink::find(interface)?
        {
            all.insert(interface.to_owned(), see(link)?);
        }
    }
    Ok(all)
}

fn see(link: Link) -> Result<Seen, NetlinkError> {
    let master = match &link.master {
        None => None,
        Some(master) => {
            let found = netlink::find_index(master.ifindex)?;
            Some(MasterSeen {
                ifindex: master.ifindex,
                is_ours: found.as_ref().is_some_and(fail::is_ours),
                name: found.map_or_else(|| format!("#{}", master.ifindex), |link| link.name),
                kind: master.kind.clone(),
            })
        }
    };
    let fixed_vlan_offloads = fixed_vlan_offloads(&link.name).map_err(|source| NetlinkError {
        what: "read the offloads of an interface",
        source,
    })?;
    Ok(Seen {
        features: netlink::features(link.ifindex)?,
        program_name: link.xdp.and_then(|xdp| program_name(xdp.program)),
        master,
        fixed_vlan_offloads,
        link,
    })
}

fn fixed_vlan_offloads(interface: &str) -> io::Result<Vec<VlanOffload>> {
    let mut fixed = Vec::new();
    for offload in VlanOffload::ALL {
        match ethtool::get(interface, offload) {
            Ok(Some(feature)) if feature.on && !feature.changeable => fixed.push(offload),
            Ok(_) => {}
            // A driver without any ethtool support has no offloads either.
            Err(error) if error.raw_os_error() == Some(libc::EOPNOTSUPP) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(fixed)
}

/// The name of a program. Takes `CAP_SYS_ADMIN`; without it there is none.
fn program_name(id: u32) -> Option<String> {
    loaded_programs()
        .filter_map(Result::ok)
        .find(|program| program.id() == id)
        .and_then(|program| program.name_as_str().map(str::to_owned))
        .filter(|name| !name.is_empty())
}
