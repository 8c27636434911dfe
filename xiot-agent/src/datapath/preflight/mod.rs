//! Looks at every port before anything is touched, and says all that is wrong at once.

mod finding;
mod look;

use std::collections::BTreeMap;

use xiot_common::{
    capacity::{MAX_IFINDEX, MAX_PORTS},
    port::{PortConfig, Side, egress_length},
};

pub use self::finding::Finding;
pub(super) use self::look::{Seen, look};
use super::{
    attach::AttachMode,
    netlink::{Features, Link},
    wire::{SIDES, Wire, port_config},
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

/// Judges what was seen of each interface. `is_ours` knows the programs that an earlier agent left pinned.
pub(super) fn judge(
    wires: &[Wire],
    mode: AttachMode,
    links: &BTreeMap<String, Seen>,
    is_ours: impl Fn(u32) -> bool,
) -> Preflight {
    let mut preflight = Preflight::default();
    if wires.is_empty() {
        preflight.findings.push(Finding::NoWires);
    }
    if wires.len() * 2 > MAX_PORTS {
        preflight.findings.push(Finding::TooManyPorts {
            ports: wires.len() * 2,
        });
        return preflight;
    }
    let mut used = BTreeMap::<&str, u32>::new();
    for (wire, number) in wires.iter().zip(0..) {
        for side in SIDES {
            let Some(interface) = wire.interface(side) else {
                continue;
            };
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
            let mut config = port_config(number, side);
            if let Some(egress) = other_end(wire, side, links) {
                config.egress_ifindex = egress.link.ifindex;
                config.egress_length = egress_length(egress.link.mtu);
            }
            preflight.ports.push(Port {
                wire: wire.name.clone(),
                side,
                config,
                link: seen.link.clone(),
            });
        }
        if let [Some(uplink), Some(device)] = SIDES.map(|side| other_end(wire, side, links)) {
            check_wire(&mut preflight.findings, wire, device, uplink);
        }
    }
    preflight
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
        findings.push(Finding::FailsOpen {
            wire: wire.name.clone(),
            bridge: one.name.clone(),
        });
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
