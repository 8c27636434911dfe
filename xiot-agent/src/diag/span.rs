//! Where something stands in a file.

/// A stretch of a file. Bytes are for cutting the text, line and column for people.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// Line of the first byte, from 1. 0: the diagnostic is about the file as a whole.
    pub line: u32,
    /// Column of the first byte in characters, from 1.
    pub column: u32,
}

impl Span {
    /// The file as a whole.
    pub const FILE: Self = Self {
        start: 0,
        end: 0,
        line: 0,
        column: 0,
    };

    /// Whether this stands for the file as a whole.
    pub const fn is_file(self) -> bool {
        self.line == 0
    }

    /// The span of `length` bytes at byte `offset` of `text`. Counts lines: for errors, not for every node.
    pub fn locate(text: &[u8], offset: usize, length: usize) -> Self {
        let offset = offset.min(text.len());
        let before = text.get(..offset).unwrap_or_default();
        let line_start = before
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let lines = before.split(|byte| *byte == b'\n').count();
        // Continuation bytes of UTF-8 do not begin a character.
        let column = before
            .get(line_start..)
            .unwrap_or_default()
            .iter()
            .filter(|byte| **byte & 0xc0 != 0x80)
            .count();
        Self {
            start: narrow(offset),
            end: narrow(offset.saturating_add(length).min(text.len())),
            line: narrow(lines),
            column: narrow(column + 1),
        }
    }
}

/// Files are limited far below 4 GiB; beyond it a position saturates.
fn narrow(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_counts_characters_and_not_bytes() {
        let text = "a: 1\nprüfung: ä b\n";
        let offset = text.find(" b").unwrap() + 1;
        let span = Span::locate(text.as_bytes(), offset, 1);
        assert_eq!((span.line, span.column), (2, 12));
        assert_eq!(span.end - span.start, 1);
    }

    #[test]
    fn an_offset_past_the_end_is_the_end() {
        let span = Span::locate(b"ab\n", 99, 5);
        assert_eq!((span.start, span.end, span.line, span.column), (3, 3, 2, 1));
    }
}
