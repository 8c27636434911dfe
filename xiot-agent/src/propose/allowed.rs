//! What rules allow already. Rules with times count as they stand: a person has chosen those.

use std::net::IpAddr;

use ipnetwork::IpNetwork;

use super::{directory::Peer, rules::Draft};
use crate::{
    learn::conversation::{Conversation, Initiator},
    model::policy::{self, Clause, IcmpType, Profile},
};

const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMPV6: u8 = 58;

/// Rules of a profile, and those that were drafted for it.
#[derive(Debug)]
pub(super) struct Allowed<'p> {
    profile: &'p Profile,
    drafted: Vec<Drafted>,
}

#[derive(Debug)]
struct Drafted {
    initiator: Initiator,
    services: Vec<(u8, u16)>,
    networks: Vec<IpNetwork>,
    peers: Vec<Peer>,
}

impl<'p> Allowed<'p> {
    /// The rules of a profile.
    pub(super) const fn of(profile: &'p Profile) -> Self {
        Self {
            profile,
            drafted: Vec::new(),
        }
    }

    /// And this one.
    pub(super) fn add(&mut self, draft: &Draft) {
        self.drafted.push(Drafted {
            initiator: draft.initiator,
            services: draft.services.iter().copied().collect(),
            networks: draft.networks.clone(),
            peers: draft.peers.clone(),
        });
    }

    /// Whether a conversation with this address is allowed.
    pub(super) fn allows(&self, conversation: &Conversation) -> bool {
        let Conversation {
            initiator,
            protocol,
            port,
            peer,
            midstream: _,
        } = *conversation;
        let rules = self.profile.rules.iter();
        let mut rules = rules.filter(|rule| rule.initiator == opener(initiator));
        let by_rule = rules.any(|rule| {
            contains(&rule.peers, peer)
                && rule
                    .clauses
                    .iter()
                    .any(|clause| covers(clause, protocol, port, peer))
        });
        by_rule
            || self.drafted.iter().any(|draft| {
                draft.initiator == initiator
                    && draft.services.contains(&(protocol, port))
                    && contains(&draft.networks, peer)
            })
    }

    /// The same with an address that the device was told is at one of these names.
    pub(super) fn allows_as(&self, conversation: &Conversation, names: &[String]) -> bool {
        let opener = opener(conversation.initiator);
        let Conversation {
            protocol,
            port,
            peer,
            ..
        } = *conversation;
        let has_name = |rule: &policy::Rule| {
            let mut all = rule.names.iter();
            all.any(|name| names.iter().any(|it| it == name.as_str()))
        };
        let mut rules = self.profile.rules.iter();
        self.allows(conversation)
            || rules.any(|rule| {
                rule.initiator == opener
                    && has_name(rule)
                    && rule
                        .clauses
                        .iter()
                        .any(|clause| covers(clause, protocol, port, peer))
            })
    }

    /// Whether a drafted rule names this peer for that.
    pub(super) fn names(&self, initiator: Initiator, service: (u8, u16), peer: &Peer) -> bool {
        self.drafted.iter().any(|draft| {
            draft.initiator == initiator
                && draft.services.contains(&service)
                && draft.peers.contains(peer)
        })
    }
}

const fn opener(initiator: Initiator) -> policy::Initiator {
    match initiator {
        Initiator::Device => policy::Initiator::Device,
        Initiator::Peer => policy::Initiator::Peer,
    }
}

fn contains(networks: &[IpNetwork], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(address))
}

fn covers(clause: &Clause, protocol: u8, port: u16, peer: IpAddr) -> bool {
    let [kind, code] = port.to_be_bytes();
    let is = |types: &[IcmpType]| {
        types
            .iter()
            .any(|it| it.kind == kind && it.code.is_none_or(|it| it == code))
    };
    match clause {
        Clause::Any => true,
        Clause::Tcp(ports) => protocol == TCP && ports.iter().any(|it| it.contains(&port)),
        Clause::Udp(ports) => protocol == UDP && ports.iter().any(|it| it.contains(&port)),
        Clause::Icmp(types) => protocol == ICMP && peer.is_ipv4() && is(types),
        Clause::Icmpv6(types) => protocol == ICMPV6 && peer.is_ipv6() && is(types),
        Clause::Protocol(number) => protocol == *number,
    }
}
