//! Looks at every port before anything is touched, and says all that is wrong at once.

mod finding;
mod look;
mod routing;

use std::collections::BTreeMap;

use xiot_common::{
    capacity::{MAX_IFINDEX, MAX_PORTS},
    port::{PortConfig, Role, Side, egress_length},
};

pub use self::finding::{Family, Finding};
pub(super) use self::{
    look::{Seen, look},
    routing::Routing,
};
use super::{
    attach::AttachMode,
    netlink::{Features, Link},
    wire::{FailMode, SIDES, Wire, port_config, segment_config, uplink_config},
};

/// A port that can be one.
#[derive(Clone, Debug)]
pub(super) struct Port {
    /// Its wire, for messages.
    pub(super) wire: String,
    /// Which way it looks.
    pub(super) side: Side,
    /// Its entry in the port table.
    pub(super) config: PortConfig,
    /// Its interface.
    pub(super) link: Link,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub(super) struct Preflight {
    /// The ports, in the order of their indices, without those that do not exist.
    pub(super) ports: Vec<Port>,
    /// Everything that is wrong or worth knowing.
    pub(super) findings: Vec<Finding>,
}

/// What is to be judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout<'a> {
    /// The wires and segments.
    pub(super) wires: &'a [Wire],
    /// The router's uplinks.
    pub(super) uplinks: &'a [String],
    /// Where the program may sit.
    pub(super) mode: AttachMode,
}

/// Judges what was seen of each interface. `is_ours` knows the programs that an earlier agent left pinned.
pub(super) fn judge(
    layout: Layout<'_>,
    links: &BTreeMap<String, Seen>,
    routing: &Routing,
    is_ours: impl Fn(u32) -> bool,
) -> Preflight {
    let Layout {
        wires,
        uplinks,
        mode,
    } = layout;
    let mut preflight = Preflight::default();
    if wires.is_empty() {
        preflight.findings.push(Finding::NoWires);
    }
    let ports = (wires.len() + uplinks.len()) * 2;
    if ports > MAX_PORTS {
        preflight.findings.push(Finding::TooManyPorts { ports });
        return preflight;
    }
    let mut used = BTreeMap::<&str, u32>::new();
    let all = wires
        .iter()
        .zip(0..)
        .flat_map(|(wire, number)| wire_ports(wire, number, links))
        .chain(
            uplinks
                .iter()
                .zip(count(wires.len())..)
                .map(|(uplink, number)| Wanted {
                    wire: uplink,
                    side: Side::Uplink,
                    interface: uplink,
                    config: Box::new(move |seen| {
                        let link = &seen.link;
                        uplink_config(number, link.ifindex, link.mac, egress_length(link.mtu))
                    }),
                }),
        );
    for wanted in all {
        let interface = wanted.interface;
        let times = used.entry(interface).or_default();
        *times += 1;
        if *times > 1 {
            if *times == 2 {
                preflight.findings.push(Finding::UsedTwice {
                    interface: interface.to_owned(),
                });
            }
            continue;
        }
        let Some(seen) = links.get(interface) else {
            preflight.findings.push(Finding::Missing {
                interface: interface.to_owned(),
            });
            continue;
        };
        check_port(&mut preflight.findings, mode, seen, &is_ours);
        let config = (wanted.config)(seen);
        if config.role != Role::Wire as u8 {
            routing::check_port(&mut preflight.findings, seen, routing);
        }
        preflight.ports.push(Port {
            wire: wanted.wire.to_owned(),
            side: wanted.side,
            config,
            link: seen.link.clone(),
        });
    }
    for wire in wires {
        if let [Some(uplink), Some(device)] = SIDES.map(|side| other_end(wire, side, links)) {
            check_wire(&mut preflight.findings, wire, device, uplink);
        }
    }
    if is_routed(wires) {
        routing::check_others(&mut preflight.findings, &used, routing);
    }
    preflight
}

/// Whether some of the wires are segments of the router.
pub(super) fn is_routed(wires: &[Wire]) -> bool {
    wires.iter().any(|wire| wire.uplink.is_none())
}

/// A port that is to be one.
struct Wanted<'a> {
    wire: &'a str,
    side: Side,
    interface: &'a str,
    /// Its entry in the port table.
    config: Box<dyn Fn(&Seen) -> PortConfig + 'a>,
}

