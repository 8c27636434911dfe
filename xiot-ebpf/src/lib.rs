//! The life of a frame, in the order in which the modules are listed.
//!
//! The program builds for the host too, so that everything that is a plain function over bytes can be
//! tested there.
#![cfg_attr(target_arch = "bpf", no_std)]
#![cfg_attr(target_arch = "bpf", feature(asm_experimental_arch))]

pub mod clock;
pub mod config;
pub mod flow;
pub mod forward;
pub mod fragment;
pub mod frame;
pub mod guard;
pub mod judge;
pub mod packet;
pub mod parse;
pub mod policy;
pub mod port;
pub mod record;
pub mod scratch;
pub mod verdict;

use aya_ebpf::{bindings::xdp_action, programs::XdpContext};
use xiot_common::reason::{Class, Reason};

use crate::{frame::Frame, verdict::Verdict};

/// Judges, counts and forwards one frame.
#[inline(always)]
pub fn run(ctx: &XdpContext) -> u32 {
    // SAFETY: the kernel gave this context.
    let frame = unsafe { Frame::of(ctx.ctx) };
    // The element of a per-CPU array of one is always there; the verifier wants it asked.
    let Some(scratch) = scratch::take() else {
        return xdp_action::XDP_DROP;
    };
    scratch.repeated.set(0);
    if config::guards() != 0 {
        scratch.objection.set(0);
        scratch.storm.set(0);
    }
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
    let (verdict, action) = if verdict.dropped {
        (verdict, xdp_action::XDP_DROP)
    } else {
        match forward::wire(&frame, &scratch.packet.port) {
            Ok(action) => (verdict, action),
            Err(reason) => (Verdict::dropped(reason), xdp_action::XDP_DROP),
        }
    };
    if !verdict.hit {
        // The parser measures further buffers only where an IP header reaches into them.
        scratch.packet.length = frame.whole_length();
    }
    record::counter::reason(&scratch.packet, &verdict);
    record::counter::device(&scratch.packet, &verdict);
    if verdict.reason == Reason::AllowedRule {
        record::rule::hit(verdict.rule, scratch.packet.now);
    }
    if !verdict.hit && verdict.reason.class() != Class::Allowed {
        scratch.set_verdict(&verdict);
        record::event::xiot_event();
    }
    #[cfg(feature = "log")]
    if !verdict.hit {
        scratch.set_verdict(&verdict);
        record::log::xiot_log();
    }
    if config::trace() != 0 {
        record::trace::write(0, &verdict);
    }
    action
}
