//! The hours in which something was seen: how often that was, and at what times of the week.
//!
//! Hours are counted from the Unix epoch. What is seen around the clock takes one run however long it lasts, what is seen now and then a run each
//! time; of those only the last are kept, of the others their number and their hours of the week.

/// Runs that are kept. What happens once a day is known by its hours for most of a year.
pub const MOST_RUNS: usize = 256;

/// Hours of a week.
pub const WEEK: u32 = 7 * 24;

/// The Unix epoch was a Thursday: hours from the Monday before it.
const MONDAY: u32 = 3 * 24;

/// Hours in a row.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Run {
    /// The first, from the Unix epoch.
    pub start: u32,
    /// How many.
    pub length: u32,
}

impl Run {
    /// The hour after the last.
    const fn end(self) -> u32 {
        self.start.saturating_add(self.length)
    }
}

/// A set of hours.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Hours {
    /// In order, with at least one hour between any two.
    runs: Vec<Run>,
    /// Hours of runs that were forgotten.
    forgotten: u32,
    /// One bit for each hour of the week (UTC, from Monday 0:00) in which anything was ever seen.
    week: [u64; 3],
}

impl Hours {
    /// The set of these runs, with what is known of earlier hours. None if it is no set that this type would make.
    pub fn of(runs: Vec<Run>, forgotten: u32, week: [u64; 3]) -> Option<Self> {
        let is_ordered = runs
            .array_windows::<2>()
            .all(|[before, after]| before.end() < after.start);
        let are_runs = runs
            .iter()
            .all(|run| run.length > 0 && run.start.checked_add(run.length).is_some());
        let mut hours = Self {
            runs,
            forgotten,
            week,
        };
        if !is_ordered || !are_runs || hours.runs.len() > MOST_RUNS {
            return None;
        }
        let kept = hours.runs.clone();
        for run in kept {
            hours.mark_week(run);
        }
        (hours.week == week && week[2] >> (WEEK - 128) == 0).then_some(hours)
    }

    /// The set of these runs; none if it is no set that this type would make.
    pub fn of_runs(runs: Vec<Run>) -> Option<Self> {
        let mut week = Self::default();
        for run in &runs {
            week.mark_week(*run);
        }
        Self::of(runs, 0, week.week)
    }

    /// Adds an hour; whether it is new. An hour before all that is kept may have been forgotten: it does not count again.
    pub fn mark(&mut self, hour: u32) -> bool {
        if hour == u32::MAX {
            return false;
        }
        let place = self.runs.partition_point(|run| run.start <= hour);
        let before = place.checked_sub(1);
        if before.is_some_and(|before| hour < self.runs[before].end()) {
            return false;
        }
        if place == 0 && self.forgotten > 0 {
            return false;
        }
        let joins_before = before.filter(|before| self.runs[*before].end() == hour);
        let joins_after = self
            .runs
            .get(place)
            .is_some_and(|run| run.start == hour + 1);
        match (joins_before, joins_after) {
            (Some(before), true) => {
                self.runs[before].length += 1 + self.runs[place].length;
                self.runs.remove(place);
            }
            (Some(before), false) => self.runs[before].length += 1,
            (None, true) => {
                self.runs[place].start = hour;
                self.runs[place].length += 1;
            }
            (None, false) => self.runs.insert(
                place,
                Run {
                    start: hour,
                    length: 1,
                },
            ),
        }
        self.mark_week(Run {
            start: hour,
            length: 1,
        });
        if self.runs.len() > MOST_RUNS {
            let oldest = self.runs.remove(0);
            self.forgotten = self.forgotten.saturating_add(oldest.length);
        }
        true
    }

    /// Adds the hours of another set, but for those that it forgot.
    pub fn join(&mut self, other: &Self) {
        for run in other.runs() {
            for hour in run.start..run.end() {
                self.mark(hour);
            }
        }
    }

    fn mark_week(&mut self, run: Run) {
        for hour in (run.start..run.end()).take(WEEK as usize) {
            let of_week = hour_of_week(hour);
            self.week[of_week as usize / 64] |= 1 << (of_week % 64);
        }
    }

    /// How many there are, those that were forgotten too.
    pub fn count(&self) -> u32 {
        let kept = self.runs.iter().map(|run| run.length);
        kept.fold(self.forgotten, u32::saturating_add)
    }

    /// Those that are kept, in order.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// Those from this hour on.
    #[must_use]
    pub fn since(&self, first: u32) -> Self {
        let mut later = Self::default();
        for run in &self.runs {
            let start = run.start.max(first);
            if start < run.end() {
                let run = Run {
                    start,
                    length: run.end() - start,
                };
                later.runs.push(run);
                later.mark_week(run);
            }
        }
        later
    }

    /// How many were forgotten.
    pub const fn forgotten(&self) -> u32 {
        self.forgotten
    }

    /// Hours of the week in which anything was ever seen: bit `n` of 192 for the `n`th hour from Monday 0:00 (UTC).
    pub const fn week(&self) -> [u64; 3] {
        self.week
    }

