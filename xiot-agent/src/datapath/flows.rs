//! The flow table in memory: read without a system call, a flow removed by one compare-and-swap.

use std::{
    mem::offset_of,
    sync::atomic::{AtomicU64, Ordering},
};

use xiot_common::{
    flow::{FlowEntry, FlowKey, FlowTail},
    flow_line::{FlowLine, FlowRest, Tally},
    flow_slot::FlowSlot,
    flow_table::{FLOW_SLOTS, FlowHints, FlowLevel, FlowMark, FlowMarks},
    map,
    moves::Moved,
};

use super::{
    error::MapAccessError,
    instance::Datapath,
    shared::{Shared, read_words, write_words},
};

const SLOTS: usize = FLOW_SLOTS as usize;
/// The word of a line that has `hold`.
const HOLD_WORD: usize = offset_of!(FlowLine, hold) / size_of::<u64>();

/// A flow as it was read, and where.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FiledFlow {
    /// Which conversation it is.
    pub key: FlowKey,
    /// How it stands.
    pub entry: FlowEntry,
    /// The rest of it.
    pub tail: FlowTail,
    /// Number of its place.
    place: u32,
    /// Its mark, by which it is known to be the same still.
    mark: FlowMark,
}

impl FiledFlow {
    /// Whether only one side spoke in it so far.
    pub const fn is_half_open(&self) -> bool {
        !self.mark.is_confirmed()
    }

    /// As it lies in memory, in the place where this line is.
    fn slot(&self, place: &FlowLine) -> FlowSlot {
        let (entry, tail) = (&self.entry, &self.tail);
        FlowSlot {
            line: FlowLine {
                key: self.key.short(),
                from: Tally::NONE,
                to: Tally::NONE,
                epoch: entry.epoch,
                last_seen: entry.last_seen,
                idle_timeout: entry.idle_timeout,
                device: entry.device,
                state: entry.state,
                flags: entry.flags,
                reason: entry.reason,
                mode: entry.mode,
                objection: entry.objection,
                hold: place.hold,
                closing_timeout: entry.closing_timeout,
            },
            rest: FlowRest {
                device: self.key.device,
                peer: self.key.peer,
                acknowledged_from: entry.acknowledged_from,
                acknowledged_to: entry.acknowledged_to,
                rule: entry.rule,
                generation: entry.generation,
                next_timeout: entry.next_timeout,
                opened_at: entry.opened_at,
                since: tail.since,
                until: tail.until,
                from_frames: entry.from_frames,
                from_bytes: entry.from_bytes,
                to_frames: entry.to_frames,
                to_bytes: entry.to_bytes,
                pending_bytes: tail.pending_bytes,
                pending_frames: tail.pending_frames,
                moved: Moved::default(),
            },
        }
    }
}

/// A handle to the flow table. Lives on its own.
#[derive(Debug)]
pub struct FlowSets {
    lines: Shared<FlowLine>,
    rests: Shared<FlowRest>,
    marks: Shared<FlowMarks>,
    hints: Shared<FlowHints>,
    level: Shared<FlowLevel>,
}

/// A place, by its words.
struct Place<'s> {
    mark: &'s AtomicU64,
    hint: (&'s AtomicU64, u32),
    line: &'s [AtomicU64],
    rest: &'s [AtomicU64],
}

impl Datapath {
    /// The flow table.
    ///
    /// # Errors
    /// It cannot be mapped into memory.
    pub fn flow_sets(&self) -> Result<FlowSets, MapAccessError> {
        Ok(FlowSets {
            lines: self.map_memory(map::FLOWS)?,
            rests: self.map_memory(map::FLOW_REST)?,
            marks: self.map_memory(map::FLOW_MARKS)?,
            hints: self.map_memory(map::FLOW_HINTS)?,
            level: self.map_memory(map::FLOW_LEVEL)?,
        })
    }
}

impl FlowSets {
    /// All flows, over or not. Those that come or go meanwhile may or may not be among them.
    pub fn flows(&self) -> impl Iterator<Item = FiledFlow> {
        self.taken().filter_map(|place| self.flow(place))
    }

