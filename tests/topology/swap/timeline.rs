//! Which policy judged which batches.

use std::collections::BTreeMap;

/// Swaps as a stream saw them: batches before the first number were judged by the old policy, those from the second one
/// on by the new one, and those between by either.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    swaps: Vec<(u64, u64)>,
}

impl Timeline {
    /// One more swap.
    pub(super) fn swap(&mut self, judged_before: u64, begun_after: u64) {
        self.swaps.push((judged_before, begun_after));
    }

    /// Checks the batches that arrived of a device which the first policy allows everything and the second one nothing;
    /// the policies take turns. Returns how many frames were explained how.
    pub(super) fn explain(&self, sent: u64, arrived: &[u64]) -> BTreeMap<&'static str, u64> {
        assert!(arrived.is_sorted_by(|a, b| a < b), "out of order or twice");
        let mut arrived = arrived.iter().copied().peekable();
        let mut frames = BTreeMap::new();
        let mut start = 0;
        let mut ends = self.swaps.iter().copied().chain([(sent, sent)]);
        for allows in [true, false].into_iter().cycle() {
            let Some((end, next)) = ends.next() else {
                break;
            };
            for batch in start..next {
                let there = arrived.next_if_eq(&batch).is_some();
                let kind = match (batch < end, there) {
                    (true, _) => {
                        assert_eq!(there, allows, "batch {batch} of the phase {start}..{end}");
                        if there { "allowed" } else { "denied" }
                    }
                    (false, true) => "allowed while it changed",
                    (false, false) => "denied while it changed",
                };
                *frames.entry(kind).or_insert(0) += 1;
            }
            start = next;
        }
        assert_eq!(arrived.next(), None, "a frame that was never sent");
        frames
    }
}
