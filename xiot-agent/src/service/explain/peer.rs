//! The other side of a question: which addresses it has.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnetwork::IpNetwork;
use xiot_common::{
    addr::{Mac, Vlans as XdpVlans},
    name::NamesKey,
};

use super::{
    Judge, Query, QueryError,
    judge::Told,
    probe::{Party, closest, device_named, device_with_mac},
};
use crate::{
    model::policy::{Device, DnsName, Policy},
    unit,
};

/// Addresses of a peer that are tried. A set of hundreds of networks would give hundreds of legs that nobody reads.
const MAX_PEERS: usize = 16;

/// An address of the other side; with the device that it is bound to.
#[derive(Clone, Copy)]
pub(super) struct Peer<'p> {
    pub(super) address: IpAddr,
    pub(super) device: Option<(usize, &'p Device)>,
}

pub(super) fn peers<'p>(
    policy: &'p Policy,
    query: &Query,
    who: (&dyn Judge, &Party<'_>),
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
    } else if let Some(dns) = dns_name(name) {
        return told(policy, (name, &dns), who, notes);
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

/// A DNS name, of two labels at least: without a dot it is rather a name of the policy that is misspelled.
pub(super) fn dns_name(text: &str) -> Option<DnsName> {
    DnsName::parse(text)
        .ok()
        .filter(|name| name.as_str().contains('.'))
}

/// The addresses that the device was told this name has, which is none of the policy's. What no longer counts, or does not yet, stands for what would if the
/// device asked again.
fn told<'p>(
    policy: &'p Policy,
    (name, dns): (&str, &DnsName),
    (judge, subject): (&dyn Judge, &Party<'_>),
    notes: &mut Vec<String>,
) -> Result<Vec<Peer<'p>>, QueryError> {
    let key = NamesKey {
        mac: Mac(subject.mac),
        wire: u16::try_from(subject.wire).unwrap_or(u16::MAX),
        vlans: XdpVlans {
            outer: subject.vlans.outer,
            inner: subject.vlans.inner,
        },
    };
    let Told { held, learned } = judge.told(key, dns);
    let addresses = if held.is_empty() {
        for address in learned.iter().take(MAX_PEERS) {
            notes.push(format!(
                "{dns} had {address} in an answer to the device that the gateway does not go by: no rule had the name then, or its time is over (`names` lists what counts)"
            ));
        }
        learned
    } else {
        held
    };
    if addresses.is_empty() {
        let named = policy.peer_sets.iter().map(|set| &set.name);
        let devices = policy.devices.iter().map(|device| &device.name);
        return Err(QueryError::NotTold {
            device: subject.name(),
            name: name.to_owned(),
            closest: closest(name, named.chain(devices)),
        });
    }
    let addresses = addresses.into_iter().take(MAX_PEERS);
    Ok(addresses
        .map(|address| Peer {
            address,
            device: owner(policy, address),
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
    use super::*;
    use crate::service::{
        explain::{
            ExplainError, Explanation, JudgeError, JudgeName, Judgement, Reference, Service,
            Subject, explain,
        },
        sample,
        state::{Opener, Side},
    };

    /// A judge of a device that was told this.
    struct Knows<'p>(Reference<'p>, Told);

    impl Judge for Knows<'_> {
        fn judge(
            &mut self,
            side: Side,
            wire: usize,
            frame: &[u8],
        ) -> Result<Judgement, JudgeError> {
            self.0.judge(side, wire, frame)
        }

        fn set_clock(&mut self, second: Option<u32>) {
            self.0.set_clock(second);
        }

        fn told(&self, device: NamesKey, name: &DnsName) -> Told {
            let is_asked = device.mac.0 == sample::PUMP && name.as_str() == "cloud.vendor.com";
            assert!(is_asked, "{device:?} {name:?}");
            self.1.clone()
        }

        fn name(&self) -> JudgeName {
            self.0.name()
        }
    }

    fn ask(peer: &str, held: &[IpAddr], learned: &[IpAddr]) -> Result<Explanation, ExplainError> {
        let names = sample::names();
        let told = Told {
            held: held.to_vec(),
            learned: learned.to_vec(),
        };
        let mut judge = Knows(Reference::new(names.policy(), names.wires()), told);
        let query = Query {
            subject: Subject::Name("pump-icu-12".to_owned()),
            opener: Opener::Device,
            peer: peer.to_owned(),
            service: Service::Tcp(443),
            vlans: None,
            wire: None,
            address: None,
            at: None,
        };
        explain(&names, &query, &mut judge)
    }

    #[test]
    fn a_dns_name_is_what_the_device_was_told() {
        let [first, second] = ["192.0.2.7", "192.0.2.8"].map(|it| it.parse().unwrap());
        let answer = ask("Cloud.Vendor.com.", &[first], &[second]).unwrap();
        let to: Vec<_> = answer.legs.iter().map(|leg| leg.dst).collect();
        assert_eq!(to, [first]);
        let is_told = |answer: &Explanation| {
            let mut notes = answer.notes.iter();
            notes.any(|note| note.contains("the gateway does not go by"))
        };
        assert!(!is_told(&answer), "{:?}", answer.notes);
        let answer = ask("cloud.vendor.com", &[], &[second]).unwrap();
        assert_eq!(answer.legs[0].dst, second);
        assert!(is_told(&answer), "{:?}", answer.notes);
    }

    #[test]
    fn a_name_that_nobody_told_is_said_to_be_none() {
        let error = ask("cloud.vendor.com", &[], &[]).unwrap_err().to_string();
        assert!(
            error.contains("`pump-icu-12` was told no address of it"),
            "{error}"
        );
        // Without a dot it is a name of the policy.
        let error = ask("pump-sever", &[], &[]).unwrap_err().to_string();
        assert!(error.contains("did you mean `pump-server`?"), "{error}");
    }
}
