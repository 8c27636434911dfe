//! Filing a flow: where there is room for it, and who gives way where there is none.

use xiot_common::{
    flow_hash::FlowHash,
    flow_line::{HOLD_CONFIRMED, HOLD_NONE},
    flow_table::{FlowMark, MARK_CONFIRMED},
};

use super::{
    KEY, NOWHERE, Numbers, Place, SLOTS, at, hints, marks, number, owners, room, xiot_find,
};
use crate::scratch::{self, Scratch};

/// While so few slots of the first set are taken, the second is not looked at: most flows are found in the first then.
const FEW: u32 = SLOTS / 2;

/// Who finds so many slots of a set taken is not filed there only because its own is free: sets would fill up that have no need
/// to (one key in 70,000 finds no room in a table of half as many flows as slots then; with this bound none in 20 million).
const MANY: u32 = SLOTS - 2;

/// Files the flow in the scratch under the packet's key, as half-open. Over an older one of the same key.
///
/// False where there is no room: both sets of the key are full of live flows that both sides spoke in. Made of global functions
/// which all are called from the entry: one below the other they would exceed the stack.
#[inline(always)]
pub(in crate::flow) fn file() -> bool {
    // Once more where another CPU takes the place in this instant.
    let mut tries = 0;
    while tries < 2 {
        let number = match find_again(tries != 0) {
            NOWHERE => xiot_choose(),
            number => number,
        };
        if xiot_fill(number) != 0 {
            xiot_one_of_two(number);
            return true;
        }
        tries += 1;
    }
    false
}

/// Number of the place that the packet's key has by now; [`NOWHERE`] if there is none, or was none when the entry looked.
#[inline(always)]
fn find_again(is_again: bool) -> u32 {
    let missed = scratch::get().is_some_and(|scratch| scratch.missed.get() != 0);
    if missed && !is_again {
        NOWHERE
    } else {
        xiot_find(KEY)
    }
}

/// Sees to it that the flow in the scratch is there once, where another CPU has filed it too: that of the lower number stays; 1: it had
/// to. Each CPU looks after its own is there, so that one of them at least sees both.
#[unsafe(no_mangle)]
#[inline(never)]
pub(super) extern "C" fn xiot_one_of_two(own: u32) -> u32 {
    let Some(scratch) = scratch::get() else {
        return 0;
    };
    let FlowHash {
        first,
        second,
        tag,
        hint,
        ..
    } = scratch.hash.get();
    // SAFETY: the element belongs to this CPU and is not written while this frame is judged.
    let (line, rest) = unsafe { (&*scratch.line.as_ptr(), &*scratch.rest.as_ptr()) };
    for set in [first, second] {
        let mut numbers = Numbers::of(set, hint);
        while let Some(number) = numbers.next() {
            if number == own {
                continue;
            }
            if let Some(place) = at(number)
                && place.holds_short(tag, &line.key, rest.ends())
            {
                let twin = if number < own { at(own) } else { Some(place) };
                if let Some(twin) = twin {
                    twin.remove(tag);
                }
                return 1;
            }
        }
    }
    0
}

/// Fills the place of this number with the flow in the scratch; 0: there is none, or another CPU takes it right now.
#[unsafe(no_mangle)]
#[inline(never)]
pub(super) extern "C" fn xiot_fill(number: u32) -> u32 {
    match (scratch::get(), at(number)) {
        (Some(scratch), Some(place)) => u32::from(fill(scratch, place)),
        (None, _) | (_, None) => 0,
    }
}

#[inline(always)]
fn fill(scratch: &Scratch, place: Place) -> bool {
    // As it was when the place was found or chosen: whoever took it since keeps it.
    let before = FlowMark::from_word(scratch.mark.get());
    let Some(rest) = place.rest() else {
        return false;
    };
    if !place.pass(before, FlowMark::CLAIMED) {
        return false;
    }
    if before.is_confirmed() {
        room::leave();
    }
    // Nobody takes what is written for the flow that was here, nor half of it for one.
    place.line().hold = HOLD_NONE;
    // SAFETY: elements of maps. Copied without a way over the stack.
    unsafe {
        scratch
            .line
            .as_ptr()
            .copy_to_nonoverlapping(place.line(), 1);
        scratch.rest.as_ptr().copy_to_nonoverlapping(rest, 1);
    }
    let hash = scratch.hash.get();
    let line = place.line();
    owners::note(line.key.mac_word());
    place.hint(hash.hint);
    // A flow that moves may be confirmed.
    let confirmed = if line.hold == HOLD_CONFIRMED {
        MARK_CONFIRMED
    } else {
        0
    };
    place.publish(FlowMark {
        tag: hash.tag | confirmed,
        second: line.last_seen,
    });
    true
}

