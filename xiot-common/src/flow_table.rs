//! The flow table: sets of eight slots, of which each key has two to be in, and one slot in each that is looked at first.
//!
//! The kernel's own hash keeps key, value and chain apart: a frame of a flow that is in no cache waits for one of them after the
//! other. Here a flow is most often in the slot that its key names first, and all that its frames touch is that slot's line
//! ([`crate::flow_line::FlowLine`]). Which slots may hold a key is told by hints, of which a set has one word: a flood of keys that
//! have no flow goes no further. Who looks for room reads the marks of each set. Four arrays: lines and rests by slot, marks and
//! hints by set.

/// Slots in a set: as many as there are marks in a cache line.
pub const FLOW_SLOTS: u32 = 8;

const SLOTS: usize = FLOW_SLOTS as usize;

/// In a tag: both sides spoke in the flow, so that it gives way to no other while it is live.
pub const MARK_CONFIRMED: u32 = 1 << 31;
/// In a tag: the slot is taken.
pub const MARK_TAKEN: u32 = 1 << 30;

/// Who has a slot. Changes hands by compare-and-swap of the whole word only.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C, align(8))]
pub struct FlowMark {
    /// 0: nobody. Else `MARK_*` bits and some of the key's hash, which is not 0.
    pub tag: u32,
    /// Second of the flow's last frame, so that who has been silent for longest is found without reading lines. Of a flow that
    /// both sides spoke in, of one before that.
    pub second: u32,
}

crate::layout!(FlowMark, size 8, align 8);

impl FlowMark {
    /// Nobody has the slot.
    pub const FREE: Self = Self { tag: 0, second: 0 };

    /// The slot is being filled or emptied.
    pub const CLAIMED: Self = Self {
        tag: MARK_TAKEN,
        second: 0,
    };

    /// As one word, for compare-and-swap.
    #[inline(always)]
    pub const fn to_word(self) -> u64 {
        let (t, s) = (self.tag.to_ne_bytes(), self.second.to_ne_bytes());
        u64::from_ne_bytes([t[0], t[1], t[2], t[3], s[0], s[1], s[2], s[3]])
    }

    /// The mark of this word.
    #[inline(always)]
    pub const fn from_word(word: u64) -> Self {
        let b = word.to_ne_bytes();
        Self {
            tag: u32::from_ne_bytes([b[0], b[1], b[2], b[3]]),
            second: u32::from_ne_bytes([b[4], b[5], b[6], b[7]]),
        }
    }

    /// Whether a flow is in the slot, whole.
    #[inline(always)]
    pub const fn is_filed(self) -> bool {
        self.tag & !MARK_CONFIRMED > MARK_TAKEN
    }

    /// Whether both sides spoke in it.
    #[inline(always)]
    pub const fn is_confirmed(self) -> bool {
        self.tag & MARK_CONFIRMED != 0
    }
}

/// Who has the slots of a set: a cache line.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct FlowMarks(pub [FlowMark; SLOTS]);

crate::layout!(FlowMarks, size 64, align 8);

/// A byte of each slot's hash, or 0 where nobody has it: the first slot's is the lowest. Written only while the slot is claimed, so
/// that it is never another's.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(transparent)]
pub struct FlowHints(pub u64);

crate::layout!(FlowHints, size 8, align 8);

/// Slots that may hold a key: the highest bit of each one's byte.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Candidates(u64);

impl FlowHints {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const LOW: u64 = 0x7f * Self::EACH;

    /// The slots that have this hint.
    #[inline(always)]
    pub const fn candidates(self, hint: u32) -> Candidates {
        let differs = self.0 ^ (hint as u64).wrapping_mul(Self::EACH);
        // No carry leaves a byte: its highest bit comes out as 0 where all its bits are.
        let some = (differs & Self::LOW) + Self::LOW;
        Candidates(!(some | differs | Self::LOW))
    }

    /// The slots that nobody has.
    #[inline(always)]
    pub const fn free(self) -> Candidates {
        self.candidates(0)
    }
}

impl Candidates {
    /// Whether there are none.
    #[inline(always)]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many there are.
    #[inline(always)]
    pub const fn count(self) -> u32 {
        ((self.0 >> 7).wrapping_mul(FlowHints::EACH) >> 56) as u32
    }

    /// Whether this slot is one.
    #[inline(always)]
    pub const fn has(self, slot: u32) -> bool {
        self.0 >> (8 * slot) & 0x80 != 0
    }

    /// The lowest, and the others. Of none: any.
    #[inline(always)]
    pub const fn split(self) -> (u32, Self) {
        let lowest = self.0 & self.0.wrapping_neg();
        // One bit of each byte up to that of the lowest, added up in the highest byte.
        let bytes = lowest.wrapping_sub(1) & FlowHints::EACH;
        let count = bytes.wrapping_mul(FlowHints::EACH) >> 56;
        (
            (count as u32).wrapping_sub(1) & (FLOW_SLOTS - 1),
            Self(self.0 ^ lowest),
        )
    }
}

