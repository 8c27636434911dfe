//! Changes a table that is laid out already, so that lookups find the same as in one that is laid out anew.
//!
//! A line that was full stays marked as full for good: what did not find room in it stands in its second line, and is
//! looked for there only if the first is full.

use std::{
    mem,
    ops::{Index, IndexMut},
};

use xiot_common::{
    image::Line,
    table::{Table, is_full},
};

use super::{find, free, place};
use crate::compile::{lines::Lines, slot::Editable};

/// Lines of which is known what was changed.
#[derive(Debug)]
pub(crate) struct Edited {
    pub(crate) lines: Lines,
    /// Each change of a line, and whether the line was full before it.
    touched: Vec<(usize, bool)>,
}

impl Edited {
    pub(crate) const fn new(lines: Lines) -> Self {
        Self {
            lines,
            touched: Vec::new(),
        }
    }
}

impl Index<usize> for Edited {
    type Output = Line;

    fn index(&self, index: usize) -> &Line {
        &self.lines[index]
    }
}

impl IndexMut<usize> for Edited {
    fn index_mut(&mut self, index: usize) -> &mut Line {
        let line = &mut self.lines[index];
        self.touched.push((index, is_full(line)));
        line
    }
}

/// How what a table is to hold differs from what it holds.
#[derive(Debug)]
pub(crate) struct Edit<S> {
    /// Slots that go.
    pub(crate) gone: Vec<S>,
    /// Slots that get another payload.
    pub(crate) changed: Vec<S>,
    /// Slots that come.
    pub(crate) new: Vec<S>,
}

impl<S> Default for Edit<S> {
    fn default() -> Self {
        Self {
            gone: Vec::new(),
            changed: Vec::new(),
            new: Vec::new(),
        }
    }
}

impl<S: Editable> Edit<S> {
    /// Makes the change in a table that holds `count` slots, and looks everything up that it concerns. How many it holds then;
    /// none where the table has to be laid out anew, and these lines are of no use.
    pub(crate) fn make(&self, lines: &mut Edited, table: &Table, count: usize) -> Option<usize> {
        lines.touched.clear();
        for &slot in &self.gone {
            remove(lines, table, slot)?;
        }
        for &slot in &self.changed {
            let (line, n) = stands(lines, table, slot)?;
            slot.write(&mut lines[line], n);
        }
        for &slot in &self.new {
            let is_free = stands(lines, table, slot).is_none();
            if !is_free || place(lines, table, slot) != Ok(true) {
                return None;
            }
        }
        let count = (count + self.new.len()).checked_sub(self.gone.len())?;
        let room = (table.mask as usize + 1) * S::PER_LINE * S::LOAD / 100;
        let is_sound = count <= room && self.is_made(lines, table);
        is_sound.then_some(count)
    }

    /// Whether lookups find what they should: what was changed, and what else stands in lines that were.
    fn is_made(&self, lines: &mut Edited, table: &Table) -> bool {
        let mut touched = mem::take(&mut lines.touched);
        touched.sort_unstable();
        touched.dedup();
        let found = |slot: &S| find(lines, table, *slot);
        let mut put = self.changed.iter().chain(&self.new);
        let mut new: Vec<_> = self.new.iter().map(|slot| slot.network()).collect();
        new.sort_unstable();
        let mut gone = self.gone.iter();
        put.all(|slot| found(slot) == slot.payload())
            && gone.all(|slot| found(slot) == 0 || new.binary_search(&slot.network()).is_ok())
            && touched.iter().all(|&(place, was_full)| {
                let line = &lines[place];
                let mut slots = (0..S::PER_LINE).filter_map(|n| S::read(line, n));
                (!was_full || is_full(line)) && slots.all(|slot| found(&slot) == slot.payload())
            })
    }
}

/// Takes a slot out.
fn remove<S: Editable>(lines: &mut Edited, table: &Table, slot: S) -> Option<()> {
    let (place, n) = stands(lines, table, slot)?;
    let line = &mut lines[place];
    let was_full = is_full(line);
    // Slots in use stay in front.
    let last = free::<S>(line).unwrap_or(S::PER_LINE) - 1;
    if let Some(slot) = S::read(line, last).filter(|_| last != n) {
        slot.write(line, n);
    }
    S::clear(line, last);
    if was_full {
        S::bury(line);
    }
    Some(())
}

/// The line where a key stands, and which slot of it.
fn stands<S: Editable>(lines: &Edited, table: &Table, slot: S) -> Option<(usize, usize)> {
    let (first, second) = slot.lines(table);
    [first, second].into_iter().find_map(|line| {
        let line = line as usize;
        let mut slots = (0..S::PER_LINE).filter_map(|n| Some((n, S::read(&lines[line], n)?)));
        let (n, _) = slots.find(|(_, it)| it.network() == slot.network())?;
        Some((line, n))
    })
}

#[cfg(test)]
mod tests;
