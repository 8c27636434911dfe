//! A stable 64-bit hash of content, from which generations are made. Not for secrets.

use xiot_common::hash::hash2;

/// Hash of the words added so far, in their order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Fingerprint(u64);

impl Fingerprint {
    /// Of nothing. Different kinds of content take different salts.
    pub(super) const fn new(salt: u64) -> Self {
        Self(salt)
    }

    /// Adds two words.
    #[must_use]
    pub(super) const fn add(self, first: u64, second: u64) -> Self {
        let (low, high) = hash2(self.0, [first, second]);
        Self((high as u64) << 32 | low as u64)
    }

    /// Adds several words and how many they are.
    #[must_use]
    pub(super) fn add_all(self, words: &[u64]) -> Self {
        words
            .iter()
            .fold(self.add(0, words.len() as u64), |hash, &word| {
                hash.add(word, 1)
            })
    }

    /// All 64 bits.
    pub(super) const fn get(self) -> u64 {
        self.0
    }

    /// The number stamped on flows: 32 bits, never 0, which stands for no generation.
    pub(super) const fn generation(self) -> u32 {
        let [a, b, c, d, ..] = self.add(0, 0).0.to_be_bytes();
        let generation = u32::from_be_bytes([a, b, c, d]);
        if generation == 0 { 1 } else { generation }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_number_and_value_of_words_count() {
        let of = |words: &[u64]| Fingerprint::new(7).add_all(words);
        assert_eq!(of(&[1, 2]), of(&[1, 2]));
        assert_ne!(of(&[1, 2]), of(&[2, 1]));
        assert_ne!(of(&[1, 2]), of(&[1, 3]));
        assert_ne!(of(&[0]), of(&[0, 0]));
        assert_ne!(of(&[1]), Fingerprint::new(8).add_all(&[1]));
    }

    /// Flows of all releases carry these: a changed hash would judge all of them again.
    #[test]
    fn generations_are_stable() {
        assert_eq!(Fingerprint::new(0).add(1, 2).generation(), GOLDEN);
    }

    const GOLDEN: u32 = 1_465_129_060;
}
