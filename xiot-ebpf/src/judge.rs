//! The pipeline: the order of the stages and nothing else (docs/judgement.md).

use xiot_common::{
    profile::{ProfileRecord, SERVICE_ARP},
    reason::{Class, Reason},
};

use crate::{
    flow::{self, Answer, Lookup, Opening, related},
    fragment::{self, Later},
    frame::Frame,
    packet::{ACK, FIN, Fragment, Icmp, Kind, Packet, RST, SYN},
    parse::{self, l4, quote},
    policy::{
        binding,
        peer::Opener,
        rule::{self, Question},
        service,
        slot::{self, Slot},
        subject::{self, Subject},
    },
    record,
    scratch::{self, Scratch},
    verdict::Verdict,
};

/// Why the slow path was taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u32)]
enum Why {
    /// No flow.
    Miss = 0,
    /// A SYN on a live flow that gives way to what policy allows.
    Reopen = 1,
    /// A SYN on an established flow that policy allowed: it stays as it is.
    ReopenEstablished = 2,
    /// The segment cannot come now: denied, only the mode is open.
    BadState = 3,
    /// The flow was removed: policy denies it now.
    Revoked = 4,
}

impl Why {
    #[inline(always)]
    const fn from_u32(number: u32) -> Self {
        match number {
            0 => Self::Miss,
            1 => Self::Reopen,
            2 => Self::ReopenEstablished,
            3 => Self::BadState,
            _ => Self::Revoked,
        }
    }
}

/// Judges the frame.
#[inline(always)]
pub fn judge(frame: &Frame, scratch: &mut Scratch) -> Verdict {
    if let Err(reason) = parse::parse(frame, &mut scratch.packet) {
        return Verdict::dropped(reason);
    }
    if scratch.packet.fragment == Fragment::Later {
        return match Later::from_u32(fragment::xiot_fragment_later()) {
            Later::Verdict => scratch.verdict(),
            Later::Overlap => Verdict::dropped(Reason::FragmentOverlap),
            Later::Untracked => slow(scratch, Why::Miss),
        };
    }
    if scratch.packet.fragment == Fragment::First && fragment::xiot_fragment_again() != 0 {
        return Verdict::dropped(Reason::FragmentOverlap);
    }
    let verdict = conversation(frame, scratch);
    if scratch.packet.fragment == Fragment::First && !verdict.dropped {
        scratch.set_verdict(&verdict);
        fragment::xiot_fragment_first();
        return scratch.verdict();
    }
    verdict
}

/// Judges what may belong to a flow.
#[inline(always)]
fn conversation(frame: &Frame, scratch: &mut Scratch) -> Verdict {
    if !parse::has_flow(&scratch.packet) {
        if scratch.packet.icmp == Icmp::Error {
            quote::xiot_quote(frame.ctx());
        }
        return slow(scratch, Why::Miss);
    }
    let why = match flow::lookup(&mut scratch.packet) {
        Lookup::Hit {
            reason,
            mode,
            device,
            rule,
        } => return Verdict::hit(reason, mode, device, rule),
        Lookup::Miss => match Answer::from_u32(flow::xiot_half_open()) {
            Answer::Verdict => return scratch.verdict(),
            Answer::Miss => Why::Miss,
            Answer::Reopen => Why::Reopen,
            Answer::ReopenEstablished => Why::ReopenEstablished,
            Answer::BadState => Why::BadState,
            Answer::Revoked => Why::Revoked,
        },
        Lookup::Reopen { gives_way: true } => Why::Reopen,
        Lookup::Reopen { gives_way: false } => Why::ReopenEstablished,
        Lookup::BadState => Why::BadState,
        Lookup::Revoked => Why::Revoked,
    };
    slow(scratch, why)
}

/// Judges by policy.
#[inline(always)]
fn slow(scratch: &Scratch, why: Why) -> Verdict {
    xiot_slow(why as u32);
    scratch.verdict()
}

/// Judges by policy: everything that is not answered from the flow table. The verdict is left in the scratch.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn xiot_slow(why: u32) -> u32 {
    let Some(scratch) = scratch::get() else {
        return 0;
    };
    let mut verdict = by_slot(scratch, Why::from_u32(why));
    if verdict.reason == Reason::AllowedRule {
        record::rule::hit(verdict.rule, scratch.packet.now);
    }
    if why == Why::Revoked as u32 && verdict.dropped && verdict.reason.class() == Class::Denied {
        verdict.reason = Reason::Revoked;
    }
    scratch.set_verdict(&verdict);
    0
}

#[inline(always)]
fn by_slot(scratch: &Scratch, why: Why) -> Verdict {
    let packet = &scratch.packet;
    let Some(slot) = slot::judging(packet.slot) else {
        return Verdict::dropped(Reason::NoPolicy);
    };
    let subject = Subject::of(&slot, packet);
    let (reason, rule) = match why {
        Why::BadState => (Reason::TcpBadState, 0),
        Why::Miss | Why::Reopen | Why::ReopenEstablished | Why::Revoked => {
            if subject::is_of_no_device(packet) {
                (group(&slot, packet), 0)
            } else {
                by_policy(&slot, scratch, &subject, why)
            }
        }
    };
    Verdict::new(reason, subject.mode, subject.device, rule, slot.index)
}

