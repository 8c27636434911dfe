//! The table of the program before, from which flows move into this one, which is of another size: each with its first frame, or
//! when the agent has all others moved. Only of programs that are loaded for that ([`config::moving`]).
//!
//! Nobody writes in that table by then but frames that were under way when this program took over. What they still change is found
//! and moved too, once they are done ([`xiot_common::moves`]).

use aya_ebpf::{btf_maps::Array, macros::btf_map};
use xiot_common::{
    flow::{FLOW_LEARN, FlowKey, FlowState},
    flow_hash::FlowHash,
    flow_line::{FlowLine, FlowRest, HOLD_CONFIRMED, HOLD_HALF_OPEN},
    flow_slot::FlowSlot,
    flow_table::{FlowHints, FlowMark, FlowMarks, MARK_CONFIRMED},
    moves::{DONE, MORE, Moved, Moves},
};

use super::{
    KEY, MMAPABLE, Marks, NOWHERE, Numbers, SLOTS, at,
    file::{xiot_choose, xiot_fill, xiot_one_of_two},
    number, room, xiot_find,
};
use crate::{
    atomic, config,
    scratch::{self, Scratch},
};

/// By slot.
#[btf_map]
static BEFORE_FLOWS: Array<FlowLine, 1, MMAPABLE> = Array::new();

/// By set.
#[btf_map]
static BEFORE_MARKS: Array<FlowMarks, 1, MMAPABLE> = Array::new();

/// By set.
#[btf_map]
static BEFORE_HINTS: Array<FlowHints, 1, MMAPABLE> = Array::new();

/// By slot.
#[btf_map]
static BEFORE_REST: Array<FlowRest, 1, MMAPABLE> = Array::new();

/// One element.
#[btf_map]
static MOVES: Array<Moves, 1, MMAPABLE> = Array::new();

/// Moves the flow of one of the frame's keys, for which this table was looked through in vain; gives the number of its place, or
/// [`NOWHERE`].
#[inline(always)]
pub(super) fn bring(scratch: &Scratch, which: u32) -> u32 {
    let from = xiot_before(which);
    if from == NOWHERE || !file(scratch) {
        return NOWHERE;
    }
    xiot_note_moved(from);
    // It may be that another CPU has moved it too.
    xiot_find(which)
}

/// Number of the place before that one of the frame's keys has, unless its flow has moved; the flow is left in the scratch.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn xiot_before(which: u32) -> u32 {
    let Some(scratch) = scratch::get() else {
        return NOWHERE;
    };
    let key = super::key(scratch, which);
    let hash = FlowHash::of(config::flow_seed, key, config::before_sets());
    let number = match find_in(hash.first, &hash, key) {
        NOWHERE => find_in(hash.second, &hash, key),
        number => number,
    };
    if let Some(place) = Place::of(number) {
        place.copy(scratch, place.mark());
        return number;
    }
    NOWHERE
}

/// Number of the place in this set before that the key has, unless its flow has moved.
#[inline(always)]
fn find_in(set: u32, hash: &FlowHash, key: &FlowKey) -> u32 {
    let mut numbers = Numbers::among(set, hints(set).candidates(hash.hint));
    while let Some(number) = numbers.next() {
        if Place::of(number).is_some_and(|place| place.holds(hash.tag, key)) {
            return number;
        }
    }
    NOWHERE
}

#[inline(always)]
fn hints(set: u32) -> FlowHints {
    FlowHints(BEFORE_HINTS.get_ptr_mut(set).map_or(0, |hints| {
        // SAFETY: aligned map memory. Volatile: one load.
        unsafe { hints.cast::<u64>().read_volatile() }
    }))
}

