//! The pipeline: the order of the stages and nothing else (docs/judgement.md).

use xiot_common::{
    profile::SERVICE_ARP,
    reason::{Class, Reason},
};

use crate::{
    config,
    flow::{self, Answer, Lookup, related},
    fragment::{self, Later},
    frame::Frame,
    guard,
    packet::{ACK, FIN, Fragment, Icmp, Kind, Packet, RST, SYN, is_group},
    parse::{self, l4, quote},
    policy::{
        binding, name,
        peer::Opener,
        rule::{self, Question},
        service,
        slot::{self, Slot},
        subject::{self, Subject},
    },
    router,
    scratch::{self, Scratch},
    verdict::{self, Verdict},
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
    if config::routed() != 0 && router::xiot_admit(frame.ctx()) != 0 {
        return scratch.verdict();
    }
    let to_group = scratch.packet.is_from_device() && is_group(scratch.packet.dst_mac);
    if config::guards() != 0 && to_group && guard::group::xiot_guard_group() != 0 {
        return scratch.verdict();
    }
    guarded(frame, scratch)
}

/// Judges the frame that the router turned towards the segment of its receiver.
#[inline(always)]
pub fn judge_routed(frame: &Frame, scratch: &mut Scratch) -> Verdict {
    if let Err(reason) = router::turn(scratch) {
        return Verdict::dropped(reason);
    }
    guarded(frame, scratch)
}

/// Judges what was parsed.
#[inline(always)]
fn guarded(frame: &Frame, scratch: &mut Scratch) -> Verdict {
    let verdict = datagram(frame, scratch);
    if config::guards() == 0 {
        verdict
    } else {
        guard::overrule(verdict, scratch)
    }
}

