//! The flow table: an array of sets of eight slots, of which each key has two to be in.
//!
//! The kernel's own hash keeps key, value and chain apart: a frame of a flow that is in no cache waits for one of them after the
//! other. Here a flow is most often in the slot that its key names first, and all that its frames touch are that slot's two lines,
//! which are fetched at once. Who looks for room, or for a flow elsewhere, reads a line of marks for each set.

use crate::flow::{FlowEntry, FlowKey, FlowTail};

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
    /// Second of the flow's last frame, as in its entry: who has been silent for longest is found without reading entries.
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

/// A flow and its key: two cache lines.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct FlowSlot {
    /// Which conversation.
    pub key: FlowKey,
    /// How it stands.
    pub entry: FlowEntry,
}

crate::layout!(FlowSlot, size 128, align 8);

/// Eight places. The slots come first, so that each is two neighbouring lines, which are fetched together.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct FlowSet {
    /// The flows.
    pub slots: [FlowSlot; SLOTS],
    /// Who has which.
    pub marks: [FlowMark; SLOTS],
    /// The rest of each.
    pub tails: [FlowTail; SLOTS],
}

crate::layout!(FlowSet, size 1280, align 8);

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

/// Where a key may be, and what its mark says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(C)]
pub struct FlowHash {
    /// The set to look in first.
    pub first: u32,
    /// The other one; may be the same.
    pub second: u32,
    /// The slot to look in first, in either.
    pub home: u32,
    /// The mark's tag, of a flow that is half-open.
    pub tag: u32,
}

impl FlowHash {
    /// Hashes a key by twelve random numbers that no sender knows, so that nobody can fill the sets of another's flow: strongly
    /// universal (multilinear, in pairs; Lemire and Kaser, "Strongly universal string hashing is fast", 2014, section 3).
    ///
    /// What that gives is mixed once more: keys that count up, as the ports of one client do, come out of it as steps of one
    /// length, which fall into few sets where that length is an unlucky one.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "halves of words are taken")]
    pub fn of(seed: impl Fn(usize) -> u64, key: &FlowKey, sets: u32) -> Self {
        const LOW: u64 = 0xffff_ffff;
        let words = key.words();
        let mut sum: u64 = 0;
        let mut n = 0;
        while n < words.len() {
            let low = (words[n] & LOW).wrapping_add(seed(2 * n));
            let high = (words[n] >> 32).wrapping_add(seed(2 * n + 1));
            sum = sum.wrapping_add(low.wrapping_mul(high));
            n += 1;
        }
        let mixed = mix(sum);
        let (high, low) = (mixed >> 32, mixed & LOW);
        Self {
            first: ((high * u64::from(sets)) >> 32) as u32,
            second: ((low * u64::from(sets)) >> 32) as u32,
            home: high as u32 & (FLOW_SLOTS - 1),
            tag: ((high ^ low) as u32 & !MARK_CONFIRMED) | MARK_TAKEN | 1,
        }
    }
}

/// Every bit of the result depends on every bit of the number, and no two numbers have one result (the finalizer of `SplitMix64`:
/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
#[inline(always)]
const fn mix(number: u64) -> u64 {
    let x = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEDS: [u64; 12] = [
        0x243f_6a88_85a3_08d3,
        0x1319_8a2e_0370_7344,
        0xa409_3822_299f_31d0,
        0x082e_fa98_ec4e_6c89,
        0x4528_21e6_38d0_1377,
        0xbe54_66cf_34e9_0c6c,
        0xc0ac_29b7_c97c_50dd,
        0x3f84_d5b5_b547_0917,
        0x9216_d5d9_8979_fb1b,
        0xd131_0ba6_98df_b5ac,
        0x2ffd_72db_d01a_dfb7,
        0xb8e1_afed_6a26_7e96,
    ];

    fn key(number: u32) -> FlowKey {
        let [a, b, c, _] = number.to_le_bytes();
        FlowKey {
            device_port: u16::from_le_bytes([a, b]),
            wire: c,
            ..FlowKey::default()
        }
    }

    #[test]
    fn keys_that_differ_by_a_bit_are_spread_over_all_sets() {
        const SETS: u32 = 1 << 8;
        let mut counts = [[0_u32; SETS as usize]; 2];
        let mut homes = [0_u32; SLOTS];
        let keys = 1 << 16;
        for number in 0..keys {
            let hash = FlowHash::of(|n| SEEDS[n], &key(number), SETS);
            counts[0][hash.first as usize] += 1;
            counts[1][hash.second as usize] += 1;
            homes[hash.home as usize] += 1;
            assert!(hash.tag & MARK_CONFIRMED == 0);
            let mark = FlowMark {
                tag: hash.tag,
                second: 0,
            };
            assert!(mark.is_filed());
        }
        for count in counts.as_flattened() {
            assert!(
                (128..512).contains(count),
                "{count} where 256 are to be expected"
            );
        }
        for count in homes {
            assert!(
                (7000..9400).contains(&count),
                "{count} where 8192 are to be expected"
            );
        }
    }

    /// Keys of one client, whose ports count up, by many seeds. Filed as the program does it.
    #[test]
    fn no_seed_has_sets_that_fill_up_while_half_of_the_table_is_free() {
        const SETS: u32 = 1 << 9;
        const FEW: u32 = FLOW_SLOTS / 2;
        let mut state = 1_u64;
        for _ in 0..500 {
            let seeds: [u64; 12] = core::array::from_fn(|_| {
                state = state.wrapping_add(SEEDS[0] | 1);
                mix(state)
            });
            let mut taken = [0_u32; SETS as usize];
            for number in 0..SETS * FLOW_SLOTS / 2 {
                let hash = FlowHash::of(|n| seeds[n], &key(number), SETS);
                let [first, second] = [hash.first, hash.second].map(|set| set as usize);
                let set = if taken[first] <= FEW || taken[first] <= taken[second] {
                    first
                } else {
                    second
                };
                taken[set] += 1;
                assert!(
                    taken[set] <= FLOW_SLOTS,
                    "no room for key {number} by {seeds:x?}"
                );
            }
        }
    }

    #[test]
    fn the_two_sets_of_a_key_have_nothing_to_do_with_each_other() {
        const SETS: u32 = 1 << 4;
        let mut pairs = [0_u32; (SETS * SETS) as usize];
        for number in 0..1 << 16 {
            let hash = FlowHash::of(|n| SEEDS[n], &key(number), SETS);
            pairs[(hash.first * SETS + hash.second) as usize] += 1;
        }
        assert!(
            pairs.iter().all(|count| (100..512).contains(count)),
            "{pairs:?}"
        );
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
