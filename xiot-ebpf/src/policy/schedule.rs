//! Rules that are not always in force (docs/judgement.md, 10).

use xiot_common::{
    image::Line,
    schedule::{CHAIN, CHANGE_STEPS, Link, MAX_LINKS, Schedule, WINDOWS, ZoneChange},
};

use super::slot::Slot;
use crate::{
    clock,
    scratch::{self, Span},
};

const MINUTE: u64 = 60;
/// Minutes of a week.
const WEEK: u64 = 7 * 24 * 60;

/// The rule that [`super::rule`] found, or the first of the chain that it found which is in force; 0: none is. The span of that is left in the scratch.
#[inline(always)]
pub fn in_force(slot: &Slot, found: u32) -> u32 {
    if found & CHAIN == 0 {
        found
    } else {
        xiot_in_force(slot.index, found & !CHAIN)
    }
}

/// See [`in_force`]; `chain` is a line, counted from the first.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn xiot_in_force(slot: u32, chain: u32) -> u32 {
    let (Some(scratch), Some(slot), Some(forgetful)) =
        (scratch::get(), Slot::at(slot), scratch::forgetful())
    else {
        return 0;
    };
    // Kept there and not here: the stack is short this deep.
    let wall = clock::wall();
    scratch.wall.set(wall);
    scratch.zone_change.set(xiot_zone(slot.index, wall));
    let first = slot.header.chains.wrapping_add(chain);
    let mut index = 0;
    while index < MAX_LINKS {
        let at = forgetful.forget(index);
        let Some(link) = link(&slot, first.wrapping_add(at >> 3), at) else {
            return 0;
        };
        if link.schedule == 0 {
            return link.rule;
        }
        let span = xiot_schedule(slot.index, link.schedule - 1);
        if span != 0 {
            scratch.span.set(Span::from_u64(span));
            return link.rule;
        }
        index += 1;
    }
    0
}

/// The span around the present in which a schedule is in force without a break: its first second, and in the upper half
/// the second after it. 0: it is not in force.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn xiot_schedule(slot: u32, schedule: u32) -> u64 {
    let (Some(scratch), Some(slot)) = (scratch::get(), Slot::at(slot)) else {
        return 0;
    };
    let wall = scratch.wall.get();
    let Some(schedule) = schedule_at(&slot, slot.header.schedules.wrapping_add(schedule)) else {
        return 0;
    };
    let expires = if schedule.expires == 0 {
        u32::MAX
    } else {
        schedule.expires
    };
    if wall < schedule.begins || wall >= expires {
        return 0;
    }
    let span = if schedule.windows[0].end == 0 {
        Span {
            since: schedule.begins,
            until: expires,
        }
    } else {
        match window(&slot, schedule, wall, scratch.zone_change.get()) {
            Some(span) => Span {
                since: span.since.max(schedule.begins),
                until: span.until.min(expires),
            },
            None => return 0,
        }
    };
    span.to_u64()
}

/// The span of the window around a second, no longer than what local time is ahead stays.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "capped")]
fn window(slot: &Slot, schedule: &Schedule, wall: u32, place: u32) -> Option<Span> {
    let zone = change(slot, place)?;
    let forgetful = scratch::forgetful()?;
    let local = u64::from(wall) + u64::from(zone.shift);
    let this_week = local / MINUTE % WEEK;
    let mut index = 0;
    while index < WINDOWS as u32 {
        let window = schedule.windows.get(forgetful.forget(index) as usize)?;
        let (start, end) = (u64::from(window.start), u64::from(window.end));
        let minute = if this_week < start {
            this_week + WEEK
        } else {
            this_week
        };
        if start <= minute && minute < end {
            let passed = (minute - start) * MINUTE + local % MINUTE;
            let left = (end - minute) * MINUTE - local % MINUTE;
            let until = u64::from(wall) + left;
            let since = u64::from(wall).saturating_sub(passed) as u32;
            let changes = match change(slot, place.wrapping_add(1)) {
                Some(next) if place.wrapping_add(1) < slot.header.zone_changes => next.at,
                Some(_) | None => u32::MAX,
            };
            return Some(Span {
                since: since.max(zone.at),
                until: (until.min(u64::from(u32::MAX)) as u32).min(changes),
            });
        }
        index += 1;
    }
    None
}

/// The last change of the zone's offset that is not after a second.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn xiot_zone(slot: u32, wall: u32) -> u32 {
    let (Some(slot), Some(forgetful)) = (Slot::at(slot), scratch::forgetful()) else {
        return 0;
    };
    let mut low: u32 = 0;
    let mut high = slot.header.zone_changes;
    let mut step = 0;
    while step < CHANGE_STEPS {
        let middle = forgetful.forget(low.wrapping_add(high) >> 1);
        if middle == low {
            break;
        }
        match change(&slot, middle) {
            Some(change) if change.at <= wall => low = middle,
            Some(_) | None => high = middle,
        }
        step += 1;
    }
    low
}

#[inline(always)]
fn change(slot: &Slot, place: u32) -> Option<&'static ZoneChange> {
    let line = slot.line(slot.header.zone.wrapping_add(place >> 3))?;
    // SAFETY: eight changes fill a line; the index is masked to one of them.
    Some(unsafe {
        &*core::ptr::from_ref::<Line>(line)
            .cast::<ZoneChange>()
            .add((place & 7) as usize)
    })
}

#[inline(always)]
fn link(slot: &Slot, line: u32, place: u32) -> Option<&'static Link> {
    let line = slot.line(line)?;
    // SAFETY: eight links fill a line; the index is masked to one of them.
    Some(unsafe {
        &*core::ptr::from_ref::<Line>(line)
            .cast::<Link>()
            .add((place & 7) as usize)
    })
}

#[inline(always)]
fn schedule_at(slot: &Slot, line: u32) -> Option<&'static Schedule> {
    let line = slot.line(line)?;
    // SAFETY: both are 64 bytes of integers.
    Some(unsafe { &*core::ptr::from_ref::<Line>(line).cast() })
}