    /// Numbers of places that somebody has. Most sets of most tables are empty: one look at the marks of each says so.
    fn taken(&self) -> impl Iterator<Item = u32> {
        let is_taken = |set: &u32| {
            let marks = self.marks.words(*set).unwrap_or_default();
            marks.iter().any(|mark| mark.load(Ordering::Relaxed) != 0)
        };
        let sets = (0..self.marks.len()).filter(is_taken);
        sets.flat_map(|set| (0..FLOW_SLOTS).map(move |slot| set * FLOW_SLOTS + slot))
    }

    /// Removes a flow, if no frame of it came since it was read and its place is its own still; gives it as it was last.
    pub fn remove(&self, flow: &FiledFlow) -> Option<FiledFlow> {
        let place = self.place(flow.place)?;
        let last = self.flow(flow.place)?;
        // A frame of a flow that may not be over yet changes its mark too.
        let is_same = last.mark == flow.mark && last.key == flow.key;
        if !is_same || last.entry.last_seen != flow.entry.last_seen {
            return None;
        }
        self.free(&place, flow.mark).then_some(last)
    }

    /// Writes over a flow at rest. For whoever moves its past: the program may write the same.
    pub fn rewrite(&self, flow: &FiledFlow) {
        let Some(place) = self.place(flow.place) else {
            return;
        };
        let slot = flow.slot(&read_words(place.line));
        write_words(place.line, &slot.line);
        write_words(place.rest, &slot.rest);
        let mark = FlowMark {
            second: flow.entry.last_seen,
            ..flow.mark
        };
        place.mark.store(mark.to_word(), Ordering::Release);
    }

    /// Removes all flows.
    pub fn clear(&self) {
        for place in self.taken().filter_map(|place| self.place(place)) {
            let mark = FlowMark::from_word(place.mark.load(Ordering::Acquire));
            if mark.is_filed() {
                self.free(&place, mark);
            }
        }
    }

    /// Frees the place of who has this mark; false if he has it no more. As the program does it: claimed first, so that no other
    /// flow's entry is written.
    fn free(&self, place: &Place<'_>, mark: FlowMark) -> bool {
        let (word, claimed) = (mark.to_word(), FlowMark::CLAIMED.to_word());
        let passed =
            place
                .mark
                .compare_exchange(word, claimed, Ordering::AcqRel, Ordering::Relaxed);
        if passed.is_err() {
            return false;
        }
        // The word of `hold` and its neighbours, which mean nothing without it.
        place.line[HOLD_WORD].store(0, Ordering::Release);
        // Its byte alone: the program writes its neighbours meanwhile.
        let (hints, slot) = place.hint;
        hints.fetch_and(!(0xff << (8 * slot)), Ordering::AcqRel);
        place
            .mark
            .store(FlowMark::FREE.to_word(), Ordering::Release);
        if mark.is_confirmed() {
            self.leave();
        }
        true
    }

    /// One confirmed flow less.
    fn leave(&self) {
        // Its first word counts them.
        if let Some([confirmed, ..]) = self.level.words(0) {
            confirmed.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn place(&self, number: u32) -> Option<Place<'_>> {
        Some(Place {
            hint: (
                self.hints.words(number / FLOW_SLOTS)?.first()?,
                number % FLOW_SLOTS,
            ),
            mark: &self.marks.words(number / FLOW_SLOTS)?[number as usize % SLOTS],
            line: self.lines.words(number)?,
            rest: self.rests.words(number)?,
        })
    }

    /// The flow in this place. None if there is none, or it gave way to another while it was read.
    fn flow(&self, number: u32) -> Option<FiledFlow> {
        let place = self.place(number)?;
        let mark = FlowMark::from_word(place.mark.load(Ordering::Acquire));
        if !mark.is_filed() {
            return None;
        }
        let slot = FlowSlot {
            line: read_words(place.line),
            rest: read_words(place.rest),
        };
        let flow = FiledFlow {
            key: slot.key(),
            entry: slot.entry(),
            tail: slot.tail(),
            place: number,
            mark,
        };
        let after = FlowMark::from_word(place.mark.load(Ordering::Acquire));
        (after.tag == mark.tag).then_some(flow)
    }
}
