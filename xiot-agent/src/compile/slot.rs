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

/// Last word of a full line whose last slot holds nothing: not 0, and without a payload.
const BURIED_NARROW: u64 = 0xffff_ffff;
/// The same in wide tables, whose payload is the other half.
const BURIED_WIDE: u64 = 1 << 32;

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

/// A slot that can be changed in a table that is laid out.
pub(super) trait Editable: Slot {
    /// Its key as a network, by which slots are ordered: scope, first address, prefix length. Of devices it is only the order.
    fn network(self) -> (u64, u128, u64);
    /// Another payload under the same key.
    #[must_use]
    fn with(self, payload: u32) -> Self;
    /// Takes the last slot out of a line that is full: it holds nothing then, but still says that it is full, so that what stands
    /// in its second line for want of room here is looked for there.
    fn bury(line: &mut Line);
    /// Takes slot `n` out, the last one in use of a line that is not full.
    fn clear(line: &mut Line, n: usize);
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

impl Editable for Narrow {
    fn network(self) -> (u64, u128, u64) {
        let [scope_and_address, prefix] = self.key();
        let address = scope_and_address & 0xffff_ffff;
        (scope_and_address >> 32, address.into(), prefix)
    }

    fn with(self, payload: u32) -> Self {
        Self::new(self.key(), payload)
    }

    fn bury(line: &mut Line) {
        line.0[6..].copy_from_slice(&[0, BURIED_NARROW]);
    }

    fn clear(line: &mut Line, n: usize) {
        line.0[2 * n..2 * n + 2].fill(0);
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

impl Editable for Wide {
    fn network(self) -> (u64, u128, u64) {
        let [high, low, scope_and_prefix] = self.key();
        let address = u128::from(high) << 64 | u128::from(low);
        (
            scope_and_prefix >> 32,
            address,
            scope_and_prefix & 0xffff_ffff,
        )
    }

    fn with(self, payload: u32) -> Self {
        Self::new(self.key(), payload)
    }

    fn bury(line: &mut Line) {
        line.0[4..].copy_from_slice(&[0, 0, 0, BURIED_WIDE]);
    }

    fn clear(line: &mut Line, n: usize) {
        line.0[4 * n..4 * n + 4].fill(0);
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
