//! Frames that no flow answers for: device, services, policy (docs/judgement.md sections 4 to 6).

use std::net::IpAddr;

use xiot_common::reason::Reason;

use super::{
    Oracle, Side,
    binding::Segment,
    conversation::Conversation,
    decided::Decision,
    fragment::Fragment,
    frame::{Content, Echo, Frame, Mac, Packet, TcpFlags, Transport},
    grounds::Grounds,
    judge::Arrival,
    owner::device_mac,
    rules::{self, Asked},
    said::Counted,
    service::Services,
    told::{Hearer, Names},
};
use crate::model::policy::{Policy, Profile};

/// Why a frame may pass.
#[derive(Clone, Copy, Debug)]
pub(super) enum Grant {
    Service,
    /// The wire lets this Ethernet type pass.
    Ethertype,
    /// A rule, by position in the profile.
    Rule(usize),
    /// A rule allows a conversation that this side opened before the gateway was there.
    Grace(usize, Side),
    /// An ICMP error about a flow that counts under this.
    Related(Counted),
}

impl<'p> Oracle<'p> {
    /// Judges a frame as if there were no flow.
    pub(super) fn judge_opening(
        &self,
        arrival: Arrival,
        grounds: Grounds<'p>,
        frame: &Frame,
    ) -> Result<Grant, Reason> {
        let is_quarantined = grounds.decision() == Some(Decision::Quarantine);
        if !is_quarantined && frame.is_allowed_by(self.wire(arrival.wire)) {
            return Ok(Grant::Ethertype);
        }
        let profile = self.profile(arrival.wire, grounds)?;
        if let Content::Ip(packet) = &frame.content
            && packet.is_icmp_error()
            && profile.is_some()
        {
            return self
                .related(arrival, grounds, frame, packet)
                .ok_or(Reason::IcmpErrorUnrelated);
        }
        let policy = grounds.policy;
        let services = match profile {
            Some(profile) if !grounds.is_to_group() => Services::of(profile),
            Some(_) | None => Services::of_all(&policy.profiles),
        };
        let packet = match &frame.content {
            Content::Arp(_) if services.arp => return Ok(Grant::Service),
            Content::Arp(_) if profile.is_none() => return Err(Reason::GroupDenied),
            Content::Arp(_) => return Err(Reason::ServiceDenied),
            Content::Other(_) => return Err(Reason::EthertypeDenied),
            Content::Ip(packet) => packet,
        };
        if matches!(packet.fragment, Fragment::Later(_)) {
            return Err(Reason::FragmentUntracked);
        }
        if services.allow(arrival.side, packet, policy) {
            return Ok(Grant::Service);
        }
        let profile = profile.ok_or(Reason::GroupDenied)?;
        let own = match arrival.side {
            Side::Device => packet.source,
            Side::Uplink => packet.destination,
        };
        bind(grounds, arrival.side, own)?;
        let asked = Asked::of(arrival.side, packet);
        let on = (arrival.wire, frame.vlans);
        let names = self.names_of(on, device_mac(arrival.side, frame), grounds, arrival.now);
        let judged = match packet.transport {
            Transport::Tcp { flags, .. } if !flags.is_pure_syn() => Err(Reason::TcpNoFlow),
            Transport::Icmp {
                echo: Echo::Reply(_),
                ..
            } => Err(Reason::IcmpNoFlow),
            Transport::Tcp { .. }
            | Transport::Udp { .. }
            | Transport::Icmp { .. }
            | Transport::Portless => {
                rules::judge(policy, profile, asked, names, self.wall(arrival.now)).map(Grant::Rule)
            }
        };
        judged.or_else(|reason| {
            self.picked_up(arrival, (policy, profile), packet, (asked, names))
                .ok_or(reason)
        })
    }

