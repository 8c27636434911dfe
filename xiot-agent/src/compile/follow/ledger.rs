//! Which numbers are in use.

use crate::model::list::List;

/// Numbers in use, a bit for each.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger(Vec<u64>);

impl Ledger {
    /// Of these numbers.
    pub(super) fn of(numbers: &List<u32>) -> Self {
        let mut ledger = Self::default();
        for &number in numbers {
            ledger.add(number);
        }
        ledger
    }

    pub(super) fn add(&mut self, number: u32) {
        let (word, bit) = place(number);
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= bit;
    }

    pub(super) fn remove(&mut self, number: u32) {
        let (word, bit) = place(number);
        if let Some(word) = self.0.get_mut(word) {
            *word &= !bit;
        }
    }

    /// The highest number in use; 0 for none.
    pub(super) fn highest(&self) -> u32 {
        let words = self.0.iter().enumerate().rev();
        let last = words.map(|(n, word)| (n, 64 - word.leading_zeros()));
        let mut last = last.filter(|&(_, bits)| bits > 0);
        last.next().map_or(0, |(n, bits)| {
            u32::try_from(n * 64).expect("numbers have 32 bits") + bits - 1
        })
    }

    /// The lowest numbers from 1 to `limit` that are not in use, as many as wanted; none if there are fewer.
    pub(super) fn free(&self, wanted: usize, limit: u32) -> Option<Vec<u32>> {
        let mut free = Vec::new();
        let mut number = 1;
        while free.len() < wanted {
            if number > limit {
                return None;
            }
            let (word, bit) = place(number);
            match self.0.get(word) {
                // All of its word are.
                Some(&u64::MAX) => number = (number | 63).checked_add(1)?,
                Some(word) if word & bit != 0 => number += 1,
                Some(_) | None => {
                    free.push(number);
                    number = number.checked_add(1)?;
                }
            }
        }
        Some(free)
    }
}

const fn place(number: u32) -> (usize, u64) {
    (number as usize / 64, 1 << (number % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_free_numbers_are_given() {
        let mut ledger = Ledger::of(&(1..=200).collect());
        assert_eq!(ledger.highest(), 200);
        assert_eq!(ledger.free(2, 300), Some(vec![201, 202]));
        assert_eq!(ledger.free(2, 201), None);
        ledger.remove(64);
        ledger.remove(200);
        ledger.remove(1000);
        assert_eq!(ledger.highest(), 199);
        assert_eq!(ledger.free(2, 300), Some(vec![64, 200]));
        assert_eq!(Ledger::default().highest(), 0);
        assert_eq!(Ledger::default().free(1, 1), Some(vec![1]));
        assert_eq!(Ledger::default().free(0, 0), Some(vec![]));
    }
}