    /// Whether this hour is known to be among them.
    pub fn contains(&self, hour: u32) -> bool {
        let place = self.runs.partition_point(|run| run.start <= hour);
        place > 0 && hour < self.runs[place - 1].end()
    }
}

/// Which hour of the week this is, from Monday 0:00 (UTC).
pub const fn hour_of_week(hour: u32) -> u32 {
    (hour % WEEK + MONDAY) % WEEK
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn of_set(hours: &BTreeSet<u32>) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for &hour in hours {
            match runs.last_mut() {
                Some(run) if run.end() == hour => run.length += 1,
                _ => runs.push(Run {
                    start: hour,
                    length: 1,
                }),
            }
        }
        runs
    }

    #[test]
    fn the_week_begins_on_monday() {
        // 2026-11-30 was a Monday.
        let monday = 1_795_996_800 / 3600;
        assert_eq!(
            [monday - 1, monday, monday + 25].map(hour_of_week),
            [167, 0, 25]
        );
        assert_eq!(hour_of_week(0), 72);
    }

    #[test]
    fn what_was_before_an_hour_can_be_left_out() {
        let mut hours = Hours::default();
        for hour in [1000, 1001, 1005, 1006, 1010] {
            hours.mark(hour);
        }
        let since = |first| -> Vec<_> {
            let later = hours.since(first);
            assert_eq!(Hours::of_runs(later.runs().to_vec()), Some(later.clone()));
            later
                .runs()
                .iter()
                .map(|run| (run.start, run.length))
                .collect()
        };
        assert_eq!(since(0), [(1000, 2), (1005, 2), (1010, 1)]);
        assert_eq!(since(1006), [(1006, 1), (1010, 1)]);
        assert_eq!(since(1011), []);
    }

    #[test]
    fn around_the_clock_is_one_run() {
        let mut hours = Hours::default();
        for hour in 0..3 * 365 * 24 {
            assert!(hours.mark(400_000 + hour));
        }
        assert_eq!((hours.runs().len(), hours.count()), (1, 3 * 365 * 24));
        assert_eq!(hours.week(), [u64::MAX, u64::MAX, (1 << 40) - 1]);
    }

    #[test]
    fn what_is_forgotten_is_counted_and_does_not_come_back() {
        let mut hours = Hours::default();
        for day in 0..300 {
            assert!(hours.mark(400_000 + 24 * day));
        }
        assert_eq!((hours.runs().len(), hours.forgotten()), (MOST_RUNS, 44));
        assert_eq!(hours.count(), 300);
        assert!(!hours.mark(400_000));
        assert_eq!(hours.count(), 300);
        assert_eq!(hours.week().map(u64::count_ones).iter().sum::<u32>(), 7);
    }

    proptest! {
        #[test]
        fn it_is_the_set_of_what_was_marked(marks in prop::collection::vec(1000..1300_u32, 0..200)) {
            let mut hours = Hours::default();
            let mut set = BTreeSet::new();
            for hour in marks {
                prop_assert_eq!(hours.mark(hour), set.insert(hour));
            }
            prop_assert_eq!(hours.runs(), of_set(&set));
            prop_assert_eq!(hours.count() as usize, set.len());
            for hour in 990..1310 {
                prop_assert_eq!(hours.contains(hour), set.contains(&hour));
            }
            let week: BTreeSet<_> = set.iter().map(|hour| hour_of_week(*hour)).collect();
            let bits = (0..192_u32).filter(|bit| hours.week()[*bit as usize / 64] >> (bit % 64) & 1 == 1);
            prop_assert_eq!(bits.collect::<BTreeSet<_>>(), week);
            let again = Hours::of(hours.runs().to_vec(), hours.forgotten(), hours.week());
            prop_assert_eq!(again, Some(hours));
        }
    }

    #[test]
    fn two_sets_become_one() {
        let of = |hours: &[u32]| {
            let mut set = Hours::default();
            for hour in hours {
                set.mark(*hour);
            }
            set
        };
        let mut hours = of(&[5, 6, 20]);
        hours.join(&of(&[6, 7, 21, 30]));
        assert_eq!(hours, of(&[5, 6, 7, 20, 21, 30]));
    }

    #[test]
    fn what_is_no_set_is_none() {
        let run = |start, length| Run { start, length };
        let all = [u64::MAX, u64::MAX, (1 << 40) - 1];
        assert!(Hours::of(vec![run(5, 2), run(8, 1)], 0, all).is_some());
        for (runs, week) in [
            (vec![run(5, 2), run(7, 1)], all),
            (vec![run(8, 1), run(5, 2)], all),
            (vec![run(5, 0)], all),
            (vec![run(u32::MAX, 2)], all),
            (vec![run(5, 2)], [0; 3]),
            (vec![run(5, 2)], [u64::MAX; 3]),
            ((0..257).map(|n| run(2 * n, 1)).collect(), all),
        ] {
            assert_eq!(Hours::of(runs.clone(), 0, week), None, "{runs:?}");
        }
    }
}
