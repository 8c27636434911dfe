//! The pipeline: the order of the stages and nothing else (docs/judgement.md).

use xiot_common::{
    device::{ANY_WIRE, DEVICE_BOUND, Mode},
    profile::SERVICE_ARP,
    reason::Reason,
    slot::SLOT_UNKNOWN_PROFILE,
    table::scope,
};

use crate::{
    flow::{self, Lookup, Opening},
    frame::Frame,
    packet::{Fragment, Kind, Packet, is_group},
    parse,
    policy::{
        device,
        peer::{self, Whose},
        rule, service,
        slot::{self, Slot},
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
}

impl Why {
    #[inline(always)]
    const fn from_u32(number: u32) -> Self {
        match number {
            0 => Self::Miss,
            1 => Self::Reopen,
            2 => Self::ReopenEstablished,
            _ => Self::BadState,
        }
    }
}

/// Judges the frame.
#[inline(always)]
pub fn judge(frame: &Frame, scratch: &mut Scratch) -> Verdict {
    let packet = &mut scratch.packet;
    if let Err(reason) = parse::parse(frame, packet) {
        return Verdict::dropped(reason);
    }
    if !parse::has_flow(packet) {
        return slow(scratch, Why::Miss);
    }
    match flow::lookup(packet) {
        Lookup::Hit {
            reason,
            device,
            rule,
        } => Verdict {
            hit: true,
            ..Verdict::new(reason, Mode::Monitor, device, rule, 0)
        },
        Lookup::Miss => slow(scratch, Why::Miss),
        Lookup::Reopen { gives_way: true } => slow(scratch, Why::Reopen),
        Lookup::Reopen { gives_way: false } => slow(scratch, Why::ReopenEstablished),
        Lookup::BadState => slow(scratch, Why::BadState),
    }
}

/// Whose frame it is and what follows from that.
#[derive(Clone, Copy, Debug)]
struct Subject {
    device: u32,
    generation: u32,
    mode: Mode,
    /// Profile index, or [`NO_PROFILE`].
    profile: u32,
    wrong_wire: bool,
    bound: bool,
}

const NO_PROFILE: u32 = u32::MAX;

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
    let verdict = by_slot(&scratch.packet, Why::from_u32(why));
    if verdict.reason == Reason::AllowedRule {
        record::rule::hit(verdict.rule, scratch.packet.now);
    }
    scratch.set_verdict(&verdict);
    0
}

#[inline(always)]
fn by_slot(packet: &Packet, why: Why) -> Verdict {
    let Some(slot) = slot::active() else {
        return Verdict::dropped(Reason::NoPolicy);
    };
    let no_device = !packet.is_from_device() && is_group(packet.dst_mac);
    let subject = subject(&slot, packet, no_device);
    let (reason, rule) = match why {
        Why::BadState => (Reason::TcpBadState, 0),
        Why::Miss | Why::Reopen | Why::ReopenEstablished if no_device => (group(&slot, packet), 0),
        Why::Miss | Why::Reopen | Why::ReopenEstablished => by_policy(&slot, packet, &subject, why),
    };
    Verdict::new(reason, subject.mode, subject.device, rule, slot.index)
}

#[inline(always)]
fn subject(slot: &Slot, packet: &Packet, no_device: bool) -> Subject {
    let id = if no_device {
        0
    } else {
        device::find(slot, packet)
    };
    if id != 0
        && let Some(record) = slot.device(id)
    {
        return Subject {
            device: id,
            generation: record.generation,
            mode: Mode::from_u8(record.mode),
            profile: record.profile,
            wrong_wire: record.wire != ANY_WIRE && record.wire != packet.port.wire,
            bound: record.flags & DEVICE_BOUND != 0,
        };
    }
    let judged = slot.header.flags & SLOT_UNKNOWN_PROFILE != 0;
    Subject {
        device: 0,
        generation: 0,
        mode: Mode::from_u8(slot.header.unknown_mode),
        profile: if judged {
            slot.header.unknown_profile
        } else {
            NO_PROFILE
        },
        wrong_wire: false,
        bound: false,
    }
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

/// Steps 3 to 6 for a frame that belongs to a device, listed or not.
#[inline(always)]
fn by_policy(slot: &Slot, packet: &Packet, subject: &Subject, why: Why) -> (Reason, u32) {
    let ip = matches!(packet.kind, Kind::Ipv4 | Kind::Ipv6);
    let profile = if subject.profile == NO_PROFILE {
        None
    } else {
        slot.profile(subject.profile)
    };
    let refusal = match profile {
        _ if subject.wrong_wire => Some(Reason::WrongWire),
        None => Some(Reason::UnknownDevice),
        Some(profile) => match packet.kind {
            Kind::Arp if profile.services & SERVICE_ARP != 0 => {
                return (Reason::AllowedService, 0);
            }
            Kind::Arp => Some(Reason::ServiceDenied),
            Kind::Other => Some(Reason::EthertypeDenied),
            Kind::Ipv4 | Kind::Ipv6 => None,
        },
    };
    if let Some(reason) = refusal
        && !ip
    {
        return (reason, 0);
    }
    if packet.fragment == Fragment::Later {
        return (refusal.unwrap_or(Reason::FragmentUntracked), 0);
    }
    let mut opening = Opening {
        reason: Reason::UnknownDevice,
        rule: 0,
        device: subject.device,
        generation: subject.generation,
        mode: subject.mode,
    };
    if let Some(reason) = refusal {
        opening.reason = reason;
    } else {
        if let Some(profile) = profile
            && service::allows(slot, packet, profile.services)
        {
            return (Reason::AllowedService, 0);
        }
        if subject.bound && !is_bound(slot, packet, subject.device) {
            opening.reason = Reason::AddressNotBound;
        } else if let Some(reason) = rule::cannot_open(packet) {
            opening.reason = reason;
        } else {
            let ruling = rule::judge(slot, packet, subject.profile);
            opening.reason = ruling.reason;
            opening.rule = ruling.rule;
        }
    }
    // A live flow gives way to nothing that policy denies.
    if why == Why::ReopenEstablished
        || (why == Why::Reopen && opening.reason != Reason::AllowedRule)
    {
        return (opening.reason, opening.rule);
    }
    let timeouts = profile.map_or(xiot_common::profile::Timeouts::DEFAULT, |p| p.timeouts);
    let reason = flow::open(packet, &opening, &timeouts);
    let rule = if reason == Reason::AllowedRule {
        opening.rule
    } else {
        0
    };
    (reason, rule)
}

/// Whether the address on the device's side is one of the device's own, or one that anybody may use.
#[inline(always)]
fn is_bound(slot: &Slot, packet: &Packet, device: u32) -> bool {
    let addr = &packet.key.device;
    if addr.is_unspecified() || addr.is_v6_link_local() {
        return true;
    }
    if !packet.is_from_device() && is_group_addr(addr) {
        return true;
    }
    peer::contains(slot, scope::binding(device), Whose::Device)
}

/// 224.0.0.0/4, 255.255.255.255 and `ff00::/8`.
#[inline(always)]
fn is_group_addr(addr: &xiot_common::addr::Addr) -> bool {
    if addr.is_v4() {
        let host = addr.v4_host();
        host >> 28 == 0xe || host == u32::MAX
    } else {
        addr.0[0].to_ne_bytes()[0] == 0xff
    }
}
