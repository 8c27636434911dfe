//! The clock of learning: the wall clock, or one that runs so many times as fast, so that weeks of a trial take minutes.

use std::time::Duration;

use crate::service::clock::Now;

/// How fast the clock of learning runs.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    factor: u32,
    /// Where both clocks met.
    origin: Now,
}

impl Pace {
    /// So many times as fast as the wall clock, from this instant on; 1 is the wall clock itself.
    pub const fn new(factor: u32, origin: Now) -> Self {
        Self { factor, origin }
    }

    /// Seconds since the Unix epoch on the clock of learning, of a second of the monotonic clock. That of now is this very instant: a second may hold
    /// hours.
    pub(super) fn at(self, now: Now, second: u32) -> u64 {
        let (origin, factor) = match self.factor {
            0 | 1 => (now, 1),
            factor => (self.origin, i128::from(factor)),
        };
        let since = if second >= now.second() {
            let since = now.monotonic.saturating_sub(origin.monotonic);
            i128::try_from(since.as_millis()).unwrap_or_default()
        } else {
            1000 * (i128::from(second) - i128::from(origin.second()))
        };
        let at = i128::from(origin.wall.as_second()) + since * factor / 1000;
        u64::try_from(at).unwrap_or(0)
    }

    /// Time between two looks at what was observed: short enough that no hour goes by without one.
    pub(super) fn look(self) -> Duration {
        const LEAST: u32 = 100;
        const MOST: u32 = 30_000;
        Duration::from_millis((900_000 / self.factor.max(1)).clamp(LEAST, MOST).into())
    }

    /// Time between two times that it is written down.
    pub(super) fn write(self) -> Duration {
        Duration::from_secs((900 / self.factor.max(1)).max(5).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now(monotonic: u64, wall: i64) -> Now {
        Now {
            monotonic: Duration::from_secs(monotonic),
            wall: jiff::Timestamp::from_second(wall).unwrap(),
        }
    }

    #[test]
    fn the_wall_clock_is_followed_and_a_faster_one_goes_its_own_way() {
        let start = now(1000, 2_000_000);
        let second = |monotonic, wall| now(monotonic, wall).second();
        let (early, late) = (second(900, 0), second(1100, 0));
        // The wall clock was set by an hour meanwhile.
        let later = now(1200, 2_003_800);
        let wall = Pace::new(1, start);
        assert_eq!(wall.at(later, late), 2_003_700);
        let fast = Pace::new(3600, start);
        assert_eq!(fast.at(later, late), 2_000_000 + 360_000);
        assert_eq!(fast.at(later, early), 2_000_000 - 360_000);
        assert_eq!(Pace::new(0, start).at(later, late), 2_003_700);
        let half = Now {
            monotonic: Duration::from_millis(1_200_500),
            ..later
        };
        assert_eq!(fast.at(half, half.second()), 2_000_000 + 200 * 3600 + 1800);
        assert_eq!(wall.at(half, half.second()), 2_003_800);
    }

    #[test]
    fn no_hour_goes_by_unseen() {
        for (factor, look, write) in [
            (1, 30_000, 900),
            (60, 15_000, 15),
            (3600, 250, 5),
            (u32::MAX, 100, 5),
        ] {
            let pace = Pace::new(factor, now(1, 1));
            assert_eq!(pace.look().as_millis(), look, "{factor}");
            assert_eq!(pace.write().as_secs(), write, "{factor}");
        }
    }
}
