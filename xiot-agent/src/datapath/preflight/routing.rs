//! What the kernel's routing has to be set up like for the ports of the router.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    net::IpAddr,
    path::PathBuf,
};

use super::{
    Seen,
    finding::{Family, Finding},
};
use crate::datapath::netlink::{self, NetlinkError};

/// Stands for all interfaces.
const ALL: &str = "all";

/// Names that stand for no interface, and the one that nothing comes in by.
const NONE: [&str; 3] = [ALL, "default", "lo"];

/// What the kernel says about routing.
#[derive(Clone, Debug, Default)]
pub(in crate::datapath) struct Routing {
    /// Addresses by interface index.
    pub(in crate::datapath) addresses: Vec<(u32, IpAddr)>,
    /// Interfaces from which the stack forwards.
    pub(in crate::datapath) passes: BTreeSet<(String, Family)>,
    /// Interfaces from which the program does: that ask their own setting.
    pub(in crate::datapath) forwards: BTreeSet<(String, Family)>,
    /// Interfaces that multicast is routed on.
    pub(in crate::datapath) multicast: BTreeSet<(String, Family)>,
}

impl Routing {
    /// Reads it for the caller's network namespace.
    pub(in crate::datapath) fn look() -> Result<Self, NetlinkError> {
        let failed = |source| NetlinkError {
            what: "read what forwards, by /proc/sys and not",
            source,
        };
        let forwards = switched_on("forwarding").map_err(failed)?;
        let all_v6 = forwards.contains(&(ALL.to_owned(), Family::V6));
        let all = interfaces(Family::V6).map_err(failed)?;
        let v4 = forwards.iter().filter(|(_, family)| *family == Family::V4);
        Ok(Self {
            addresses: netlink::addresses()?,
            // In IPv6 the setting of all interfaces alone says whether the stack forwards (ip6_forward of Linux).
            passes: v4
                .cloned()
                .chain(
                    all.into_iter()
                        .filter(|_| all_v6)
                        .map(|name| (name, Family::V6)),
                )
                .collect(),
            forwards,
            multicast: switched_on("mc_forwarding").map_err(failed)?,
        })
    }
}

/// Interfaces on which this is on.
fn switched_on(what: &str) -> io::Result<BTreeSet<(String, Family)>> {
    let mut on = BTreeSet::new();
    for family in Family::ALL {
        for name in interfaces(family)? {
            // One that is gone by now does nothing any more.
            let setting = directory(family).join(&name).join(what);
            let value = fs::read_to_string(setting).unwrap_or_default();
            if !matches!(value.trim(), "" | "0") {
                on.insert((name, family));
            }
        }
    }
    Ok(on)
}

/// Names that have settings of their own, [`NONE`] included.
fn interfaces(family: Family) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(directory(family)) {
        Ok(entries) => entries,
        // A kernel without the family.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect()
}

/// Shows the network namespace of whoever reads, wherever it was mounted.
fn directory(family: Family) -> PathBuf {
    PathBuf::from(format!("/proc/sys/net/{}/conf", family.sysctl()))
}

/// Checks a port of the router.
pub(super) fn check_port(findings: &mut Vec<Finding>, seen: &Seen, routing: &Routing) {
    let interface = || seen.link.name.clone();
    if let Some(master) = &seen.master
        && master.kind == "bridge"
    {
        findings.push(Finding::BridgedRouter {
            interface: interface(),
            bridge: master.name.clone(),
        });
    }
    let of = |family| {
        let ifindex = seen.link.ifindex;
        let addresses = routing
            .addresses
            .iter()
            .filter(move |(on, _)| *on == ifindex);
        addresses.filter(move |(_, address)| match family {
            Family::V4 => address.is_ipv4(),
            Family::V6 => address.is_ipv6(),
        })
    };
    let has_own = |family| {
        of(family).any(|(_, address)| match address {
            IpAddr::V4(_) => true,
            IpAddr::V6(v6) => !v6.is_unicast_link_local(),
        })
    };
    let mut families: Vec<_> = Family::ALL
        .into_iter()
        .filter(|one| has_own(*one))
        .collect();
    // IPv6 has a link-local address on every interface: it tells nothing unless there is no other.
    if families.is_empty() {
        families.extend(of(Family::V6).next().map(|_| Family::V6));
    }
    if families.is_empty() {
        findings.push(Finding::NoAddress {
            interface: interface(),
        });
    }
    for family in families {
        let one = (interface(), family);
        if !routing.forwards.contains(&one) || !routing.passes.contains(&one) {
            findings.push(Finding::NotForwarding {
                interface: interface(),
                family,
            });
        }
    }
    for family in Family::ALL {
        if routing.multicast.contains(&(interface(), family)) {
            findings.push(Finding::MulticastRouting {
                interface: interface(),
                family,
            });
        }
    }
}

/// Looks for ways around: interfaces that forward and are no ports.
pub(super) fn check_others(
    findings: &mut Vec<Finding>,
    ports: &BTreeMap<&str, u32>,
    routing: &Routing,
) {
    for (interface, family) in &routing.passes {
        if !ports.contains_key(interface.as_str()) && !NONE.contains(&interface.as_str()) {
            findings.push(Finding::ForwardsBeside {
                interface: interface.clone(),
                family: *family,
            });
        }
    }
}