/// Judges a whole datagram or a fragment of one.
#[inline(always)]
fn datagram(frame: &Frame, scratch: &mut Scratch) -> Verdict {
    if scratch.packet.fragment == Fragment::Later {
        return match Later::from_u32(fragment::xiot_fragment_later()) {
            Later::Verdict => scratch.verdict(),
            Later::Overlap => Verdict::dropped(Reason::FragmentOverlap),
            Later::Untracked => slow(frame, scratch, Why::Miss),
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
            flow::table::find_quoted(scratch);
        }
        return slow(frame, scratch, Why::Miss);
    }
    let why = match flow::lookup(scratch) {
        Lookup::Hit {
            reason,
            mode,
            device,
            rule,
        } => return Verdict::hit(reason, mode, device, rule),
        Lookup::Miss if flow::denied::is_denied(&scratch.packet) => return scratch.verdict(),
        Lookup::Miss => Why::Miss,
        Lookup::HalfOpen => match flow::ask_half_open(&scratch.packet) {
            Answer::Verdict => return scratch.verdict(),
            Answer::Miss if flow::denied::is_denied(&scratch.packet) => return scratch.verdict(),
            Answer::Miss | Answer::Stale => Why::Miss,
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
    slow(frame, scratch, why)
}

/// Judges by guards and policy.
#[inline(always)]
fn slow(frame: &Frame, scratch: &Scratch, why: Why) -> Verdict {
    // Of a segment that cannot come now the flow has decided.
    let guarded = config::guards() != 0 && why != Why::BadState;
    let denied = guarded && guard::xiot_guard(frame.ctx()) != 0;
    if !denied && by_policy_and_names(scratch, why) {
        flow::open();
    }
    let verdict = scratch.verdict();
    if why == Why::Revoked && verdict.dropped && verdict.reason.class() == Class::Denied {
        return Verdict {
            reason: Reason::Revoked,
            ..verdict
        };
    }
    verdict
}

/// Judges by policy, and where that has to be asked by the names that the peer has. Whether the frame opens a flow.
#[inline(always)]
fn by_policy_and_names(scratch: &Scratch, why: Why) -> bool {
    name::begin();
    let mut opens = xiot_slow(why as u32);
    let mut round = 0;
    while round < name::ROUNDS && name::is_pending(scratch) {
        name::ask();
        opens = xiot_slow(why as u32);
        round += 1;
    }
    opens != 0
}

/// Judges by policy: everything that is not answered from the flow table. The verdict is left in the scratch; 1: where
/// there is room, the frame opens the flow that it is about.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn xiot_slow(why: u32) -> u32 {
    let Some(scratch) = scratch::get() else {
        return 0;
    };
    let packet = &scratch.packet;
    let Some(slot) = slot::judging(packet.slot) else {
        scratch.set_verdict(&Verdict::dropped(Reason::NoPolicy));
        return 0;
    };
    scratch.wall.set(0);
    let subject = Subject::of(&slot, packet);
    let finding = by_slot(&slot, scratch, &subject, Why::from_u32(why));
    if name::is_pending(scratch) {
        return 0;
    }
    let verdict = Verdict::new(
        finding.reason,
        verdict::mode(finding.reason, subject.mode),
        subject.device,
        finding.rule,
        slot.index,
    );
    scratch.set_verdict(&verdict);
    // What the wall clock was asked for may be otherwise within this second.
    if verdict.dropped && parse::has_flow(packet) && scratch.wall.get() == 0 {
        flow::denied::keep(scratch, &verdict);
    }
    match finding.opener {
        Some(opener) if !verdict.dropped => {
            scratch.opener.set(opener as u32);
            1
        }
        Some(_) | None => 0,
    }
}

/// What policy says of a frame.
#[derive(Clone, Copy, Debug)]
struct Finding {
    reason: Reason,
    /// The rule that allows it, or 0.
    rule: u32,
    /// Who opens a flow with it; none if there is to be none.
    opener: Option<Opener>,
}

impl Finding {
    /// It makes no flow.
    #[inline(always)]
    const fn flowless(reason: Reason, rule: u32) -> Self {
        Self {
            reason,
            rule,
            opener: None,
        }
    }
}

#[inline(always)]
fn by_slot(slot: &Slot, scratch: &Scratch, subject: &Subject, why: Why) -> Finding {
    let packet = &scratch.packet;
    match why {
        Why::BadState => Finding::flowless(Reason::TcpBadState, 0),
        Why::Miss | Why::Reopen | Why::ReopenEstablished | Why::Revoked => {
            if config::guards() != 0
                && packet.kind == Kind::Other
                && !subject.decided.is_quarantine()
                && guard::xiot_guard_ethertype() != 0
            {
                Finding::flowless(Reason::AllowedEthertype, 0)
            } else if subject.is_nobody(packet) {
                Finding::flowless(group(slot, packet), 0)
            } else {
                by_policy(slot, scratch, subject, why)
            }
        }
    }
}

/// A frame from the uplink to a group that the policy does not list: the services of all profiles decide.
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

/// Steps 4 to 6 for a frame that belongs to a device, listed or not.
#[inline(always)]
fn by_policy(slot: &Slot, scratch: &Scratch, subject: &Subject, why: Why) -> Finding {
    let packet = &scratch.packet;
    let profile = subject.profile(slot);
    // Whoever it is for, everybody hears what is sent to a group.
    let services = profile.map_or(0, |profile| {
        if subject::is_to_group(packet) {
            slot.header.services
        } else {
            profile.services
        }
    });
    let by_no_rule = |reason| Finding {
        reason,
        rule: 0,
        opener: Some(Opener::sender(packet)),
    };
    let mut finding = match (profile, packet.kind) {
        _ if subject.decided.is_quarantine() => by_no_rule(Reason::Quarantined),
        _ if subject.wrong_wire => by_no_rule(Reason::WrongWire),
        (None, _) => by_no_rule(Reason::UnknownDevice),
        (Some(_), Kind::Arp) if services & SERVICE_ARP != 0 => by_no_rule(Reason::AllowedService),
        (Some(_), Kind::Arp) => by_no_rule(Reason::ServiceDenied),
        (Some(_), Kind::Other) => by_no_rule(Reason::EthertypeDenied),
        (Some(_), Kind::Ipv4 | Kind::Ipv6) if packet.fragment == Fragment::Later => {
            by_no_rule(Reason::FragmentUntracked)
        }
        (Some(_), Kind::Ipv4 | Kind::Ipv6) if packet.icmp == Icmp::Error => {
            let (reason, rule) = related::judge(scratch, subject);
            return Finding::flowless(reason, rule);
        }
        (Some(_), Kind::Ipv4 | Kind::Ipv6) => {
            if service::allows(slot, packet, services) {
                return Finding::flowless(Reason::AllowedService, 0);
            }
            by_rules(slot, packet, subject)
        }
    };
    let ip = matches!(packet.kind, Kind::Ipv4 | Kind::Ipv6);
    // A live flow gives way to nothing that policy denies.
    let stays = why == Why::ReopenEstablished
        || (why == Why::Reopen && finding.reason.class() != Class::Allowed);
    if !ip || packet.fragment == Fragment::Later || stays {
        finding.opener = None;
    }
    finding
}

/// Binding and rules: what the device may open or be opened to.
#[inline(always)]
fn by_rules(slot: &Slot, packet: &Packet, subject: &Subject) -> Finding {
    let question = Question::of(packet);
    let denied = |reason| Finding {
        reason,
        rule: 0,
        opener: Some(question.opener),
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
    let ruling = rule::judge(slot, packet, subject, question);
    if ruling.reason == Reason::AllowedRule {
        return Finding {
            reason: if cannot.is_some() {
                Reason::AllowedGrace
            } else {
                Reason::AllowedRule
            },
            rule: ruling.rule,
            opener: Some(question.opener),
        };
    }
    if grace {
        let answer = Question::answered_by(packet);
        let ruling = rule::judge(slot, packet, subject, answer);
        if ruling.reason == Reason::AllowedRule {
            return Finding {
                reason: Reason::AllowedGrace,
                rule: ruling.rule,
                opener: Some(answer.opener),
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
