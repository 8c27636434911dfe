//! What stands in a bucket: a key and its payload, as the words of a line.

use xiot_common::{
    image::Line,
    table::{NARROW_SLOTS, Table, WIDE_SLOTS, find2, find3},
};

/// Slots in a hundred that may be in use before a table gets twice the buckets.
///
/// Two choices carry 97 of 100 in narrow and 89 in wide tables; the rest keeps displacements rare and first
/// lines free enough that a miss mostly reads one line.
const NARROW_LOAD: usize = 75;
/// The same for wide tables.
const WIDE_LOAD: usize = 65;

/// A slot as its words stand in a line.
pub(super) trait Slot: Copy {
    /// Slots in a line.
    const PER_LINE: usize;
    /// Of [`Self::PER_LINE`] slots in use, in a hundred.
    const LOAD: usize;
    /// What stands in slot `n` of the line; none: it is free.
    fn read(line: &Line, n: usize) -> Option<Self>;
    /// Puts it into slot `n`.
    fn write(self, line: &mut Line, n: usize);
    /// What is filed, not 0.
    fn payload(self) -> u32;
    /// Both lines it may stand in.
    fn lines(self, table: &Table) -> (u32, u32);
    /// What the data path finds under its key in this line.
    fn find(self, line: &Line) -> u32;
}

/// {key 0, key 1 | payload << 32}.
#[derive(Clone, Copy, Debug)]
pub(super) struct Narrow([u64; 2]);

impl Narrow {
    /// Files a payload under a key whose second word has 32 bits.
    pub(super) const fn new(key: [u64; 2], payload: u32) -> Self {
        Self([key[0], key[1] | (payload as u64) << 32])
    }

    const fn key(self) -> [u64; 2] {
        [self.0[0], self.0[1] & 0xffff_ffff]
    }
}

impl Slot for Narrow {
    const PER_LINE: usize = NARROW_SLOTS;
    const LOAD: usize = NARROW_LOAD;

    fn read(line: &Line, n: usize) -> Option<Self> {
        let slot = Self([line.0[2 * n], line.0[2 * n + 1]]);
        (slot.payload() != 0).then_some(slot)
    }

    fn write(self, line: &mut Line, n: usize) {
        line.0[2 * n..2 * n + 2].copy_from_slice(&self.0);
    }

    fn payload(self) -> u32 {
        high_half(self.0[1])
    }

    fn lines(self, table: &Table) -> (u32, u32) {
        table.lines2(self.key())
    }

    fn find(self, line: &Line) -> u32 {
        find2(line, self.key())
    }
}

/// {key 0, key 1, key 2, payload}.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wide([u64; 4]);

impl Wide {
    /// Files a payload under a key.
    pub(super) const fn new(key: [u64; 3], payload: u32) -> Self {
        Self([key[0], key[1], key[2], payload as u64])
    }

    const fn key(self) -> [u64; 3] {
        let [a, b, c, _] = self.0;
        [a, b, c]
    }
}

impl Slot for Wide {
    const PER_LINE: usize = WIDE_SLOTS;
    const LOAD: usize = WIDE_LOAD;

    fn read(line: &Line, n: usize) -> Option<Self> {
        let w = &line.0[4 * n..];
        let slot = Self([w[0], w[1], w[2], w[3]]);
        (slot.payload() != 0).then_some(slot)
    }

    fn write(self, line: &mut Line, n: usize) {
        line.0[4 * n..4 * n + 4].copy_from_slice(&self.0);
    }

    fn payload(self) -> u32 {
        low_half(self.0[3])
    }

    fn lines(self, table: &Table) -> (u32, u32) {
        table.lines3(self.key())
    }

    fn find(self, line: &Line) -> u32 {
        find3(line, self.key())
    }
}

const fn low_half(word: u64) -> u32 {
    let [.., a, b, c, d] = word.to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}

const fn high_half(word: u64) -> u32 {
    let [a, b, c, d, ..] = word.to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}
