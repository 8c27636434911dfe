//! From the question to the frames that would open the conversation.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnetwork::IpNetwork;

use super::{Query, QueryError, Service, Subject, frame::Opening};
use crate::{
    diag,
    model::policy::{Device, Policy},
    service::state::{MacBytes, Opener, Side, Vlans},
    unit,
};

/// Addresses of a peer that are tried. A set of hundreds of networks would give hundreds of legs that nobody reads.
const MAX_PEERS: usize = 16;

/// Stand for whoever is beyond the wire: locally administered addresses.
const NEXT_HOPS: [MacBytes; 2] = [[0x02, 0, 0, 0, 0, 1], [0x02, 0, 0, 0, 0, 2]];

/// One that is not the device's own: guards refuse what a station sends to itself.
pub(super) fn next_hop(device: MacBytes) -> MacBytes {
    let [first, second] = NEXT_HOPS;
    if device == first { second } else { first }
}

/// Own addresses of a device that has none in the policy, from the ranges for documentation (RFC 5737, RFC 3849).
pub const PLACEHOLDERS: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
];

/// A frame to try, and whose policy it meets.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Probe {
    /// Position of the device in the policy; none: not listed.
    pub(super) device: Option<usize>,
    /// Its MAC.
    pub(super) mac: MacBytes,
    pub(super) side: Side,
    pub(super) wire: usize,
    pub(super) opening: Opening,
}

impl Probe {
    /// Address of the other side than the device's.
    pub(super) const fn peer(&self) -> IpAddr {
        match self.side {
            Side::Device => self.opening.dst,
            Side::Uplink => self.opening.src,
        }
    }
}

/// The frames to try, with what to know about the choice.
#[derive(Debug)]
pub(super) struct Probes {
    pub(super) probes: Vec<Probe>,
    pub(super) notes: Vec<String>,
}

/// Where a device is and what it answers to.
struct Party<'p> {
    device: Option<(usize, &'p Device)>,
    mac: MacBytes,
    vlans: Vlans,
    wire: usize,
}

impl Party<'_> {
    /// A group sends nothing.
    fn can_open(&self, opener: Opener) -> Result<(), QueryError> {
        if opener == Opener::Peer || self.mac[0] & 1 == 0 {
            return Ok(());
        }
        let name = self.device.map(|(_, device)| device.name.clone());
        Err(QueryError::GroupOpens(
            name.unwrap_or_else(|| unit::mac::format(self.mac)),
        ))
    }
}

/// An address of the other side; with the device that it is bound to.
#[derive(Clone, Copy)]
struct Peer<'p> {
    address: IpAddr,
    device: Option<(usize, &'p Device)>,
}

/// Works out the frames for this question.
pub(super) fn probes(
    policy: &Policy,
    wires: &[String],
    query: &Query,
    bound: &dyn Fn(MacBytes) -> Vec<IpAddr>,
) -> Result<Probes, QueryError> {
    let mut notes = Vec::new();
    let subject = subject(policy, wires, query)?;
    let peers = peers(policy, query, &mut notes)?;
    let own: Vec<IpAddr> = match (query.address, subject.device) {
        (Some(address), _) => vec![address],
        (None, Some((_, device))) if !device.addresses.is_empty() => device.addresses.clone(),
        (None, _) => [&bound(subject.mac)[..], &PLACEHOLDERS].concat(),
    };
    let mut probes = Vec::new();
    for peer in peers
        .iter()
        .filter(|peer| speaks(query.service, peer.address))
    {
        let Some(own) = own
            .iter()
            .find(|own| own.is_ipv4() == peer.address.is_ipv4())
        else {
            continue;
        };
        if PLACEHOLDERS.contains(own) && query.address.is_none() {
            note(
                &mut notes,
                format!("the policy binds the device to no address: {own} stands for it"),
            );
        } else if bound(subject.mac).contains(own) {
            note(
                &mut notes,
                format!("{own} is bound to the device by lease or use"),
            );
        }
        subject.can_open(query.opener)?;
        probes.push(probe(&subject, query, query.opener, *own, peer.address));
        if let Some((index, device)) = peer.device {
            let other = party(wires, Some((index, device)), device.mac, None, None)?;
            let shared = wires
                .get(subject.wire)
                .filter(|name| other.wire == subject.wire && !name.is_empty());
            if let Some(name) = shared {
                note(
                    &mut notes,
                    format!(
                        "both devices are behind wire {name}: their frames cross it only if the device switch isolates its ports"
                    ),
                );
            }
            let opener = match query.opener {
                Opener::Device => Opener::Peer,
                Opener::Peer => Opener::Device,
            };
            other.can_open(opener)?;
            probes.push(probe(&other, query, opener, peer.address, *own));
        }
    }
    if probes.is_empty() {
        return Err(QueryError::NoCommonFamily {
            peer: query.peer.clone(),
            service: query.service.words(),
        });
    }
    Ok(Probes { probes, notes })
}