/// A broadcast or multicast frame from the uplink: the services of all profiles decide.
#[inline(always)]
fn group(slot: &Slot, packet: &Packet) -> Reason {
    let services = slot.header.services;
    match packet.kind {
        Kind::Arp if services & SERVICE_ARP != 0 => Reason::AllowedService,
        Kind::Other => Reason::EthertypeDenied,
        Kind::Ipv4 | Kind::Ipv6 if packet.fragment == Fragment::Later => Reason::FragmentUntracked,
        Kind::Ipv4 | Kind::Ipv6 if service::allows(slot, packet, services) => {
            Reason::AllowedService
        }
        Kind::Arp | Kind::Ipv4 | Kind::Ipv6 => Reason::GroupDenied,
    }
}

/// Steps 4 to 7 for a frame that belongs to a device, listed or not: the reason, and the rule that allows it.
#[inline(always)]
fn by_policy(slot: &Slot, scratch: &Scratch, subject: &Subject, why: Why) -> (Reason, u32) {
    let packet = &scratch.packet;
    let profile = subject.profile(slot);
    let denied = |reason| Opening {
        reason,
        rule: 0,
        opener: Opener::sender(packet),
    };
    let opening = match (profile, packet.kind) {
        _ if subject.wrong_wire => denied(Reason::WrongWire),
        (None, _) => denied(Reason::UnknownDevice),
        (Some(profile), Kind::Arp) if profile.services & SERVICE_ARP != 0 => {
            return (Reason::AllowedService, 0);
        }
        (Some(_), Kind::Arp) => denied(Reason::ServiceDenied),
        (Some(_), Kind::Other) => denied(Reason::EthertypeDenied),
        (Some(_), Kind::Ipv4 | Kind::Ipv6) if packet.fragment == Fragment::Later => {
            denied(Reason::FragmentUntracked)
        }
        (Some(_), Kind::Ipv4 | Kind::Ipv6) if packet.icmp == Icmp::Error => {
            return related::judge(scratch, subject);
        }
        (Some(profile), Kind::Ipv4 | Kind::Ipv6) => {
            if service::allows(slot, packet, profile.services) {
                return (Reason::AllowedService, 0);
            }
            by_rules(slot, packet, subject)
        }
    };
    let ip = matches!(packet.kind, Kind::Ipv4 | Kind::Ipv6);
    // A live flow gives way to nothing that policy denies.
    let stays = why == Why::ReopenEstablished
        || (why == Why::Reopen && opening.reason.class() != Class::Allowed);
    if !ip || packet.fragment == Fragment::Later || stays {
        return (opening.reason, opening.rule);
    }
    open(packet, subject, profile, &opening)
}

#[inline(always)]
fn open(
    packet: &Packet,
    subject: &Subject,
    profile: Option<&ProfileRecord>,
    opening: &Opening,
) -> (Reason, u32) {
    let timeouts = subject::timeouts(profile);
    let limit = subject.new_flows(profile);
    let reason = flow::open(packet, subject, opening, &timeouts, limit);
    let rule = if reason.class() == Class::Allowed {
        opening.rule
    } else {
        0
    };
    (reason, rule)
}

/// Binding and rules: what the device may open or be opened to.
#[inline(always)]
fn by_rules(slot: &Slot, packet: &Packet, subject: &Subject) -> Opening {
    let question = Question::of(packet);
    let denied = |reason| Opening {
        reason,
        rule: 0,
        opener: question.opener,
    };
    if !binding::is_bound(slot, packet, subject, question.opener) {
        return denied(Reason::AddressNotBound);
    }
    let cannot = rule::cannot_open(packet);
    let grace = is_pickable(packet) && slot::is_grace(packet.now);
    if let Some(reason) = cannot
        && !grace
    {
        return denied(reason);
    }
    let ruling = rule::judge(slot, packet, subject.profile, question);
    if ruling.reason == Reason::AllowedRule {
        return Opening {
            reason: if cannot.is_some() {
                Reason::AllowedGrace
            } else {
                Reason::AllowedRule
            },
            rule: ruling.rule,
            opener: question.opener,
        };
    }
    if grace {
        let answer = Question::answered_by(packet);
        let ruling = rule::judge(slot, packet, subject.profile, answer);
        if ruling.reason == Reason::AllowedRule {
            return Opening {
                reason: Reason::AllowedGrace,
                rule: ruling.rule,
                opener: answer.opener,
            };
        }
    }
    denied(cannot.unwrap_or(ruling.reason))
}

/// Whether the frame can be one of a conversation that was there before the gateway.
#[inline(always)]
fn is_pickable(packet: &Packet) -> bool {
    match packet.protocol {
        l4::TCP => packet.tcp_flags & (SYN | ACK | RST | FIN) == ACK,
        l4::UDP => true,
        _ => false,
    }
}
