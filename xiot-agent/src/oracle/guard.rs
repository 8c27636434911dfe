//! Guards: whether a sender may say at all what a frame says (docs/judgement.md section 9).

use std::net::{IpAddr, Ipv4Addr};

use xiot_common::reason::Reason;

use super::{
    Oracle, Side,
    address::{Place, is_nobodys},
    binding::Segment,
    conversation::Conversation,
    frame::{Arp, Content, Frame, Mac, Packet, Transport},
    judge::Arrival,
    neighbour::{
        Discovery, Message, NEIGHBOUR_ADVERTISEMENT, NEIGHBOUR_SOLICITATION, ROUTER_SOLICITATION,
    },
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
        let is_beyond =
            self.group_frames
                .is_beyond(arrival.wire, frame.source, &self.limits, arrival.now);
        together(&[(level, is_beyond.then_some(Reason::GroupRate))])
    }

    /// Section 9.1, but for `group`.
    pub(super) fn ask_guards(&self, arrival: Arrival, frame: &Frame) -> Objection {
        let guards = self.guards(arrival.wire);
        let place = self.place((arrival.wire, frame.vlans), arrival.now);
        match arrival.side {
            Side::Device => {
                let wire = self.wire(arrival.wire);
                together(&[
                    (guards.mac, mac(frame)),
                    (guards.source, source_of(place, frame)),
                    (guards.arp, arp(place, frame)),
                    (guards.nd, nd(place, frame)),
                    (guards.dhcp_server, dhcp_server(frame)),
                    (guards.router, router(frame)),
                    (guards.bpdu, bpdu(wire, frame)),
                    self.binding_of(place, frame),
                ])
            }
            Side::Uplink => together(&[(guards.claim, claim(place, frame))]),
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
        let place = self.place((conversation.wire, conversation.vlans), now);
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
        let of_address = if initiator == Side::Device || is_of_address {
            [
                (guards.source, source(place, address, mac)),
                self.binding(place, address, mac),
            ]
        } else {
            [(Level::Off, None); 2]
        };
        let [source, binding] = of_address;
        together(&[(level, before), source, binding])
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

    pub(super) fn place(&self, on: Segment, now: u64) -> Place<'_> {
        Place {
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
        (Reason::Bpdu, guards.bpdu),
    ];
    guard
        .into_iter()
        .find(|(of_guard, _)| *of_guard == reason)
        .map_or(Level::Off, |(_, level)| level)
}

fn mac(frame: &Frame) -> Option<Reason> {
    let is_invalid = frame.source == [0; 6] || frame.source == frame.destination;
    is_invalid.then_some(Reason::SourceMacInvalid)
}

fn source_of(place: Place<'_>, frame: &Frame) -> Option<Reason> {
    let packet = packet(frame)?;
    source(place, packet.source, frame.source)
}

fn source(place: Place<'_>, address: IpAddr, mac: Mac) -> Option<Reason> {
    if is_nobodys(address) {
        return Some(Reason::SourceAddressInvalid);
    }
    place
        .is_somebody_elses(address, mac)
        .then_some(Reason::SourceAddressStolen)
}

fn arp(place: Place<'_>, frame: &Frame) -> Option<Reason> {
    let Content::Arp(message) = frame.content else {
        return None;
    };
    let sender = IpAddr::V4(message.sender);
    if !matches!(message.operation, 1 | 2) || is_nobodys(sender) {
        return Some(Reason::ArpInvalid);
    }
    let is_spoofed =
        message.sender_mac != frame.source || place.is_somebody_elses(sender, frame.source);
    is_spoofed.then_some(Reason::ArpSpoofed)
}

fn nd(place: Place<'_>, frame: &Frame) -> Option<Reason> {
    let packet = packet(frame)?;
    let message = match packet.discovery.as_ref()? {
        Discovery::Invalid => return Some(Reason::NdInvalid),
        Discovery::Valid(message) => message,
    };
    let others = |address: IpAddr| place.is_somebody_elses(address, frame.source);
    let names_another = message.link_layers.iter().any(|mac| *mac != frame.source);
    let target = match message.kind {
        NEIGHBOUR_ADVERTISEMENT => message.target,
        NEIGHBOUR_SOLICITATION if packet.source.is_unspecified() => message.target,
        _ => None,
    };
    let speaks_for_itself = matches!(message.kind, ROUTER_SOLICITATION | NEIGHBOUR_SOLICITATION);
    let is_spoofed = names_another
        || target.is_some_and(|target| others(target.into()))
        || speaks_for_itself && others(packet.source);
    is_spoofed.then_some(Reason::NdSpoofed)
}

fn dhcp_server(frame: &Frame) -> Option<Reason> {
    let packet = packet(frame)?;
    let Transport::Udp {
        source,
        destination,
    } = packet.transport
    else {
        return None;
    };
    let (server, client) = if packet.source.is_ipv4() {
        (67, 68)
    } else {
        (547, 546)
    };
    (source == server || destination == client).then_some(Reason::DhcpServer)
}

fn router(frame: &Frame) -> Option<Reason> {
    let packet = packet(frame)?;
    let Transport::Icmp { kind, .. } = packet.transport else {
        return None;
    };
    let of_routers = if packet.source.is_ipv4() {
        [5, 9]
    } else {
        [134, 137]
    };
    of_routers.contains(&kind).then_some(Reason::RouterMessage)
}

fn bpdu(wire: &Wire, frame: &Frame) -> Option<Reason> {
    if frame.is_allowed_by(wire) {
        return None;
    }
    let is_for_switches = match frame.destination {
        [0x01, 0x80, 0xc2, 0x00, 0x00, last] => last <= 0x0f,
        [0x01, 0x00, 0x0c, 0xcc, 0xcc, last] => matches!(last, 0xcc | 0xcd),
        _ => false,
    };
    is_for_switches.then_some(Reason::Bpdu)
}

fn claim(place: Place<'_>, frame: &Frame) -> Option<Reason> {
    let is_claimed = match &frame.content {
        Content::Arp(Arp {
            sender, sender_mac, ..
        }) => {
            let sender = Ipv4Addr::into(*sender);
            place.is_somebody_elses(sender, frame.source)
                || place.is_somebody_elses(sender, *sender_mac)
        }
        Content::Ip(packet) => match packet.discovery.as_ref()? {
            Discovery::Invalid => return Some(Reason::NdInvalid),
            Discovery::Valid(message) => {
                let mut sayers = vec![frame.source];
                sayers.extend(&message.link_layers);
                claimed(packet, message).is_some_and(|address| {
                    let not_its_own = |mac: &Mac| place.is_somebody_elses(address, *mac);
                    sayers.iter().any(not_its_own)
                })
            }
        },
        Content::Other(_) => false,
    };
    is_claimed.then_some(Reason::AddressClaimed)
}

/// The address that a message from the uplink says to be its sender's.
fn claimed(packet: &Packet, message: &Message) -> Option<IpAddr> {
    match message.kind {
        NEIGHBOUR_ADVERTISEMENT => message.target.map(IpAddr::V6),
        NEIGHBOUR_SOLICITATION => Some(packet.source),
        _ => None,
    }
}

fn packet(frame: &Frame) -> Option<&Packet> {
    match &frame.content {
        Content::Ip(packet) => Some(packet),
        Content::Arp(_) | Content::Other(_) => None,
    }
}
