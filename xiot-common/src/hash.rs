//! The hash of the bucket tables. Keys come from the policy, not from the wire, so it need not resist
//! chosen keys; lookups read two lines at most whatever is asked for.
#![expect(
    clippy::cast_possible_truncation,
    reason = "both halves of the word are taken"
)]

/// Odd constants from the fractional part of the golden ratio and of the square root of 3.
const K1: u64 = 0x9e37_79b9_7f4a_7c15;
const K2: u64 = 0xbb67_ae85_84ca_a73b;

/// Takes one more word in.
#[inline(always)]
pub const fn mix(state: u64, word: u64) -> u64 {
    let x = (state ^ word).wrapping_mul(K1);
    (x ^ (x >> 32)).wrapping_mul(K2)
}

#[inline(always)]
const fn finish(state: u64) -> (u32, u32) {
    let x = state ^ (state >> 29);
    (x as u32, (x >> 32) as u32)
}

/// Both bucket choices of a two-word key, before masking.
#[inline(always)]
pub const fn hash2(seed: u64, key: [u64; 2]) -> (u32, u32) {
    finish(mix(mix(seed, key[0]), key[1]))
}

/// One number below `2^32` of a six-word key.
#[inline(always)]
pub const fn hash6(seed: u64, key: [u64; 6]) -> u32 {
    let state = mix(mix(mix(seed, key[0]), key[1]), key[2]);
    finish(mix(mix(mix(state, key[3]), key[4]), key[5])).0
}

/// Both bucket choices of a three-word key, before masking.
#[inline(always)]
pub const fn hash3(seed: u64, key: [u64; 3]) -> (u32, u32) {
    finish(mix(mix(mix(seed, key[0]), key[1]), key[2]))
}
