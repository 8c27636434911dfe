//! Guards: whether a sender may say at all what a frame says (docs/judgement.md section 9).

use std::net::IpAddr;

use xiot_common::reason::Reason;

use super::{
    Oracle, Side,
    address::Place,
    binding::Segment,
    conversation::Conversation,
    frame::{Content, Frame, Mac},
    judge::Arrival,
    objects,
    owner::is_group,
};
use crate::model::{
    gateway::Wire,
    guard::{Guards, Level},
};

/// A guard that enforces objects.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refused(pub(super) Reason);

/// What all guards together say: the objection of the first that monitors, unless one that enforces has one.
pub(super) type Objection = Result<Option<Reason>, Refused>;

impl<'p> Oracle<'p> {
    /// Section 9.2, of every frame.
    pub(super) fn ask_group(&mut self, arrival: Arrival, frame: &Frame) -> Objection {
        let level = self.guards(arrival.wire).group;
        if level == Level::Off || arrival.side == Side::Uplink || !is_group(frame.destination) {
            return Ok(None);
        }
        let place = self.place(arrival.side, (arrival.wire, frame.vlans), arrival.now);
        let sender = (frame.source, place.device(frame.source).is_some());
        let is_beyond =
            self.group_frames
                .is_beyond(arrival.wire, sender, &self.limits, arrival.now);
        together(&[(level, is_beyond.then_some(Reason::GroupRate))])
    }

    /// Section 9.1, but for `group`.
    pub(super) fn ask_guards(&self, arrival: Arrival, frame: &Frame) -> Objection {
        let guards = self.guards(arrival.wire);
        let place = self.place(arrival.side, (arrival.wire, frame.vlans), arrival.now);
        let source = (guards.source, objects::source(place, frame));
        match arrival.side {
            Side::Device => {
                let wire = self.wire(arrival.wire);
                together(&[
                    (guards.mac, objects::mac(frame)),
                    source,
                    (guards.arp, objects::arp(place, frame)),
                    (guards.nd, objects::nd(place, frame)),
                    (guards.dhcp_server, objects::dhcp_server(frame)),
                    (guards.dhcp_client, objects::dhcp_client(place, frame)),
                    (guards.router, objects::router(frame)),
                    (guards.bpdu, objects::bpdu(wire, frame)),
                    self.binding_of(place, frame),
                ])
            }
            Side::Uplink => together(&[source, (guards.claim, objects::claim(place, frame))]),
        }
    }

    /// Section 9.5: what guards say about a flow that was judged in another epoch, and had this objection then.
    pub(super) fn ask_guards_again(
        &self,
        conversation: &Conversation,
        initiator: Side,
        before: Option<Reason>,
        now: u64,
    ) -> Objection {
        let guards = self.guards(conversation.wire);
        let on = (conversation.wire, conversation.vlans);
        let (address, mac) = (conversation.device_end.address, conversation.mac);
        let is_of_address = matches!(
            before,
            Some(
                Reason::SourceAddressInvalid
                    | Reason::SourceAddressStolen
                    | Reason::SourceAddressUnbound
            )
        );
        let level = match before {
            Some(reason) if !is_of_address => level_of(guards, reason),
            Some(_) | None => Level::Off,
        };
        let opening = self.place(initiator, on, now);
        let is_bound_again =
            initiator == Side::Device || before == Some(Reason::SourceAddressUnbound);
        let binding = if is_bound_again {
            self.binding(self.place(Side::Device, on, now), address, mac)
        } else {
            (Level::Off, None)
        };
        together(&[
            (level, before),
            (guards.source, objects::source_again(opening, conversation)),
            binding,
        ])
    }

    fn binding_of(&self, place: Place<'_>, frame: &Frame) -> (Level, Option<Reason>) {
        let address = match &frame.content {
            Content::Ip(packet) => packet.source,
            Content::Arp(message) => message.sender.into(),
            Content::Other(_) => return (Level::Off, None),
        };
        self.binding(place, address, frame.source)
    }

    /// The guard of this name, at its level for this address.
    fn binding(&self, place: Place<'_>, address: IpAddr, mac: Mac) -> (Level, Option<Reason>) {
        let level = match self.guards(place.on.0).binding {
            Level::Enforce if address.is_ipv4() && place.now < self.limits.settled_at => {
                Level::Monitor
            }
            level @ (Level::Off | Level::Monitor | Level::Enforce) => level,
        };
        let objects = place.device(mac).is_some_and(|device| {
            !place.is_own(device, address) && !place.may_take(device, address)
        });
        (level, objects.then_some(Reason::SourceAddressUnbound))
    }

    pub(super) fn wire(&self, wire: usize) -> &'p Wire {
        &self.wires[wire]
    }

    fn guards(&self, wire: usize) -> Guards {
        self.wire(wire).guards
    }

    pub(super) fn place(&self, side: Side, on: Segment, now: u64) -> Place<'_> {
        Place {
            side,
            policy: self.policy,
            wire: &self.wire(on.0).name,
            on,
            bindings: &self.bindings,
            takes: self.limits.addresses_per_device,
            now,
        }
    }
}

/// Guards in order, each with its objection.
fn together(asked: &[(Level, Option<Reason>)]) -> Objection {
    let first = |wanted: Level| {
        let mut of_level = asked.iter().filter(|(level, _)| *level == wanted);
        of_level.find_map(|(_, objection)| *objection)
    };
    match first(Level::Enforce) {
        Some(reason) => Err(Refused(reason)),
        None => Ok(first(Level::Monitor)),
    }
}

/// The level of the guard that made a flow a would-drop of this reason. Other guards meet nothing that makes flows.
fn level_of(guards: Guards, reason: Reason) -> Level {
    let guard = [
        (Reason::SourceMacInvalid, guards.mac),
        (Reason::DhcpServer, guards.dhcp_server),
        (Reason::DhcpSpoofed, guards.dhcp_client),
        (Reason::RouterMessage, guards.router),
        (Reason::Bpdu, guards.bpdu),
        (Reason::MacClaimed, guards.claim),
    ];
    guard
        .into_iter()
        .find(|(of_guard, _)| *of_guard == reason)
        .map_or(Level::Off, |(_, level)| level)
}