    /// Judges a flow as the first frame of its initiator was.
    pub(super) fn judge_flow(
        &self,
        conversation: &Conversation,
        initiator: Side,
        grounds: Grounds<'p>,
        now: u64,
    ) -> Result<usize, Reason> {
        let profile = self
            .profile(conversation.wire, grounds)?
            .ok_or(Reason::GroupDenied)?;
        bind(grounds, initiator, conversation.device_end.address)?;
        let asked = conversation.asked_by(initiator);
        let on = (conversation.wire, conversation.vlans);
        let names = self.names_of(on, conversation.mac, grounds, now);
        rules::judge(grounds.policy, profile, asked, names, self.wall(now))
    }

    /// What a device was told of names.
    fn names_of(&self, on: Segment, mac: Mac, grounds: Grounds<'_>, now: u64) -> Names<'_> {
        let is_listed = grounds.device().is_some();
        self.told.names(Hearer { on, mac, is_listed }, now)
    }

    /// Steps 4.3 and 4.4. Frames of no device have no profile.
    fn profile(&self, wire: usize, grounds: Grounds<'p>) -> Result<Option<&'p Profile>, Reason> {
        if grounds.decision() == Some(Decision::Quarantine) {
            return Err(Reason::Quarantined);
        }
        if let Some(wanted) = grounds.device().and_then(|device| device.wire.as_ref())
            && *wanted != self.wire(wire).name
        {
            return Err(Reason::WrongWire);
        }
        match grounds.profile() {
            None if !grounds.is_of_nobody() => Err(Reason::UnknownDevice),
            profile => Ok(profile),
        }
    }

    /// Step 4.5.
    fn related(
        &self,
        arrival: Arrival,
        grounds: Grounds<'p>,
        frame: &Frame,
        packet: &Packet,
    ) -> Option<Grant> {
        let quote = packet.quote.as_ref()?;
        let fits = quote.source.address == packet.destination
            && (arrival.side == Side::Uplink || quote.destination.address == packet.source);
        if !fits {
            return None;
        }
        let conversation = Conversation::of_quote(arrival.side, arrival.wire, frame, quote);
        let flow = self.flows.live(&conversation, arrival.now)?;
        let is_in_force = flow.epoch == self.epoch || flow.grounds.is_same_generation(grounds);
        let holds = is_in_force && !flow.has_lapsed(self.wall(arrival.now));
        holds.then_some(Grant::Related(match flow.counted() {
            Counted {
                reason: Reason::AllowedFlow,
                ..
            } => Counted {
                reason: Reason::AllowedRelated,
                ..flow.counted()
            },
            would_drop => would_drop,
        }))
    }

    /// Step 6.2: what was there before the gateway.
    fn picked_up(
        &self,
        arrival: Arrival,
        (policy, profile): (&Policy, &Profile),
        packet: &Packet,
        (asked, names): (Asked, Names<'_>),
    ) -> Option<Grant> {
        if arrival.now >= self.limits.grace_until {
            return None;
        }
        let judge =
            |asked| rules::judge(policy, profile, asked, names, self.wall(arrival.now)).ok();
        let by_sender = match packet.transport {
            Transport::Tcp { flags, .. } if is_midstream(flags) => judge(asked),
            Transport::Udp { .. } => None,
            Transport::Tcp { .. } | Transport::Icmp { .. } | Transport::Portless => return None,
        };
        if let Some(rule) = by_sender {
            return Some(Grant::Grace(rule, arrival.side));
        }
        let rule = judge(asked.by_the_receiver()?)?;
        Some(Grant::Grace(rule, arrival.side.opposite()))
    }
}

fn is_midstream(flags: TcpFlags) -> bool {
    flags.ack && !(flags.syn || flags.fin || flags.rst)
}

/// Step 6.1.
fn bind(grounds: Grounds<'_>, side: Side, own: IpAddr) -> Result<(), Reason> {
    match grounds.device() {
        Some(device) if !rules::is_bound(device, side, own) => Err(Reason::AddressNotBound),
        _ => Ok(()),
    }
}
