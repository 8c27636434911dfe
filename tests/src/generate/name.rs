//! DNS names in policies, and what servers say of them.

use std::net::IpAddr;

use ipnetwork::IpNetwork;
use xiot_agent::{
    model::policy::{Clause, DnsName, Initiator, Policy, Profile, Rule},
    oracle::Side,
};

use super::{
    addresses,
    dice::Dice,
    fresh::tagged,
    traffic::Draft,
    world::{HOSTS, ROUTER},
};
use crate::frame::{
    Body, Transport,
    dns::{ASKED, address, header, name, question, record},
    flag::SYN,
    frame,
};

/// Names that rules may have.
const NAMES: [&str; 3] = ["cloud.example", "b.example", "time.cloud.example"];

/// Names some peers of these profiles, whose devices may ask the servers that this gives.
pub(super) fn give(dice: &mut Dice, profiles: &mut [Profile]) -> Vec<IpNetwork> {
    let servers: Vec<IpNetwork> = (0..=dice.below(2))
        .map(|_| IpNetwork::from(dice.pick(&HOSTS)))
        .filter(|network| !matches!(network.ip(), IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some()))
        .collect();
    for profile in profiles {
        for rule in &mut profile.rules {
            if dice.percent(40) {
                let named = dice.pick(&NAMES);
                rule.names = vec![DnsName::parse(named).expect("a name")];
                if dice.percent(60) {
                    rule.peers.clear();
                }
            }
        }
        if let Some(like) = profile.rules.first().cloned()
            && dice.percent(80)
        {
            profile.rules.push(Rule {
                initiator: Initiator::Device,
                peers: servers.clone(),
                names: Vec::new(),
                clauses: vec![Clause::Udp(vec![53..=53])],
                ..like
            });
        }
    }
    servers
}

/// A device asks a server.
pub(super) fn ask(dice: &mut Dice, policy: &Policy) -> Option<Draft> {
    let server = dice.maybe_pick(&policy.services.dns)?.ip();
    let party = addresses::party(dice, policy);
    let own = addresses::own(dice, party.device, server.is_ipv6());
    let new = tagged(dice, frame(party.mac, ROUTER), party.vlans);
    let port = dice.pick(&[40_000, 40_001, 53]);
    Some(Draft {
        wire: u16::from(dice.percent(10)),
        side: Side::Device,
        frame: new.packet(own, server).udp(port, 53),
    })
}

/// What a server may say to this, and what the device may do then.
pub(super) fn answer(dice: &mut Dice, policy: &Policy, before: &Draft) -> Option<[Draft; 2]> {
    let Body::Ip(ip) = &before.frame.body else {
        return None;
    };
    let Transport::Udp {
        source,
        destination: 53,
        ..
    } = ip.transport
    else {
        return None;
    };
    if before.side != Side::Device || policy.services.dns.is_empty() {
        return None;
    }
    let given: Vec<IpAddr> = (0..=dice.below(3)).map(|_| dice.pick(&HOSTS)).collect();
    let message = message(dice, &given);
    let mut said = before.clone();
    said.side = Side::Uplink;
    (said.frame.source, said.frame.destination) = (before.frame.destination, before.frame.source);
    let mut then = before.clone();
    let service = dice.pick(&[22, 53, 123, 443, 3613, 8000]);
    if let Body::Ip(ip) = &mut said.frame.body {
        (ip.source, ip.destination) = (ip.destination, ip.source);
        ip.transport = Transport::Udp {
            source: 53,
            destination: source,
            payload: message,
        };
    }
    if let Body::Ip(ip) = &mut then.frame.body {
        let of_family = given
            .iter()
            .find(|it| it.is_ipv6() == ip.destination.is_ipv6());
        ip.destination = of_family.copied().unwrap_or(ip.destination);
        ip.transport = if dice.percent(60) {
            Transport::Tcp {
                source: 40_000,
                destination: service,
                flags: SYN,
                numbers: (1, 1),
                payload: Vec::new(),
            }
        } else {
            Transport::Udp {
                source: 40_000,
                destination: service,
                payload: b"xiot".to_vec(),
            }
        };
    }
    Some([said, then])
}

/// An answer that is right, or nearly.
fn message(dice: &mut Dice, given: &[IpAddr]) -> Vec<u8> {
    let mut asked = dice.pick(&NAMES).to_owned();
    if dice.percent(20) {
        asked = asked.to_uppercase();
    }
    let count = u16::try_from(given.len()).expect("few");
    let is_alias = dice.percent(20);
    let mut bytes = header(1, count + u16::from(is_alias));
    bytes.extend(question(&asked));
    let mut owner = ASKED.to_vec();
    if is_alias {
        owner = name("edge.example");
        bytes.extend(record(&ASKED, 5, 60, &owner));
    }
    for it in given {
        let ttl = dice.pick(&[0, 60, 90_000, 700_000, u32::MAX]);
        bytes.extend(address(&owner, ttl, *it));
    }
    if dice.percent(25) {
        let at = dice.below(bytes.len());
        bytes[at] = dice.byte();
    }
    if dice.percent(10) {
        let length = dice.below(bytes.len());
        bytes.truncate(length);
    }
    bytes
}
