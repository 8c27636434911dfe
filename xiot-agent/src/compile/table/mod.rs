//! Builds bucket tables: every key in one of its two lines, whatever it takes.
//!
//! A key goes to its first line while that has room, so that most lookups read one line. Slots fill from the
//! front and are never given up: **a key stands in its second line only if its first is full**, which
//! spares a miss the second read where the first line has a free slot.

use std::ops::{Index, IndexMut};

use xiot_common::{
    image::Line,
    table::{Table, is_full},
};

use super::{fingerprint::Fingerprint, slot::Slot};

pub(super) mod edit;

/// Lines by their places.
pub(super) trait Rows: Index<usize, Output = Line> + IndexMut<usize> {}

impl<T: Index<usize, Output = Line> + IndexMut<usize>> Rows for T {}

/// Buckets looked at for a way to make room, before another seed is tried.
const SEARCH: usize = 512;

/// Seeds tried before a table gets twice the buckets.
const SEEDS: u64 = 8;

/// Two payloads under one key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Clash {
    /// The one filed first.
    pub first: u32,
    /// The other.
    pub second: u32,
}

/// Lines that a table of so many keys takes, unless no seed will do.
pub(super) fn size<S: Slot>(keys: usize) -> usize {
    (keys * 100)
        .div_ceil(S::PER_LINE * S::LOAD)
        .max(1)
        .next_power_of_two()
}

/// Appends a table with these slots to the lines.
pub(super) fn append<S: Slot>(lines: &mut Vec<Line>, slots: &[S]) -> Result<Table, Clash> {
    let start = lines.len();
    let base = u32::try_from(start).expect("2^32 lines exceed any memory");
    let mut buckets = size::<S>(slots.len());
    loop {
        let mask = u32::try_from(buckets - 1).expect("2^32 lines exceed any memory");
        for attempt in 0..SEEDS {
            let seed = Fingerprint::new(attempt).add(0, 0).get();
            lines.truncate(start);
            lines.resize(start + buckets, Line::default());
            let table = Table { base, mask, seed };
            if fill(lines, &table, slots)? {
                return Ok(table);
            }
        }
        buckets *= 2;
    }
}

/// Whether every slot got a place.
fn fill<S: Slot>(lines: &mut Vec<Line>, table: &Table, slots: &[S]) -> Result<bool, Clash> {
    for &slot in slots {
        if !place(lines, table, slot)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn place<S: Slot>(lines: &mut impl Rows, table: &Table, slot: S) -> Result<bool, Clash> {
    let (first, second) = slot.lines(table);
    for bucket in [first, second] {
        let line = &lines[bucket as usize];
        let known = slot.find(line);
        if known != 0 {
            return Err(Clash {
                first: known,
                second: slot.payload(),
            });
        }
        if let Some(n) = free::<S>(line) {
            slot.write(&mut lines[bucket as usize], n);
            return Ok(true);
        }
    }
    Ok(make_room(lines, table, slot))
}

/// A bucket on the way to a free slot.
struct Step {
    bucket: u32,
    /// The step before it; none: a line of the new key itself.
    from: Option<usize>,
    /// Which slot of that step's bucket would move here.
    slot: usize,
}

/// Makes room for a slot both of whose lines are full, by the shortest chain of slots that each move to their
/// other line. Changes nothing if there is none within reach.
fn make_room<S: Slot>(lines: &mut impl Rows, table: &Table, slot: S) -> bool {
    let (first, second) = slot.lines(table);
    let mut steps: Vec<_> = [first, second]
        .map(|bucket| Step {
            bucket,
            from: None,
            slot: 0,
        })
        .into();
    let mut at = 0;
    while at < SEARCH.min(steps.len()) {
        let bucket = steps[at].bucket;
        for n in 0..S::PER_LINE {
            let Some(occupant) = S::read(&lines[bucket as usize], n) else {
                continue;
            };
            let other = other_line(occupant, table, bucket);
            if let Some(hole) = free::<S>(&lines[other as usize]) {
                occupant.write(&mut lines[other as usize], hole);
                shift(lines, &steps, at, n, slot);
                return true;
            }
            steps.push(Step {
                bucket: other,
                from: Some(at),
                slot: n,
            });
        }
        at += 1;
    }
    false
}

/// Moves along the chain that ends with the hole in slot `hole` of the bucket of step `at`, and puts the new slot
/// where the chain begins.
fn shift<S: Slot>(lines: &mut impl Rows, steps: &[Step], mut at: usize, mut hole: usize, slot: S) {
    while let Some(from) = steps[at].from {
        let source = &lines[steps[from].bucket as usize];
        let moved = S::read(source, steps[at].slot).expect("only slots in use are part of a chain");
        moved.write(&mut lines[steps[at].bucket as usize], hole);
        hole = steps[at].slot;
        at = from;
    }
    slot.write(&mut lines[steps[at].bucket as usize], hole);
}

fn other_line<S: Slot>(slot: S, table: &Table, line: u32) -> u32 {
    let (first, second) = slot.lines(table);
    if line == first { second } else { first }
}

fn free<S: Slot>(line: &Line) -> Option<usize> {
    (0..S::PER_LINE).find(|&n| S::read(line, n).is_none())
}

/// Whether the table holds these slots, where the data path finds them, and no others.
pub(super) fn holds<S: Slot>(lines: &[Line], table: &Table, slots: &[S]) -> bool {
    let found = slots
        .iter()
        .all(|&slot| find(lines, table, slot) == slot.payload());
    let buckets = &lines[table.base as usize..][..=table.mask as usize];
    let in_use = |line| (0..S::PER_LINE).filter(move |&n| S::read(line, n).is_some());
    found && buckets.iter().flat_map(in_use).count() == slots.len()
}

/// What the data path finds under the key of this slot, or 0.
pub(super) fn find<S: Slot, L: Index<usize, Output = Line> + ?Sized>(
    lines: &L,
    table: &Table,
    slot: S,
) -> u32 {
    let (first, second) = slot.lines(table);
    let line = &lines[first as usize];
    match slot.find(line) {
        0 if is_full(line) => slot.find(&lines[second as usize]),
        payload => payload,
    }
}

#[cfg(test)]
mod tests;
