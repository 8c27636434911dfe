//! Where the rule sets of a profile go that changed: those that are there already stay.

use hashbrown::HashSet;
use xiot_common::image::Line;

use super::room::Room;
use crate::compile::{
    encode,
    peers::Filed,
    slot::Editable,
    table::edit::{Edit, Edited},
};

/// The rule sets of one profile.
#[derive(Debug)]
pub(super) struct Placing<'a> {
    /// The profile, compiled by itself.
    filed: &'a Filed,
    /// First rule line.
    first: u32,
    /// By first line of a set: what slots say of it, once that is known.
    places: Vec<Option<u32>>,
}

impl<'a> Placing<'a> {
    /// Nothing is placed yet. `first` is the first rule line.
    pub(super) fn new(filed: &'a Filed, first: u32) -> Self {
        Self {
            filed,
            first,
            places: vec![None; filed.lines.len()],
        }
    }

    /// The set that this slot of the profile names.
    fn set(&self, slot: impl Editable) -> (usize, &[Line]) {
        let first = slot.payload() as usize - 1;
        let lines = &self.filed.lines[first..];
        (first, &lines[..length(&lines[0])])
    }

    /// Leaves sets where they are if they are still those of the same network.
    pub(super) fn keep<S: Editable>(&mut self, old: &[S], new: &[S], lines: &Edited) {
        beside(old, new, |old, new| {
            let (Some(old), Some(new)) = (old, new) else {
                return;
            };
            let (local, set) = self.set(new);
            let there = (self.first + old.payload() - 1) as usize;
            let mut both = set.iter().zip(there..);
            if self.places[local].is_none()
                && both.all(|(line, at)| lines.lines.get(at) == Some(line))
            {
                self.places[local] = Some(old.payload());
            }
        });
    }

    /// Finds room for the others that slots name.
    pub(super) fn place(
        &mut self,
        named: impl Iterator<Item = u32>,
        room: &mut Room,
        lines: &mut Edited,
    ) -> Option<()> {
        for payload in named {
            let local = payload as usize - 1;
            if self.places[local].is_some() {
                continue;
            }
            let set = &self.filed.lines[local..];
            let set = &set[..length(&set[0])];
            let start = room.take(u32::try_from(set.len()).ok()?, lines)?;
            self.places[local] = Some(start - self.first + 1);
            for (line, at) in set.iter().zip(start as usize..) {
                lines[at] = *line;
            }
        }
        Some(())
    }

    /// What changes in a table. Returns the slots as they are then; `old` gets the sets that slots no more name.
    pub(super) fn edit<S: Editable>(
        &self,
        before: &[S],
        after: &[S],
        edit: &mut Edit<S>,
        old: &mut HashSet<u32>,
    ) -> Vec<S> {
        let mut slots = Vec::with_capacity(after.len());
        beside(before, after, |before, after| {
            let place = |slot: S| self.places[slot.payload() as usize - 1];
            let after = after.and_then(|slot| Some(slot.with(place(slot)?)));
            slots.extend(after);
            match (before, after) {
                (Some(before), Some(after)) if before.payload() == after.payload() => return,
                (Some(_), Some(after)) => edit.changed.push(after),
                (Some(before), None) => edit.gone.push(before),
                (None, Some(after)) => edit.new.push(after),
                (None, None) => (),
            }
            old.extend(before.map(S::payload));
        });
        slots
    }

    /// Gives back the lines of old sets that no slot names.
    pub(super) fn free(
        &self,
        mut old: HashSet<u32>,
        named: impl Iterator<Item = u32>,
        room: &mut Room,
        lines: &Edited,
    ) {
        if old.is_empty() {
            return;
        }
        named.for_each(|payload| {
            old.remove(&payload);
        });
        let mut old: Vec<_> = old.into_iter().collect();
        old.sort_unstable();
        for payload in old {
            let start = self.first + payload - 1;
            let length = length(&lines.lines[start as usize]);
            room.give(start, u32::try_from(length).unwrap_or(1));
        }
    }
}

/// Lines of the set that begins with this one.
fn length(line: &Line) -> usize {
    usize::from(encode::rules_of(line).more) + 1
}

/// Two lists of slots, both by key: the slots of each key.
fn beside<S: Editable>(one: &[S], other: &[S], mut each: impl FnMut(Option<S>, Option<S>)) {
    let (mut one, mut other) = (
        one.iter().copied().peekable(),
        other.iter().copied().peekable(),
    );
    loop {
        let key = |slot: Option<&S>| slot.map(|slot| slot.network());
        let next = match (key(one.peek()), key(other.peek())) {
            (Some(one), Some(other)) => one.min(other),
            (Some(key), None) | (None, Some(key)) => key,
            (None, None) => return,
        };
        let here = |slot: &S| slot.network() == next;
        each(one.next_if(here), other.next_if(here));
    }
}
