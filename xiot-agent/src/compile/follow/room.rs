//! Lines that nothing lies in any more, and those behind the last.

use std::collections::BTreeSet;

use xiot_common::image::Line;

use crate::compile::table::edit::Edited;

/// Free lines of an image.
#[derive(Debug)]
pub(super) struct Room {
    /// Length and start.
    holes: BTreeSet<(u32, u32)>,
    /// Lines that an image may have.
    limit: u32,
}

impl Room {
    /// All lines so far are in use.
    pub(super) const fn new(limit: u32) -> Self {
        Self {
            holes: BTreeSet::new(),
            limit,
        }
    }

    /// The first of so many lines that are free; none if there is no room. They may hold anything.
    pub(super) fn take(&mut self, length: u32, lines: &mut Edited) -> Option<u32> {
        if let Some(&hole) = self.holes.range((length, 0)..).next() {
            self.holes.remove(&hole);
            let (free, start) = hole;
            if free > length {
                self.holes.insert((free - length, start + length));
            }
            return Some(start);
        }
        let start = u32::try_from(lines.lines.len()).ok()?;
        if start.checked_add(length)? > self.limit {
            return None;
        }
        for _ in 0..length {
            lines.lines.push(Line::default());
        }
        Some(start)
    }

    /// Nothing lies in these any more.
    pub(super) fn give(&mut self, start: u32, length: u32) {
        self.holes.insert((length, start));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::lines::Lines;

    #[test]
    fn holes_are_filled_before_the_end_grows() {
        let mut lines = Edited::new(Lines::from(vec![Line::default(); 10]));
        let mut room = Room::new(16);
        assert_eq!(room.take(2, &mut lines), Some(10));
        room.give(3, 4);
        room.give(0, 2);
        assert_eq!(room.take(3, &mut lines), Some(3));
        assert_eq!(room.take(1, &mut lines), Some(6));
        assert_eq!(room.take(2, &mut lines), Some(0));
        assert_eq!(room.take(5, &mut lines), None);
        assert_eq!(room.take(4, &mut lines), Some(12));
        assert_eq!(lines.lines.len(), 16);
    }
}
