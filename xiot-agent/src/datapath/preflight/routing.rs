//! What the kernel's routing has to be set up like for the ports of the router.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    net::IpAddr,
};

use super::{
    Seen,
    finding::{Family, Finding},
};
use crate::datapath::netlink::{self, NetlinkError};

/// Interfaces that are no ports: of the namespace, and names that stand for no interface.
const NO_PORTS: [&str; 3] = ["all", "default", "lo"];

/// What the kernel says about routing.
#[derive(Clone, Debug, Default)]
pub(in crate::datapath) struct Routing {
    /// Addresses by interface index.
    pub(in crate::datapath) addresses: Vec<(u32, IpAddr)>,
    /// Interfaces that forward.
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
        Ok(Self {
            addresses: netlink::addresses()?,
            forwards: switched_on("forwarding").map_err(failed)?,
            multicast: switched_on("mc_forwarding").map_err(failed)?,
        })
    }
}

/// Interfaces on which this is on.
fn switched_on(what: &str) -> io::Result<BTreeSet<(String, Family)>> {
    let mut on = BTreeSet::new();
    for family in Family::ALL {
        // Shows the network namespace of whoever reads, wherever it was mounted.
        let directory = format!("/proc/sys/net/{}/conf", family.sysctl());
        let interfaces = match fs::read_dir(&directory) {
            Ok(interfaces) => interfaces,
            // A kernel without the family.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for interface in interfaces {
            let interface = interface?;
            // One that is gone by now does nothing any more.
            let value = fs::read_to_string(interface.path().join(what)).unwrap_or_default();
            if !matches!(value.trim(), "" | "0") {
                let name = interface.file_name().to_string_lossy().into_owned();
                on.insert((name, family));
            }
        }
    }
    Ok(on)
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
        if !routing.forwards.contains(&(interface(), family)) {
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
    for (interface, family) in &routing.forwards {
        if !ports.contains_key(interface.as_str()) && !NO_PORTS.contains(&interface.as_str()) {
            findings.push(Finding::ForwardsBeside {
                interface: interface.clone(),
                family: *family,
            });
        }
    }
}