/// The ports of a wire or of a segment.
fn wire_ports<'a>(
    wire: &'a Wire,
    number: u16,
    links: &'a BTreeMap<String, Seen>,
) -> impl Iterator<Item = Wanted<'a>> {
    SIDES.into_iter().filter_map(move |side| {
        Some(Wanted {
            wire: &wire.name,
            side,
            interface: wire.interface(side)?,
            config: Box::new(move |seen| {
                let link = &seen.link;
                if wire.uplink.is_none() {
                    return segment_config(number, link.ifindex, link.mac, egress_length(link.mtu));
                }
                let mut config = port_config(number, side);
                if let Some(egress) = other_end(wire, side, links) {
                    config.egress_ifindex = egress.link.ifindex;
                    config.egress_length = egress_length(egress.link.mtu);
                }
                config
            }),
        })
    })
}

fn count(wires: usize) -> u16 {
    u16::try_from(wires).unwrap_or(u16::MAX)
}

/// The interface at the other end of a wire.
fn other_end<'s>(wire: &Wire, side: Side, links: &'s BTreeMap<String, Seen>) -> Option<&'s Seen> {
    links.get(wire.interface(side.opposite())?)
}

fn check_port(
    findings: &mut Vec<Finding>,
    mode: AttachMode,
    seen: &Seen,
    is_ours: &impl Fn(u32) -> bool,
) {
    let link = &seen.link;
    let interface = || link.name.clone();
    if link.ifindex >= MAX_IFINDEX {
        findings.push(Finding::IndexTooHigh {
            interface: interface(),
            ifindex: link.ifindex,
        });
    }
    if link.loopback {
        findings.push(Finding::Loopback {
            interface: interface(),
        });
        return;
    }
    if !link.ethernet {
        findings.push(Finding::NotEthernet {
            interface: interface(),
        });
        return;
    }
    if !link.up {
        findings.push(Finding::Down {
            interface: interface(),
        });
    } else if !link.carrier {
        findings.push(Finding::NoCarrier {
            interface: interface(),
        });
    }
    if let Some(master) = &seen.master
        && master.kind != "bridge"
    {
        findings.push(Finding::Member {
            interface: interface(),
            master: master.name.clone(),
            kind: master.kind.clone(),
        });
    }
    if let Some(xdp) = link.xdp
        && !is_ours(xdp.program)
    {
        findings.push(Finding::ForeignProgram {
            interface: interface(),
            program: xdp.program,
            name: seen.program_name.clone(),
            mode: xdp.mode,
        });
    }
    for &feature in &seen.fixed_vlan_offloads {
        findings.push(Finding::VlanOffloadFixed {
            interface: interface(),
            feature: feature.name(),
        });
    }
    if mode == AttachMode::Native
        && let Some(features) = seen.features
    {
        let is_veth = link.kind.as_deref() == Some("veth");
        if !features.has(Features::BASIC | Features::REDIRECT) {
            findings.push(Finding::NoNativeXdp {
                interface: interface(),
            });
        } else if is_veth && !features.has(Features::TRANSMIT) {
            // Other drivers may say so only once a program is attached: asked again then.
            findings.push(Finding::NoTransmit {
                interface: interface(),
                is_veth,
            });
        }
    }
}

fn check_wire(findings: &mut Vec<Finding>, wire: &Wire, device: &Seen, uplink: &Seen) {
    if device.link.mtu != uplink.link.mtu {
        findings.push(Finding::MtuMismatch {
            wire: wire.name.clone(),
            device: device.link.name.clone(),
            device_mtu: device.link.mtu,
            uplink: uplink.link.name.clone(),
            uplink_mtu: uplink.link.mtu,
        });
    }
    let bridges = [device, uplink].map(|seen| {
        seen.master
            .as_ref()
            .filter(|master| master.kind == "bridge")
    });
    if let [Some(one), Some(other)] = bridges
        && one.ifindex == other.ifindex
    {
        // One of the agent's own goes once the program is attached.
        if wire.fail == FailMode::Closed && !one.is_ours {
            findings.push(Finding::FailsOpen {
                wire: wire.name.clone(),
                bridge: one.name.clone(),
                device: device.link.name.clone(),
            });
        }
        return;
    }
    for (seen, bridge) in [device, uplink].into_iter().zip(bridges) {
        if let Some(bridge) = bridge {
            findings.push(Finding::Bridged {
                wire: wire.name.clone(),
                interface: seen.link.name.clone(),
                bridge: bridge.name.clone(),
            });
        }
    }
}
