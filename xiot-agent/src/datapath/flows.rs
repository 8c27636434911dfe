//! The flow table in memory: read without a system call, a flow removed by one compare-and-swap.

use std::{
    mem::offset_of,
    sync::atomic::{AtomicU64, Ordering},
};

use xiot_common::{
    flow::{FlowEntry, FlowKey, FlowTail},
    flow_table::{FLOW_SLOTS, FlowLevel, FlowMark, FlowSet, FlowSlot},
    map,
};

use super::{
    error::MapAccessError,
    instance::Datapath,
    shared::{Shared, read_words, write_words},
};

const SLOTS: usize = FLOW_SLOTS as usize;
const WORD: usize = size_of::<u64>();
const SLOT_WORDS: usize = size_of::<FlowSlot>() / WORD;
const TAIL_WORDS: usize = size_of::<FlowTail>() / WORD;
const FIRST_MARK: usize = SLOTS * SLOT_WORDS;
const FIRST_TAIL: usize = FIRST_MARK + SLOTS;
/// The word of a slot that has the entry's `hold`.
const HOLD_WORD: usize = (offset_of!(FlowSlot, entry) + offset_of!(FlowEntry, hold)) / WORD;
const _: () = assert!((FIRST_TAIL + SLOTS * TAIL_WORDS) * WORD == size_of::<FlowSet>());

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
}

/// A handle to the flow table. Lives on its own.
#[derive(Debug)]
pub struct FlowSets {
    sets: Shared<FlowSet>,
    level: Shared<FlowLevel>,
}

/// A place, by its words.
struct Place<'s> {
    mark: &'s AtomicU64,
    slot: &'s [AtomicU64],
    tail: &'s [AtomicU64],
}

impl Datapath {
    /// The flow table.
    ///
    /// # Errors
    /// It cannot be mapped into memory.
    pub fn flow_sets(&self) -> Result<FlowSets, MapAccessError> {
        Ok(FlowSets {
            sets: self.map_memory(map::FLOWS)?,
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
            let marks = self.sets.words(*set).unwrap_or_default();
            let mut marks = marks.iter().skip(FIRST_MARK).take(SLOTS);
            marks.any(|mark| mark.load(Ordering::Relaxed) != 0)
        };
        let sets = (0..self.sets.len()).filter(is_taken);
        sets.flat_map(|set| (0..FLOW_SLOTS).map(move |slot| set * FLOW_SLOTS + slot))
    }

    /// Removes a flow, if no frame of it came since it was read and its place is its own still; gives it as it was last.
    pub fn remove(&self, flow: &FiledFlow) -> Option<FiledFlow> {
        let place = self.place(flow.place)?;
        let last = self.flow(flow.place)?;
        if last.mark != flow.mark || last.key != flow.key {
            return None;
        }
        self.free(&place, flow.mark).then_some(last)
    }

    /// Writes over a flow at rest. For whoever moves its past: the program may write the same.
    pub fn rewrite(&self, flow: &FiledFlow) {
        let Some(place) = self.place(flow.place) else {
            return;
        };
        let slot = FlowSlot {
            key: flow.key,
            entry: flow.entry,
        };
        write_words(place.slot, &slot);
        write_words(place.tail, &flow.tail);
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
        place.slot[HOLD_WORD].store(0, Ordering::Release);
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
        let slot = number as usize % SLOTS;
        let words = self.sets.words(number / FLOW_SLOTS)?;
        let (at, tail_at) = (slot * SLOT_WORDS, FIRST_TAIL + slot * TAIL_WORDS);
        Some(Place {
            mark: &words[FIRST_MARK + slot],
            slot: &words[at..at + SLOT_WORDS],
            tail: &words[tail_at..tail_at + TAIL_WORDS],
        })
    }

    /// The flow in this place. None if there is none, or it gave way to another while it was read.
    fn flow(&self, number: u32) -> Option<FiledFlow> {
        let place = self.place(number)?;
        let mark = FlowMark::from_word(place.mark.load(Ordering::Acquire));
        if !mark.is_filed() {
            return None;
        }
        let FlowSlot { key, entry } = read_words(place.slot);
        let flow = FiledFlow {
            key,
            entry,
            tail: read_words(place.tail),
            place: number,
            mark,
        };
        let after = FlowMark::from_word(place.mark.load(Ordering::Acquire));
        (after.tag == mark.tag).then_some(flow)
    }
}
