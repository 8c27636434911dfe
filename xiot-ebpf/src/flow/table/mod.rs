//! The storage of flows, behind a few functions so that it can change: finding, and who has a place.
//!
//! Flows that both sides spoke in are never evicted while they are live, and there are as many as the table has room for:
//! [`room`] counts them. Flows that are over are removed by the agent, with a margin, and by the program itself when it finds no
//! room: enforcement must not starve while there is no agent. Half-open flows have what is left, and give way to each other:
//! [`file`] decides to which. How it lies in memory: [`xiot_common::flow_table`].
//!
//! CPUs work on it at once. A place changes hands by compare-and-swap of its mark; who fills it has it marked as claimed until it
//! is whole. Entries are written without any of that: see [`Place::entry`].

mod file;
pub(super) mod room;

use aya_ebpf::{bindings::BPF_F_MMAPABLE, btf_maps::Array, macros::btf_map};
use xiot_common::{
    flow::{FlowEntry, FlowKey, FlowTail, HOLD_CONFIRMED, HOLD_NONE},
    flow_table::{FLOW_SLOTS, FlowHash, FlowMark, FlowSet, FlowSlot, MARK_CONFIRMED},
};

pub(super) use self::file::file;
use crate::{
    atomic, config,
    frame::opaque,
    scratch::{self, Scratch},
};

#[btf_map]
static FLOWS: Array<FlowSet, 1, { BPF_F_MMAPABLE as usize }> = Array::new();

const SLOTS: u32 = FLOW_SLOTS;

/// No place: there are fewer.
pub(crate) const NOWHERE: u32 = u32::MAX;

/// A slot of a set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    set: *mut FlowSet,
    slot: usize,
}

/// The place of this number.
#[inline(always)]
pub(crate) fn at(number: u32) -> Option<Place> {
    let set = FLOWS.get_ptr_mut(number / SLOTS)?;
    Some(Place {
        set,
        slot: (number % SLOTS) as usize,
    })
}

/// Where the key may be.
#[inline(always)]
pub(crate) fn hash(key: &FlowKey) -> FlowHash {
    FlowHash::of(config::flow_seed, key, config::flow_sets())
}

/// Number of the place that the packet's flow has, live or not; [`NOWHERE`] if there is none.
#[inline(always)]
pub(crate) fn find() -> u32 {
    xiot_find(KEY)
}

/// The place that this key's flow has, live or not: its home or another.
#[inline(always)]
pub(crate) fn find_from(home: Place, hash: &FlowHash, key: &FlowKey) -> Option<Place> {
    if home.entry().hold != HOLD_NONE && home.key().is(key) {
        return Some(home);
    }
    at(match find_in(hash.first, hash.tag, key) {
        NOWHERE => find_in(hash.second, hash.tag, key),
        number => number,
    })
}

/// The place that a flow of this key would have before all others. It is fetched from here on.
#[inline(always)]
pub(crate) fn home(hash: &FlowHash) -> Option<Place> {
    let home = at(hash.first * SLOTS + hash.home)?;
    // SAFETY: map memory. Volatile, since nobody asks for what is read: the lines shall be on their way.
    unsafe {
        let _ = (&raw const (*home.slot_ptr()).key)
            .cast::<u64>()
            .read_volatile();
        let _ = (&raw const (*home.slot_ptr()).entry.from_frames).read_volatile();
    }
    Some(home)
}

/// Looks for the flow of which an ICMP error speaks; the number of its place is left in the scratch.
#[inline(always)]
pub(crate) fn find_quoted(scratch: &Scratch) {
    if scratch.has_quote.get() != 0 {
        scratch.quoted_place.set(xiot_find(QUOTED));
    }
}

/// Which key: the packet's.
const KEY: u32 = 0;
/// That of the datagram which an ICMP error quotes.
const QUOTED: u32 = 1;

/// Looks everywhere for one of the frame's keys; gives the number of its place or [`NOWHERE`]. Its hash is left in the scratch.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn xiot_find(which: u32) -> u32 {
    let Some(scratch) = scratch::get() else {
        return NOWHERE;
    };
    let key = if which == QUOTED {
        // SAFETY: the element belongs to this CPU and is not written while this frame is judged.
        unsafe { &*scratch.quoted.as_ptr() }
    } else {
        &scratch.packet.key
    };
    let hash = hash(key);
    scratch.hash.set(hash);
    let number = match find_in(hash.first, hash.tag, key) {
        NOWHERE => find_in(hash.second, hash.tag, key),
        number => number,
    };
    let Some(mark) = at(number).map(Place::mark) else {
        return NOWHERE;
    };
    scratch.mark.set(mark.to_word());
    // Another flow's, if that took the place in this instant.
    if mark.tag & !MARK_CONFIRMED == hash.tag {
        number
    } else {
        NOWHERE
    }
}

/// Number of the place in this set that the key has.
#[inline(always)]
fn find_in(set: u32, tag: u32, key: &FlowKey) -> u32 {
    let mut candidates = Candidates::of(set, tag);
    while let Some(number) = candidates.next() {
        if at(number).is_some_and(|place| place.holds(tag, key)) {
            return number;
        }
    }
    NOWHERE
}

/// Slots of a set whose marks have one tag: as a rule none or one, never in practice more than are looked at.
#[derive(Clone, Copy, Debug)]
struct Candidates {
    set: u32,
    /// Four bits each: the slot, and a bit that says that there is one.
    slots: u32,
    left: u32,
}

