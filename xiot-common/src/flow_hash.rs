//! Where in the flow table a key may be.

use crate::{
    flow::FlowKey,
    flow_table::{FLOW_SLOTS, MARK_CONFIRMED, MARK_TAKEN},
};

/// Where a key may be, and what its mark says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(C)]
pub struct FlowHash {
    /// The set to look in first.
    pub first: u32,
    /// The other one; may be the same.
    pub second: u32,
    /// The slot to look at first, in either.
    pub home: u32,
    /// The mark's tag, of a flow that is half-open.
    pub tag: u32,
    /// The slot's hint: 1 to 255.
    pub hint: u32,
}

/// Numbers that keys are hashed with: twelve random ones, and what follows from them for IPv4.
pub const FLOW_SEEDS: usize = 15;

/// What the low half of the second word of an IPv4 address is, as IPv6 has it (RFC 4291, 2.5.5.2).
const MAPPED: u64 = 0xffff_0000;

/// The numbers from twelve random ones that no sender knows.
pub const fn flow_seeds(random: [u64; 12]) -> [u64; FLOW_SEEDS] {
    let mut seeds = [0; FLOW_SEEDS];
    let mut n = 0;
    while n < random.len() {
        seeds[n] = random[n];
        n += 1;
    }
    // Words and halves of words that are the same in all IPv4 keys.
    seeds[12] = product(0, seeds[0], 0, seeds[1]).wrapping_add(product(0, seeds[4], 0, seeds[5]));
    seeds[13] = MAPPED.wrapping_add(seeds[2]);
    seeds[14] = MAPPED.wrapping_add(seeds[6]);
    seeds
}

#[inline(always)]
const fn product(low: u64, seed: u64, high: u64, other: u64) -> u64 {
    low.wrapping_add(seed)
        .wrapping_mul(high.wrapping_add(other))
}

impl FlowHash {
    const LOW: u64 = 0xffff_ffff;

    /// Hashes a key by random numbers, so that nobody can fill the sets of another's flow: strongly universal (multilinear, in
    /// pairs; Lemire and Kaser, "Strongly universal string hashing is fast", 2014, section 3).
    #[inline(always)]
    pub fn of(seed: impl Fn(usize) -> u64, key: &FlowKey, sets: u32) -> Self {
        let words = key.words();
        let mut sum: u64 = 0;
        let mut n = 0;
        while n < words.len() {
            let (low, high) = (words[n] & Self::LOW, words[n] >> 32);
            sum = sum.wrapping_add(product(low, seed(2 * n), high, seed(2 * n + 1)));
            n += 1;
        }
        Self::of_sum(sum, sets)
    }

    /// The same of an IPv4 key, by its addresses as they lie in the frame and the last two words.
    #[inline(always)]
    pub fn of_ipv4(
        seed: impl Fn(usize) -> u64,
        [device, peer]: [u32; 2],
        rest: [u64; 2],
        sets: u32,
    ) -> Self {
        let mut sum = seed(12)
            .wrapping_add(product(0, seed(13), u64::from(device), seed(3)))
            .wrapping_add(product(0, seed(14), u64::from(peer), seed(7)));
        let mut n = 0;
        while n < rest.len() {
            let (low, high) = (rest[n] & Self::LOW, rest[n] >> 32);
            let seeds = (seed(8 + 2 * n), seed(9 + 2 * n));
            sum = sum.wrapping_add(product(low, seeds.0, high, seeds.1));
            n += 1;
        }
        Self::of_sum(sum, sets)
    }

    /// Mixes the sum once more: keys that count up, as the ports of one client do, come out of it as steps of one length, which
    /// fall into few sets where that length is an unlucky one.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "halves of words are taken")]
    fn of_sum(sum: u64, sets: u32) -> Self {
        let mixed = mix(sum);
        let (high, low) = (mixed >> 32, mixed & Self::LOW);
        Self {
            first: ((high * u64::from(sets)) >> 32) as u32,
            second: ((low * u64::from(sets)) >> 32) as u32,
            home: high as u32 & (FLOW_SLOTS - 1),
            tag: ((high ^ low) as u32 & !MARK_CONFIRMED) | MARK_TAKEN | 1,
            // Of bits that say little of the sets and the slot.
            hint: 1 + (((mixed >> 3 & 0xffff) * 255) >> 16) as u32,
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
    use crate::{addr::Addr, flow_table::FlowMark};

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
        let mut homes = [0_u32; FLOW_SLOTS as usize];
        let keys = 1 << 16;
        for number in 0..keys {
            let hash = FlowHash::of(|n| SEEDS[n], &key(number), SETS);
            counts[0][hash.first as usize] += 1;
            counts[1][hash.second as usize] += 1;
            homes[hash.home as usize] += 1;
            assert!(hash.tag & MARK_CONFIRMED == 0);
            assert!((1..256).contains(&hash.hint));
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
    fn an_ipv4_key_has_one_hash_whichever_way() {
        let seeds = flow_seeds(SEEDS);
        for number in [0, 1, 77, u32::MAX] {
            let addr = |n: u32| Addr::v4((number ^ n).to_be_bytes());
            let key = FlowKey {
                device: addr(0x0a1e_010c),
                peer: addr(0x0a14_080b),
                ..key(number)
            };
            let words = key.words();
            let short = key.short().0[0];
            let low = |word: u64| u32::try_from(word & FlowHash::LOW).expect("masked");
            let ends = [low(short), low(short >> 32)];
            let hash = FlowHash::of_ipv4(|n| seeds[n], ends, [words[4], words[5]], 1 << 15);
            assert_eq!(hash, FlowHash::of(|n| seeds[n], &key, 1 << 15));
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
}