/// Files the flow in the scratch, which moves; false where there is no room for it.
#[inline(always)]
fn file(scratch: &Scratch) -> bool {
    let is_confirmed = is_confirmed(scratch);
    if is_confirmed && !room::enter(scratch.packet.now) {
        return false;
    }
    // Once more where another CPU takes the place in this instant.
    let mut tries = 0;
    while tries < 2 {
        let number = xiot_choose();
        if xiot_fill(number) != 0 {
            xiot_one_of_two(number);
            return true;
        }
        tries += 1;
    }
    if is_confirmed {
        room::leave();
    }
    false
}

/// Notes of the flow in this place before that it moved as it is in the scratch.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn xiot_note_moved(from: u32) -> u32 {
    let (Some(scratch), Some(place)) = (scratch::get(), Place::of(from)) else {
        return 0;
    };
    // SAFETY: the element belongs to this CPU and is not written in between.
    let (line, rest) = unsafe { (&*scratch.line.as_ptr(), &*scratch.rest.as_ptr()) };
    place.rest().moved = Moved::of(config::moving(), line, rest, is_confirmed(scratch));
    1
}

#[inline(always)]
fn is_confirmed(scratch: &Scratch) -> bool {
    // SAFETY: the element belongs to this CPU.
    unsafe { (*scratch.line.as_ptr()).hold == HOLD_CONFIRMED }
}

/// Moves the flows of the next set before: [`MORE`] or [`DONE`].
#[inline(always)]
pub(crate) fn move_set(scratch: &Scratch) -> u32 {
    let Some(moves) = moves() else {
        return DONE;
    };
    if moves.set >= config::before_sets() {
        if moves.round != 0 {
            return DONE;
        }
        moves.round = 1;
        moves.set = 0;
    }
    let set = moves.set;
    let mut slot = 0;
    while slot < SLOTS {
        let from = number(set, slot);
        if xiot_load_flow(from) != 0 {
            match xiot_find(KEY) {
                NOWHERE => xiot_count_moved(u32::from(has_moved(from) || move_it(scratch, from))),
                place => xiot_catch_up(from, place),
            };
        }
        slot += 1;
    }
    // Last: who is killed in between has this set looked at again.
    moves.set = set + 1;
    MORE
}

#[inline(always)]
fn moves() -> Option<&'static mut Moves> {
    let moves = MOVES.get_ptr_mut(0)?;
    // SAFETY: the element outlives the program run, and one agent at a time has flows moved.
    Some(unsafe { &mut *moves })
}

/// Takes the flow in this place before into the scratch, with its key; 0: there is none, or not one of this round.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn xiot_load_flow(from: u32) -> u32 {
    let (Some(scratch), Some(place), Some(moves)) = (scratch::take(), Place::of(from), moves())
    else {
        return 0;
    };
    let mark = place.mark();
    if !mark.is_filed() || mark.is_confirmed() != (moves.round == 0) {
        return 0;
    }
    place.copy(scratch, mark);
    let slot = FlowSlot {
        line: *place.line(),
        rest: *place.rest(),
    };
    scratch.packet.key = slot.key();
    1
}

/// Whether the flow in this place before has moved.
#[inline(always)]
fn has_moved(from: u32) -> bool {
    Place::of(from).is_some_and(|place| place.rest().moved.is_by(config::moving()))
}

#[inline(always)]
fn move_it(scratch: &Scratch, from: u32) -> bool {
    let is_filed = file(scratch);
    if is_filed {
        xiot_note_moved(from);
    }
    is_filed
}

/// Counts the flow in the scratch, which moved or found no room.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn xiot_count_moved(has_moved: u32) -> u32 {
    let (Some(scratch), Some(moves)) = (scratch::get(), moves()) else {
        return 0;
    };
    // SAFETY: the element belongs to this CPU.
    let line = unsafe { &*scratch.line.as_ptr() };
    if has_moved != 0 {
        moves.moved += 1;
    } else if line.is_live(scratch.packet.now) {
        moves.left_out += 1;
    }
    0
}

