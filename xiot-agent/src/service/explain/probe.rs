//! From the question to the frames that would open the conversation.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Judge, Query, QueryError, Service, Subject, frame::Opening, peer::peers};
use crate::{
    diag,
    model::policy::{Device, Policy},
    service::state::{MacBytes, Opener, Side, Vlans},
    unit,
};

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
pub(super) struct Party<'p> {
    pub(super) device: Option<(usize, &'p Device)>,
    pub(super) mac: MacBytes,
    pub(super) vlans: Vlans,
    pub(super) wire: usize,
}

impl Party<'_> {
    /// Its name, else its MAC.
    pub(super) fn name(&self) -> String {
        let name = self.device.map(|(_, device)| device.name.clone());
        name.unwrap_or_else(|| unit::mac::format(self.mac))
    }

    /// A group sends nothing.
    fn can_open(&self, opener: Opener) -> Result<(), QueryError> {
        if opener == Opener::Peer || self.mac[0] & 1 == 0 {
            return Ok(());
        }
        Err(QueryError::GroupOpens(self.name()))
    }
}

/// Works out the frames for this question.
pub(super) fn probes(
    policy: &Policy,
    wires: &[String],
    query: &Query,
    judge: &dyn Judge,
) -> Result<Probes, QueryError> {
    let mut notes = Vec::new();
    let subject = subject(policy, wires, query)?;
    let peers = peers(policy, query, (judge, &subject), &mut notes)?;
    let bound = judge.bound(subject.mac);
    let own: Vec<IpAddr> = match (query.address, subject.device) {
        (Some(address), _) => vec![address],
        (None, Some((_, device))) if !device.addresses.is_empty() => device.addresses.clone(),
        (None, _) => [&bound[..], &PLACEHOLDERS].concat(),
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
        } else if bound.contains(own) {
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

pub(super) fn device_named<'p>(policy: &'p Policy, name: &str) -> Option<(usize, &'p Device)> {
    let mut devices = policy.devices.iter().enumerate();
    devices.find(|(_, device)| device.name == name)
}

/// Several devices may share a MAC on several VLANs: the one on this VLAN goes before the one on any.
pub(super) fn device_with_mac(
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

pub(super) fn closest<S: AsRef<str>>(
    name: &str,
    names: impl IntoIterator<Item = S>,
) -> Option<String> {
    let names: Vec<S> = names.into_iter().collect();
    diag::closest(name, names.iter().map(AsRef::as_ref)).map(str::to_owned)
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
