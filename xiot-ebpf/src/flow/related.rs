//! ICMP errors: allowed as far as the conversation is that they are about (docs/judgement.md, 4.5).

use xiot_common::{flow::FlowEntry, reason::Reason};

use super::{reason, table};
use crate::{clock, packet::Fragment, policy::subject::Subject, scratch::Scratch};

/// The reason of an ICMP error, and the rule of its flow.
#[inline(always)]
pub(crate) fn judge(scratch: &Scratch, subject: &Subject) -> (Reason, u32) {
    match find(scratch, subject) {
        Some(entry) if !entry.is_would_drop() => (Reason::AllowedRelated, entry.rule),
        Some(entry) => (reason(entry), 0),
        None => (Reason::IcmpErrorUnrelated, 0),
    }
}

#[inline(always)]
fn find(scratch: &Scratch, subject: &Subject) -> Option<&'static FlowEntry> {
    if scratch.has_quote.get() == 0 || scratch.packet.fragment != Fragment::No {
        return None;
    }
    let place = table::at(scratch.quoted_place.get())?;
    let (entry, tail) = (place.entry(), place.tail());
    let is_current = entry.is_live(scratch.packet.now)
        && (!tail.is_timed() || tail.is_in_span(clock::wall()))
        && (entry.epoch == scratch.packet.epoch || entry.generation == subject.generation);
    is_current.then_some(entry)
}