fn note(notes: &mut Vec<String>, note: String) {
    if !notes.contains(&note) {
        notes.push(note);
    }
}

/// Protocol numbers that are extension headers in IPv6: something else always follows them (docs/judgement.md, 1.3).
const IPV6_EXTENSIONS: [u8; 6] = [0, 43, 44, 51, 60, 135];

fn speaks(service: Service, address: IpAddr) -> bool {
    match service {
        Service::Icmp(_) => address.is_ipv4(),
        Service::Other(number) if IPV6_EXTENSIONS.contains(&number) => address.is_ipv4(),
        Service::Icmpv6(_) => address.is_ipv6(),
        Service::Tcp(_) | Service::Udp(_) | Service::Other(_) => true,
    }
}

fn probe(party: &Party<'_>, query: &Query, opener: Opener, own: IpAddr, peer: IpAddr) -> Probe {
    let beyond = next_hop(party.mac);
    let (side, src_mac, dst_mac, src, dst) = match opener {
        Opener::Device => (Side::Device, party.mac, beyond, own, peer),
        Opener::Peer => (Side::Uplink, beyond, party.mac, peer, own),
    };
    Probe {
        device: party.device.map(|(index, _)| index),
        mac: party.mac,
        side,
        wire: party.wire,
        opening: Opening {
            src_mac,
            dst_mac,
            vlans: party.vlans,
            src,
            dst,
            service: query.service,
        },
    }
}

fn subject<'p>(
    policy: &'p Policy,
    wires: &[String],
    query: &Query,
) -> Result<Party<'p>, QueryError> {
    let (device, mac) = match &query.subject {
        Subject::Name(name) => {
            let found = device_named(policy, name).ok_or_else(|| QueryError::UnknownDevice {
                name: name.clone(),
                closest: closest(name, policy.devices.iter().map(|device| &device.name)),
            })?;
            (Some(found), found.1.mac)
        }
        Subject::Mac(mac) => (device_with_mac(policy, *mac, query.vlans), *mac),
    };
    party(wires, device, mac, query.vlans, query.wire.as_deref())
}

fn party<'p>(
    wires: &[String],
    device: Option<(usize, &'p Device)>,
    mac: MacBytes,
    vlans: Option<Vlans>,
    wire: Option<&str>,
) -> Result<Party<'p>, QueryError> {
    let listed_on = device.and_then(|(_, device)| device.wire.as_deref());
    let wire =
        match wire.or(listed_on) {
            None => 0,
            Some(name) => wires.iter().position(|wire| wire == name).ok_or_else(|| {
                QueryError::UnknownWire {
                    name: name.to_owned(),
                    closest: closest(name, wires),
                }
            })?,
        };
    let vlans = vlans.unwrap_or_else(|| {
        let (outer, inner) = device.and_then(|(_, device)| device.vlan).unwrap_or((0, 0));
        Vlans { outer, inner }
    });
    Ok(Party {
        device,
        mac,
        vlans,
        wire,
    })
}

fn device_named<'p>(policy: &'p Policy, name: &str) -> Option<(usize, &'p Device)> {
    let mut devices = policy.devices.iter().enumerate();
    devices.find(|(_, device)| device.name == name)
}