/// Words of the record of devices that ever had a flow: 8 KiB, which stay in the first level of the cache.
pub const FLOW_OWNER_WORDS: u32 = 1024;

/// Which word of that record is a device's, and which bit in it, by its MAC as a word. Devices may share one: a bit says that a
/// device may have flows, none that it has none. Bits stay: of MACs that may open flows there are as many as devices.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "ten bits are left")]
pub const fn owner_bit(mac: u64) -> (u32, u64) {
    /// An odd constant from the fractional part of the golden ratio.
    const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mixed = mac.wrapping_mul(SPREAD);
    let word = mixed >> (u64::BITS - FLOW_OWNER_WORDS.ilog2());
    (word as u32, 1 << (mixed >> 40 & 63))
}

/// How full the flow table is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct FlowLevel {
    /// Flows that both sides spoke in, over or not. Changed by atomic addition only.
    pub confirmed: u64,
    /// The second in which the program may look for flows that are over again.
    pub reclaim_at: u32,
    /// Flows that it removed when it last did.
    pub reclaimed: u32,
}

crate::layout!(FlowLevel, size 16, align 8);

/// Fewest sets: as in small tables a few that fill up would be many.
const FEWEST_SETS: u32 = 64;

/// Room for half-open flows beside so many that both sides spoke in, at least: never less than for those.
pub const fn half_open_room(flows: u32, half_open: u32) -> u32 {
    if flows > half_open { flows } else { half_open }
}

/// Sets for so many flows that both sides spoke in, beside so many that only one did. Half of the slots at most are of the
/// former: then both sets of a key are full of them never in practice (not once in two million flows that were filed at random;
/// at seven tenths three times in a million).
#[expect(clippy::cast_possible_truncation, reason = "compared before")]
pub const fn flow_sets(flows: u32, half_open: u32) -> u32 {
    let half_open = half_open_room(flows, half_open);
    let sets = (flows as u64 + half_open as u64).div_ceil(FLOW_SLOTS as u64);
    if sets < FEWEST_SETS as u64 {
        FEWEST_SETS
    } else if sets > u32::MAX as u64 / FLOW_SLOTS as u64 {
        u32::MAX / FLOW_SLOTS
    } else {
        sets as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_name_the_slots_that_have_them_and_no_others() {
        let mut state = 7_u64;
        for round in 0..20_000_u32 {
            // Xorshift (Marsaglia, 2003).
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            // Few different bytes, so that some are alike and some are off by one.
            let hints: [u8; SLOTS] = core::array::from_fn(|slot| {
                let random = state.to_le_bytes()[slot];
                if round % 2 == 0 {
                    random
                } else {
                    random & 0x81
                }
            });
            let word = FlowHints(u64::from_le_bytes(hints));
            let free: u32 = hints.iter().map(|hint| u32::from(*hint == 0)).sum();
            assert_eq!(word.free().count(), free, "{hints:x?}");
            for hint in [1, 2, 0x80, 0x81, 0xff, u32::from(hints[3])] {
                let mut left = word.candidates(hint);
                for (slot, own) in (0..).zip(hints) {
                    let is_one = u32::from(own) == hint;
                    assert_eq!(left.has(slot), is_one, "{hints:x?} {hint:x}");
                    if is_one {
                        let (lowest, others) = left.split();
                        assert_eq!(lowest, slot, "{hints:x?} {hint:x}");
                        left = others;
                    }
                }
                assert!(left.is_empty());
            }
        }
    }

    #[test]
    fn macs_of_one_maker_are_spread_over_all_bits() {
        let mut words = [0_u64; FLOW_OWNER_WORDS as usize];
        for number in 0..4096_u64 {
            // The last bytes of a MAC are the high ones of its word.
            let (word, bit) = owner_bit(0x00b1_0300 | number << 32);
            assert_eq!(bit.count_ones(), 1);
            words[word as usize] |= bit;
        }
        let bits: u32 = words.iter().map(|word| word.count_ones()).sum();
        assert!(bits > 3800, "{bits} bits of 4096 MACs");
    }

    #[test]
    fn a_mark_is_its_word() {
        let mark = FlowMark {
            tag: MARK_CONFIRMED | MARK_TAKEN | 5,
            second: 77,
        };
        assert_eq!(FlowMark::from_word(mark.to_word()), mark);
        assert!(mark.is_filed() && mark.is_confirmed());
        assert!(!FlowMark::CLAIMED.is_filed() && !FlowMark::FREE.is_filed());
    }

    #[test]
    fn half_of_the_slots_are_for_what_is_half_open() {
        assert_eq!(flow_sets(128 * 1024, 64 * 1024), 32 * 1024);
        assert_eq!(flow_sets(4, 16 * 1024), 2049);
        assert_eq!(flow_sets(1, 1), FEWEST_SETS);
        assert_eq!(flow_sets(u32::MAX, 1), u32::MAX / 8);
    }
}