/// Adds to the flow in a place of this table what the one that it was, in this place before, has got on since it moved.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn xiot_catch_up(from: u32, place: u32) -> u32 {
    let (Some(before), Some(place), Some(scratch), Some(moves)) =
        (Place::of(from), at(place), scratch::get(), moves())
    else {
        return 0;
    };
    let Some(rest) = place.rest() else {
        return 0;
    };
    let id = config::moving();
    let is_confirmed = before.mark().is_confirmed();
    let (line, old) = (place.line(), before.line());
    let moved = before.rest().moved;
    let counts = before.rest().counts(old);
    let [from_frames, from_bytes, to_frames, to_bytes] =
        moved.missing(id, counts, rest.counts(line));
    // SAFETY: aligned map memory.
    unsafe {
        atomic::fetch_add(&raw mut rest.from_frames, from_frames);
        atomic::fetch_add(&raw mut rest.from_bytes, from_bytes);
        atomic::fetch_add(&raw mut rest.to_frames, to_frames);
        atomic::fetch_add(&raw mut rest.to_bytes, to_bytes);
        if line.flags & FLOW_LEARN != 0 {
            atomic::fetch_add(&raw mut rest.pending_bytes, from_bytes + to_bytes);
        }
    }
    if moved.is_behind(id, old.state, is_confirmed) {
        if is_first(line.state) && !is_first(old.state) {
            line.state = old.state;
            line.idle_timeout = old.idle_timeout;
        }
        if is_confirmed {
            place.confirm(scratch.packet.now);
        }
    }
    before.rest().moved = Moved::of(id, old, before.rest(), is_confirmed);
    moves.moved += 1;
    0
}

/// Whether only the side spoke that opens.
#[inline(always)]
const fn is_first(state: u8) -> bool {
    state == FlowState::TcpHandshake as u8 || state == FlowState::Unreplied as u8
}

/// A slot of the table before.
#[derive(Clone, Copy, Debug)]
struct Place {
    number: u32,
    line: *mut FlowLine,
    rest: *mut FlowRest,
}

impl Place {
    #[inline(always)]
    fn of(number: u32) -> Option<Self> {
        Some(Self {
            number,
            line: BEFORE_FLOWS.get_ptr_mut(number)?,
            rest: BEFORE_REST.get_ptr_mut(number)?,
        })
    }

    #[inline(always)]
    fn mark(self) -> FlowMark {
        BEFORE_MARKS
            .get_ptr_mut(self.number / SLOTS)
            .map_or(FlowMark::FREE, |marks| Marks(marks).get(self.number))
    }

    #[inline(always)]
    fn line(self) -> &'static FlowLine {
        // SAFETY: the element outlives the program run. A frame that was under way may write it still.
        unsafe { &*self.line }
    }

    #[inline(always)]
    fn rest(self) -> &'static mut FlowRest {
        // SAFETY: as in `line`; only `moved` is written.
        unsafe { &mut *self.rest }
    }

    /// Whether the flow of this tag and key is here and has not moved.
    #[inline(always)]
    fn holds(self, tag: u32, key: &FlowKey) -> bool {
        let words = key.words();
        let ends = [words[0], words[1], words[2], words[3]];
        self.mark().tag & !MARK_CONFIRMED == tag
            && self.line().key.is(&key.short())
            && self.rest().is_between(ends)
            && !self.rest().moved.is_by(config::moving())
    }

    /// Copies its flow, which has this mark, into the scratch.
    #[inline(always)]
    fn copy(self, scratch: &Scratch, mark: FlowMark) {
        // SAFETY: elements of maps. Copied without a way over the stack.
        unsafe {
            self.line.copy_to_nonoverlapping(scratch.line.as_ptr(), 1);
            self.rest.copy_to_nonoverlapping(scratch.rest.as_ptr(), 1);
            (*scratch.rest.as_ptr()).moved = Moved::default();
            (*scratch.line.as_ptr()).hold = if mark.is_confirmed() {
                HOLD_CONFIRMED
            } else {
                HOLD_HALF_OPEN
            };
        }
    }
}