impl Candidates {
    const BITS: u32 = 4;
    const THERE: u32 = 1 << 3;
    /// As many keys of one set would have to share 29 bits of their hashes to hide the one that is looked for.
    const LOOKED_AT: u32 = 3;

    /// Looks at all marks without a branch: the verifier would walk every pattern of them.
    #[inline(always)]
    fn of(set: u32, tag: u32) -> Self {
        let mut slots = 0;
        if let Some(first) = at(set.wrapping_mul(SLOTS)) {
            let mut slot = 0;
            while slot < SLOTS {
                let place = Place {
                    slot: slot as usize,
                    ..first
                };
                let here = place.tag() & !MARK_CONFIRMED;
                let differs = opaque((here ^ tag) as usize) as u64;
                // 1 for none that differs, as only 0 has a predecessor with the highest bit; 0 for all others.
                let same = (differs.wrapping_sub(1) >> 63) as u32;
                slots = (slots << (same * Self::BITS)) | (same * (slot | Self::THERE));
                slot += 1;
            }
        }
        Self {
            set,
            slots,
            left: Self::LOOKED_AT,
        }
    }

    /// Number of the next one's place.
    #[inline(always)]
    fn next(&mut self) -> Option<u32> {
        if self.left == 0 || self.slots == 0 {
            return None;
        }
        let slot = self.slots & (SLOTS - 1);
        self.slots >>= Self::BITS;
        self.left -= 1;
        Some(self.set.wrapping_mul(SLOTS) | slot)
    }
}

impl Place {
    #[inline(always)]
    fn mark_ptr(self) -> *mut FlowMark {
        // SAFETY: within the set, of which the slot is one.
        unsafe {
            (&raw mut (*self.set).marks)
                .cast::<FlowMark>()
                .add(self.slot)
        }
    }

    /// Who has it.
    #[inline(always)]
    pub(crate) fn mark(self) -> FlowMark {
        // SAFETY: aligned map memory that outlives the program run. Volatile: one load.
        FlowMark::from_word(unsafe { self.mark_ptr().cast::<u64>().read_volatile() })
    }

    /// The tag of who has it.
    #[inline(always)]
    fn tag(self) -> u32 {
        // SAFETY: as in `mark`.
        unsafe { (&raw const (*self.mark_ptr()).tag).read_volatile() }
    }

    /// Gives it from one to another; false if it was not his any more.
    #[inline(always)]
    fn pass(self, from: FlowMark, to: FlowMark) -> bool {
        // SAFETY: aligned map memory.
        let before =
            unsafe { atomic::compare_swap(self.mark_ptr().cast(), from.to_word(), to.to_word()) };
        before == from.to_word()
    }

    /// Whether the key's flow is here.
    #[inline(always)]
    fn holds(self, tag: u32, key: &FlowKey) -> bool {
        self.tag() & !MARK_CONFIRMED == tag && self.key().is(key)
    }

    #[inline(always)]
    fn key(self) -> &'static mut FlowKey {
        // SAFETY: as in `entry`.
        unsafe { &mut (*self.slot_ptr()).key }
    }

    #[inline(always)]
    fn slot_ptr(self) -> *mut FlowSlot {
        // SAFETY: within the set.
        unsafe {
            (&raw mut (*self.set).slots)
                .cast::<FlowSlot>()
                .add(self.slot)
        }
    }

    /// Its flow.
    #[inline(always)]
    pub(crate) fn entry(self) -> &'static mut FlowEntry {
        // SAFETY: the element outlives the program run. Another CPU may write the same entry, or file another flow in its
        // place: counters may lose a count or gain a stranger's, and a state that is written in that instant may reach a
        // flow that was opened in the same instant.
        unsafe { &mut (*self.slot_ptr()).entry }
    }

    /// The rest of it.
    #[inline(always)]
    pub(crate) fn tail(self) -> &'static mut FlowTail {
        // SAFETY: as in `entry`.
        unsafe {
            &mut *(&raw mut (*self.set).tails)
                .cast::<FlowTail>()
                .add(self.slot)
        }
    }

    /// Notes the second of the flow's last frame, where there are notes of it.
    #[inline(always)]
    pub(crate) fn seen(self, now: u32) {
        // SAFETY: map memory. This half alone: written whole, the mark of a flow that another CPU has removed would be back.
        unsafe {
            (&raw mut (*self.mark_ptr()).second).write_volatile(now);
        }
        self.entry().last_seen = now;
    }

    /// Both sides spoke in the flow: false where there is no room for it.
    #[inline(always)]
    pub(super) fn confirm(self, now: u32) -> bool {
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
            self.entry().hold = HOLD_CONFIRMED;
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

    /// Gives it to who has claimed it.
    #[inline(always)]
    fn publish(self, mark: FlowMark) {
        // SAFETY: aligned map memory. A full barrier: whoever sees the mark sees what was written before.
        unsafe {
            atomic::swap(self.mark_ptr().cast(), mark.to_word());
        }
    }

    /// Removes the flow with this tag, unless another has its place by now.
    #[inline(always)]
    pub(super) fn remove(self, tag: u32) {
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

    /// Frees the place of who has this mark; false if he has it no more. Claimed first: what is written to the entry then is
    /// written to no other flow's.
    #[inline(always)]
    fn free(self, mark: FlowMark) -> bool {
        if !self.pass(mark, FlowMark::CLAIMED) {
            return false;
        }
        self.entry().hold = HOLD_NONE;
        self.publish(FlowMark::FREE);
        if mark.is_confirmed() {
            room::leave();
        }
        true
    }
}