/// Several devices may share a MAC on several VLANs: the one on this VLAN goes before the one on any.
fn device_with_mac(
    policy: &Policy,
    mac: MacBytes,
    vlans: Option<Vlans>,
) -> Option<(usize, &Device)> {
    let mut same_mac = policy
        .devices
        .iter()
        .enumerate()
        .filter(|(_, device)| device.mac == mac);
    match vlans {
        None => same_mac.next(),
        Some(vlans) => {
            let wanted = Some((vlans.outer, vlans.inner));
            let exact = same_mac.clone().find(|(_, device)| device.vlan == wanted);
            exact.or_else(|| same_mac.find(|(_, device)| device.vlan.is_none() && vlans.inner == 0))
        }
    }
}

fn closest<S: AsRef<str>>(name: &str, names: impl IntoIterator<Item = S>) -> Option<String> {
    let names: Vec<S> = names.into_iter().collect();
    diag::closest(name, names.iter().map(AsRef::as_ref)).map(str::to_owned)
}

fn peers<'p>(
    policy: &'p Policy,
    query: &Query,
    notes: &mut Vec<String>,
) -> Result<Vec<Peer<'p>>, QueryError> {
    let name = &query.peer;
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok(vec![Peer {
            address,
            device: owner(policy, address),
        }]);
    }
    if let Some(found) = device_named(policy, name).or_else(|| {
        let mac = unit::mac::parse(name).ok()?;
        device_with_mac(policy, mac, None)
    }) {
        if found.1.addresses.is_empty() {
            return Err(QueryError::PeerWithoutAddress(name.clone()));
        }
        let addresses = found.1.addresses.iter();
        return Ok(addresses
            .map(|address| Peer {
                address: *address,
                device: Some(found),
            })
            .collect());
    }
    let networks = if let Some(set) = policy.peer_sets.iter().find(|set| set.name == *name) {
        if !set.names.is_empty() {
            notes.push(format!(
                "{name} has DNS names too: which addresses they have depends on the device, and only the others were tried"
            ));
        }
        set.networks.clone()
    } else if let Ok(network) = name.parse::<IpNetwork>() {
        vec![network]
    } else {
        let names = policy.peer_sets.iter().map(|set| &set.name);
        return Err(QueryError::UnknownPeer {
            name: name.clone(),
            closest: closest(
                name,
                names.chain(policy.devices.iter().map(|device| &device.name)),
            ),
        });
    };
    if networks.len() > MAX_PEERS {
        notes.push(format!(
            "{name} has {} networks: the first {MAX_PEERS} were tried",
            networks.len()
        ));
    }
    let tried = networks.into_iter().take(MAX_PEERS);
    Ok(tried
        .map(|network| {
            let address = first_host(network);
            if u32::from(network.prefix()) < if network.is_ipv4() { 32 } else { 128 } {
                notes.push(format!("{address} stands for {network}"));
            }
            Peer {
                address,
                device: owner(policy, address),
            }
        })
        .collect())
}

/// The device that an address is bound to.
fn owner(policy: &Policy, address: IpAddr) -> Option<(usize, &Device)> {
    let mut devices = policy.devices.iter().enumerate();
    devices.find(|(_, device)| device.addresses.contains(&address))
}

/// The first address of a network that a host may have.
fn first_host(network: IpNetwork) -> IpAddr {
    match network {
        IpNetwork::V4(network) if network.prefix() < 31 => {
            IpAddr::V4(Ipv4Addr::from_bits(network.network().to_bits() | 1))
        }
        IpNetwork::V6(network) if network.prefix() < 127 => {
            IpAddr::V6(Ipv6Addr::from_bits(network.network().to_bits() | 1))
        }
        IpNetwork::V4(_) | IpNetwork::V6(_) => network.network(),
    }
}

#[cfg(test)]
mod tests {
    use super::{NEXT_HOPS, next_hop};

    #[test]
    fn nobody_is_beyond_the_wire_from_himself() {
        for mac in NEXT_HOPS {
            assert_ne!(next_hop(mac), mac);
        }
    }
}
