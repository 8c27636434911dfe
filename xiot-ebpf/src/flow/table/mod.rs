//! The storage of flows, behind a few functions so that it can change: finding, and who has a place.
//!
//! Flows that both sides spoke in are never evicted while they are live, and there are as many as the table has room for:
//! [`room`] counts them. Flows that are over are removed by the agent, with a margin, and by the program itself when it finds no
//! room: enforcement must not starve while there is no agent. Half-open flows have what is left, and give way to each other:
//! [`file`] decides to which. How it lies in memory: [`xiot_common::flow_table`].
//!
//! CPUs work on it at once. A place changes hands by compare-and-swap of its mark; who fills it has it marked as claimed until it
//! is whole. Lines and rests are written without any of that: see [`Place::line`].

pub(crate) mod before;
mod file;
pub(crate) mod owners;
mod place;
pub(super) mod room;

use aya_ebpf::{bindings::BPF_F_MMAPABLE, btf_maps::Array, macros::btf_map};
use xiot_common::{
    flow::FlowKey,
    flow_hash::FlowHash,
    flow_line::{FlowLine, FlowRest, ShortKey},
    flow_table::{Candidates, FLOW_SLOTS, FlowHints, FlowMarks, MARK_CONFIRMED},
};

pub(super) use self::file::file;
use self::place::{Marks, marks};
pub(crate) use self::place::{Place, at};
use crate::{
    ahead, config,
    scratch::{self, Scratch},
};

const MMAPABLE: usize = BPF_F_MMAPABLE as usize;

/// By slot.
#[btf_map]
static FLOWS: Array<FlowLine, 1, MMAPABLE> = Array::new();

/// By set.
#[btf_map]
static FLOW_MARKS: Array<FlowMarks, 1, MMAPABLE> = Array::new();

/// By set.
#[btf_map]
static FLOW_HINTS: Array<FlowHints, 1, MMAPABLE> = Array::new();

/// By slot.
#[btf_map]
static FLOW_REST: Array<FlowRest, 1, MMAPABLE> = Array::new();

const SLOTS: u32 = FLOW_SLOTS;

/// No place: there are fewer.
pub(crate) const NOWHERE: u32 = u32::MAX;

/// Where the key may be.
#[inline(always)]
pub(crate) fn hash(key: &FlowKey) -> FlowHash {
    FlowHash::of(config::flow_seed, key, config::flow_sets())
}

/// Number of the place that the packet's flow has, live or not; [`NOWHERE`] if there is none.
#[inline(always)]
pub(crate) fn find(scratch: &Scratch) -> u32 {
    if scratch.missed.get() != 0 {
        fetch_room(&scratch.hash.get());
        return NOWHERE;
    }
    find_or_move(scratch, KEY)
}

/// Number of the place that one of the frame's keys has, be it that its flow moves now; [`NOWHERE`] if there is none.
#[inline(always)]
fn find_or_move(scratch: &Scratch, which: u32) -> u32 {
    match xiot_find(which) {
        NOWHERE if config::moving() != 0 => before::bring(scratch, which),
        number => number,
    }
}

/// Begins to fetch where a flow of this key is filed, most often.
#[inline(always)]
fn fetch_room(hash: &FlowHash) {
    let number = number(hash.first, hash.home);
    if let Some(place) = at(number)
        && let Some(rest) = place.rest()
        && let Some(marks) = marks(hash.first)
    {
        // SAFETY: elements of maps.
        unsafe {
            ahead::fetch(place.line());
            ahead::fetch(&raw const rest.device);
            ahead::fetch(&raw const rest.from_frames);
            ahead::fetch(marks.0);
        }
    }
}

/// Where a short key was looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Found {
    /// The place of a flow that has it.
    Flow(Place),
    /// There is none.
    None,
    /// The hints name slots that are not its own: whoever needs to know has to look for the whole key.
    Perhaps,
}

