//! What is written down of a frame: counters, events, observations. Nothing here decides.

pub mod counter;
pub mod event;
pub mod observed;
pub mod rule;
pub mod trace;

use xiot_common::reason::Class;

use crate::{config, packet::Packet, verdict::Verdict};

/// Writes down a verdict that has been carried out.
#[inline(always)]
pub fn record(packet: &Packet, verdict: &Verdict) {
    counter::reason(packet, verdict);
    counter::device(packet, verdict);
    if !verdict.hit && verdict.reason.class() != Class::Allowed {
        event::send(packet, verdict);
    }
    if config::trace() != 0 {
        trace::write(verdict);
    }
}
