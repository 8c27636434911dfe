//! Places: who has one, and how it changes hands.

use xiot_common::{
    flow::FlowKey,
    flow_line::{FlowLine, FlowRest, HOLD_CONFIRMED, HOLD_NONE, ShortKey},
    flow_table::{FlowMark, FlowMarks, MARK_CONFIRMED},
};

use super::{FLOW_HINTS, FLOW_MARKS, FLOW_REST, FLOWS, SLOTS, room};
use crate::atomic;

/// A slot of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    number: u32,
    line: *mut FlowLine,
}

/// The place of this number.
#[inline(always)]
pub(crate) fn at(number: u32) -> Option<Place> {
    let line = FLOWS.get_ptr_mut(number)?;
    Some(Place { number, line })
}

/// The marks of a set.
#[inline(always)]
pub(super) fn marks(set: u32) -> Option<Marks> {
    FLOW_MARKS.get_ptr_mut(set).map(Marks)
}

/// Who has the slots of one set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marks(pub(super) *mut FlowMarks);

impl Marks {
    #[inline(always)]
    fn at(self, slot: u32) -> *mut FlowMark {
        // SAFETY: within the set, of which the slot is one.
        unsafe { self.0.cast::<FlowMark>().add((slot & (SLOTS - 1)) as usize) }
    }

    #[inline(always)]
    pub(super) fn get(self, slot: u32) -> FlowMark {
        // SAFETY: aligned map memory that outlives the program run. Volatile: one load.
        FlowMark::from_word(unsafe { self.at(slot).cast::<u64>().read_volatile() })
    }

    #[inline(always)]
    pub(super) fn tag(self, slot: u32) -> u32 {
        // SAFETY: as in `get`.
        unsafe { (&raw const (*self.at(slot)).tag).read_volatile() }
    }
}

impl Place {
    #[inline(always)]
    fn mark_ptr(self) -> Option<*mut FlowMark> {
        Some(marks(self.number / SLOTS)?.at(self.number))
    }

    /// Who has it.
    #[inline(always)]
    pub(crate) fn mark(self) -> FlowMark {
        marks(self.number / SLOTS).map_or(FlowMark::FREE, |marks| marks.get(self.number))
    }

    /// Gives it from one to another; false if it was not his any more.
    #[inline(always)]
    pub(super) fn pass(self, from: FlowMark, to: FlowMark) -> bool {
        let Some(mark) = self.mark_ptr() else {
            return false;
        };
        // SAFETY: aligned map memory.
        let before = unsafe { atomic::compare_swap(mark.cast(), from.to_word(), to.to_word()) };
        before == from.to_word()
    }

    /// Whether the flow of this mark and key is here.
    #[inline(always)]
    pub(super) fn holds(self, tag: u32, key: &FlowKey) -> bool {
        let words = key.words();
        self.holds_short(tag, &key.short(), [words[0], words[1], words[2], words[3]])
    }

    /// The same of a key in three words and its addresses.
    #[inline(always)]
    pub(super) fn holds_short(self, tag: u32, key: &ShortKey, ends: [u64; 4]) -> bool {
        self.mark().tag & !MARK_CONFIRMED == tag
            && self.line().key.is(key)
            && (!key.is_ipv6() || self.is_between(ends))
    }

    /// Whether the flow here is between these addresses: the device's, and the other side's.
    #[inline(always)]
    pub(crate) fn is_between(self, ends: [u64; 4]) -> bool {
        self.rest().is_some_and(|rest| rest.is_between(ends))
    }

    /// Its flow's line.
    #[inline(always)]
    pub(crate) fn line(self) -> &'static mut FlowLine {
        // SAFETY: the element outlives the program run. Another CPU may write the same line, or file another flow in its
        // place: counters may lose a count or gain a stranger's, and a state that is written in that instant may reach a
        // flow that was opened in the same instant.
        unsafe { &mut *self.line }
    }

    /// The rest of it.
    #[inline(always)]
    pub(crate) fn rest(self) -> Option<&'static mut FlowRest> {
        let rest = FLOW_REST.get_ptr_mut(self.number)?;
        // SAFETY: as in `line`.
        Some(unsafe { &mut *rest })
    }

    /// Notes the second of the flow's last frame, where there are notes of it.
    #[inline(always)]
    pub(crate) fn seen(self, now: u32) {
        if let Some(mark) = self.mark_ptr() {
            // SAFETY: map memory. This half alone: written whole, the mark of a flow that another CPU has removed would be
            // back.
            unsafe {
                (&raw mut (*mark).second).write_volatile(now);
            }
        }
        self.line().last_seen = now;
    }

    /// Both sides spoke in the flow: false where there is no room for it.
    #[inline(always)]
    pub(in crate::flow) fn confirm(self, now: u32) -> bool {
        let half_open = self.mark();
        if half_open.is_confirmed() {
            return true;
        }
        if !room::enter(now) {
            return false;
        }
        // A frame of it on another CPU may have changed the second.
        let again = FlowMark {
            second: now,
            ..half_open
        };
        if self.promote(half_open) || self.promote(again) {
            self.line().hold = HOLD_CONFIRMED;
        } else {
            // Another CPU was faster, or the place is another flow's by now.
            room::leave();
        }
        true
    }

    /// Marks the flow that has this mark as confirmed; false if it has it no more.
    #[inline(always)]
    fn promote(self, half_open: FlowMark) -> bool {
        let confirmed = FlowMark {
            tag: half_open.tag | MARK_CONFIRMED,
            ..half_open
        };
        self.pass(half_open, confirmed)
    }

    /// Says of whose hash it is, or 0: nobody's. Only for who has claimed it.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "it is one byte")]
    pub(super) fn hint(self, hint: u32) {
        if let Some(hints) = FLOW_HINTS.get_ptr_mut(self.number / SLOTS) {
            let slot = (self.number % SLOTS) as usize;
            // SAFETY: one of the word's bytes. Alone: CPUs that have other slots of the set write theirs.
            unsafe {
                hints.cast::<u8>().add(slot).write_volatile(hint as u8);
            }
        }
    }

    /// Gives it to who has claimed it.
    #[inline(always)]
    pub(super) fn publish(self, mark: FlowMark) {
        if let Some(at) = self.mark_ptr() {
            // SAFETY: aligned map memory. A full barrier: whoever sees the mark sees what was written before.
            unsafe {
                atomic::swap(at.cast(), mark.to_word());
            }
        }
    }

    /// Removes the flow with this tag, unless another has its place by now.
    #[inline(always)]
    pub(in crate::flow) fn remove(self, tag: u32) {
        // Once more where a frame of it on another CPU changes the second: it is as one that came before.
        if !self.remove_as_marked(tag) {
            self.remove_as_marked(tag);
        }
    }

    /// Removes the flow with this tag, if its mark stays as it is; true also where it is gone.
    #[inline(always)]
    fn remove_as_marked(self, tag: u32) -> bool {
        let mark = self.mark();
        mark.tag & !MARK_CONFIRMED != tag || self.free(mark)
    }

    /// Frees the place of who has this mark; false if he has it no more. Claimed first: what is written to the line then is
    /// written to no other flow's.
    #[inline(always)]
    pub(super) fn free(self, mark: FlowMark) -> bool {
        if !self.pass(mark, FlowMark::CLAIMED) {
            return false;
        }
        self.line().hold = HOLD_NONE;
        self.hint(0);
        self.publish(FlowMark::FREE);
        if mark.is_confirmed() {
            room::leave();
        }
        true
    }
}
