//! What the entry refuses by itself: plain frames without a flow, of devices that are not listed or that speak to whom they are not
//! listed for, once there is no event to be sent of them. A flood of such frames costs little, and nothing that others need.
//!
//! It decides nothing that the program that judges would not decide alike (docs/judgement.md): whatever could be otherwise (a mode
//! that forwards, a guard that enforces, a rule that may match, the grace period) it does not touch.

use aya_ebpf::bindings::xdp_md;
use xiot_common::{
    device::{ANY_WIRE, DEVICE_BOUND, Mode},
    flow_line::ShortKey,
    profile::PROFILE_NAMES,
    reason::Reason,
    slot::{SLOT_NAMES, SLOT_UNKNOWN_PROFILE},
};

use crate::{
    config,
    frame::Frame,
    guard,
    packet::Packet,
    parse::l4,
    policy::{
        binding, device,
        peer::{self, Opener},
        rule::{self, Question},
        service,
        slot::{self, Slot},
    },
    record, scratch,
    verdict::Verdict,
};

/// Whether a frame that has no flow is refused, by what of its conversation [`muted`](crate::record::muted) knows it by. It is
/// counted then; else somebody has to look closer, and nothing has been changed.
#[inline(always)]
pub(crate) fn is_refused(frame: &Frame, packet: &Packet, key: &ShortKey, tag: u32) -> bool {
    let Some(scratch) = scratch::take() else {
        return false;
    };
    // What is asked about below, and no more: this is on the way of every frame that has no flow.
    let asked = &mut scratch.packet;
    asked.src_mac = packet.src_mac;
    asked.dst_mac = packet.dst_mac;
    asked.now = packet.now;
    asked.port.index = packet.port.index;
    asked.port.wire = packet.port.wire;
    asked.port.side = packet.port.side;
    asked.vlans = packet.vlans;
    asked.dst_port = packet.dst_port;
    asked.protocol = packet.protocol;
    asked.tcp_flags = packet.tcp_flags;
    scratch.short.set(*key);
    !cfg!(feature = "log") && xiot_refuse(frame.ctx(), tag) != 0
}

/// Refuses it: 1. By itself, so that frames of flows need not have at hand what is needed here.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn xiot_refuse(ctx: *mut xdp_md, tag: u32) -> u32 {
    // SAFETY: the caller hands its context on.
    let frame = unsafe { Frame::of(ctx) };
    let Some(scratch) = scratch::take() else {
        return 0;
    };
    let packet = &mut scratch.packet;
    let Some(silence) = record::event::silence(packet) else {
        return 0;
    };
    if !silence.covers(packet.now, tag) || guard::may_drop(packet) {
        return 0;
    }
    let slot = slot::alone_in_force(packet.now).and_then(|(slot, _)| slot::judging(slot));
    let Some(verdict) = slot.and_then(|slot| judge(&slot, packet, &scratch.short.get())) else {
        return 0;
    };
    // It may have more buffers than the first, whatever its IP header says.
    packet.length = frame.whole_length();
    record::counter::reason(packet, &verdict);
    record::counter::device(packet, &verdict);
    silence.hold_back();
    if config::trace() != 0 {
        record::trace::write(0, packet.now, &verdict);
    }
    1
}

/// The verdict on a frame that is refused.
#[inline(always)]
fn judge(slot: &Slot, packet: &Packet, key: &ShortKey) -> Option<Verdict> {
    let is_tcp = packet.protocol == l4::TCP;
    if is_tcp && !l4::are_flags(packet.tcp_flags) {
        return None;
    }
    let id = device::find(slot, packet);
    let refused = |reason, mode| {
        let mode = Mode::from_u8(mode);
        (mode == Mode::Enforce).then_some(Verdict::new(reason, mode, id, 0, slot.index))
    };
    if id == 0 {
        return if slot.header.flags & SLOT_UNKNOWN_PROFILE == 0 {
            refused(Reason::UnknownDevice, slot.header.unknown_mode)
        } else {
            None
        };
    }
    let record = slot.device(id)?;
    let is_here = record.wire == ANY_WIRE || record.wire == packet.port.wire;
    if !is_here || key.is_ipv6() || service::may_be_dhcp(packet) {
        return None;
    }
    let [device, peer] = key.ends_v4().map(u32::from_be);
    if record.flags & DEVICE_BOUND != 0 && !binding::is_own_v4(slot, id, device)? {
        return refused(Reason::AddressNotBound, record.mode);
    }
    if is_tcp && !packet.is_pure_syn() {
        return refused(Reason::TcpNoFlow, record.mode);
    }
    let question = Question {
        opener: Opener::sender(packet),
        service: packet.dst_port,
        client: key.ports()[usize::from(!packet.is_from_device())],
    };
    // An address may have a name that is allowed.
    if slot.header.flags & SLOT_NAMES != 0
        && slot.profile(record.profile)?.flags & PROFILE_NAMES != 0
    {
        return None;
    }
    let reason = by_rules(slot, record.profile, peer, packet.protocol, question)?;
    refused(reason, record.mode)
}

/// Why no rule of the profile allows the conversation; none if one may.
#[inline(always)]
fn by_rules(
    slot: &Slot,
    profile: u32,
    peer: u32,
    protocol: u8,
    question: Question,
) -> Option<Reason> {
    // In this order whoever asks: the verifier would walk each.
    let to = peer::longest_v4(slot, profile, Opener::Device, peer)?;
    let from = peer::longest_v4(slot, profile, Opener::Peer, peer)?;
    let (own, opposite) = match question.opener {
        Opener::Device => (to, from),
        Opener::Peer => (from, to),
    };
    let answer = rule::ask(slot, own, protocol, question);
    if answer.rule().is_some() {
        return None;
    }
    Some(rule::nearest_miss(
        slot, answer, opposite, protocol, question,
    ))
}
