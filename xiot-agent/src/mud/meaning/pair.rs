//! From entries to conversations: entries that mirror each other are one, and who opens it is decided here.
//!
//! 1. `direction-initiated` decides (RFC 8520, 4.8), also for the entry that mirrors the one that has it.
//! 2. Else the side whose ports alone are given is the one that is called. So an entry of answers stands for the questions too: a gateway
//!    that knows flows lets answers through, and needs to be told of the questions.
//! 3. Else, with ports of both sides or of none, whoever may send may open. Without ports there is nothing to mirror.

use std::collections::BTreeMap;

use super::{
    conversation::{Conversation, Conversations, Message, Opener, Peer, Ports, Service},
    entry::{Pattern, Protocol, Side},
    ports::label,
    reason::Reason,
};

/// Patterns that mirror each other: sides that have them, and who opens by what they say.
#[derive(Default)]
struct Mirrored {
    sides: Vec<Side>,
    openers: Vec<Opener>,
}

/// All entries of a file that allow something.
#[derive(Default)]
pub(super) struct Pairs<'p> {
    mirrored: BTreeMap<(&'p Peer, &'p Protocol), Mirrored>,
}

impl<'p> Pairs<'p> {
    /// Takes a pattern in.
    pub(super) fn add(&mut self, pattern: &'p Pattern) {
        let key = (&pattern.peer, &pattern.protocol);
        let mirrored = self.mirrored.entry(key).or_default();
        mirrored.sides.push(pattern.side);
        mirrored.openers.extend(pattern.opener);
    }

    /// Conversations of a pattern that was taken in, and what of it they do not say.
    pub(super) fn conversations(
        &self,
        pattern: &Pattern,
        found: &mut Conversations,
    ) -> Result<Option<Reason>, Reason> {
        match &pattern.protocol {
            Protocol::Tcp(device, peer) => {
                Ok(self.ported(pattern, Service::Tcp, device, peer, found))
            }
            Protocol::Udp(device, peer) => {
                Ok(self.ported(pattern, Service::Udp, device, peer, found))
            }
            Protocol::Icmp((0, _)) => self.answers(pattern, Protocol::Icmp, (8, None), 1),
            Protocol::Icmpv6((129, _)) => self.answers(pattern, Protocol::Icmpv6, (128, None), 58),
            Protocol::Icmp(message) => Ok(one(pattern, Service::Icmp(*message), found)),
            Protocol::Icmpv6(message) => Ok(one(pattern, Service::Icmpv6(*message), found)),
            Protocol::Other(number) => Ok(one(pattern, Service::Protocol(*number), found)),
            Protocol::Any => Ok(one(pattern, Service::Any, found)),
        }
    }

    fn ported(
        &self,
        pattern: &Pattern,
        service: fn(Ports) -> Service,
        device: &[Ports],
        peer: &[Ports],
        found: &mut Conversations,
    ) -> Option<Reason> {
        let mirrored = self.mirrored.get(&(&pattern.peer, &pattern.protocol))?;
        let mut restricted = None;
        for opener in openers(mirrored, device, peer) {
            let (called, source) = match opener {
                Opener::Device => (peer, device),
                Opener::Peer => (device, peer),
            };
            let called = if called.is_empty() {
                &[Ports::ANY][..]
            } else {
                called
            };
            for ports in called {
                found.add(Conversation {
                    opener,
                    peer: pattern.peer.clone(),
                    service: service(*ports),
                });
            }
            if !source.is_empty() {
                restricted = Some(Reason::SourcePorts(label(source)));
            }
        }
        restricted
    }

    /// Answers to echo requests: the requests of the other side must be there.
    fn answers(
        &self,
        pattern: &Pattern,
        family: fn(Message) -> Protocol,
        request: Message,
        number: u8,
    ) -> Result<Option<Reason>, Reason> {
        let asked = [family(request), Protocol::Other(number), Protocol::Any]
            .iter()
            .filter_map(|protocol| self.mirrored.get(&(&pattern.peer, protocol)))
            .any(|mirrored| mirrored.sides.iter().any(|side| *side != pattern.side));
        if asked {
            Ok(None)
        } else {
            Err(Reason::Answers)
        }
    }
}

/// Who may open, by the rules at the top.
fn openers(mirrored: &Mirrored, device: &[Ports], peer: &[Ports]) -> Vec<Opener> {
    if !mirrored.openers.is_empty() {
        return mirrored.openers.clone();
    }
    match (device.is_empty(), peer.is_empty()) {
        (true, false) => vec![Opener::Device],
        (false, true) => vec![Opener::Peer],
        (true, true) | (false, false) => mirrored.sides.iter().copied().map(sender).collect(),
    }
}

fn sender(side: Side) -> Opener {
    match side {
        Side::From => Opener::Device,
        Side::To => Opener::Peer,
    }
}

/// A conversation without ports, which its sender opens.
fn one(pattern: &Pattern, service: Service, found: &mut Conversations) -> Option<Reason> {
    found.add(Conversation {
        opener: sender(pattern.side),
        peer: pattern.peer.clone(),
        service,
    });
    None
}
