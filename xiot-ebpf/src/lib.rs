//! The life of a frame, in the order in which the modules are listed.
//!
//! The program builds for the host too, so that everything that is a plain function over bytes can be
//! tested there.
#![cfg_attr(target_arch = "bpf", no_std)]
#![cfg_attr(target_arch = "bpf", feature(asm_experimental_arch))]

mod ahead;
pub mod atomic;
pub mod clock;
pub mod config;
pub mod fast;
pub mod fib;
pub mod flow;
pub mod forward;
pub mod fragment;
pub mod frame;
pub mod guard;
pub mod judge;
mod name;
pub mod packet;
pub mod parse;
pub mod policy;
pub mod port;
pub mod record;
mod refuse;
pub mod router;
pub mod scratch;
pub mod stage;
pub mod verdict;

use aya_ebpf::{
    bindings::{xdp_action, xdp_md},
    programs::XdpContext,
};
use xiot_common::{
    moves::DONE,
    reason::{Class, Reason},
};

use crate::{frame::Frame, scratch::Scratch, verdict::Verdict};

/// Judges, counts and forwards a frame that the entry did not.
#[inline(always)]
pub fn run(ctx: &XdpContext) -> u32 {
    // SAFETY: the kernel gave this context.
    let frame = unsafe { Frame::of(ctx.ctx) };
    // The element of a per-CPU array of one is always there; the verifier wants it asked.
    let Some(scratch) = scratch::take() else {
        return xdp_action::XDP_DROP;
    };
    scratch.forget();
    scratch
        .packet
        .reset(frame.length(), clock::seconds(), policy::slot::in_force());
    let verdict = match port::ingress(ctx.ingress_ifindex()) {
        Some(port) => {
            scratch.packet.port = *port;
            judge::judge(&frame, scratch)
        }
        None => Verdict::dropped(Reason::NotAPort),
    };
    record::copy::of_device(frame.ctx());
    if config::routed() != 0 && !verdict.dropped && router::is_routed(&scratch.packet) {
        scratch.set_verdict(&verdict);
        learn(&frame, scratch, verdict.hit);
        let action = xiot_routed(frame.ctx());
        if action != router::HOP {
            return action;
        }
        stage::enter(ctx, stage::HOP);
        record::counter::reason(&scratch.packet, &Verdict::dropped(Reason::NoEgress));
        return xdp_action::XDP_DROP;
    }
    let is_hit = verdict.hit;
    let (verdict, action) = if verdict.dropped {
        (verdict, xdp_action::XDP_DROP)
    } else {
        match forward::wire(&frame, &scratch.packet.port) {
            Ok(action) => (verdict, action),
            Err(reason) => (Verdict::dropped(reason), xdp_action::XDP_DROP),
        }
    };
    record(&frame, scratch, 0, &verdict);
    if !verdict.dropped {
        learn(&frame, scratch, is_hit);
    }
    action
}

/// Learns from a frame that is forwarded, by a live flow (`is_hit`) or not.
#[inline(always)]
fn learn(frame: &Frame, scratch: &Scratch, is_hit: bool) {
    if is_hit && name::answer::is_due(&scratch.packet) {
        name::answer::xiot_answer(frame.ctx());
    }
    if guard::learn::is_due(scratch) {
        guard::learn::xiot_learn(frame.ctx());
    }
}

/// Counts and forwards a frame of the router that was judged on its way in, and not dropped: `XDP_*`, or [`router::HOP`].
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn xiot_routed(ctx: *mut xdp_md) -> u32 {
    // SAFETY: the caller hands its context on.
    let frame = unsafe { Frame::of(ctx) };
    let Some(scratch) = scratch::take() else {
        return xdp_action::XDP_DROP;
    };
    let action = router::forward(&frame, scratch);
    // What a router uplink sends to a device is not judged yet.
    if action != router::HOP || scratch.packet.is_from_device() {
        let verdict = scratch.verdict();
        record(&frame, scratch, 0, &verdict);
    }
    action
}

/// Judges, counts and forwards a frame that [`run`] found to be routed to a segment.
#[inline(always)]
pub fn run_hop(ctx: &XdpContext) -> u32 {
    // SAFETY: the kernel gave this context.
    let frame = unsafe { Frame::of(ctx.ctx) };
    let Some(scratch) = scratch::take() else {
        return xdp_action::XDP_DROP;
    };
    scratch.forget();
    let verdict = judge::judge_routed(&frame, scratch);
    if !verdict.dropped {
        learn(&frame, scratch, verdict.hit);
    }
    let (verdict, action) = if verdict.dropped {
        (verdict, xdp_action::XDP_DROP)
    } else {
        match router::xiot_send(frame.ctx()) {
            xdp_action::XDP_DROP => (Verdict::dropped(Reason::NoEgress), xdp_action::XDP_DROP),
            action => (verdict, action),
        }
    };
    record(&frame, scratch, 1, &verdict);
    action
}

/// Goes on to the program before, or to the next: one store of the agent says which, for all ports at once.
#[inline(always)]
pub fn relay(ctx: &XdpContext) -> u32 {
    stage::enter(ctx, stage::BEFORE);
    stage::enter(ctx, stage::NEXT);
    xdp_action::XDP_DROP
}

/// Moves some flows of the table before: [`xiot_common::moves::MORE`] or [`xiot_common::moves::DONE`].
#[inline(always)]
pub fn move_flows() -> u32 {
    let Some(scratch) = scratch::take() else {
        return DONE;
    };
    scratch.packet.now = clock::seconds();
    flow::table::before::move_set(scratch)
}

/// Writes a verdict down wherever it belongs, in this place of the trace.
#[inline(always)]
fn record(frame: &Frame, scratch: &mut Scratch, place: u32, verdict: &Verdict) {
    if !verdict.hit {
        // The parser measures further buffers only where an IP header reaches into them.
        scratch.packet.length = frame.whole_length();
    }
    record::counter::reason(&scratch.packet, verdict);
    record::counter::device(&scratch.packet, verdict);
    if verdict.reason == Reason::AllowedRule {
        record::rule::hit(verdict.rule, scratch.packet.now);
    }
    if !verdict.hit && verdict.reason.class() != Class::Allowed {
        scratch.set_verdict(verdict);
        record::event::xiot_event();
    }
    #[cfg(feature = "log")]
    if !verdict.hit {
        scratch.set_verdict(verdict);
        record::log::xiot_log();
    }
    if config::trace() != 0 {
        record::trace::write(place, scratch.packet.now, verdict);
    }
}