/// The number of a place for the key that was looked for last and has none; [`NOWHERE`] if none gives way. Its mark is left in the
/// scratch.
#[unsafe(no_mangle)]
#[inline(never)]
pub(super) extern "C" fn xiot_choose() -> u32 {
    let Some(scratch) = scratch::get() else {
        return NOWHERE;
    };
    let FlowHash {
        first,
        second,
        home,
        ..
    } = scratch.hash.get();
    // By hints, which have been read already; marks are far away. Who claims a place in this instant shows by its mark.
    let (here, there) = (hints(first).free(), hints(second).free());
    // Where frames look first.
    for (set, free) in [(first, here), (second, there)] {
        if free.has(home) && SLOTS - free.count() < MANY {
            let mark = marks(set).map_or(FlowMark::CLAIMED, |marks| marks.get(home));
            if mark.tag == 0 {
                scratch.mark.set(mark.to_word());
                return number(set, home);
            }
        }
    }
    let (taken, also_taken) = (SLOTS - here.count(), SLOTS - there.count());
    let number = if taken <= FEW || taken <= also_taken {
        free(scratch, first, home)
    } else {
        free(scratch, second, home)
    };
    if number != NOWHERE {
        return number;
    }
    // Where both are full, flows that are to stay shall be as many in the one as in the other.
    let (one, other) = if confirmed(first) <= confirmed(second) {
        (first, second)
    } else {
        (second, first)
    };
    for set in [one, other] {
        let number = longest_silent(scratch, set);
        if number != NOWHERE {
            return number;
        }
    }
    for set in [one, other] {
        let number = over(scratch, set);
        if number != NOWHERE {
            return number;
        }
    }
    NOWHERE
}

/// How many slots are for good. Without a branch: the verifier would walk every pattern of them.
#[inline(always)]
fn confirmed(set: u32) -> u32 {
    let Some(marks) = marks(set) else {
        return SLOTS;
    };
    let mut sum = 0;
    let mut slot = 0;
    while slot < SLOTS {
        sum += marks.tag(slot) >> MARK_CONFIRMED.trailing_zeros();
        slot += 1;
    }
    sum
}

/// A free slot of the set: the one at home before all others.
#[inline(always)]
fn free(scratch: &Scratch, set: u32, home: u32) -> u32 {
    let Some(marks) = marks(set) else {
        return NOWHERE;
    };
    let mut step = 0;
    while step < SLOTS {
        let slot = home ^ step;
        let mark = marks.get(slot);
        if mark.tag == 0 {
            scratch.mark.set(mark.to_word());
            return number(set, slot);
        }
        step += 1;
    }
    NOWHERE
}

/// The half-open flow of the set that has been silent for longest.
#[inline(always)]
fn longest_silent(scratch: &Scratch, set: u32) -> u32 {
    let (Some(place), Some(marks)) = (scratch::forgetful(), marks(set)) else {
        return NOWHERE;
    };
    let (mut found, mut since) = (NOWHERE, u32::MAX);
    let mut slot = 0;
    while slot < SLOTS {
        let mark = marks.get(slot);
        if mark.is_filed() && !mark.is_confirmed() && mark.second < since {
            since = place.forget(mark.second);
            found = place.forget(number(set, slot));
            scratch.mark.set(mark.to_word());
        }
        slot += 1;
    }
    found
}

/// A flow of the set that is over.
#[inline(always)]
fn over(scratch: &Scratch, set: u32) -> u32 {
    let mut slot = 0;
    while slot < SLOTS {
        let number = number(set, slot);
        if let Some(place) = at(number) {
            let mark = place.mark();
            if mark.is_filed() && place.line().is_over(scratch.packet.now) {
                scratch.mark.set(mark.to_word());
                return number;
            }
        }
        slot += 1;
    }
    NOWHERE
}
