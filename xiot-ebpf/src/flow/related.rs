//! ICMP errors: allowed as far as the conversation is that they are about (docs/judgement.md, 4.5).

use xiot_common::reason::Reason;

use super::{
    reason,
    table::{self, Place},
};
use crate::{clock, packet::Fragment, policy::subject::Subject, scratch::Scratch};

/// The reason of an ICMP error, and the rule of its flow.
#[inline(always)]
pub(crate) fn judge(scratch: &Scratch, subject: &Subject) -> (Reason, u32) {
    match find(scratch, subject) {
        Some(place) if place.line().is_would_drop() => (reason(place.line()), 0),
        Some(place) => {
            let rule = place.rest().map_or(0, |rest| rest.rule);
            (Reason::AllowedRelated, rule)
        }
        None => (Reason::IcmpErrorUnrelated, 0),
    }
}

#[inline(always)]
fn find(scratch: &Scratch, subject: &Subject) -> Option<Place> {
    if scratch.has_quote.get() == 0 || scratch.packet.fragment != Fragment::No {
        return None;
    }
    let place = table::at(scratch.quoted_place.get())?;
    let (line, rest) = (place.line(), place.rest()?);
    let is_current = line.is_live(scratch.packet.now)
        && (!rest.is_timed() || rest.is_in_span(clock::wall()))
        && (line.epoch == scratch.packet.epoch || rest.generation == subject.generation);
    is_current.then_some(place)
}