/// Looks for the flow of this key.
#[inline(always)]
pub(crate) fn find_short(hash: &FlowHash, key: &ShortKey) -> Found {
    let first = candidates(hash.first, hash.hint);
    if first.has(hash.home)
        && let Some(place) = with_key(hash.first, hash.home, key)
    {
        return Found::Flow(place);
    }
    let second = candidates(hash.second, hash.hint);
    if first.is_empty() && second.is_empty() {
        return Found::None;
    }
    if second.has(hash.home)
        && let Some(place) = with_key(hash.second, hash.home, key)
    {
        return Found::Flow(place);
    }
    let ShortKey([ends, ports, mac]) = *key;
    let sets = u64::from(hash.first) | u64::from(hash.second) << 32;
    at(xiot_elsewhere(ends, ports, mac, sets, hash.hint)).map_or(Found::Perhaps, Found::Flow)
}

/// The slot of a set if it has this key.
#[inline(always)]
fn with_key(set: u32, slot: u32, key: &ShortKey) -> Option<Place> {
    at(number(set, slot)).filter(|place| place.line().key.is(key))
}

/// Number of the place that has this key, in any slot of two sets that has this hint; [`NOWHERE`] if none has.
#[unsafe(no_mangle)]
#[inline(never)]
#[expect(clippy::cast_possible_truncation, reason = "two sets share one word")]
extern "C" fn xiot_elsewhere(ends: u64, ports: u64, mac: u64, sets: u64, hint: u32) -> u32 {
    let key = ShortKey([ends, ports, mac]);
    for set in [sets as u32, (sets >> 32) as u32] {
        let mut numbers = Numbers::of(set, hint);
        while let Some(number) = numbers.next() {
            if at(number).is_some_and(|place| place.line().key.is(&key)) {
                return number;
            }
        }
    }
    NOWHERE
}

/// Looks for the flow of which an ICMP error speaks; the number of its place is left in the scratch.
#[inline(always)]
pub(crate) fn find_quoted(scratch: &Scratch) {
    if scratch.has_quote.get() != 0 {
        let number = find_or_move(scratch, QUOTED);
        scratch.quoted_place.set(number);
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
    let key = key(scratch, which);
    let hash = hash(key);
    scratch.hash.set(hash);
    let number = match find_in(hash.first, &hash, key) {
        NOWHERE => find_in(hash.second, &hash, key),
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

#[inline(always)]
fn key(scratch: &Scratch, which: u32) -> &FlowKey {
    if which == QUOTED {
        // SAFETY: the element belongs to this CPU and is not written while this frame is judged.
        unsafe { &*scratch.quoted.as_ptr() }
    } else {
        &scratch.packet.key
    }
}

/// Number of the place in this set that the key has.
#[inline(always)]
fn find_in(set: u32, hash: &FlowHash, key: &FlowKey) -> u32 {
    let mut numbers = Numbers::of(set, hash.hint);
    while let Some(number) = numbers.next() {
        if at(number).is_some_and(|place| place.holds(hash.tag, key)) {
            return number;
        }
    }
    NOWHERE
}

#[inline(always)]
const fn number(set: u32, slot: u32) -> u32 {
    set.wrapping_mul(SLOTS).wrapping_add(slot & (SLOTS - 1))
}

/// The slots of a set that may hold a key.
#[inline(always)]
fn candidates(set: u32, hint: u32) -> Candidates {
    hints(set).candidates(hint)
}

/// What is said of the slots of a set.
#[inline(always)]
fn hints(set: u32) -> FlowHints {
    FlowHints(FLOW_HINTS.get_ptr_mut(set).map_or(0, |hints| {
        // SAFETY: aligned map memory. Volatile: one load.
        unsafe { hints.cast::<u64>().read_volatile() }
    }))
}

/// Places of a set that may hold a key: as a rule none or one.
#[derive(Clone, Copy, Debug)]
struct Numbers {
    set: u32,
    candidates: Candidates,
    /// How many more there can be; the verifier wants it said.
    left: u32,
}

impl Numbers {
    #[inline(always)]
    fn of(set: u32, hint: u32) -> Self {
        Self::among(set, candidates(set, hint))
    }

    #[inline(always)]
    const fn among(set: u32, candidates: Candidates) -> Self {
        Self {
            set,
            candidates,
            left: SLOTS,
        }
    }

    /// Number of the next one.
    #[inline(always)]
    fn next(&mut self) -> Option<u32> {
        if self.left == 0 || self.candidates.is_empty() {
            return None;
        }
        let (slot, others) = self.candidates.split();
        self.candidates = others;
        self.left -= 1;
        Some(number(self.set, slot))
    }
}
